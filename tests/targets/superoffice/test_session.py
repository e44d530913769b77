from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest

from tests.targets.superoffice.vendor import (
    entity,
    partner,
    settings,
    superoffice,
    tenant,
)
from tests.targets.walk import NOW, answer, task, walked
from worker.errors import (
    AddressError,
    OutageError,
    RateLimitedError,
    TargetError,
    UnauthorizedError,
    UnknownOutcomeError,
)
from worker.sending.wire import Response
from worker.targets.base import Applied
from worker.targets.superoffice.target import SuperOffice


class TestTenant:
    @pytest.mark.parametrize("state", [1, 6, "Provisioning", "OfflineMaintenance"])
    def test_passing(self, state: Any) -> None:
        """A tenant that will be back is an outage."""
        walk = walked(superoffice(), task(partner("created")), [tenant(state, running=False), tenant(), entity()])

        assert [type(pause) for pause in walk.pauses] == [OutageError]
        assert walk.end == Applied("created", "78")

    @pytest.mark.parametrize("state", [0, 3, 4, 8, 10, 11, 12, "Suspended", "Gone", None, 99])
    def test_closed(self, state: Any) -> None:
        """A tenant that is gone or closed needs a person."""
        walk = walked(superoffice(), task(partner("created")), [tenant(state), tenant(), entity()])

        assert [type(pause) for pause in walk.pauses] == [UnauthorizedError]

    @pytest.mark.parametrize("reply", [tenant(running=False), tenant(5, running=False)])
    def test_not_running(self, reply: Response) -> None:
        """A tenant that says it does not run is closed, whatever its state."""
        assert [
            type(pause)
            for pause in walked(superoffice(), task(partner("created")), [reply, tenant(5), entity()]).pauses
        ] == [UnauthorizedError]

    @pytest.mark.parametrize(
        "endpoint",
        [
            None,
            5,
            "",
            "http://online3.superoffice.com/Cust12345",
            "https://evil.example/Cust12345",
            "https://superoffice.com.evil.example/",
            "https://x@online3.superoffice.com/",
            "https://[online3.superoffice.com",
            "https://online3.superoffice.com/?x=1",
        ],
    )
    def test_strange_address(self, endpoint: Any) -> None:
        """Our credentials go to no host but the vendor's."""
        assert [
            type(pause)
            for pause in walked(
                superoffice(), task(partner("created")), [tenant(endpoint=endpoint), tenant(), entity()]
            ).pauses
        ] == [AddressError]

    def test_own_root(self) -> None:
        """A base_url stands for the vendor's log-in host, and allows its own host as the tenant's."""
        walk = walked(
            superoffice(base_url="http://127.0.0.1:8080/"),
            task(partner("created")),
            [tenant(endpoint="http://127.0.0.1:8080/Cust12345"), entity()],
        )

        assert [one.url for one in walk.requests] == [
            "http://127.0.0.1:8080/api/state/Cust12345",
            "http://127.0.0.1:8080/Cust12345/api/v1/Relation",
        ]

    @pytest.mark.parametrize(("minutes", "asks_again"), [(10, 10), (-5, 1), (100_000, 1440)])
    def test_cached(self, minutes: float, asks_again: float) -> None:
        """The address is asked for when it runs out, not before; never each call, never once for all."""
        target = superoffice()
        walked(target, task(partner("created")), [tenant(minutes=minutes), entity()])

        assert target.exchange(NOW + timedelta(minutes=asks_again) - timedelta(seconds=1)) is None
        assert target.exchange(NOW + timedelta(minutes=asks_again, seconds=1)) is not None

    @pytest.mark.parametrize(
        ("reply", "kind"),
        [
            (answer(b"<html>", 200), UnknownOutcomeError),
            (answer([]), OutageError),
            (answer(b"", 500), OutageError),
            (answer(b"", 404), AddressError),
            (answer(b"", 429), RateLimitedError),
            (answer(b"", 400), UnauthorizedError),
        ],
    )
    def test_odd_answers(self, reply: Response, kind: type[TargetError]) -> None:
        """Whatever the state API answers is about us, never about an event."""
        exchange = superoffice().exchange(NOW)
        assert exchange is not None
        next(exchange)

        with pytest.raises(kind):
            exchange.send(reply)

    def test_onsite(self) -> None:
        """Onsite there is no tenant to ask for, and Basic log-in."""
        target = SuperOffice(
            settings(
                environment="onsite",
                customer_id=None,
                base_url="https://crm.acme.example/so/",
                auth="basic",
                username="tim",
                password="pässword",
            )
        )

        walk = walked(target, task(partner("created")), [entity()])

        (request,) = walk.requests
        assert request.url == "https://crm.acme.example/so/api/v1/Relation"
        assert request.headers["Authorization"] == "Basic " + b64encode("tim:pässword".encode()).decode()
        assert "SO-AppToken" not in request.headers
        assert target.identity()[0] == "crm.acme.example"
        assert [
            type(pause) for pause in walked(target, task(partner("created")), [answer(b"", 421), entity()]).pauses
        ] == [AddressError]
