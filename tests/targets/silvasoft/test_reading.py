"""Which verdict each answer of Silvasoft leads to (contract.md 3.4)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.targets.silvasoft.vendor import SHOWN, STEPS, refused, silvasoft
from tests.targets.walk import answer
from worker.errors import (
    AddressError,
    PermanentError,
    RateLimitedError,
    RejectedError,
    RetryableError,
    TargetError,
    UnauthorizedError,
    UnknownOutcomeError,
)
from worker.sending.wire import Response
from worker.targets.silvasoft.reading import JITTER, until_next_hour

ANSWERS: list[tuple[Response, type[TargetError], str]] = [
    (refused("UNAUTHORIZED", "Ratelimit exceeded", 401), RateLimitedError, "attempts_exhausted"),
    (answer(b"RATE LIMIT reached", 401), RateLimitedError, "attempts_exhausted"),
    (refused("UNAUTHORIZED", "Ratelimit exceeded", 200), RateLimitedError, "attempts_exhausted"),
    (refused("UNAUTHORIZED", "Invalid authentication credentials", 401), UnauthorizedError, "attempts_exhausted"),
    (answer(b"", 401), UnauthorizedError, "attempts_exhausted"),
    (answer({}, 403), UnauthorizedError, "attempts_exhausted"),
    (refused("NOT_FOUND", "x", 404), AddressError, "attempts_exhausted"),
    (refused("INVALID_JSON", "x"), PermanentError, "unexpected_answer"),
    (refused("VALIDATION", "x"), RejectedError, "rejected"),
    (answer(b"no", 400), RejectedError, "rejected"),
    (refused("VALIDATION", "x", 200), RejectedError, "rejected"),
    (refused("VALIDATION", "x", 422), RejectedError, "rejected"),
    (answer({"errorCode": 17}), RejectedError, "rejected"),
    (answer({"errorCode": [1]}), RejectedError, "rejected"),
    (refused("TECHNICAL", "x", 500), UnknownOutcomeError, "unknown_outcome"),
    (answer({}, 503), UnknownOutcomeError, "unknown_outcome"),
    (answer({}, 503, retry_after="9"), RateLimitedError, "attempts_exhausted"),
    (answer({}, 429), RateLimitedError, "attempts_exhausted"),
    (answer({}, 408), RetryableError, "attempts_exhausted"),
    (answer(b"<html>"), UnknownOutcomeError, "unknown_outcome"),
    (answer([SHOWN], 201), PermanentError, "unexpected_answer"),
    (answer(b"", 302), PermanentError, "unexpected_answer"),
    (answer({}, 409), PermanentError, "unexpected_answer"),
]


@pytest.mark.parametrize("asked", STEPS)
@pytest.mark.parametrize(("response", "kind", "reason"), ANSWERS)
def test_an_answer_leads_to_its_verdict(asked: str, response: Response, kind: type[TargetError], reason: str) -> None:
    """Each signal of the table and of the common statuses, for every call."""
    with pytest.raises(TargetError) as caught:
        silvasoft().read([STEPS[asked]], response)
    assert (type(caught.value), caught.value.reason) == (kind, reason)


@pytest.mark.parametrize(
    "body", [True, 5, "x", [5], [{"Name": "x"}], {"RelationGUID": "x"}, {"RelationGUID": 0}, {"RelationGUID": True}]
)
def test_a_create_whose_answer_shows_no_id_is_unknown(body: Any) -> None:
    """Something came back, but not which relation: it is looked for."""
    with pytest.raises(UnknownOutcomeError):
        silvasoft().read([STEPS["create"]], answer(body))
    assert silvasoft().read([STEPS["find"]], answer(body)) == [[]]


def test_a_successful_code_that_is_empty_is_none() -> None:
    """An `errorCode` without a value is no error."""
    assert silvasoft().read([STEPS["change"]], answer({"errorCode": None, "RelationGUID": 7})) == [True]


MOMENTS = st.timedeltas(timedelta(), timedelta(days=7000)).map(lambda passed: datetime(2020, 1, 1, tzinfo=UTC) + passed)


@given(now=MOMENTS)
def test_the_pause_ends_soon_after_the_top_of_the_hour(now: datetime) -> None:
    """The pause reaches into the next hour, never more than the jitter, and is the same for the same account."""
    end = now + timedelta(seconds=until_next_hour(now, "a"))
    top = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    assert timedelta(milliseconds=-1) <= end - top <= timedelta(seconds=JITTER)
    assert until_next_hour(now, "a") == until_next_hour(now, "a")


def test_the_jitter_spreads_the_accounts() -> None:
    """Connections that wait for one hour do not all begin in its first second; without a time it is a full hour."""
    now = datetime(2026, 3, 2, 9, 59, tzinfo=UTC)
    waits = {until_next_hour(now, str(one)) for one in range(100)}
    assert len(waits) == 100
    assert max(waits) - min(waits) > JITTER / 2
    assert 3600 <= until_next_hour(None, "a") < 3600 + JITTER
