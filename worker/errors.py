"""Why a delivery can fail, cut by what we then do about it.

WorkerError
|-- InvalidMessageError        the bytes are no event that we know    -> dead letter
|-- CrashedError               a bug of ours, its __cause__           -> dead letter, logged as error
`-- TargetError                a target did not take an event
    |-- HeldBackError          we have not sent it, for our own sake  -> ask again, no attempt is spent
    |-- RepeatError            the session was stale                  -> renew it, repeat once at once
    |-- RetryableError         it may later                           -> another attempt, then dead letter
    |-- UnknownOutcomeError    sent, but no clear answer came         -> look, then decide
    |-- ClosedError            it takes nothing from us for now       -> pause the connection
    |   |-- RateLimitedError       we were too fast
    |   |-- OutageError            it is down, or in maintenance
    |   |-- AddressError           what we call is not there
    |   `-- UnauthorizedError      our credentials fail: someone must be told
    |       `-- ClockError             our clock or theirs is wrong: it may be set at any moment
    `-- PermanentError         never as it stands                     -> dead letter at once
        |-- RejectedError          it disagrees with the content
        `-- UnsupportedError       it has no such operation, or no such expression
"""

from schemas.dead_letter import Reason as Reason  # noqa: PLC0414 -- the reasons are ours to hand on


class WorkerError(Exception):
    """Anything that we expect to go wrong; `detail` is for people and holds no secret and no body."""

    def __init__(self, detail: str, *, reason: Reason) -> None:
        super().__init__(detail)
        self.detail = detail
        self.reason: Reason = reason


class InvalidMessageError(WorkerError):
    """The bytes are no event that we know."""


class CrashedError(WorkerError):
    """A bug of ours; the bug itself is the cause."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, reason="crashed")


class TargetError(WorkerError):
    """A target did not take an event; `code` is the vendor's own, from the body of its answer."""

    def __init__(self, detail: str, *, reason: Reason, code: str | None = None) -> None:
        super().__init__(detail, reason=reason)
        self.code = code


class RetryableError(TargetError):
    """It may go better later.

    `most` lowers the number of attempts (2: one retry); when they are spent the event is buried for `reason`.
    """

    def __init__(
        self,
        detail: str,
        *,
        reason: Reason = "attempts_exhausted",
        code: str | None = None,
        most: int | None = None,
    ) -> None:
        super().__init__(detail, reason=reason, code=code)
        self.most = most


class UnknownOutcomeError(TargetError):
    """It may have been done; nobody has told us."""

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail, reason="unknown_outcome", code=code)


class HeldBackError(TargetError):
    """It was not sent, for a reason that is neither the vendor's nor the event's: it is asked again with a new slot."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, reason="attempts_exhausted")


class ClosedError(TargetError):
    """It takes nothing from us for now; `seconds` says how long, None: we do not know."""

    def __init__(self, detail: str, *, seconds: float | None = None, code: str | None = None) -> None:
        super().__init__(detail, reason="attempts_exhausted", code=code)
        self.seconds = seconds


class RateLimitedError(ClosedError):
    """We were too fast."""


class OutageError(ClosedError):
    """It is down, or in maintenance."""


class AddressError(ClosedError):
    """What we call is not there: the address in the settings is wrong."""


class UnauthorizedError(ClosedError):
    """Our credentials fail; only a person or a good probe reopens the connection."""


class ClockError(UnauthorizedError):
    """What we signed is too old or too new: our clock or theirs is wrong; reopened by the first good probe."""


class PermanentError(TargetError):
    """It never succeeds as it stands; `applied_in_part` says that half of it is done."""

    def __init__(self, detail: str, *, reason: Reason, code: str | None = None, applied_in_part: bool = False) -> None:
        super().__init__(detail, reason=reason, code=code)
        self.applied_in_part = applied_in_part


class RejectedError(PermanentError):
    """It disagrees with the content."""


class UnsupportedError(PermanentError):
    """It has no such operation, or the value has no expression there."""


class RepeatError(TargetError):
    """The session was stale: renew it and repeat once at once; `otherwise` counts when it was fresh."""

    def __init__(self, otherwise: TargetError) -> None:
        super().__init__(otherwise.detail, reason=otherwise.reason, code=otherwise.code)
        self.otherwise = otherwise
