"""A vendor with a memory and a temper, and the target that calls it: the real engine's adversary."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import orjson

from schemas.cloudevent import Event
from schemas.merge import patched
from schemas.relation import Link, Party, data_model
from worker.delivery.connection import Connection, Shared
from worker.delivery.report import Reporter
from worker.delivery.watch import Watch, unwatched
from worker.errors import RejectedError, TargetError, UnknownOutcomeError
from worker.journal.journal import Journal
from worker.journal.rows import Delivery, Received, Settled
from worker.outcome.result import Teller
from worker.sending.quota import Quota
from worker.sending.slot import Slot
from worker.sending.wire import Request, Response
from worker.simulation.run import Silence
from worker.targets.base import Applied, Course, Exchange, Step, Task
from worker.targets.options import ConnectionSettings, Timeouts

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
BAD = "bad"
OPERATIONS = {"created": "create", "updated": "update", "deleted": "delete"}


@dataclass(slots=True)
class Temper:
    """Shares of calls that end badly: lost before or after the work was done, or answered with an error."""

    lost_before: float = 0.0
    lost_after: float = 0.0
    broken: float = 0.0
    whole: bool = False  # one bad member refuses the whole call
    poison: str = ""  # a subject on which the vendor breaks, whatever else the call carries


class World:
    """Parties by subject; creates are look-first, as at a vendor without keys."""

    name = "world"
    kind: Literal["link", "party"] = "party"
    mapping = "world/1"

    def __init__(self, temper: Temper, chance: random.Random, batch: int = 1, *, keyless: bool = False) -> None:
        self.temper = temper
        self.chance = chance
        self.batch = "all" if batch > 1 else None
        self.records: dict[str, dict[str, Any]] = {}
        self.made: Counter[str] = Counter()
        self.under_way: set[str] = set()
        self.overlaps = 0
        self.calls = 0
        self._keyless = keyless

    # The target's side

    def identity(self) -> tuple[str, str]:
        return "world.invalid", "world"

    def keyless(self, data: Link | Party) -> bool:  # noqa: ARG002 -- the protocol's
        return self._keyless

    def course(self, task: Task) -> Course:
        subject, data = task.event.subject, task.data.model_dump(mode="json", exclude_unset=True)
        if task.operation == "create" and task.in_doubt and (yield self._step("find", subject, {})):
            yield self._step("replace", subject, data)
            return Applied("created", subject)
        done = yield self._step(task.operation, subject, data)
        if task.operation == "delete":
            return Applied("deleted" if done or task.in_doubt else "absent")
        return Applied("created" if task.operation == "create" else "updated", subject)

    def _step(self, verb: str, subject: str, data: dict[str, Any]) -> Step:
        return Step((verb, subject, data), self.batch, frozenset({subject}), repeatable=verb != "create")

    def probe(self) -> Step:
        return self._step("find", "", {})

    def exchange(self, now: datetime) -> Exchange | None:  # noqa: ARG002 -- the protocol's
        return None

    def forget_session(self) -> None:
        """Have none."""

    def request(self, steps: Sequence[Step], now: datetime) -> Request:  # noqa: ARG002 -- the protocol's
        return Request("POST", "https://world.invalid/", body=orjson.dumps([step.body for step in steps]))

    def read(self, steps: Sequence[Step], response: Response) -> list[Any]:
        if response.status != 200:
            raise UnknownOutcomeError(f"HTTP {response.status}")
        answers = orjson.loads(response.body)
        if self.temper.whole and BAD in answers:
            raise RejectedError("one of them is bad", reason="rejected")
        return [RejectedError("bad", reason="rejected") if each == BAD else each for each in answers][: len(steps)]

    # The vendor's side

    async def send(self, request: Request, slot: Slot) -> Response:
        slot.charge()
        self.calls += 1
        asked = orjson.loads(request.body or b"[]")
        subjects = [subject for _, subject, _ in asked]
        self.overlaps += any(subject in self.under_way for subject in subjects) + len(subjects) - len(set(subjects))
        self.under_way.update(subjects)
        try:
            return await self._respond(asked, slot)
        finally:
            self.under_way.difference_update(subjects)

    async def _respond(self, asked: list[Any], slot: Slot) -> Response:
        await asyncio.sleep(self.chance.uniform(0.01, 0.05))
        fate = self.chance.random()
        temper = self.temper
        if any(subject == temper.poison and verb != "find" for verb, subject, _ in asked):
            slot.answered(500, {})
            return Response(500, {}, b"", 0.05)
        if fate < temper.lost_before:
            return await self._lose(slot)
        refuses = temper.whole and any(is_bad(data) for _, _, data in asked)
        answers = [BAD if is_bad(data) else None for _, _, data in asked] if refuses else self._work(asked)
        if fate < temper.lost_before + temper.lost_after:
            return await self._lose(slot)
        await asyncio.sleep(self.chance.uniform(0.01, 0.05))
        status = 500 if fate > 1.0 - temper.broken else 200
        slot.answered(status, {})
        return Response(status, {}, orjson.dumps(answers), 0.05)

    async def _lose(self, slot: Slot) -> Response:
        await asyncio.sleep(1.0)
        slot.lost()
        raise UnknownOutcomeError("nobody answered")

    def _work(self, asked: list[Any]) -> list[Any]:
        return [self._do(verb, subject, data) for verb, subject, data in asked]

    def _do(self, verb: str, subject: str, data: dict[str, Any]) -> Any:
        if is_bad(data):
            return BAD
        match verb:
            case "find":
                return subject in self.records
            case "create":
                self.made[subject] += 1
                self.records[subject] = shown(data)
            case "replace":
                self.records[subject] = shown(data)
            case "update":
                self.records[subject] = patched(self.records.get(subject, {}), shown(data))
            case "delete":
                return self.records.pop(subject, None) is not None
        return True


def is_bad(data: dict[str, Any]) -> bool:
    return data.get("group") == BAD


def shown(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name in {"note", "email", "city"} or name == "status"}


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of a history."""

    word: Literal["created", "updated", "deleted"]
    subject: str
    data: dict[str, Any]
    at: float = 0.0
    traceparent: str | None = None
    expires: float | None = None


