from dataclasses import replace
from typing import Any

import pytest

from tests.targets.onoffice.vendor import (
    FINE,
    OWNER,
    SECRET,
    TOKEN,
    buried,
    onoffice,
    owner,
    refused,
    result,
    said,
    verbs,
)
from tests.targets.walk import Answer, answer, task, walked
from worker.errors import (
    PermanentError,
    RateLimitedError,
    RejectedError,
    RepeatError,
    RetryableError,
    TargetError,
    UnauthorizedError,
    UnknownOutcomeError,
)
from worker.sending.wire import Response
from worker.targets.base import Applied, Step
from worker.targets.onoffice.calls import step, whole
from worker.targets.onoffice.triple import Triple


class TestReading:
    def read(self, *steps: Step, reply: Answer) -> list[Any]:
        assert isinstance(reply, Response)
        return onoffice().read(steps, reply)

    def steps(self, count: int) -> list[Step]:
        links = [Triple(OWNER, (417,), (child,)) for child in range(1, count + 1)]
        return [
            step([whole("create", f"e-{link.children[0]}/1", link, {})], link.keys, repeatable=False) for link in links
        ]

    def test_shared(self) -> None:
        """Steps that share a request each get their own verdict, in order."""
        found = self.read(*self.steps(3), reply=said(result(), result(80, "x"), result(13, "y"), errorcode=97))

        assert found[0] == ([],)
        assert [RejectedError, UnauthorizedError] == [type(one) for one in found[1:]]

    def test_repeated_above(self) -> None:
        """A code at the top that repeats an action's is that action's."""
        found = self.read(*self.steps(2), reply=said(result(), result(132, "x"), code=500, errorcode=132))

        assert found[0] == ([],)
        assert isinstance(found[1], RejectedError)

    @pytest.mark.parametrize(
        ("code", "number", "kind"),
        [
            (500, 1, RetryableError),
            (500, 303, RetryableError),
            (500, 132, RejectedError),
            (500, 0, PermanentError),
            (200, 3, PermanentError),
            (200, 80, RejectedError),
        ],
    )
    def test_failed_above(self, code: int, number: int, kind: type[TargetError]) -> None:
        """What failed at the top did not succeed below, unless an action's own error shows there."""
        well = self.read(*self.steps(2), reply=said(result(), result(), code=code, errorcode=number))
        other = self.read(*self.steps(2), reply=said(result(), result(174, "x"), code=code, errorcode=number))

        assert [kind, kind] == [type(one) for one in well]
        assert [kind, RejectedError] == [type(one) for one in other]
        assert other[1].reason == "forbidden"

    def test_look_inside(self) -> None:
        """A top that says to look into the actions is not itself a failure."""
        found = self.read(*self.steps(2), reply=said(result(), result(), code=500, errorcode=97))

        assert found == [([],), ([],)]

    def test_fewer(self) -> None:
        """An action without a result is unknown; the others are told apart by identifier."""
        found = self.read(*self.steps(3), reply=said(result(identifier="e-3/1"), result(80, identifier="e-1/1")))

        assert [RejectedError, UnknownOutcomeError, tuple] == [type(one) for one in found]

    def test_fewer_without_names(self) -> None:
        """Where nobody can say which result lacks, all are unknown."""
        found = self.read(*self.steps(2), reply=said(result()))

        assert [UnknownOutcomeError] * 2 == [type(one) for one in found]

    def test_same_names(self) -> None:
        """Two sources may use one event id: results that lack cannot be told apart by it."""
        one, *_, other = self.steps(2)
        two = step([replace(other.body.actions[0], identifier="e-1/1")], other.keys, repeatable=False)

        fewer = self.read(one, two, reply=said(result(identifier="e-1/1")))
        all_there = self.read(one, two, reply=said(result(identifier="e-1/1"), result(80, "x", identifier="e-1/1")))

        assert [UnknownOutcomeError] * 2 == [type(one) for one in fewer]
        assert [tuple, RejectedError] == [type(one) for one in all_there]

    def test_more(self) -> None:
        """Results too many do no harm."""
        found = self.read(*self.steps(1), reply=said(result(identifier="other"), result(identifier="e-1/1")))

        assert found == [([],)]

    def test_out_of_order(self) -> None:
        """Results are put beside their actions even when they come in another order."""
        found = self.read(*self.steps(2), reply=said(result(80, identifier="e-2/1"), result(identifier="e-1/1")))

        assert [tuple, RejectedError] == [type(one) for one in found]

    @pytest.mark.parametrize(
        ("reply", "kind"),
        [
            (answer(b"<html>"), UnknownOutcomeError),
            (answer(b""), UnknownOutcomeError),
            (answer([]), PermanentError),
            (answer({}), PermanentError),
            (answer({"status": {"code": 200}}), PermanentError),
            (said(code=400), UnauthorizedError),
            (said(code=400, errorcode=74), UnauthorizedError),
            (said(code=500, errorcode=1), RetryableError),
            (said(code=500, errorcode=5), PermanentError),
            (said(code=400, errorcode=136), RepeatError),
            (answer({}, 429), RateLimitedError),
            (answer({}, 502), UnknownOutcomeError),
            (answer({}, 401), UnauthorizedError),
        ],
    )
    def test_whole(self, reply: Response, kind: type[TargetError]) -> None:
        """What is about the whole request is raised."""
        with pytest.raises(kind):
            self.read(*self.steps(2), reply=reply)

    def test_odd_success(self) -> None:
        """A result may lack its status, or have it inside its data; a code that is not 200 is no success."""
        bare: dict[str, Any] = {"data": []}
        inside = {"data": {"records": [], "status": {"errorcode": 0}}}
        failed = {"data": [], "status": {"errorcode": 0, "code": 500}}

        found = self.read(*self.steps(3), reply=said(bare, inside, failed))

        assert [tuple, tuple, PermanentError] == [type(one) for one in found]

    @pytest.mark.parametrize(
        "rows",
        [
            [],
            [{"elements": []}],
            [{"elements": {}}],
            [{"elements": {"417": []}}],
            [{"elements": {"417": {}}}],
            [{}],
            [7],
        ],
    )
    def test_nothing_tied(self, rows: list[Any]) -> None:
        """No hit has many shapes."""
        walk = walked(onoffice(look_before_create="always"), task(owner("created")), [said(result(rows=rows)), FINE])

        assert verbs(walk) == ["get", "create"]

    @pytest.mark.parametrize("ids", [["8102"], [8102], {"3": "8102"}])
    def test_something_tied(self, ids: Any) -> None:
        """Ids come as text, as numbers, or as an object where PHP's list had holes."""
        reply = said(result(rows=[{"elements": {"417": ids}}]))

        walk = walked(onoffice(look_before_create="always"), task(owner("created")), [reply])

        assert Applied("existed", "estate:address:owner/417/8102") == walk.end

    def test_strange_ids(self) -> None:
        """Ids in no known form bury the event and name the gap."""
        reply = said(result(rows=[{"elements": {"417": ["a"]}}]))

        assert (
            buried(walked(onoffice(look_before_create="always"), task(owner("created")), [reply]))
            == "unexpected_answer"
        )

    def test_secret_echoed(self) -> None:
        """A vendor that repeats our secrets does not get them into an error."""
        walk = walked(onoffice(), task(owner("created")), [refused(999, f"token {TOKEN}\n secret {SECRET}")])

        assert str(walk.end) == "onOffice 999: token *** secret ***. Link estate:address:owner, parent 417, child 8102."
