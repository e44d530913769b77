"""The best that any sender could do within the quotas."""

from collections.abc import Sequence

from worker.sending.quota import Quota


def ideal_end(arrivals: Sequence[float], batch: int, quotas: Sequence[Quota], latency: float) -> float:
    """Return when the last answer is there at the earliest: each call as soon as quotas and events allow.

    `arrivals` are the moments at which events come, in order; a call carries up to `batch` of those that came.
    """
    sent: list[float] = []
    first = 0
    while first < len(arrivals):
        moment = arrivals[first]
        for quota in quotas:
            if len(sent) >= quota.calls:
                moment = max(moment, sent[-quota.calls] + quota.seconds)
        sent.append(moment)
        last = first
        while last < len(arrivals) and last - first < batch and arrivals[last] <= moment:
            last += 1
        first = last
    return (sent[-1] if sent else 0.0) + latency


def worst_window(moments: Sequence[float], quotas: Sequence[Quota]) -> float:
    """Return the fullest half-open window of any quota as a share of it: over 1.0 the quota was broken."""
    ordered = sorted(moments)
    return max((fullest(ordered, quota.seconds) / quota.calls for quota in quotas), default=0.0)


def fullest(moments: Sequence[float], seconds: float) -> int:
    """Return the most moments that one window of this length holds; what is a rounding apart is apart."""
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= seconds - 1e-9:
            first += 1
        most = max(most, last - first + 1)
    return most
