"""Which verdict each answer of OutSmart leads to (contract.md 3.3)."""

import pytest

from tests.targets.outsmart.vendor import RECORD, outsmart, said
from tests.targets.walk import answer
from worker.errors import (
    AddressError,
    ClosedError,
    PermanentError,
    RateLimitedError,
    RejectedError,
    RetryableError,
    TargetError,
    UnauthorizedError,
)
from worker.sending.wire import Response
from worker.targets.outsmart.calls import delete, find, post

CODES: list[tuple[int, type[TargetError], str]] = [
    *((code, AddressError, "attempts_exhausted") for code in (1000, 1001, 1006)),
    *((code, UnauthorizedError, "attempts_exhausted") for code in (1002, 1003, 1004, 1005)),
    (1007, RetryableError, "attempts_exhausted"),
    *((code, PermanentError, "unexpected_answer") for code in (1008, 1009, 0, 404, 1302, 3000, 3001)),
    *((code, RetryableError, "rejected") for code in (1300, 1100, 1400, 2900)),
    *((code, RejectedError, "rejected") for code in (1301, 1101, 2901, 1600)),
]


@pytest.mark.parametrize(("code", "kind", "reason"), CODES)
def test_a_code_in_the_body_decides(code: int, kind: type[TargetError], reason: str) -> None:
    """Each code of the vendor's table leads to the verdict of the contract, for one record and for several."""
    for steps in ([post(RECORD)], [post(RECORD), post(RECORD)], [find("C-1")], [delete("C-1")]):
        with pytest.raises(TargetError) as caught:
            outsmart().read(steps, said(None, code, "first words", "more"))
        error = caught.value
        assert (type(error), error.reason, error.code) == (kind, reason, str(code))
        assert isinstance(error, ClosedError) or error.detail == f"OutSmart {code}: first words"
        assert getattr(error, "most", None) == (2 if (kind, reason) == (RetryableError, "rejected") else None)


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (answer(b"<html>", 200), RetryableError),
        (answer(b"", 200), RetryableError),
        (answer([1, 2]), PermanentError),
        (answer({"messages": []}), PermanentError),
        (answer({"code": True}), PermanentError),
        (answer({"code": "200", "response": []}), None),
        (answer(b"", 301), PermanentError),
        (answer(b"no", 400), PermanentError),
        (answer({"code": 1301, "messages": []}, 400), RejectedError),
        (answer({"code": 200, "response": 1}, 400), PermanentError),
        (answer({}, 401), UnauthorizedError),
        (answer({}, 404), AddressError),
        (answer({}, 429), RateLimitedError),
        (answer({}, 503, retry_after="5"), RateLimitedError),
        (answer({"code": 200, "response": 5}), PermanentError),
    ],
)
def test_an_answer_without_a_good_code_is_no_success(response: Response, kind: type[TargetError] | None) -> None:
    """The HTTP status alone is never a success, and a body that cannot be read is tried again."""
    if kind is None:
        assert outsmart().read([find("C-1")], response) == [[]]
        return
    with pytest.raises(TargetError) as caught:
        outsmart().read([find("C-1")], response)
    assert type(caught.value) is kind


def test_a_server_error_is_tried_again() -> None:
    """A 5xx leaves the outcome open, and every step here may be repeated."""
    with pytest.raises(TargetError) as caught:
        outsmart().read([post(RECORD)], answer({"code": 200, "response": 1}, 500))
    assert not isinstance(caught.value, PermanentError | ClosedError)
