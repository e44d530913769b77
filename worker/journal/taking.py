"""Takes what intake drained: new deliveries in, copies told apart, letters once."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite just as well

from worker.journal.burying import RESOLVED, Closing, close
from worker.journal.encoding import INSERTED, inserted, storable
from worker.journal.errors import LetterClosedError
from worker.journal.replays import note
from worker.journal.rows import INTAKE, Delivery, Settled, Taken
from worker.journal.session import Fixed, Many, ManyInserts, Session
from worker.journal.settling import settle
from worker.journal.tables import deliveries, letters, marks

_d = deliveries.c
INSERT = ManyInserts([_d[name] for name in INSERTED], lambda rows: insert(deliveries).values(rows))
SAME_EVENT = Many(
    [_d.event_id],
    lambda v: (
        select(_d.source, _d.event_id, _d.digest)
        .select_from(v.join(deliveries, _d.event_id == v.c.event_id))
        .where(_d.connection != INTAKE)
    ),
)
SAME_PLACE = Many(
    [_d.connection, _d.position],
    lambda v: select(_d.connection, _d.position).select_from(
        v.join(deliveries, (_d.connection == v.c.connection) & (_d.position == v.c.position))
    ),
)
SAME_LETTER = Many([letters.c.id], lambda v: select(letters.c.id).select_from(v.join(letters, letters.c.id == v.c.id)))
RAISE = Fixed(
    (_raise := insert(marks).values(name="position", value=bindparam("value"))).on_conflict_do_update(
        index_elements=["name"],
        set_={"value": _raise.excluded.value},
        where=marks.c.value < _raise.excluded.value,
    )
)
LAST = Fixed(select(marks.c.value).where(marks.c.name == "position"))

Born = tuple[Delivery, Settled]
Pair = tuple[str, str]


@dataclass(slots=True)
class Sorted:
    """What becomes of a batch; positions in order, without repeats."""

    fresh: list[Delivery] = field(default_factory=list)
    duplicates: dict[int, None] = field(default_factory=dict)
    reused: dict[int, None] = field(default_factory=dict)


def take(
    session: Session, batch: Sequence[Delivery], born_settled: Sequence[Born], resolved: Sequence[Closing]
) -> Taken:
    """Write a batch in one go, and raise the last position to its highest; raises LetterClosedError."""
    of_events = {place(each): ending for each, ending in born_settled if each.connection != INTAKE}
    told_apart = sort(session, [*batch, *(each for each, _ in born_settled if each.connection != INTAKE)])
    born = new_letters(session, born_settled)
    session.many(INSERT, [inserted(each) for each in (*told_apart.fresh, *(each for each, _ in born))])
    endings = [of_events[place(each)] for each in told_apart.fresh if place(each) in of_events]
    endings += (ending for _, ending in born)
    settle(session, endings)
    raise_position(session, [each.position for each in (*batch, *(each for each, _ in born_settled))])
    for closing in resolved:
        resolve(session, closing, is_taken=bool(told_apart.fresh))
    fresh = tuple(each for each in told_apart.fresh if place(each) not in of_events)
    return Taken(fresh, tuple(told_apart.duplicates), tuple(told_apart.reused), tuple(endings))


def resolve(session: Session, closing: Closing, *, is_taken: bool) -> None:
    """Close an intake letter, and tell its plan: its deliveries are on their way, or there are none."""
    if close(session, closing, RESOLVED):
        note(session, closing.by, closing.letter, "offered" if is_taken else "taken", closing.why, closing.at)
    elif is_taken:
        raise LetterClosedError(f"{closing.letter}: is not open any more, so it is not taken again")


def raise_position(session: Session, positions: Sequence[int]) -> None:
    if positions:
        session.run(RAISE, value=max(positions))


def place(delivery: Delivery) -> tuple[str, int]:
    return delivery.connection, delivery.position


def sort(session: Session, rows: Sequence[Delivery]) -> Sorted:
    """Tell new events from copies and from identifiers that were used twice.

    What a plan takes again is known by its place only: its event is in the journal already.
    """
    result = Sorted()
    known = known_digests(session, rows)
    there = taken_places(session, [each for each in rows if each.plan is not None])
    first: dict[Pair, Delivery] = {}
    for each in rows:
        pair = (each.source, each.event_id)
        if each.plan is not None:
            (result.duplicates.setdefault(each.position) if place(each) in there else result.fresh.append(each))
        elif pair in known:
            copy(result, each, known[pair])
        elif first.setdefault(pair, each).position == each.position:
            result.fresh.append(each)
        else:
            copy(result, each, {first[pair].digest})
    return result


def copy(result: Sorted, each: Delivery, digests: set[bytes]) -> None:
    (result.duplicates if each.digest in digests else result.reused)[each.position] = None


def known_digests(session: Session, rows: Sequence[Delivery]) -> dict[Pair, set[bytes]]:
    """Return the events among these that any connection knows, with their digests."""
    keys = {(each.event_id,) for each in rows if each.plan is None}
    known: dict[Pair, set[bytes]] = {}
    for source, event_id, digest in session.look(SAME_EVENT, list(keys)):
        known.setdefault((source, event_id), set()).add(digest)
    return known


def taken_places(session: Session, rows: Sequence[Delivery]) -> set[tuple[str, int]]:
    return {(row[0], row[1]) for row in session.look(SAME_PLACE, [place(each) for each in rows])}


def new_letters(session: Session, born_settled: Sequence[Born]) -> list[Born]:
    """Return what becomes a new intake letter, each at a place of its own; the same letter is written once."""
    wanted: dict[str, Born] = {}
    for each, ending in born_settled:
        if each.connection == INTAKE and ending.letter is not None:
            wanted.setdefault(ending.letter.id, (cleaned(each), ending))
    for (letter,) in session.look(SAME_LETTER, [(letter,) for letter in wanted]):
        del wanted[letter]
    there = taken_places(session, [each for each, _ in wanted.values()])
    return [at_free_place(session, born, there) for born in wanted.values()]


def at_free_place(session: Session, born: Born, there: set[tuple[str, int]]) -> Born:
    """Move a letter behind others of the same message, and of those that were moved before it."""
    delivery, ending = born
    position = delivery.position
    while (INTAKE, position) in there:
        position += 1
        there |= taken_places(session, [replace(delivery, position=position)])
    there.add((INTAKE, position))
    if position == delivery.position:
        return born
    letter = replace(ending.letter, position=position) if ending.letter else None
    return replace(delivery, position=position), replace(ending, position=position, letter=letter)


def cleaned(each: Delivery) -> Delivery:
    """Return it with texts that a database can hold: a letter's may be anything."""
    return replace(
        each,
        source=storable(each.source),
        subject=storable(each.subject),
        event_id=storable(each.event_id),
    )


def last_position(session: Session) -> int:
    """Return the highest position ever taken, 0 for none; pruning does not lower it."""
    found = session.rows(LAST)
    return int(found[0][0]) if found else 0
