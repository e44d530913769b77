from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from schemas.dead_letter import DeadLettered
from worker.brokers.base import Message
from worker.intake.decode import Decoder
from worker.intake.route import Route, Routes
from worker.intake.take import Take
from worker.journal.journal import Journal
from worker.journal.letters import Filter
from worker.journal.rows import INTAKE, Letter, Settled
from worker.outcome.result import Teller

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LINK: dict[str, Any] = {
    "kind": "link",
    "relation_type": "a:b",
    "parents": [{"record_id": 1}],
    "children": [{"record_id": 2}],
}
PARTY = {"kind": "party", "party_type": "organization", "name": "N"}
HOSTILE = "<script>alert(1)</script>'; DROP TABLE x; --\u202e"


@dataclass
class House:
    """Intake on a journal in memory, and what it hands on."""

    journal: Journal
    take: Take
    offered: list[tuple[str, str]] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    sequence: int = 0

    async def takes(self, *messages: Message) -> None:
        await self.take(messages)

    async def letters(self) -> list[Letter]:
        page = await self.journal.letters.page(Filter(), 50)
        return [one.letter for one in page]

    def message(
        self, body: bytes, subject: str = "relation.created", headers: Sequence[tuple[str, str]] = ()
    ) -> Message:
        self.sequence += 1
        return Message("RELATIONS", "2026-01-01", self.sequence, subject, tuple(headers), body, NOW)

    def event(self, data: Any = None, *, word: str = "created", **more: Any) -> Message:
        event = {
            "specversion": "1.0",
            "id": f"e{self.sequence}",
            "source": "/crm",
            "type": f"relation.{word}",
            "subject": "s",
            "time": "2026-03-02T09:00:00Z",
            "data": LINK if data is None else data,
            **more,
        }
        whole = {name: value for name, value in event.items() if value is not ...}
        return self.message(orjson.dumps(whole), f"relation.{word}")


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Make an intake with a link target, a party target and one that takes nothing by itself."""
    journal = await Journal.open("sqlite://", inline=True)
    routes = Routes(
        [
            Route("links", "onoffice", "link"),
            Route("parties", "outsmart", "party"),
            Route("quiet", "superoffice", "link", ("/none",)),
        ]
    )
    made = House(journal, None)  # type: ignore[arg-type]  # it is made in the next line
    made.take = Take(
        journal,
        Decoder(),
        routes,
        Teller("test", "1"),
        position=0,
        now=lambda: NOW,
        offer=lambda name, fresh: made.offered.extend((name, event.id) for _, event in fresh),
        settled=made.settled.extend,
        received=lambda _word, _count: None,
    )
    yield made
    await journal.close()


BROKEN: dict[str, tuple[str, Any]] = {
    "not JSON": ("malformed", lambda h: h.message(b"not JSON \xff")),
    "an array": ("malformed", lambda h: h.message(b"[1]")),
    "10 MB": ("malformed", lambda h: h.message(b'{"specversion": "1.0", "x": "' + b"y" * 10_000_000 + b'"}')),
    "no subject": ("malformed", lambda h: h.event(subject=...)),
    "other token": ("malformed", lambda h: h.message(h.event().body, "relation.deleted.x")),
    "unknown type": ("unknown_type", lambda h: h.event(type="relation.renamed")),
    "later version": ("unknown_type", lambda h: h.event(type="relation.created.v9")),
    "other schema": ("unknown_type", lambda h: h.event(dataschema="urn:relation-worker:relation:2")),
    "n to n": (
        "invalid_data",
        lambda h: h.event(
            {**LINK, "parents": [{"record_id": 1}, {"record_id": 3}], "children": [{"record_id": 2}, {"record_id": 4}]}
        ),
    ),
    "beyond int32": ("invalid_data", lambda h: h.event({**LINK, "parents": [{"record_id": 2**31}]})),
    "unknown kind": ("invalid_data", lambda h: h.event({"kind": "ship"})),
    "a typo": ("invalid_data", lambda h: h.event({**PARTY, "emial": "a@b.example"})),
    "no such connection": ("unroutable", lambda h: h.event(target="nowhere")),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
async def test_what_is_broken_becomes_one_letter(house: House, name: str) -> None:
    """Each kind of broken message is one letter with its reason and a detail, and its event fits the contract."""
    reason, made = BROKEN[name]
    await house.takes(made(house))
    (letter,) = await house.letters()

    assert (letter.connection, letter.reason) == (INTAKE, reason)
    assert letter.detail
    told = orjson.loads(house.settled[0].result)
    assert told["type"] == "relation.dead_lettered"
    DeadLettered.model_validate(told["data"])
    assert house.offered == []


async def test_a_letter_exists_once(house: House) -> None:
    """A message that is handed over again makes no second letter, and is told once."""
    message = house.message(b"broken")
    await house.takes(message)
    await house.takes(message)

    assert len(await house.letters()) == 1
    assert len(house.settled) == 1


async def test_known_names_go_on(house: House) -> None:
    """Each unknown name in `target` is a letter of its own; the known ones get the event."""
    await house.takes(house.event(target="links, nowhere, elsewhere"))

    assert [name for name, _ in house.offered] == ["links"]
    assert sorted(letter.detail.rsplit(" ", 1)[1] for letter in await house.letters()) == ["elsewhere", "nowhere"]


async def test_a_kind_that_the_target_does_not_take(house: House) -> None:
    """A connection that is named for a kind that its target does not know buries its own delivery."""
    await house.takes(house.event(PARTY, target="links"))
    (letter,) = await house.letters()

    assert (letter.connection, letter.reason) == ("links", "unsupported")


async def test_a_copy_is_no_second_delivery(house: House) -> None:
    """The same identity with the same data is dropped, in one batch or a later one."""
    first, copy = house.event(id="same"), house.event(id="same")
    await house.takes(first, copy)
    await house.takes(house.event(id="same"))

    assert house.offered == [("links", "same")]
    assert await house.letters() == []


async def test_an_identifier_used_twice(house: House) -> None:
    """The same identity with other data is no copy: it is buried, and the first goes on."""
    await house.takes(house.event(id="same"))
    await house.takes(house.event({**LINK, "comment": "other"}, id="same"))
    (letter,) = await house.letters()

    assert letter.reason == "malformed"
    assert "used twice" in letter.detail
    assert house.offered == [("links", "same")]


async def test_hostile_text_is_only_text(house: House) -> None:
    """What an event says is carried as it is, and stops nothing."""
    await house.takes(house.event({**PARTY, "name": HOSTILE}, subject=HOSTILE, id=HOSTILE))
    (row,) = await house.journal.waiting("parties", 0, 10, 10_000)

    assert (row.subject, row.event_id) == (HOSTILE, HOSTILE)


async def test_positions_follow_the_broker(house: House) -> None:
    """Deliveries keep the broker's order, whatever stands between them."""
    await house.takes(house.event(id="a"), house.message(b"broken"), house.event(PARTY, id="b"), house.event(id="c"))

    links = await house.journal.waiting("links", 0, 10, 10_000)
    parties = await house.journal.waiting("parties", 0, 10, 10_000)
    assert [row.event_id for row in links] == ["a", "c"]
    assert links[0].position < parties[0].position < links[1].position
