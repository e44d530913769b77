"""What onOffice's error codes mean to us."""

from collections.abc import Mapping
from dataclasses import dataclass

from worker.errors import (
    ClockError,
    PermanentError,
    RejectedError,
    RepeatError,
    RetryableError,
    TargetError,
    UnauthorizedError,
    UnsupportedError,
)

# Numbers and meanings: https://apidoc.onoffice.de/fehler/ and the enum of
# https://github.com/innobraingmbh/laravel-onoffice-adapter, read 2026-01. The vendor says of none whether it
# may pass: what we make of each is our guess (contract.md 3.1).
RETRIED = frozenset({1, 303})
CLOSED = frozenset({13, 22, 28, 30, *range(40, 44), 45, 47, 48, 49, 153, 137, 158, 193, 201, 243, 248})
STALE = 136
MAYBE_THERE = frozenset({78, 173})
RECORD_UNKNOWN = frozenset({80, 98, 292, 293})
LINK_UNKNOWN = frozenset({180})
MAYBE_GONE = frozenset({88, 168})
NOT_CHANGEABLE = frozenset({182, 199})
REFUSED = frozenset({74, 79, 132, 179, 181, 185, 187, 215, 219, *range(227, 230), 235, 247, 254, 255, 270, 294, 302})
FORBIDDEN = frozenset({156, 174, 253, 261, 262})

MEANINGS: Mapping[int, str] = {
    1: "unknown error",
    78: "could not be created",
    80: "unknown record (or no right to it)",
    88: "could not be changed",
    98: "the link to the record is missing",
    132: "relation type absent or unknown",
    136: "time stamp too old: our clock or theirs is wrong",
    137: "the signature is wrong",
    153: "the client is not active",
    156: "no permission",
    158: "our IP address is not allowed",
    168: "could not be deleted",
    173: "could not be created",
    174: "no permission",
    179: "status not accepted",
    180: "the link to change does not exist",
    181: "status not accepted",
    182: "links of this type cannot be changed",
    193: "extendedclaim missing",
    199: "not implemented",
    201: "extendedclaim out of date",
    219: "n:n links are not allowed",
    243: "the signature must be text",
    248: "extendedclaim does not match",
    253: "no permission",
    261: "no permission",
    262: "no permission",
    292: "unknown record (or no right to it)",
    293: "unknown record (or no right to it)",
    302: "more than 500 ids",
    303: "the request could not be made",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One error as onOffice says it; `about`: which link it is about."""

    code: int
    message: str
    about: str = ""

    @property
    def detail(self) -> str:
        said = MEANINGS.get(self.code) or self.message or "no reason given"
        return f"onOffice {self.code}: {said}." + (f" {self.about}." if self.about else "")


def error(refusal: Refusal, *, record_may_come: bool) -> TargetError:
    """Return what the refusal means; `record_may_come`: a record that lacks is waited for."""
    code, detail, text = refusal.code, refusal.detail, str(refusal.code)
    if code == STALE:
        return RepeatError(ClockError(detail, code=text))
    if code in CLOSED:
        return UnauthorizedError(detail, code=text)
    if code in RETRIED:
        return RetryableError(detail, code=text)
    if code in RECORD_UNKNOWN and record_may_come:
        return RetryableError(detail, reason="not_found", code=text)
    return _final(code, detail, text)


def says(error: TargetError, codes: frozenset[int]) -> bool:
    """Whether onOffice gave one of these codes."""
    return error.code is not None and error.code.isdecimal() and int(error.code) in codes


def _final(code: int, detail: str, text: str) -> PermanentError:
    if code in RECORD_UNKNOWN | LINK_UNKNOWN:
        return RejectedError(detail, reason="not_found", code=text)
    if code in MAYBE_THERE | MAYBE_GONE | REFUSED:
        return RejectedError(detail, reason="rejected", code=text)
    if code in FORBIDDEN:
        return RejectedError(detail, reason="forbidden", code=text)
    if code in NOT_CHANGEABLE:
        return UnsupportedError(detail, reason="unsupported", code=text)
    return PermanentError(detail, reason="unexpected_answer", code=text)
