"""What a user would pick instead, each as its makers advise, in an environment that is thrown away."""

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.ground import Ground
from tests.bench.peers import installing
from tests.bench.processes import Process
from tests.bench.rows import Row, missing, row

HERE = Path(__file__).parent
STEADY = 0.1  # share of the calls at either end that is not counted: starting up, running dry


class CannotRunError(Exception):
    """A peer lacks something here; the text says what."""


@dataclass(frozen=True, slots=True)
class Peer:
    """How one is installed, filled and started; `{script}` is its own file."""

    packages: tuple[str, ...]
    script: str
    work: tuple[str, ...]
    note: str


PEERS: Mapping[str, Peer] = {
    "peer_celery": Peer(
        ("celery[redis]", "requests"),
        "celery_app.py",
        ("celery", "-A", "celery_app", "worker", "--pool", "prefork", "-c", "8", "-l", "warning"),
        "prefork, 8 processes, requests",
    ),
    "peer_dramatiq": Peer(
        ("dramatiq[redis]", "requests"),
        "dramatiq_app.py",
        ("dramatiq", "dramatiq_app", "--processes", "2", "--threads", "8"),
        "2 processes, 8 threads each, requests",
    ),
    "peer_taskiq": Peer(
        ("taskiq[uvloop]", "taskiq-redis", "aiohttp"),
        "taskiq_app.py",
        ("taskiq", "worker", "taskiq_app:broker", "--workers", "1", "--max-async-tasks", "64"),
        "1 process, 64 tasks, aiohttp",
    ),
}
NAMES = (*PEERS, "peer_bullmq")


async def measure(ground: Ground, *, quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Let each work through the same number of jobs; what cannot run is named with the reason."""
    count = 1000 if quick else 5000
    rows = []
    try:
        redis, url = installing.redis(ground.place("redis"), free_port())
    except installing.MissingError as error:
        return [missing(name, f"no Redis: {error}") for name in NAMES]
    with redis:
        for name in NAMES:
            try:
                rate, note = await raced(ground, name, url, count)
            except Exception as error:  # noqa: BLE001 -- one that cannot run is told, the others go on
                rows.append(missing(name, f"cannot run here: {first_line(error)}"))
            else:
                rows.append(row(name, [rate], unit="events/s", note=note))
            say(f"{name}: {rows[-1].value or 0:g}/s {rows[-1].note}")
    return rows


async def raced(ground: Ground, name: str, redis: str, count: int) -> tuple[float, str]:
    """Fill a peer's queue, start it, and return the calls a second that the vendor saw."""
    place = ground.place(name)
    environment = {"PEER_REDIS": redis, "PEER_URL": f"{ground.vendor}/{name}/", "PYTHONPATH": str(HERE)}
    feed, work, note = commands(name, place, count)
    with Process(feed, place / "feed.log", environment) as feeding:
        if feeding.wait(installing.PATIENCE):
            raise CannotRunError(feeding.said())
    with Process(work, place / "work.log", environment) as process:
        moments = await ground.arrived(name, count, installing.PATIENCE, process)
    edge = int(count * STEADY)
    steady = sorted(moments)[edge : count - edge]
    return len(steady) / (steady[-1] - steady[0]), note


def commands(name: str, place: Path, count: int) -> tuple[Sequence[str], Sequence[str], str]:
    """Return how to fill a peer's queue and how to start it."""
    if name == "peer_bullmq":
        node = installing.bullmq(place)
        return [*node, "feed", str(count)], [*node, "work"], "Node, concurrency 64, fetch"
    peer = PEERS[name]
    run = installing.environment(peer.packages)
    return [*run, "python", str(HERE / peer.script), str(count)], [*run, *peer.work], peer.note


def first_line(error: Exception) -> str:
    """Return the line of an error that says most: the first that names one."""
    lines = [line.strip() for line in str(error).splitlines() if "rror" in line]
    return (lines[0] if lines else repr(error))[:300]


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
