"""How long a replay takes at least, by what live traffic leaves of the quotas."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from worker.sending.quota import Quota


def seconds_for(
    calls: int,
    quotas: Iterable[Quota],
    used: Mapping[str, Sequence[datetime]],
    now: datetime,
    share: float,
    rate: Quota | None,
) -> float | None:
    """Return in how many seconds so many calls can have gone; None: live traffic leaves nothing of some quota."""
    times = [time_for(calls, quota, live(used.get(str(quota), ()), quota, now), share) for quota in quotas]
    if rate is not None:
        times.append(time_for(calls, rate, 0, 0.0))
    longest = max(times, default=0.0)
    return None if math.isinf(longest) else longest


def live(moments: Sequence[datetime], quota: Quota, now: datetime) -> int:
    """Return how much of the last window is used."""
    since = now - timedelta(seconds=quota.seconds)
    return sum(moment > since for moment in moments)


def time_for(calls: int, quota: Quota, used: int, share: float) -> float:
    """Return how long so many calls take in what is left of each window."""
    left = max(quota.calls - used, math.floor(share * quota.calls))
    if calls <= left:
        return 0.0
    return math.ceil((calls - left) / left) * quota.seconds if left > 0 else math.inf
