import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from worker.targets.answer import json_answer, quoted
from worker.targets.status import refusal

RETRY_AFTER = {"retry-after": "120"}


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (401, {}, UnauthorizedError),
        (403, {}, UnauthorizedError),
        (404, {}, AddressError),
        (405, {}, AddressError),
        (408, {}, RetryableError),
        (429, {}, RateLimitedError),
        (429, RETRY_AFTER, RateLimitedError),
        (503, RETRY_AFTER, RateLimitedError),
        (503, {"ratelimit": "limit=5"}, RateLimitedError),
        (503, {"ratelimit-policy": "5;w=1"}, RateLimitedError),
        (503, {"x-ratelimit-reset": "5"}, RateLimitedError),
        (503, {}, UnknownOutcomeError),
        (500, {}, UnknownOutcomeError),
        (502, RETRY_AFTER, UnknownOutcomeError),
        (504, {}, UnknownOutcomeError),
        (300, {}, PermanentError),
        (302, {}, PermanentError),
        (400, {}, PermanentError),
        (409, {}, PermanentError),
        (422, {}, PermanentError),
    ],
)
def test_refusal(status: int, headers: dict[str, str], kind: type[TargetError]) -> None:
    """Each status means what the contract's common table says."""
    error = refusal(Response(status, headers))

    assert type(error) is kind
    assert str(status) in str(error)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_success(status: int) -> None:
    """No status of success is a refusal."""
    assert refusal(Response(status)) is None


@hypothesis.settings(deadline=None)
@given(st.integers(100, 599), st.dictionaries(st.sampled_from(["retry-after", "x", "ratelimit"]), st.text(max_size=5)))
def test_whole(status: int, headers: dict[str, str]) -> None:
    """Every status has a meaning; what is in no table is buried as unexpected, and a pause leaves its length open."""
    error = refusal(Response(status, headers, b"secret body"))

    assert error is not None or 200 <= status < 300
    assert "secret body" not in str(error)
    if isinstance(error, ClosedError):
        assert error.seconds is None
    if isinstance(error, PermanentError):
        assert error.reason == "unexpected_answer"


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"\xff", b"NaN", b"[" * 5000])
def test_no_json(body: bytes) -> None:
    """What cannot be read leaves the outcome open."""
    with pytest.raises(UnknownOutcomeError, match="HTTP 200: the answer is not JSON"):
        json_answer(Response(200, {}, body))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\r\nlines\x00\x1b[31m", "two lines [31m"),
        ("has k3y and k3y2", "has *** and ***"),
        ("x" * 300, "x" * 197 + "..."),
        ("\ud800", ""),
        (None, ""),
        (5, ""),
        (["a"], ""),
    ],
)
def test_quoted(text: object, shown: str) -> None:
    """A vendor's words are one short line of text, without secrets."""
    assert quoted(text, ("k3y", "k3y2", "")) == shown
