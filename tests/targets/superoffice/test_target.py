from datetime import UTC, datetime
from functools import partial

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.targets.superoffice.vendor import (
    HOME,
    PEM,
    SECRETS,
    entity,
    json_bytes,
    link,
    only_ours,
    partner,
    refused,
    rows,
    settings,
    superoffice,
    tenant,
    went,
)
from tests.targets.walk import NOW, task, walked
from worker.errors import (
    UnauthorizedError,
)
from worker.sending.wire import Response
from worker.targets.base import Step
from worker.targets.superoffice import calls, login
from worker.targets.superoffice import tenant as state_api
from worker.targets.superoffice.target import SuperOffice


class TestTarget:
    def test_identity(self) -> None:
        """The identity is the log-in host and the customer, not the numbered host that changes."""
        assert superoffice().identity() == ("online.superoffice.com", "Cust12345")

    def test_keyless(self) -> None:
        """Only the server gives a relation its id."""
        assert superoffice().keyless(task(partner("created")).data)

    def test_probe(self) -> None:
        """A probe reads one relation."""
        target = superoffice()
        walked(target, task(partner("created")), [tenant(), entity()])
        step = target.probe()

        assert target.request([step], NOW).params == (("$select", "relationId"), ("$top", "1"))
        assert target.read([step], rows(3)) == [((3,), False)]
        with pytest.raises(UnauthorizedError):
            target.read([step], refused(401))

    def test_secret_echoed(self) -> None:
        """A vendor that repeats our secrets does not get them into an error."""
        walk = went(link("updated", comment="x"), [refused(400, message="7T:ticket\r\nwith app-token")], "78")

        assert str(walk.end) == "SuperOffice 400: SoException: *** with ***"

    def test_silent(self) -> None:
        """Nothing of a request or a session shows in a repr."""
        target = superoffice()
        walk = walked(target, task(partner("created")), [tenant(), entity()])

        shown = repr(walk.requests) + repr(target._session) + repr(target._settings) + repr(walk.steps)
        assert not any(secret in shown for secret in SECRETS)

    SETTINGS = settings(
        app_token="app-token", system_user_token="Worker-system.user", private_key=PEM, ticket="7T:ticket"
    )
    STEPS = (
        calls.create({"SourceContactId": 1}),
        calls.update(
            settings(auth="bearer", access_token="x"), 5, {"Comment": "x"}, {}, datetime(2026, 1, 1, tzinfo=UTC)
        ),
        calls.delete(5),
        calls.one(5),
        calls.probe(),
    )

    @hypothesis.settings(deadline=None)
    @given(
        st.sampled_from(STEPS),
        st.binary(max_size=200)
        | st.recursive(
            st.none() | st.booleans() | st.integers() | st.sampled_from(SECRETS),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["value", "relationId", "PrimaryKey", "RelationId", "ErrorType", "ErrorMessage"]),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=15,
        ).map(json_bytes),
        st.sampled_from([200, 204, 301, 400, 401, 403, 404, 409, 412, 421, 429, 500, 503]),
    )
    def test_anything(self, step: Step, body: bytes, status: int) -> None:
        """Whatever comes back, only errors of ours come out, and no secret in them."""
        target = SuperOffice(self.SETTINGS)
        target._session.home, target._session.login = HOME, "SOTicket 7T:ticket"
        assert only_ours(lambda: target.read([step], Response(status, {}, body)))

    @hypothesis.settings(deadline=None)
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(SECRETS),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        [
                            "Endpoint",
                            "State",
                            "IsRunning",
                            "ValidUntil",
                            "Token",
                            "IsSuccessful",
                            "ErrorMessage",
                            "error",
                        ]
                    ),
                    inner,
                    max_size=6,
                )
            ),
            max_leaves=15,
        ).map(json_bytes),
        st.sampled_from([200, 200, 400, 401, 500]),
    )
    def test_any_session(self, body: bytes, status: int) -> None:
        """Whatever state API and log-in answer, only errors of ours come out."""
        for reader in (state_api.tenant, login.ticket, login.access_token):
            assert only_ours(partial(reader, self.SETTINGS, Response(status, {}, body), NOW))
