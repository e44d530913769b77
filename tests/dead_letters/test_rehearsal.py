"""The promises of a dry run."""

from typing import Any

import orjson
import pytest

from tests.dead_letters.house import NOW, House, document
from worker.dead_letters.document import Terms
from worker.dead_letters.errors import PatchError
from worker.dead_letters.forecast import seconds_for
from worker.dead_letters.rehearsal import Shown
from worker.errors import RejectedError
from worker.journal.letters import Filter
from worker.journal.rows import RelationState, Settled, Used
from worker.sending.quota import Quota
from worker.settings import build

TERMS = Terms("look")
WAITS = RejectedError("It needs the create.", reason="waits_for")


async def shown(house: House, letter: str, terms: Terms = TERMS) -> Shown:
    """Return what a dry run says of one letter."""
    told = await house.service.rehearse(Filter(ids=[letter]), terms)
    return next(each for each in told.shown if each.letter.id == letter)


async def test_request_is_shown_masked(house: House) -> None:
    """The first call is shown as it would go out, without any secret, and nothing is written."""
    letter = await house.bury(1)

    found = await shown(house, letter)

    assert found.verdict == "send"
    assert found.request is not None
    assert found.request["method"] == "POST"
    assert '"parentid":417' in found.request["request"].replace(" ", "") or "417" in found.request["request"]
    assert "***" in found.request["request"]
    assert "sec-1" not in str(found)
    assert "tok-1" not in str(found)
    assert await house.service.plans() == []
    assert await house.service.audit() == []


async def test_change_is_shown(house: House) -> None:
    """A patch is shown as what was there and what is there now, and in the request."""
    letter = await house.bury(1)
    terms = Terms("look", ({"op": "replace", "path": "/data/relation_type", "value": "estate:address:tenant"},))

    found = await shown(house, letter, terms)

    assert found.changes == [
        {"path": "/data/relation_type", "before": "estate:address:owner", "after": "estate:address:tenant"}
    ]
    assert found.request is not None
    assert "estate:address:tenant" in found.request["request"]


async def applied(house: House, position: int, subject: str) -> None:
    """Have a newer event of a relation applied."""
    row = house.row(position, document(position, subject, "updated"), "acme")
    await house.journal.take([row])
    state = RelationState("acme", row.source, subject, "77", False, position, None)
    ending = Settled("acme", position, "applied", 1, 1, NOW, b"{}", relation=state)
    await house.journal.commit(ending)


async def test_stale_letter_is_told(house: House) -> None:
    """What newer state makes obsolete is told; with force it would be sent."""
    letter = await house.bury(1, "cust-1", "updated")
    await applied(house, 2, "cust-1")

    assert (await shown(house, letter)).verdict == "stale"
    assert (await shown(house, letter, Terms("look", force=True))).verdict == "send"


async def test_expired_letter_is_told(house: House) -> None:
    """What expired would be buried again; a patch of its expirytime sends it after all."""
    letter = await house.bury(1, expirytime="2026-03-01T00:00:00Z")
    terms = Terms("look", ({"op": "remove", "path": "/expirytime"},))

    assert (await shown(house, letter)).verdict == "refused"
    assert (await shown(house, letter, terms)).verdict == "send"


async def test_refusal_is_foreseen(house: House) -> None:
    """What the mapping cannot express is refused before any call, and the dry run says so."""
    data = document(1, "x")["data"] | {"relation_type": "no such type"}
    letter = await house.bury(1, data=data)

    found = await shown(house, letter)

    assert (found.verdict, found.request) == ("refused", None)
    assert found.detail


async def test_waiting_is_told(house: House) -> None:
    """A letter says which one it waits for, and whether that comes before it."""
    create = await house.bury(1, "cust-1")
    update = await house.bury(2, "cust-1", "updated", error=WAITS)

    alone = await shown(house, update)
    both = (await house.service.rehearse(Filter(ids=[create]), TERMS)).shown

    assert alone.waits_for == create
    assert create in alone.detail
    assert [(each.letter.id, each.waits_for, each.detail) for each in both] == [
        (create, None, ""),
        (update, create, ""),
    ]


async def test_intake_letters_are_told(house: House) -> None:
    """An intake letter would be taken again where it can be read, else it is refused with the reason."""
    event = document(1, "x")
    del event["subject"]
    letter = await house.bury_at_intake(1, event)
    supply = Terms("look", ({"op": "add", "path": "/subject", "value": "x"},))

    assert (await shown(house, letter)).verdict == "refused"
    assert (await shown(house, letter, supply)).verdict == "take"


async def test_counts_and_time(house: House) -> None:
    """A dry run counts all, shows some, and tells the least time by what live traffic leaves."""
    for position in range(1, 26):
        await house.bury(position, f"cust-{position}")

    told = await house.service.rehearse(Filter(connections=["acme"]), TERMS, most=2)
    await house.journal.commit(Used("acme", "10/min", (NOW,) * 10))
    busy = await house.service.rehearse(Filter(connections=["acme"]), TERMS, most=0)

    assert (told.letters, len(told.shown), told.connections, told.verdicts) == (25, 2, {"acme": 25}, {"send": 2})
    assert told.seconds == {"acme": 120.0}
    assert busy.seconds == {"acme": None}


@pytest.mark.parametrize(
    ("calls", "used", "share", "rate", "seconds"),
    [
        (10, 0, 0.0, None, 0.0),
        (11, 0, 0.0, None, 60.0),
        (100, 5, 0.0, None, 1140.0),
        (100, 10, 0.0, None, None),
        (100, 10, 0.5, None, 1140.0),
        (100, 0, 0.0, Quota(1, 60.0), 5940.0),
    ],
)
def test_least_time(calls: int, used: int, share: float, rate: Quota | None, seconds: float | None) -> None:
    """The least time follows from the tightest of quotas and rate; None where nothing is left idle."""
    assert seconds_for(calls, [Quota(10, 60.0)], {"10/min": [NOW] * used}, NOW, share, rate) == seconds


async def test_plan_is_rehearsed_again(house: House) -> None:
    """A plan can be looked at before it is applied; what was closed meanwhile is left out."""
    one, two = await house.bury(1, "cust-1"), await house.bury(2, "cust-2")
    view = await house.service.plan(Filter(connections=["acme"]), TERMS, "ann")
    await house.service.discard(Filter(ids=[one]), "ann", "old")

    told = await house.service.rehearse_plan(view.id)

    assert [each.letter.id for each in told.shown] == [two]


async def test_bad_patch_is_told_as_in_a_plan(house: House) -> None:
    """A dry run refuses the patch that the plan would refuse."""
    letter = await house.bury(1)

    with pytest.raises(PatchError):
        await shown(house, letter, Terms("look", ({"op": "remove", "path": "/nothing"},)))


async def test_session_is_not_needed(house: House) -> None:
    """Where address and login come with a session that only the worker has, the call's content is shown."""
    settings: dict[str, Any] = {
        "target": "superoffice",
        "customer_id": "Cust12345",
        "auth": "refresh_token",
        "client_id": "client-1",
        "client_secret": "shh-1",
        "redirect_uri": "https://x.invalid/",
        "refresh_token": "shh-2",
        "relation_types": {"holding": 5},
    }
    connections = build({"connections": {"acme": settings}}).connections
    data = document(1, "x")["data"] | {"relation_type": "holding"}
    letter = await house.bury(1, data=data)

    found = (await house.serving(connections).rehearse(Filter(ids=[letter]), TERMS)).shown[0]

    assert found.verdict == "send"
    assert found.request is not None
    assert found.request["method"] is None
    assert "shh" not in orjson.dumps(found.request).decode()
