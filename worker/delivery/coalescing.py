"""Which waiting events of one lane one call can bring."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.merge import merged
from schemas.relation import Link, Operation, Party
from worker.delivery.attempt import Fold
from worker.delivery.held import Held
from worker.delivery.order import earlier, is_stale
from worker.journal.rows import KnownRelation

# contract.md 2.5: what is not named here does not fold; the value is what the call then does.
PAIRS: Mapping[tuple[Operation, Operation], Operation] = {
    ("update", "update"): "update",
    ("create", "update"): "create",
    ("update", "delete"): "delete",
    ("create", "delete"): "delete",
}


@dataclass(frozen=True, slots=True)
class Coalescing:
    """The rules of one connection: `keyless` says whether an unsent create can have left no trace."""

    enabled: bool
    keyless: Callable[[Link | Party], bool]

    def fold(self, waiting: Collection[Held], known: KnownRelation, now: datetime) -> Fold:
        """Return the longest run from the head that folds into one call; a proposal, undone if refused.

        Events that may have been sent were in one call, and fold only with each other: brought one by one, the
        first would take back at the target what the last had brought there.
        """
        queue = iter(waiting)
        head = next(queue)
        run = Fold((head,), head.row.operation, head.event.data)
        if len(waiting) == 1 or not self.enabled or not is_foldable(head, now):
            return run
        for later in queue:
            joined = None if is_overtaken(later, known) else self.joined(run, later, now)
            if joined is None:
                break
            run = joined
        return replace(run, free=True) if self.is_free(run, known) else run

    def joined(self, run: Fold, later: Held, now: datetime) -> Fold | None:
        """Return the fold with one more event, None where the two do not fold."""
        if not is_foldable(later, now) or is_out_of_order(run, later) or later.maybe_sent != run.carrier.maybe_sent:
            return None
        pair = (run.operation, later.row.operation)
        if pair not in PAIRS:
            return None
        data = merged(run.data, later.event.data)
        if data is None:
            return None
        undone = run.members[0].position if pair == ("create", "delete") else None
        cancelled = run.cancelled if undone is None else frozenset({undone})
        return Fold((*run.members, later), PAIRS[pair], data, cancelled)

    def is_free(self, run: Fold, known: KnownRelation) -> bool:
        """Say whether neither journal nor target can have what is created and deleted here."""
        if not run.cancelled:
            return False
        is_live = known.state is not None and not known.state.deleted
        created = run.members[0]
        may_be_there = is_live or created.suspect or created.maybe_sent
        return not may_be_there and self.keyless(created.event.data)


def is_foldable(held: Held, now: datetime) -> bool:
    """Say whether an event may share a call with its neighbours in the lane."""
    return not (held.alone or held.single or is_expired(held, now))


def is_expired(held: Held, now: datetime) -> bool:
    """Say whether its time ran out before a call for it can have been sent."""
    expiry = held.event.expirytime
    return expiry is not None and expiry <= now and not (held.may_show or held.suspect or held.calls)


def is_overtaken(held: Held, known: KnownRelation) -> bool:
    """Say whether something newer was applied: it is judged by itself, and carries nothing."""
    return is_stale(held.event.sequence, held.position, known.state)


def is_out_of_order(run: Fold, later: Held) -> bool:
    """Say whether an event is older by sequence than one that waits before it."""
    return any(earlier(later.event.sequence, member.event.sequence) for member in run.members)
