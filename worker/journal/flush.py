"""One transaction for everything that waits to be written."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import chain, groupby, repeat
from operator import attrgetter
from typing import Any

from worker.journal import leases
from worker.journal.book import Book
from worker.journal.database import explained
from worker.journal.errors import LeaseLostError, TakenError
from worker.journal.port import Database
from worker.journal.rows import Change
from worker.journal.session import Session
from worker.journal.settling import apply
from worker.telemetry.failpoints import FailpointError, armed, failpoint
from worker.value import value


@value
class Work:
    """Something to write for some names (connections, `intake`): changes, or a function that does it."""

    names: frozenset[str]
    changes: tuple[Change, ...] = ()
    function: Callable[[Session], Any] | None = None
    kind: str = ""

    def kinds(self) -> Sequence[str]:
        """Return what it does, in words: take, mark, attempted, settled, reported, ..."""
        return [self.kind] if self.kind else [type(change).__name__.lower() for change in self.changes]


Ending = Any  # what the work's function returned, or the exception that is its answer
How = Callable[[Session, Sequence[Work]], list[Ending]]


class Flush:
    """Writes pieces of work together; each gets its own ending."""

    def __init__(self, place: Database, book: Book) -> None:
        self._place = place
        self._book = book

    def write(self, session: Session, works: Sequence[Work]) -> list[Ending]:
        """Write all that can be written; what fails alone fails alone, and never half.

        Raises the database's error when nothing could be written at all.
        """
        try:
            return self._transaction(session, works, self._together)
        except Exception as error:
            self._roll_back(session)
            if self._is_all(error):
                raise
        try:
            return self._transaction(session, works, self._apart)
        except Exception:
            self._roll_back(session)
            raise

    def _transaction(self, session: Session, works: Sequence[Work], how: How) -> list[Ending]:
        asked_at = self._book.monotonic()
        names = frozenset[str]().union(*(work.names for work in works))
        session.say(self._place.begin)
        renewed = self._fence(session, names)
        refused = self._book.refused(names)
        endings = how(session, unrefused(works, refused))
        points("before", works)
        session.say("COMMIT")
        points("after", works)
        self._book.renewed(renewed, asked_at)
        return with_lost(endings, works, refused) if refused else endings

    def _fence(self, session: Session, names: Iterable[str]) -> set[str]:
        """Find out which leases of these are still ours; return those that were renewed."""
        held = self._book.of(names)
        gone = leases.lost(session, [(name, each.epoch) for name, each in held.items()])
        self._book.lose(gone)
        due = {name: each for name, each in held.items() if name not in gone and self._book.is_due(each)}
        if due:
            leases.renew(session, [(name, each.epoch, each.seconds) for name, each in due.items()])
        return set(due)

    def _together(self, session: Session, works: Sequence[Work]) -> list[Ending]:
        endings: list[Ending] = []
        for function, group in groupby(works, key=attrgetter("function")):
            same = list(group)
            if function is None:
                apply(session, chain.from_iterable(work.changes for work in same))
                endings += repeat(None, len(same))
            else:
                endings += [function(session) for _ in same]
        return endings

    def _apart(self, session: Session, works: Sequence[Work]) -> list[Ending]:
        return [self._alone(session, work) for work in works]

    def _alone(self, session: Session, work: Work) -> Ending:
        session.say("SAVEPOINT work")
        try:
            ending = self._together(session, [work])[0]
        except Exception as error:
            if self._is_all(error):
                raise
            session.say("ROLLBACK TO SAVEPOINT work")
            ending = self._answer(error)
        session.say("RELEASE SAVEPOINT work")
        return ending

    def _answer(self, error: Exception) -> Exception:
        if self._place.is_taken(error):
            return TakenError("the remote id belongs to another live relation of the connection")
        return explained(self._place, error)

    def _is_all(self, error: Exception) -> bool:
        return isinstance(error, FailpointError) or self._place.fatal(error)

    def _roll_back(self, session: Session) -> None:
        with suppress(*self._place.errors):  # the database may have done it, or be gone
            session.say("ROLLBACK")


def unrefused(works: Sequence[Work], refused: set[str]) -> Sequence[Work]:
    return [work for work in works if work.names.isdisjoint(refused)] if refused else works


def with_lost(endings: Iterable[Ending], works: Sequence[Work], refused: set[str]) -> list[Ending]:
    """Return the endings of all works, also of those that were refused."""
    written = iter(endings)
    return [next(written) if work.names.isdisjoint(refused) else lost(work, refused) for work in works]


def lost(work: Work, refused: set[str]) -> LeaseLostError:
    names = ", ".join(sorted(work.names & refused))
    return LeaseLostError(f"{names}: the lease is not ours (any more), nothing was written")


def points(when: str, works: Sequence[Work]) -> None:
    """Pass the failpoints of what is being committed, as in `before-commit-take`."""
    if armed():
        for kind in dict.fromkeys(kind for work in works for kind in work.kinds()):
            failpoint(f"{when}-commit-{kind}")
