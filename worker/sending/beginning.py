"""What the windows of kept quotas begin with, whatever the settings were before."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from worker.sending.quota import Quota

# Longer windows are kept in the journal; shorter ones are over soon after a start (design.md 5.5).
KEPT_ABOVE_SECONDS = 2.0

Log = Sequence[datetime]


def beginnings(quotas: Iterable[Quota], used: Mapping[str, Log], now: datetime, *, fresh: bool) -> dict[str, Log]:
    """Return the moments of calls for each kept quota; `fresh`: nobody has ever called.

    `used` is what the ledger kept, oldest first, of the quotas that the settings had until now, and of no others.
    """
    logs = {Quota.parse(text): log for text, log in used.items()}
    return {str(each): logs[each] if each in logs else first(each, logs, now, fresh=fresh) for each in kept(quotas)}


def kept(quotas: Iterable[Quota]) -> list[Quota]:
    """Return the quotas whose use outlives the worker."""
    return [quota for quota in quotas if quota.seconds > KEPT_ABOVE_SECONDS]


def first(quota: Quota, logs: Mapping[Quota, Log], now: datetime, *, fresh: bool) -> Log:
    """Return the calls of a longer quota, else as many as there may have been, all when the last of them was made."""
    longer = [each for each in logs if each.seconds >= quota.seconds]
    if longer:
        return logs[min(longer, key=lambda each: each.seconds)][-quota.calls :]
    if fresh and not logs:
        return ()
    most = [each.calls * math.ceil(quota.seconds / each.seconds) for each in logs]
    latest = min([now, *(log[-1] for log in logs.values())])
    return (latest,) * min([quota.calls, *most])
