import pytest

from tests.targets.onoffice.vendor import (
    FINE,
    buried,
    onoffice,
    owner,
    refused,
    said,
)
from tests.targets.walk import task, walked
from worker.errors import (
    ClockError,
    RetryableError,
    TargetError,
    UnauthorizedError,
)
from worker.targets.base import Applied
from worker.targets.onoffice.codes import CLOSED

ERRORS = {
    "rejected": [74, 79, 132, 179, 181, 185, 187, 215, 219, 227, 228, 229, 235, 247, 254, 255, 270, 294, 302],
    "not_found": [80, 98, 292, 293],
    "forbidden": [156, 174, 253, 261, 262],
    "unsupported": [182, 199],
    "unexpected_answer": [*range(3, 10), *range(14, 22), 23, 24, 25, 26, 167, 999],
}


class TestCodes:
    @pytest.mark.parametrize(("code", "reason"), [(code, reason) for reason, codes in ERRORS.items() for code in codes])
    def test_buried(self, code: int, reason: str) -> None:
        """Each code that never passes buries for its reason, with the code."""
        walk = walked(onoffice(), task(owner("created")), [refused(code)])

        assert reason == buried(walk)
        assert isinstance(walk.end, TargetError)
        assert str(code) == walk.end.code

    @pytest.mark.parametrize(
        "code", [13, 22, 28, 30, 40, 41, 42, 43, 45, 47, 48, 49, 153, 137, 158, 193, 201, 243, 248]
    )
    def test_closed(self, code: int) -> None:
        """Codes about us pause the connection, wherever they stand; the step comes again."""
        assert code in CLOSED
        for reply in (refused(code), said(code=400, errorcode=code), said(code=500, errorcode=code)):
            walk = walked(onoffice(), task(owner("created")), [reply, FINE])

            assert [UnauthorizedError] == [type(pause) for pause in walk.pauses]
            assert isinstance(walk.end, Applied)

    @pytest.mark.parametrize("code", [1, 303])
    def test_retried(self, code: int) -> None:
        """Codes that may pass are tried again."""
        assert isinstance(walked(onoffice(), task(owner("created")), [refused(code)]).end, RetryableError)

    def test_stale(self) -> None:
        """A time stamp that is too old is signed anew at once; a second time it is the clock, and pauses."""
        once = walked(onoffice(), task(owner("created")), [refused(136), FINE])
        twice = walked(onoffice(), task(owner("created")), [refused(136), refused(136), FINE])

        assert once.pauses == []
        assert [ClockError] == [type(pause) for pause in twice.pauses]
        assert isinstance(twice.end, Applied)

    def test_record_may_come(self) -> None:
        """A record that lacks is waited for where the connection wants that, ending as not found."""
        end = walked(onoffice(on_missing_record="retry"), task(owner("created")), [refused(80)]).end

        assert isinstance(end, RetryableError)
        assert end.reason == "not_found"
