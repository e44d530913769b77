"""The command `simulate`: what a setting would do, before it is set."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from worker.cli.exits import Exit, Problem
from worker.cli.options import AsJson
from worker.cli.output import note, say, show_json, show_table

if TYPE_CHECKING:
    from worker.simulation.scenario import Finding, Scenario

T = TypeVar("T")
Quotas = Annotated[list[str] | None, typer.Option("--quota", help="Ours: 50/2s, 2/s, 50/min, 15/h; repeatable.")]
Limits = Annotated[list[str] | None, typer.Option("--target-limit", help="What is true at the vendor; repeatable.")]
MOST_EVENTS = 1_000_000
MOST_SECONDS, MOST_A_SECOND = 86_400.0, 1_000_000.0


def simulate(
    events: Annotated[int, typer.Option(min=1, max=MOST_EVENTS, help="How many events come.")] = 1500,
    quota: Quotas = None,
    target_limit: Limits = None,
    target_semantics: Annotated[
        Literal["sliding", "fixed", "bucket"], typer.Option(help="How the vendor counts; fixed: phase by seed.")
    ] = "sliding",
    latency: Annotated[float, typer.Option(min=0.0, max=MOST_SECONDS, help="Seconds, there and back.")] = 0.1,
    jitter: Annotated[
        float, typer.Option(min=0.0, max=MOST_SECONDS, help="Up to so many seconds more, each way.")
    ] = 0.0,
    setup: Annotated[float, typer.Option(min=0.0, max=MOST_SECONDS, help="Seconds more on a fresh connection.")] = 0.0,
    in_flight: Annotated[int, typer.Option(min=1, max=64, help="Ceiling of calls in flight.")] = 64,
    batch: Annotated[int, typer.Option(min=1, max=500, help="Events that one call carries.")] = 1,
    rate: Annotated[
        float | None, typer.Option(min=0.001, max=MOST_A_SECOND, help="Events a second; default: all at once.")
    ] = None,
    arrivals: Annotated[Path | None, typer.Option(help="File with a moment (seconds) on each line.")] = None,
    fail: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of calls answered with HTTP 500.")] = 0.0,
    hang: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of calls never answered.")] = 0.0,
    timeout: Annotated[
        float, typer.Option(min=0.1, max=MOST_SECONDS, help="Seconds after which a call is given up.")
    ] = 30.0,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Count a call until its answer.")] = False,
    seed: Annotated[int, typer.Option(help="For jitter, phase and faults.")] = 0,
    html: Annotated[Path | None, typer.Option(help="Write a page with the picture, too.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the real engine in virtual time against a modelled vendor; nothing is called."""
    from worker.simulation.model import Behaviour
    from worker.simulation.run import simulate as run
    from worker.simulation.scenario import Scenario

    scenario = Scenario(
        arrivals=moments(arrivals) if arrivals else evenly(events, rate),
        behaviour=Behaviour(latency, jitter, setup, fail, hang, timeout),
        quotas=parsed("--quota", quota or ["50/2s"], own_quota),
        limits=parsed("--target-limit", target_limit or [], true_limit),
        semantics=target_semantics,
        in_flight=in_flight,
        batch=batch,
        strict=strict,
        seed=seed,
    )
    told(run(scenario), scenario, html, as_json=as_json)


def told(finding: "Finding", scenario: "Scenario", html: Path | None, *, as_json: bool) -> None:
    """Print the figures and the picture."""
    from worker.simulation.picture import page, plot

    if html is not None:
        write(html, page(finding, f"{finding.events} events, {', '.join(map(str, scenario.quotas))}"))
    if as_json:
        show_json(finding.as_json())
    else:
        show_table(("figure", "value"), list(finding.as_json().items()), numbers=("value",))
        for line in plot(finding):
            say(line)
        if html is not None:
            note(f"wrote {html}")
    if finding.waiting:
        raise Problem(f"{finding.waiting} events still wait after {scenario.longest / 86400:.0f} days of virtual time")


def write(html: Path, text: str) -> None:
    try:
        html.write_text(text, "utf-8")
    except OSError as error:
        raise Problem(f"{html} cannot be written: {error.strerror}") from error


def evenly(events: int, rate: float | None) -> list[float]:
    """Return arrivals at an even rate, or all at once."""
    return [number / rate if rate else 0.0 for number in range(events)]


def moments(file: Path) -> list[float]:
    """Read arrivals from a file, in order."""
    try:
        return sorted(lines(file.read_text("utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"{file} cannot be read: {error}", Exit.USAGE) from error


def lines(text: str) -> Iterator[float]:
    """Yield the moment on each line; blank lines and what follows a # are left out."""
    for number, line in enumerate(text.splitlines(), 1):
        written = line.partition("#")[0].strip()
        if not written:
            continue
        try:
            moment = float(written)
        except ValueError:
            moment = -1.0
        if not 0.0 <= moment < float("inf"):
            raise Problem(f"line {number} is no moment in seconds from the start", Exit.REFUSED)
        yield moment


def parsed(option: str, given: list[str], parse: Callable[[str], T]) -> tuple[T, ...]:
    """Return what was written, parsed; ends the command where it is not to be read."""
    try:
        return tuple(parse(text) for text in given)
    except ValueError as error:
        raise Problem(f"{option}: {error}", Exit.USAGE) from error


def own_quota(text: str) -> Any:
    """Read a quota of ours."""
    from worker.sending.quota import Quota

    return Quota.parse(text)


def true_limit(text: str) -> str:
    """Check a limit of the vendor's."""
    from worker.sandbox.quota import Quota

    Quota.parse(text)
    return text
