import logging

import pytest

from tests.targets.onoffice.vendor import (
    NOTHING,
    SECRET,
    TOKEN,
    link,
    onoffice,
    owner,
    probe_step,
    refused,
    result,
    said,
    tied,
)
from tests.targets.walk import NOW, task, walked
from worker.errors import (
    ClosedError,
    TargetError,
    UnsupportedError,
)
from worker.sending.wire import Response
from worker.targets.base import Step
from worker.targets.onoffice.calls import Ask
from worker.targets.onoffice.triple import Triple


class TestTarget:
    def test_identity(self) -> None:
        """The identity is the host and a digest that changes with the token and hides it."""
        host, account = onoffice().identity()

        assert host == "api.onoffice.de"
        assert len(account) == 16
        assert account != onoffice(token="other").identity()[1]

    @pytest.mark.parametrize(
        ("reply", "well"), [(NOTHING, True), (refused(80), True), (refused(137), False), (said(code=400), False)]
    )
    def test_probe(self, reply: Response, well: bool) -> None:
        """A probe is well when credentials and address are, whatever the record."""
        target = onoffice()
        try:
            (found,) = target.read([target.probe()], reply)
        except TargetError as error:
            found = error

        assert well is not isinstance(found, ClosedError)

    def test_session(self) -> None:
        """There is no session to renew, and no create goes without a key."""
        target = onoffice()
        target.forget_session()

        assert target.exchange(NOW) is None
        assert not target.keyless(task(owner("created")).data)

    def test_silent(self, caplog: pytest.LogCaptureFixture) -> None:
        """Nothing of a request shows in its repr, nor in a log."""
        caplog.set_level(logging.DEBUG)
        target = onoffice()
        shown = repr(target.request([probe_step()], NOW)) + repr(target) + repr(target._settings) + caplog.text

        assert TOKEN not in shown
        assert SECRET not in shown

    def test_remote_id(self) -> None:
        """A remote id is read back as the link; anything else is none."""
        assert Triple.read("calendar:address/1,2/3") == Triple("calendar:address", (1, 2), (3,))
        assert Triple.read("77") is None

    def test_long_detail(self) -> None:
        """A link of many records is told in few words."""
        assert str(Triple("a:b", (1,), tuple(range(1, 101)))) == "Link a:b, parent 1, child 1, 2, 3, 4, 5 and 95 more"

    def test_unsupported_class(self) -> None:
        """An error of half a change keeps its class."""
        walk = walked(
            onoffice(),
            task(link("deleted"), "estate:address:owner/417/1,2"),
            [said(result(), result(168)), tied(417, 2)],
        )

        assert isinstance(walk.end, UnsupportedError)
        assert walk.end.applied_in_part

    def test_ask_is_hidden(self) -> None:
        """A step's repr holds nothing of its body."""
        assert "Ask" not in repr(Step(Ask(())))
