"""The life of deliveries against a model of it."""

import asyncio
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.journal.makers import CRM, NOW, at, delivery, letter, relation, settled
from worker.journal.errors import TakenError
from worker.journal.journal import Journal
from worker.journal.letters import Filter
from worker.journal.rows import Attempted, Delivery, Mark, Reported, State

CONNECTIONS = ("acme", "other")
SUBJECTS = ("s-1", "s-2", "s-3")
REMOTE = ("1", "2", None)

connections = st.sampled_from(CONNECTIONS)
picks = st.integers(0, 10**6)


@dataclass
class Row:
    """What the model knows of one delivery."""

    delivery: Delivery
    state: State = "waiting"
    unreported: bool = False
    replaying: bool = False

    @property
    def waits(self) -> bool:
        """Whether a window loads it."""
        return self.state in {"waiting", "sent"} and not self.replaying


class Life(RuleBasedStateMachine):
    """Takes, marks, attempts, settles, buries, replays, reports and restarts in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.rows: dict[tuple[str, int], Row] = {}
        self.known: dict[str, bytes] = {}
        self.owned: dict[tuple[str, str], str | None] = {}
        self.last = 0
        self.open()

    def open(self) -> None:
        """Open the journal, as a worker does."""
        url = f"sqlite:///{Path(self.folder.name) / 'journal.db'}"
        self.journal = self.run(Journal.open(url, inline=True, worker="life"))

    def run(self, call: Coroutine[Any, Any, Any]) -> Any:
        """Run one call to its end."""
        return self.runner.run(call)

    def commit(self, *changes: Any) -> None:
        """Commit changes and wait until they are on disk."""

        async def committed() -> None:
            await self.journal.commit(*changes)

        self.run(committed())

    def teardown(self) -> None:
        """Close everything."""
        self.run(self.journal.close())
        self.runner.close()
        self.folder.cleanup()

    def pick(self, number: int, *states: State) -> Row | None:
        """Return one of the rows in some states."""
        found = [row for row in self.rows.values() if row.state in states]
        return found[number % len(found)] if found else None

    @rule(
        ids=st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=5),
        names=st.sets(connections, min_size=1),
        subject=st.sampled_from(SUBJECTS),
    )
    def take(self, ids: list[tuple[int, bool]], names: set[str], subject: str) -> None:
        """Take events, some of them copies, some with an identifier used before."""
        batch, fresh, copies, reused = [], [], [], []
        for number, changed in ids:
            self.last += 1
            event, digest = f"e-{number}", b"changed" if changed else b"as it was"
            rows = [delivery(self.last, name, event_id=event, digest=digest, subject=subject) for name in sorted(names)]
            batch += rows
            if self.known.setdefault(event, digest) != digest:
                reused.append(self.last)
            elif any(row.delivery.event_id == event for row in self.rows.values()):
                copies.append(self.last)
            else:
                fresh += rows
                self.rows.update({(row.connection, row.position): Row(row) for row in rows})

        taken = self.run(self.journal.take(batch))

        assert taken.fresh == tuple(fresh)
        assert taken.duplicates == tuple(copies)
        assert taken.reused == tuple(reused)

    @rule(number=picks)
    def mark(self, number: int) -> None:
        """Mark something that waits."""
        row = self.pick(number, "waiting")
        if row is not None:
            self.commit(Mark(row.delivery.connection, (row.delivery.position,)))
            row.state = "sent"
            row.delivery = replace(row.delivery, maybe_sent=True)

    @rule(number=picks, maybe=st.booleans())
    def attempt(self, number: int, maybe: bool) -> None:
        """Let an attempt fail."""
        row = self.pick(number, "waiting", "sent")
        if row is not None:
            each = row.delivery
            count = each.attempts + 1
            change = Attempted(each.connection, each.position, count, count, at(0), at(count), maybe, ())
            self.commit(change)
            row.state = "waiting"
            row.delivery = replace(
                each, attempts=count, calls=count, first_attempt_at=at(0), retry_at=at(count), maybe_sent=maybe
            )

    @rule(number=picks, remote_id=st.sampled_from(REMOTE), take_over=st.booleans())
    def apply(self, number: int, remote_id: str | None, take_over: bool) -> None:
        """Let a delivery end well, if nobody else has its remote id."""
        row = self.pick(number, "waiting", "sent")
        if row is None:
            return
        each = row.delivery
        name = each.connection
        owner = next((k for k, v in self.owned.items() if k[0] == name and v is not None and v == remote_id), None)
        ending = settled(each, relation=relation(each, remote_id), take_over=take_over, plan=each.plan)
        try:
            self.commit(ending)
        except TakenError:
            assert owner not in {None, (name, each.subject)}
            assert not take_over
            return
        if owner is not None:
            self.owned[owner] = None
        self.owned[name, each.subject] = remote_id
        row.state, row.unreported, row.replaying = "applied", True, False

    @rule(number=picks)
    def bury(self, number: int) -> None:
        """Give a delivery up."""
        row = self.pick(number, "waiting", "sent")
        if row is not None:
            self.commit(settled(row.delivery, "dead_lettered", letter=letter(row.delivery), plan=row.delivery.plan))
            row.state, row.unreported, row.replaying = "dead_lettered", True, False

    @rule(number=picks)
    def report(self, number: int) -> None:
        """Tell an outcome."""
        row = self.pick(number, "applied", "dead_lettered")
        if row is not None:
            self.commit(Reported(row.delivery.connection, row.delivery.position))
            row.unreported = False

    @precondition(lambda self: any(row.state == "dead_lettered" for row in self.rows.values()))
    @rule(number=picks)
    def replay(self, number: int) -> None:
        """Let a plan offer a dead letter again."""
        row = self.pick(number, "dead_lettered")
        assert row is not None
        each = row.delivery
        (chosen,) = [
            found
            for found in self.run(self.journal.letters.chosen(Filter()))
            if (found.connection, found.position) == (each.connection, each.position)
        ]
        offered = self.run(self.journal.replays.offer("P", chosen, NOW))
        assert offered == (not row.unreported)
        if offered:
            row.state, row.replaying = "waiting", True
            row.delivery = replace(each, plan="P", attempts=0)

    @rule()
    def restart(self) -> None:
        """Close and open again."""
        self.run(self.journal.close())
        self.open()

    @invariant()
    def window_is_what_waits(self) -> None:
        """Windows hold what waits, in order, as far as it has come."""
        for name in CONNECTIONS:
            found = self.run(self.journal.waiting(name, 0, 1000, 10**9))
            waits = sorted(key for key, row in self.rows.items() if row.waits and key[0] == name)
            assert [(each.connection, each.position) for each in found] == waits
            assert found == [self.rows[key].delivery for key in waits]

    @invariant()
    def results_wait_to_be_told(self) -> None:
        """See that what ended and was not told is unreported."""
        found = self.run(self.journal.unreported(CONNECTIONS, 1000))
        assert {(each.connection, each.position) for each in found} == {
            key for key, row in self.rows.items() if row.unreported
        }

    @invariant()
    def nothing_is_lost(self) -> None:
        """Every delivery is in the state in which the model has it."""
        counts: dict[tuple[str, State], int] = {}
        for (name, _), row in self.rows.items():
            counts[name, row.state] = counts.get((name, row.state), 0) + 1
        assert self.run(self.journal.counts()) == counts

    @invariant()
    def letters_lie_open(self) -> None:
        """There is an open letter for each buried delivery and for each that is on its way again."""
        found = self.run(self.journal.letters.chosen(Filter()))
        assert {(each.connection, each.position) for each in found} == {
            key for key, row in self.rows.items() if row.state == "dead_lettered" or row.replaying
        }

    @invariant()
    def owners_are_known(self) -> None:
        """See that a remote id belongs to the relation that the model says."""
        for name in CONNECTIONS:
            owned = {v: (CRM, k[1]) for k, v in self.owned.items() if k[0] == name and v is not None}
            assert self.run(self.journal.owners(name, ["1", "2"])) == owned


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=12, stateful_step_count=30, deadline=None)
