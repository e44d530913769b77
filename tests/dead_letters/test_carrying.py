"""The promises of export, import, discard and undo."""

import asyncio
import tracemalloc
from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dead_letters.house import House, document
from worker.dead_letters.carrying import lines
from worker.dead_letters.document import Terms
from worker.dead_letters.errors import DamagedError, DeadLetterError, StateError, UnknownError
from worker.errors import RejectedError
from worker.journal.letters import Chosen, Filter
from worker.journal.rows import Settled


async def exported(house: House) -> bytes:
    return b"".join([line async for line in house.service.export()])


async def test_letters_come_whole(house: House, other_house: House) -> None:
    """What is imported on another machine is the letter as it was, and can be planned there."""
    first, second = await house.bury(5, "cust-1"), await house.bury(9, "cust-1", "updated")
    intake = await house.bury_at_intake(10, b"\xff\x00 no json")

    done = await other_house.service.take_in(await exported(house), "ann")

    assert (set(done.new), done.known) == ({first, second, intake}, ())
    for letter in (first, second, intake):
        here, there = await house.service.show(letter), await other_house.service.show(letter)
        assert (there.case, there.received) == (here.case, here.received)
        assert there.buried.letter.detail == here.buried.letter.detail
        assert there.buried.first_buried_at == here.buried.first_buried_at
    places = [each.position for each in await other_house.journal.letters.chosen(Filter(connections=["acme"]))]
    assert places == sorted(places)
    assert max(places) < 0
    view = await other_house.service.plan(Filter(ids=[first]), Terms("there"), "ann")
    assert (await other_house.service.apply(view.id, "ann")).state == "running"
    assert await other_house.journal.unreported(["acme"], 9) == []


async def test_known_letters_are_skipped(house: House, other_house: House) -> None:
    """A second import changes nothing and says what was known."""
    first = await house.bury(1, "cust-1")
    raw = await exported(house)
    await other_house.service.take_in(raw, "ann")
    second = await house.bury(2, "cust-2")

    done = await other_house.service.take_in(await exported(house), "ann")

    assert (done.new, done.known) == ((second,), (first,))
    assert await other_house.service.count(Filter()) == 2


