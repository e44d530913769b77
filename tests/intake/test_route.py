from typing import Any

import pytest

from schemas.cloudevent import Event
from tests.intake.messages import STRUCTURED, structured
from worker.intake.decode import Decoder
from worker.intake.route import REMEMBERED, Route, Routed, Routes

ROUTES = Routes(
    [
        Route("acme-onoffice", "onoffice", "link"),
        Route("acme-outsmart", "outsmart", "party", sources=("/crm", "https://crm.example/*")),
        Route("acme-silvasoft", "silvasoft", "party", subjects=("cust-[0-9]*", "vip-?")),
    ]
)


def event(**changes: Any) -> Event:
    """Return the contract's example with changes."""
    return Decoder().decode(structured(**changes)).event


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Routed(("acme-outsmart", "acme-silvasoft"))),
        ({"subject": "vip-1"}, Routed(("acme-outsmart", "acme-silvasoft"))),
        ({"subject": "vip-10"}, Routed(("acme-outsmart",))),
        ({"subject": "Cust-1"}, Routed(("acme-outsmart",))),
        ({"source": "/crm"}, Routed(("acme-outsmart", "acme-silvasoft"))),
        ({"source": "/crm/x"}, Routed(("acme-silvasoft",))),
        ({"source": "/CRM", "subject": "x"}, Routed()),
        ({"source": "xhttps://crm.example/", "subject": "x\u2028"}, Routed()),
        ({"target": "acme-outsmart", "source": "/other"}, Routed(("acme-outsmart",))),
        ({"target": "acme-outsmart,nobody"}, Routed(("acme-outsmart",), ("nobody",))),
        ({"target": "acme-onoffice, acme-silvasoft"}, Routed(("acme-silvasoft",), (), ("acme-onoffice",))),
        ({"target": "Acme-Outsmart"}, Routed((), ("Acme-Outsmart",))),
    ],
)
def test_routes(changes: dict[str, Any], expected: Routed) -> None:
    """Named connections take it whatever they accept; else those of its kind whose globs match."""
    assert ROUTES.route(event(**changes)) == expected


def test_nobody() -> None:
    """An event for nobody is told from one whose names are wrong."""
    assert ROUTES.route(event(source="/x", subject="x")).is_nobody
    assert not ROUTES.route(event(target="nobody")).is_nobody
    assert not ROUTES.route(event(target="acme-onoffice")).is_nobody
    assert Routes([]).route(event()).is_nobody


def test_target_of() -> None:
    """A connection's kind of system is known by its name."""
    assert ROUTES.target_of("acme-outsmart") == "outsmart"


def test_many_sources() -> None:
    """Sources that come by the thousand are routed the same and not remembered for ever."""
    routes = Routes([Route("acme", "outsmart", "party", sources=("/a*",))])
    given = event()

    for number in range(REMEMBERED + 2):
        assert routes.route(given.model_copy(update={"source": f"/a{number}"})) == Routed(("acme",))
    assert routes.route(given.model_copy(update={"source": STRUCTURED["source"]})).is_nobody
    assert len(routes._remembered) <= REMEMBERED
