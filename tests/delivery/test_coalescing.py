"""What folds after a crash: nobody knows which of several events the vendor has seen."""

from typing import Literal

import pytest

from tests.delivery.world import BEGINNING, OPERATIONS, Happening, event_of
from worker.delivery.coalescing import Coalescing
from worker.delivery.held import Held, hold
from worker.journal.rows import Delivery, KnownRelation, Received, RelationState

UNKNOWN = KnownRelation(None, None)
Word = Literal["created", "updated", "deleted"]


def held(position: int, word: Word, *, marks: int = 0, sent: bool = False) -> Held:
    """Return an event that waits; `sent`: its mark was found without an outcome."""
    event = event_of(position, Happening(word, "one", {"note": str(position)}))
    received = Received("RELATIONS", position, "relation", BEGINNING, (), b"{}")
    operation = OPERATIONS[word]
    row = Delivery(
        "world",
        position,
        "/w",
        "one",
        event.id,
        b"d",
        operation,  # type: ignore[arg-type]  # one of the three
        received,
        maybe_sent=sent,
        marks=marks,
    )
    return hold(row, event)


def folded(*waiting: Held, known: KnownRelation = UNKNOWN) -> list[int]:
    """Return the positions of those that the next call brings."""
    fold = Coalescing(enabled=True, keyless=lambda _: True).fold(waiting, known, BEGINNING)
    return [member.position for member in fold.members]


def test_what_was_sent_together_goes_together_again() -> None:
    """Events with a mark fold with each other, so that the last one's state is brought, and with no other."""
    one, two = held(1, "created", sent=True, marks=1), held(2, "updated", sent=True, marks=1)

    assert folded(one, two, held(3, "updated")) == [1, 2]
    assert folded(held(3, "updated"), held(4, "updated")) == [3, 4]


def test_twice_marked_goes_alone() -> None:
    """What two owners did not bring to an end may be what ended them: it drags no other along."""
    assert folded(held(1, "created", sent=True, marks=2), held(2, "updated", sent=True, marks=2)) == [1]


@pytest.mark.parametrize("sent", [False, True])
def test_deletion_of_what_may_be_there_is_called_for(*, sent: bool) -> None:
    """A creation that is undone before it was brought costs no call, unless it may have been sent."""
    waiting = [held(1, "created", sent=sent, marks=int(sent)), held(2, "deleted", sent=sent, marks=int(sent))]

    fold = Coalescing(enabled=True, keyless=lambda _: True).fold(waiting, UNKNOWN, BEGINNING)

    assert (len(fold.members), fold.free) == (2, not sent)


def test_what_is_overtaken_carries_nothing() -> None:
    """An event that is older by sequence than what was applied is judged by itself; it takes no other along."""
    known = KnownRelation(RelationState("world", "/w", "one", "77", deleted=False, position=1, sequence="5"), None)
    plain, old, newer = held(2, "updated"), held(3, "updated"), held(4, "updated")
    old.event = old.event.model_copy(update={"sequence": "3"})
    newer.event = newer.event.model_copy(update={"sequence": "6"})

    assert folded(plain, old, known=known) == [2]
    assert folded(plain, newer, known=known) == [2, 4]