def event_of(number: int, happening: Happening) -> Event:
    operation = OPERATIONS[happening.word]
    given: dict[str, Any] = {"kind": "party"}
    if happening.word != "deleted":
        given |= {"party_type": "organization", **happening.data}
    if happening.word == "created":
        given.setdefault("name", "N")
    data = data_model("party", operation).model_validate(given)  # type: ignore[arg-type]  # one of the three words
    return Event.model_construct(
        specversion="1.0",
        id=f"e{number}",
        source="/w",
        type=f"relation.{happening.word}",
        subject=happening.subject,
        time=BEGINNING,
        sequence=None,
        expirytime=None if happening.expires is None else BEGINNING + timedelta(seconds=happening.expires),
        correlationid=None,
        causationid=None,
        traceparent=happening.traceparent,
        tracestate=None,
        target=None,
        extensions={},
        data=data,
    )


def expected(history: Sequence[Happening]) -> dict[str, dict[str, Any]]:
    """Return what a vendor shows when all events were applied in order, one by one; bad ones change nothing."""
    records: dict[str, dict[str, Any]] = {}
    for each in history:
        if each.word == "deleted":
            records.pop(each.subject, None)
        elif each.data.get("group") != BAD:
            before = {} if each.word == "created" else records.get(each.subject, {})
            records[each.subject] = patched(before, shown(each.data))
    return records


@dataclass(slots=True)
class Run:
    """One history brought to a world; `crashes`: moments at which the worker ends without a word."""

    world: World
    history: Sequence[Happening]
    crashes: Sequence[float] = ()
    options: dict[str, Any] = field(default_factory=dict)
    outcomes: dict[int, list[str]] = field(default_factory=dict)

    watch: Callable[[str, str, Callable[[], datetime]], Watch] = lambda name, target, _now: unwatched(name, target)
    broken: BaseException | None = None
    url: str = "sqlite://"
    connections: list[Connection] = field(default_factory=list)

    async def play(self) -> None:
        """Play it to its end, in virtual time."""
        loop = asyncio.get_running_loop()
        self._began = loop.time()
        journal = await Journal.open(self.url, inline=True, clock=self._seconds, monotonic=loop.time)
        reporter = Reporter(Silence(), journal, lambda _: None)
        reporting = asyncio.create_task(reporter.run())
        connection = await self._start(journal, reporter, "never owned")
        emitting = asyncio.create_task(self._emit(journal, lambda: connection))
        for moment in self.crashes:
            await asyncio.sleep(max(0.0, self._began + moment - loop.time()))
            connection.abort()
            await asyncio.sleep(0)
            connection = await self._start(journal, reporter, "abandoned")
        await emitting
        while len(self.outcomes) < len(self.history):
            await asyncio.sleep(0.5)
            assert self.broken is None, self.broken
            assert loop.time() - self._began < 100_000, "it never ends"
        await connection.stop(10.0)
        reporting.cancel()
        await journal.close()

    async def _emit(self, journal: Journal, connection: Any) -> None:
        for number, each in enumerate(self.history, 1):
            wait = self._began + each.at - asyncio.get_running_loop().time()
            if wait > 0:
                await asyncio.sleep(wait)
            row, event = self.row(number)
            taken = await journal.take([row])
            connection().offer([(fresh, event) for fresh in taken.fresh])

    def row(self, number: int) -> tuple[Delivery, Event]:
        """Return one event of the history as intake would take it now."""
        event = event_of(number, self.history[number - 1])
        received = Received("RELATIONS", number, "relation", self._now(), (), orjson.dumps(number))
        return Delivery("world", number, "/w", event.subject, event.id, b"d", event.operation, received), event

    async def _start(self, journal: Journal, reporter: Reporter, before: Any) -> Connection:
        settings = ConnectionSettings(
            target="world",
            timeouts=Timeouts(),
            **{"quotas": (Quota(1000, 1.0),), "in_flight": 8, **self.options},
        )
        shared = Shared(
            journal=journal,
            reporter=reporter,
            teller=Teller("t", "0"),
            decode=self._decode,
            now=self._now,
            tell=lambda _: None,
            lost=lambda _: None,
            settled=self._settled,
            failed=self._broke,
            watch=lambda name, target: self.watch(name, target, self._now),
        )
        connection = Connection("world", settings, self.world, shared, self.world.send, 2**20)
        await connection.start(before)
        self.connections.append(connection)
        return connection

    def _decode(self, row: Delivery) -> Event:
        return event_of(row.position, self.history[row.position - 1])

    def _broke(self, _name: str, error: BaseException) -> None:
        self.broken = error

    def _settled(self, _name: str, settled: list[Settled]) -> None:
        for each in settled:
            self.outcomes.setdefault(each.position, []).append(each.note or "")

    def _now(self) -> datetime:
        return BEGINNING + timedelta(seconds=asyncio.get_running_loop().time() - self._began)

    def _seconds(self) -> float:
        return self._now().timestamp()

    _began: float = 0.0


__all__ = ["BAD", "Happening", "Run", "TargetError", "Temper", "World", "expected"]
