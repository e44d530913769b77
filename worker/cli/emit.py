"""The command `emit`: events from a file to the broker, checked first."""

import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.brokers.base import Message, Publication, PublishError
from worker.cli.exits import Exit, Problem
from worker.cli.options import AsJson, ConfigFile, settings
from worker.cli.output import note, say, show_json
from worker.cli.reading import Item, items

if TYPE_CHECKING:
    from worker.intake.decode import Decoder
    from worker.settings import Settings

MOST_SHOWN = 20
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that is none, or that the broker did not take."""

    line: int
    why: str


def emit(
    file: Annotated[Path, typer.Argument(help="JSON lines, one event, or an array; - is standard input.")],
    config: ConfigFile = None,
    *,
    check: Annotated[bool, typer.Option("--check", help="Only check; publish nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check events against the contract and publish them, each with the broker's receipt.

    With one event that breaks the contract nothing is published (exit code 5).
    """
    read = settings(config)
    found = items(content(file))
    checked, refused = check_all(found, decoder(read))
    if refused:
        report(len(found), 0, refused, as_json=as_json)
        raise Problem(f"{len(refused)} of {len(found)} events break the contract; none published", Exit.REFUSED)
    failed = [] if check else asyncio.run(publish(read, checked))
    report(len(found), 0 if check else len(found) - len(failed), failed, as_json=as_json)
    if failed:
        raise Problem(f"{len(failed)} of {len(found)} events were not taken by the broker")


def content(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Problem(f"{file} cannot be read: {error.strerror}", Exit.USAGE) from error


def decoder(read: "Settings") -> "Decoder":
    from worker.intake.decode import Decoder

    return Decoder(
        max_event_bytes=read.worker.max_event_bytes,
        unknown_fields=read.worker.unknown_fields,
        type_prefix=read.worker.type_prefix,
    )


def check_all(found: Sequence[Item], decode: "Decoder") -> tuple[list[tuple[Item, Publication]], list[Refused]]:
    """Return what may be published, and why the rest may not."""
    from worker.errors import InvalidMessageError

    good: list[tuple[Item, Publication]] = []
    refused: list[Refused] = []
    for item in found:
        try:
            good.append((item, publication(item.body, decode)))
        except InvalidMessageError as error:
            refused.append(Refused(item.line, f"{error.reason}: {error.detail}"))
    return good, refused


def publication(body: bytes, decode: "Decoder") -> Publication:
    """Return an event as it is published; raises InvalidMessageError as intake would."""
    from worker.brokers.publisher import event_subject

    event = decode.decode(Message("", "", 0, "", (), body, datetime.now(UTC))).event
    return Publication(event_subject(event.operation, event.kind), f"{event.source}#{event.id}", body)


async def publish(read: "Settings", checked: Sequence[tuple[Item, Publication]]) -> list[Refused]:
    """Publish all in order; return those that no stream took."""
    from worker.brokers.publisher import Publisher
    from worker.starting import credentials

    failed: list[Refused] = []
    async with Publisher(address(read), credentials(read.broker)) as publisher:
        with progress(len(checked)) as advance:
            for start in range(0, len(checked), AT_ONCE):
                part = checked[start : start + AT_ONCE]
                try:
                    await publisher.publish([one for _, one in part])
                except PublishError as error:
                    failed += [Refused(part[place][0].line, why) for place, why in error.failed.items()]
                advance(len(part))
    return sorted(failed, key=lambda one: one.line)


def address(read: "Settings") -> str:
    """Return where the broker is; the embedded one says so in its folder."""
    from worker.brokers.embedded import find

    return find(read.broker.folder) if read.broker.embedded else read.broker.url


@contextmanager
def progress(total: int) -> Iterator[Callable[[int], None]]:
    """Show how far we are, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("publishing", total=total)
        yield lambda count: bar.advance(task, count)


def report(total: int, published: int, refused: Sequence[Refused], *, as_json: bool) -> None:
    if as_json:
        told = [{"line": one.line, "why": one.why} for one in refused]
        show_json({"events": total, "published": published, "refused": told})
        return
    for one in refused[:MOST_SHOWN]:
        note(f"line {one.line}: {one.why}")
    if len(refused) > MOST_SHOWN:
        note(f"... and {len(refused) - MOST_SHOWN} more")
    if not refused:
        say(f"{published} published" if published else f"{total} events, all good")
