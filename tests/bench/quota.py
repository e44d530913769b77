"""How much of what a quota allows is used, over real sockets, as the vendor sees it."""

from bisect import bisect_right
from collections.abc import Callable, Sequence

from tests.bench.contestant import Account, started
from tests.bench.events import Load, fresh
from tests.bench.ground import Ground
from tests.bench.rows import Row, row

CALLS, SECONDS = 50, 2.0


async def measure(ground: Ground, *, quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Deliver more than the quota lets through at once; the ideal is a full burst at each turn of the window."""
    windows = 4 if quick else 15
    await ground.broker.clear()
    account = Account("acme", "link", path="quota", quotas=[f"{CALLS}/{SECONDS:g}s"], in_flight=16)
    with started(ground.place("quota"), ground.vendor, ground.server, [account]):
        count = CALLS * windows + 1
        await ground.broker.feed(Load("link", ("acme",), count, fresh()).bodies())
        await ground.broker.wait(count, SECONDS * windows * 3)
    moments = sorted(await ground.moments("quota"))
    share = SECONDS * windows / (moments[-1] - moments[0])
    worst = fullest(moments) / CALLS
    say(f"{count} calls: {share:.4f} of the ideal, fullest window {worst:.2f} of the quota")
    return [row("quota_bound", [share], note=f"{CALLS} per {SECONDS:g} s; fullest window {worst:.2f} of the quota")]


def fullest(moments: Sequence[float]) -> int:
    """Return the most calls that any window of the quota's length held."""
    return max(bisect_right(moments, at + SECONDS - 1e-9) - first for first, at in enumerate(moments))
