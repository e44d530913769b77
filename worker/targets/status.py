"""What an HTTP status means where a target says nothing else."""

from collections.abc import Mapping
from http import HTTPStatus

from worker.errors import (
    AddressError,
    ClosedError,
    PermanentError,
    RateLimitedError,
    RetryableError,
    TargetError,
    UnauthorizedError,
    UnknownOutcomeError,
)
from worker.sending.wire import Response

HINTS = ("retry-after", "ratelimit", "x-ratelimit", "x-rate-limit")
CREDENTIALS = "the credentials are not accepted"
ADDRESS = "what we call is not there, see base_url"

# contract.md 3.0, last paragraph
TABLE: Mapping[int, tuple[type[ClosedError | RetryableError], str]] = {
    401: (UnauthorizedError, CREDENTIALS),
    403: (UnauthorizedError, CREDENTIALS),
    404: (AddressError, ADDRESS),
    405: (AddressError, ADDRESS),
    408: (RetryableError, "it waited too long for our request"),
    429: (RateLimitedError, "we were too fast"),
}


def refusal(response: Response) -> TargetError | None:
    """Return the error that the status stands for, None for 2xx.

    A 5xx may have come after the work was done, so its outcome is unknown; how long a pause lasts stands in
    the headers, which the gate reads.
    """
    status = response.status
    if status in TABLE:
        kind, why = TABLE[status]
        return kind(f"HTTP {status}: {why}")
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    if status == HTTPStatus.SERVICE_UNAVAILABLE and any(name.startswith(HINTS) for name in response.headers):
        return RateLimitedError("HTTP 503: it asks us to wait")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return UnknownOutcomeError(f"HTTP {status}")
    return PermanentError(f"HTTP {status} is in no table", reason="unexpected_answer")
