from typing import Any

import hypothesis
import orjson
from hypothesis import given
from hypothesis import strategies as st

from tests.targets.onoffice.vendor import FINE, SECRET, TOKEN, onoffice, owner, probe_step
from tests.targets.walk import answer, task, walked
from worker.errors import TargetError
from worker.sending.wire import Response
from worker.targets.base import Applied


class TestAnyAnswer:
    @hypothesis.settings(deadline=None)
    @given(st.binary(max_size=200))
    def test_any_bytes(self, body: bytes) -> None:
        """Whatever bytes come, only errors of ours come out."""
        self.only_ours(Response(200, {}, body))

    @hypothesis.settings(deadline=None)
    @given(
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats(allow_nan=False)
            | st.sampled_from([TOKEN, SECRET, "0", "97"]),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        [
                            "status",
                            "response",
                            "results",
                            "data",
                            "records",
                            "elements",
                            "errorcode",
                            "code",
                            "message",
                            "identifier",
                            "417",
                        ]
                    ),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=20,
        ),
        st.sampled_from([200, 200, 200, 204, 301, 400, 404, 500]),
    )
    def test_any_json(self, body: Any, status: int) -> None:
        """Whatever JSON comes, only errors of ours come out, and no secret in them."""
        try:
            raw = orjson.dumps(body)
        except TypeError:
            raw = b"{}"
        self.only_ours(Response(status, {}, raw))

    @hypothesis.settings(deadline=None)
    @given(
        st.recursive(
            st.none() | st.integers(-(2**53), 2**53) | st.text(max_size=3),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["elements", "417", "0"]), inner, max_size=3)
            ),
            max_leaves=9,
        )
    )
    def test_any_records(self, rows: Any) -> None:
        """Whatever a look-up shows, the course ends in a way that we know."""
        reply = answer(
            {"status": {"code": 200, "errorcode": 0}, "response": {"results": [{"data": {"records": rows}}]}}
        )

        walk = walked(onoffice(look_before_create="always"), task(owner("created")), [reply, FINE], spare=True)

        assert isinstance(walk.end, Applied | TargetError)

    def only_ours(self, reply: Response) -> None:
        try:
            found = onoffice().read([probe_step(), probe_step()], reply)
        except TargetError as error:
            found = [error]
        for one in found:
            assert isinstance(one, tuple | TargetError)
            assert TOKEN not in str(one)
            assert SECRET not in str(one)
