"""Brings replays forward, with nothing but the slots that live traffic leaves idle."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from worker.delivery.attempt import Attempt
from worker.delivery.caller import Caller
from worker.delivery.held import Held, Key
from worker.delivery.lane import Lane
from worker.delivery.lanes import Lanes
from worker.delivery.ready import Ready
from worker.delivery.walk import Walk
from worker.delivery.window import Window
from worker.journal.errors import JournalError
from worker.journal.journal import Journal
from worker.journal.rows import Settled
from worker.sending.gate import Gate
from worker.sending.slot import Slot

UNDER_WAY = 64  # replays of one connection that may have begun without having ended
IsFree = Callable[[Key, int], bool]  # whether a letter of this relation, from this position, may begin


class Supply(Protocol):
    """Where replays come from; `share`: part of the quota that they may claim from live traffic."""

    @property
    def is_wanted(self) -> bool:
        """Whether there may be something to replay."""
        ...

    @property
    def share(self) -> float:
        """Part of slots and quotas that replays get in any case."""
        ...

    async def next(self, most: int, is_free: IsFree) -> Sequence[Held]:
        """Return what is to be replayed now, already offered in the journal; relations differ and are free."""
        ...

    def forget(self) -> None:
        """Drop what was read ahead: somebody else may have the connection meanwhile."""
        ...


class Nothing:
    """The supply of a connection that nobody replays anything at."""

    is_wanted = False
    share = 0.0

    async def next(self, most: int, is_free: IsFree) -> Sequence[Held]:  # noqa: ARG002 -- the protocol's
        """Have nothing."""
        return ()

    def forget(self) -> None:
        """Hold nothing."""


class Replaying:
    """Waits for an idle slot first and for a letter then, so that a letter never waits in a lane."""

    def __init__(
        self,
        journal: Journal,
        gate: Gate,
        window: Window,
        lanes: Lanes,
        ready: Ready,
        walk: Walk,
        caller: Caller,
        supply: Supply,
        open_session: Callable[[], bool],
    ) -> None:
        self._journal = journal
        self._gate = gate
        self._window = window
        self._lanes = lanes
        self._live = ready
        self._ready = Ready() if ready.replays is None else ready.replays
        self._walk = walk
        self._caller = caller
        self._supply = supply
        self._open_session = open_session
        self._in_hand: dict[int, Key] = {}
        self._left: list[Held] = []
        self._wanted = asyncio.Event()

    @property
    def is_wanted(self) -> bool:
        """Whether there may be something to replay."""
        return bool(self._ready) or self._supply.is_wanted

    def wake(self) -> None:
        """Look whether there is something to replay."""
        self._wanted.set()

    def changed(self) -> None:
        """Look whether the step of a replay became ready."""
        if self._ready:
            self._wanted.set()

    async def run(self, spawn: Callable[[Slot, Sequence[Attempt]], None]) -> None:
        """Replay until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self.is_wanted:
                slot = await self._gate.idle_slot(self._supply.share)
                load = await self._load(slot)
                if not load:
                    slot.release()
                    break
                spawn(slot, load)

    def settled(self, settled: Iterable[Settled]) -> None:
        """Make room for the next: these outcomes are on disk."""
        for each in settled:
            if self._in_hand.pop(each.position, None) is not None:
                self.wake()

    def forget(self) -> None:
        """Drop what is in memory; the journal has it."""
        self._in_hand.clear()
        self._left.clear()
        self._supply.forget()

    def hurry(self) -> None:
        """Let replays that live events of their relation wait for go as fast as these."""
        for key in self._in_hand.values():
            lane = self._lanes.get(key)
            if lane is not None and any(held.row.rank == "live" for held in lane.waiting):
                self._hurry(lane)

    def _hurry(self, lane: Lane) -> None:
        members = lane.current.fold.members if lane.current else ()
        for held in (*members, *lane.waiting):
            held.hurried = True
        if lane.current is not None:
            self._live.hurry(lane.current)

    async def _load(self, slot: Slot) -> list[Attempt]:
        """Begin what fits into one call, and return it; nothing where there is nothing for the slot."""
        try:
            if not self._open_session():
                return []
            await self._begin()
            await self._caller.ask()
        except JournalError:  # whoever feeds us tells it, and wakes us again
            return []
        except BaseException:
            slot.release()
            raise
        return self._caller.pick(slot)

    async def _begin(self) -> None:
        room = min(self._caller.batch - len(self._ready), UNDER_WAY - len(self._in_hand)) - len(self._left)
        if room > 0:
            self._left += await self._supply.next(room, self._is_free)
        if not self._left:
            return
        known = await self._journal.known(self._caller.connection, [held.key for held in self._left])
        found, self._left = self._left, []
        for held in found:
            if self._lanes.get(held.key) is None:
                self._in_hand[held.position] = held.key
                self._walk.start(self._lanes.admit(held, known[held.key]))
            else:  # a live event of this relation came meanwhile
                self._left.append(held)

    def _is_free(self, key: Key, position: int) -> bool:
        """Say whether nothing of its relation is under way, or waits before it where we have not looked yet."""
        if not self._window.has_reached(position):
            return False
        keys = {*self._in_hand.values(), *(held.key for held in self._left)}
        return position not in self._in_hand and key not in keys and self._lanes.get(key) is None
