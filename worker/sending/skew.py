"""How far our clock and a vendor's are apart, by the Date of an answer."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from worker.sending.wire import Response


def skew(response: Response, now: datetime) -> float | None:
    """Return the seconds by which our clock is ahead, None where the answer says no time.

    A Date has whole seconds, and the answer was on its way: up to two seconds mean nothing.
    """
    text = response.headers.get("date", "")
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return ((response.at or now) - date).total_seconds()