async def test_letter_that_is_buried_again_comes_once(
    house: House, other_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often letters are buried again while they are exported, each comes once, and the file can be imported."""
    monkeypatch.setattr("worker.dead_letters.carrying.PAGE", 3)
    letters = {await house.bury(position, f"cust-{position}") for position in range(1, 9)}
    raw = b""
    async for line in house.service.export():
        raw += line
        house.clock.go_on(seconds=1)
        row = house.row(orjson.loads(line)["position"], document(1, "cust-1"), "acme")
        await house.lay(row, RejectedError("Still no.", reason="rejected"), told=True)

    assert set((await other_house.service.take_in(raw, "ann")).new) == letters


async def test_what_has_no_bytes_left_is_not_exported(house: House) -> None:
    """A letter whose replay succeeded has nothing that could be replayed elsewhere; one that intake lacked bytes of has."""
    applied, empty = await house.bury(1), await house.bury_at_intake(2, b"")
    (chosen,) = await house.journal.letters.chosen(Filter(ids=[applied]))
    await house.journal.replays.offer("P", chosen, house.clock.now())
    await house.journal.commit(Settled("acme", 1, "applied", 1, 1, house.clock.now(), b"{}", plan="P"))

    assert [line async for line in house.service.export(Filter(state="resolved"))] == []
    assert [line["id"] for line in map(orjson.loads, (await exported(house)).splitlines())] == [empty]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda line: line[:-20], "not JSON"),
        (lambda line: line.replace(b'"version":1', b'"version":2'), "version"),
        (lambda line: line.replace(b'"burials":1', b'"burials":"1"'), "burials"),
        (lambda line: line.replace(b'"calls"', b'"hold"'), "no dead letter"),
        (lambda line: line.replace(b'"body_base64":"', b'"body_base64":"AAAA'), "body"),
        (lambda line: line.replace(b'"body_base64":"', b'"body_base64":"*'), "body"),
        (
            lambda line: line.replace(b'"case":{', b'"case":{"x":' + b"[" * 300 + b"]" * 300 + b","),
            "line 2: .* case: is nested",
        ),
        (lambda line: line[:0] + b"[]", "line 2: is no dead letter, only a JSON object can be one; nothing"),
        (lambda line: line[:0] + b'"x"', "line 2: is no dead letter, only a JSON object can be one; nothing"),
    ],
)
async def test_damaged_line_refuses_all(house: House, other_house: House, damage: object, said: str) -> None:
    """One damaged line refuses the whole import, with its number; nothing is changed."""
    for position in (1, 2, 3):
        await house.bury(position, f"cust-{position}")
    raw = (await exported(house)).splitlines()
    raw[1] = damage(raw[1])  # type: ignore[operator]  # the table holds functions

    with pytest.raises(DamagedError, match=said) as caught:
        await other_house.service.take_in(b"\n".join(raw), "ann")

    assert [number for number, _ in caught.value.lines] == [2]
    assert await other_house.service.count(Filter()) == 0
    assert await other_house.service.audit() == []


async def test_all_damaged_lines_are_named(house: House) -> None:
    """Every damaged line is told with its number and what it lacks; of very many the first, and how many there are."""
    await house.bury(1)
    good = await exported(house)

    with pytest.raises(DamagedError) as caught:
        await house.service.take_in(b"{\n" + good + b'\n{"version": 1}\n', "ann")
    assert [number for number, _ in caught.value.lines] == [1, 4]
    with pytest.raises(DamagedError, match="and 80 more; nothing was imported"):
        await house.service.take_in(b"{\n" * 100, "ann")


def test_damage_beyond_what_is_told_is_only_counted() -> None:
    """However many lines are damaged, no more is kept of them than is told."""
    raw = b"{\n" * 20_000
    tracemalloc.start()
    with pytest.raises(DamagedError) as caught:
        lines(raw)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (caught.value.count, len(caught.value.lines)) == (20_000, 20)
    assert peak < 2**18


async def test_reading_lets_others_go_on(house: House) -> None:
    """While a large import is read, the loop turns for everybody else."""
    reading = asyncio.create_task(house.service.take_in(b"{\n" * 20_000, "ann"))
    turns = 0
    while not reading.done():
        await asyncio.sleep(0)
        turns += 1

    assert turns > 20
    with pytest.raises(DamagedError):
        await reading


async def test_doubled_line_is_damage(house: House) -> None:
    """The same letter twice in one file is refused: one of the two cannot be right."""
    await house.bury(1)
    raw = await exported(house)

    with pytest.raises(DamagedError, match="line 2"):
        await house.service.take_in(raw + raw, "ann")
    with pytest.raises(DeadLetterError, match="no line"):
        await house.service.take_in(b"\n \n", "ann")


@given(st.binary(max_size=200))
def test_anything_is_refused_or_read(raw: bytes) -> None:
    """No bytes at all make an import fail in another way than with a damaged line."""
    with suppress(DamagedError):
        lines(raw)


HOSTILE: list[object] = [
    *(None, True, -1, 0, 2**31, 2**63, 2**64 - 1, -(2**63), 1e300, "", "x" * 3000, "\0", "a\0b", "é", [], {}),
    *([["a", "b"]], [["a"]], "2026-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"),
]


async def test_any_value_in_a_line(house: House, other_house: House) -> None:
    """Whatever stands in whichever member, the line is refused by its number, or what came can be shown and carried on."""
    await house.bury(1)
    line = orjson.loads(await exported(house))
    for name in line:
        for number, value in enumerate(HOSTILE):
            changed = {**line, "id": f"{name}-{number}", name: value}
            try:
                done = await other_house.service.take_in(orjson.dumps(changed), "ann")
            except DamagedError:
                continue
            for letter in done.new:
                await other_house.service.show(letter)
    again = await exported(other_house)

    assert len(lines(again)) == await other_house.service.count(Filter())


async def test_discard_is_undone_for_a_day(house: House) -> None:
    """A discarded letter comes back within a day, with all that was known of it; not later."""
    one, two = await house.bury(1, "cust-1"), await house.bury(2, "cust-2")
    with pytest.raises(DeadLetterError, match="reason"):
        await house.service.discard(Filter(ids=[one]), "ann", " ")

    assert await house.service.discard(Filter(ids=[one, two]), "ann", "by hand") == 2
    assert (await house.service.show(one)).buried.why == "by hand"
    house.clock.go_on(hours=23)
    assert await house.service.undo(Filter(ids=[one]), "bob") == 1
    house.clock.go_on(hours=2)
    with pytest.raises(StateError, match="longer than a day"):
        await house.service.undo(Filter(ids=[two]), "bob")

    assert [each.letter.id for each in await house.service.page(Filter(), 9)] == [one]
    assert (await house.service.show(one)).received is not None
    assert [(each.who, each.action) for each in await house.service.audit()] == [
        ("bob", "dead.undo"),
        ("ann", "dead.discard"),
    ]


async def test_undo_of_what_was_not_discarded_is_told(house: House) -> None:
    """Who brings back what is open, or unknown, is told, and nothing is changed."""
    one, two = await house.bury(1, "cust-1"), await house.bury(2, "cust-2")
    await house.service.discard(Filter(ids=[one]), "ann", "old")

    with pytest.raises(UnknownError, match=two):
        await house.service.undo(Filter(ids=[one, two]), "ann")

    assert await house.service.count(Filter()) == 1


async def test_letter_on_its_way_is_not_discarded(house: House) -> None:
    """What a plan is bringing at this moment cannot be given up beside it."""
    letter = await house.bury(1)
    (chosen,) = await house.journal.letters.chosen(Filter())
    assert await house.journal.replays.offer("P", chosen, house.clock.now())

    with pytest.raises(StateError, match="being replayed"):
        await house.service.discard(Filter(ids=[letter]), "ann", "old")


async def test_imported_letter_never_overwrites(house: House, other_house: House) -> None:
    """What was applied on this machine is newer than anything that is imported."""
    await house.bury(7, "cust-1")
    row = other_house.row(1, document(1, "cust-1"), "acme")
    await other_house.journal.take([row])
    await other_house.service.take_in(await exported(house), "ann")

    (chosen,) = await other_house.journal.letters.chosen(Filter())

    assert isinstance(chosen, Chosen)
    assert chosen.position < row.position
    assert orjson.loads(await exported(other_house))["position"] == chosen.position
