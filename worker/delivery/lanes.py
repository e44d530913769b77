"""All lanes of one connection: who waits, who may start, who rests."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

from worker.delivery.attempt import Attempt
from worker.delivery.held import Held, Key
from worker.delivery.lane import Lane
from worker.journal.rows import KnownRelation

REMEMBERED = 512  # relations whose state is kept after their lane is empty, so that it need not be read again


class Lanes:
    """Lanes by relation; those that may start are queued in the order in which they became able to."""

    def __init__(self) -> None:
        self._lanes: dict[Key, Lane] = {}
        self._startable: deque[Lane] = deque()
        self._strangers: list[Lane] = []
        self._recent: OrderedDict[Key, KnownRelation] = OrderedDict()
        self.held = 0
        self.bytes = 0

    def __iter__(self) -> Iterator[Lane]:
        """Go over all lanes."""
        return iter(list(self._lanes.values()))

    def __getitem__(self, key: Key) -> Lane:
        """Return the lane of a relation that has one."""
        return self._lanes[key]

    def get(self, key: Key) -> Lane | None:
        """Return the lane of a relation, if it has one."""
        return self._lanes.get(key)

    @property
    def has_strangers(self) -> bool:
        """Whether the journal is to be asked about some relation."""
        return bool(self._strangers)

    @property
    def has_startable(self) -> bool:
        """Whether the head of some lane may start."""
        return bool(self._startable)

    def add(self, held: Held) -> Lane:
        """Put an event at the end of its relation's lane."""
        lane = self._lanes.get(held.key)
        if lane is None:
            lane = self._lanes[held.key] = Lane(held.key, known=self._recent.pop(held.key, None))
            if lane.known is None:
                self._strangers.append(lane)
        lane.waiting.append(held)
        self.held += 1
        self.bytes += len(held.row.received.body)
        self.queue(lane)
        return lane

    def admit(self, held: Held, known: KnownRelation) -> Lane:
        """Open a lane for a replay, which starts at once; `known` counts unless we know something newer."""
        assert held.key not in self._lanes, "a replay never waits in a lane"
        lane = self._lanes[held.key] = Lane(held.key, known=self._recent.pop(held.key, known))
        lane.waiting.append(held)
        self.held += 1
        self.bytes += len(held.row.received.body)
        return lane

    def queue(self, lane: Lane) -> None:
        """Let a lane wait for its start, if it may."""
        if lane.is_startable and not lane.queued:
            lane.queued = True
            self._startable.append(lane)

    def next(self) -> Lane | None:
        """Take the lane that may start and has waited longest."""
        while self._startable:
            lane = self._startable.popleft()
            lane.queued = False
            if lane.is_startable:
                return lane
        return None

    def strangers(self) -> list[Lane]:
        """Take the lanes of relations of which the journal was not asked yet."""
        taken, self._strangers = self._strangers, []
        return taken

    def ask_again(self, lanes: list[Lane]) -> None:
        """Put back the lanes of relations about which the journal did not answer."""
        self._strangers[:0] = lanes

    def get_known(self, lane: Lane, known: KnownRelation) -> None:
        """Note what the journal knows of a lane's relation."""
        lane.known = known
        self.queue(lane)

    def leave(self, held: Iterable[Held]) -> None:
        """Account for events that have an outcome."""
        for each in held:
            self.held -= 1
            self.bytes -= len(each.row.received.body)

    def close_if_idle(self, lane: Lane) -> None:
        """Drop a lane of which nothing is left, and remember its relation's state for a while."""
        if lane.is_idle and self._lanes.get(lane.key) is lane:
            del self._lanes[lane.key]
            if lane.known is not None:
                self._recent[lane.key] = lane.known
                if len(self._recent) > REMEMBERED:
                    self._recent.popitem(last=False)

    def let_go(self, remote_id: str, owner: Key) -> None:
        """Forget that a relation had a remote id which is another's by now."""
        for lane in self._lanes.values():
            if lane.key != owner and lane.known is not None:
                lane.known = without(lane.known, remote_id)
        for key, known in self._recent.items():
            if key != owner:
                self._recent[key] = without(known, remote_id)

    def take_back(self, lane: Lane, attempt: Attempt) -> None:
        """Undo the start of an attempt of which nothing was asked yet, so that it can fold anew."""
        attempt.dropped = True
        attempt.course.close()
        lane.current = None
        lane.give_back(list(attempt.fold.members))
        self.queue(lane)

    def forget(self) -> None:
        """Drop everything; the journal has it."""
        for lane in self._lanes.values():
            lane.rest()
        self._lanes.clear()
        self._startable.clear()
        self._strangers.clear()
        self._recent.clear()
        self.held = 0
        self.bytes = 0


def without(known: KnownRelation, remote_id: str) -> KnownRelation:
    """Return what is known of a relation that has lost this remote id, if it had it."""
    if known.state is None or known.state.remote_id != remote_id:
        return known
    return replace(known, state=replace(known.state, remote_id=None))
