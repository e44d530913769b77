"""Walks a course with scripted answers, as the dispatcher would."""

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, get_args

import orjson

from schemas.cloudevent import Event
from schemas.relation import Operation, data_model
from worker.errors import ClosedError, RepeatError, TargetError, UnknownOutcomeError
from worker.sending.wire import Request, Response, Send
from worker.targets.base import Applied, Course, Known, Owners, Step, Target, Task

NOW = datetime.fromtimestamp(1760000000, UTC)
VERBS: Mapping[str, Operation] = {f"{verb}d": verb for verb in get_args(Operation)}

# One answer of the vendor; an error is what the transport would raise (RetryableError, UnknownOutcomeError).
Answer = Response | TargetError


def answer(body: Any, status: int = 200, **headers: str) -> Response:
    """Return an answer whose body is this value as JSON, or these bytes as they are."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, names, body if isinstance(body, bytes) else orjson.dumps(body))


def task(event: dict[str, Any], known: Known | str | None = None, *, in_doubt: bool = False) -> Task:
    """Return the task of an event that is written as in contract.md 6 (`known`: a live remote id, for short)."""
    operation = VERBS[event["type"].removeprefix("relation.")]
    data = data_model(event["data"]["kind"], operation).model_validate(event["data"])
    carrier = Event.model_validate({"source": "/crm", "time": "2026-03-02T08:19:59Z", **event, "data": data})
    state = known if isinstance(known, Known) else Known(known)
    return Task(carrier, operation, data, state, in_doubt)


@dataclass
class Walk:
    """What came of a walk: its end, every request that went out, every step, each pause met on the way."""

    end: Applied | TargetError | None = None
    requests: list[Request] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    pauses: list[ClosedError] = field(default_factory=list)
    restarts: int = 0

    @property
    def bodies(self) -> list[Any]:
        """The JSON bodies of the requests, None where there was none."""
        return [orjson.loads(request.body) if request.body else None for request in self.requests]


# Requests go out of it, what came back goes in.
Talk = Generator[Request, Answer, Any]


@dataclass
class Walker:
    """One target and which remote ids other relations own; whoever drives it brings the answers."""

    target: Target
    owned: frozenset[str]
    walk: Walk
    now: Callable[[], datetime] = lambda: NOW

    def run(self, given: Task) -> Talk:
        """Walk until the course ends; an unknown outcome of a step that is not repeatable starts it anew, in doubt."""
        try:
            self.walk.end = yield from self._course(self.target.course(given))
        except UnknownOutcomeError as error:
            if self.walk.steps and not self.walk.steps[-1].repeatable and not given.in_doubt:
                self.walk.restarts += 1
                yield from self.run(replace(given, in_doubt=True))
            else:
                self.walk.end = error
        except TargetError as error:
            self.walk.end = error

    def _course(self, course: Course) -> Talk:
        try:
            asked = next(course)
            while True:
                try:
                    sent = self._owned(asked) if isinstance(asked, Owners) else (yield from self._ask(asked))
                except TargetError as error:
                    asked = course.throw(error)
                else:
                    asked = course.send(sent)
        except StopIteration as end:
            return end.value

    def _owned(self, asked: Owners) -> frozenset[str]:
        return self.owned & frozenset(asked.remote_ids)

    def _ask(self, step: Step, *, fresh: bool = False) -> Talk:
        """Call once; a stale session is renewed and the call repeated once, a pause makes the same step come again."""
        yield from self._exchange()
        self.walk.steps.append(step)
        request = self.target.request([step], self.now())
        try:
            (result,) = self.target.read([step], (yield from self._reply(request)))
            if isinstance(result, TargetError):
                raise result
        except RepeatError as error:
            if fresh:
                return (yield from self._otherwise(step, error.otherwise))
            self.target.forget_session()
            return (yield from self._ask(step, fresh=True))
        except ClosedError as error:
            return (yield from self._otherwise(step, error))
        return result

    def _otherwise(self, step: Step, error: TargetError) -> Talk:
        if not isinstance(error, ClosedError):
            raise error
        self.walk.pauses.append(error)
        return (yield from self._ask(step))

    def _exchange(self) -> Talk:
        exchange = self.target.exchange(self.now())
        if exchange is None:
            return
        try:
            request = next(exchange)
            while True:
                request = exchange.send((yield from self._reply(request)))
        except StopIteration:
            return
        except ClosedError as error:
            self.walk.pauses.append(error)
            yield from self._exchange()

    def _reply(self, request: Request) -> Generator[Request, Answer, Response]:
        self.walk.requests.append(request)
        reply = yield request
        if isinstance(reply, TargetError):
            raise reply
        return reply


def walked(
    target: Target,
    given: Task,
    answers: Iterable[Answer] = (),
    *,
    owned: Iterable[str] = (),
    spare: bool = False,
) -> Walk:
    """Walk one attempt with these answers in order; with `spare` not all of them need be used."""
    script = iter(answers)
    walk = Walk()
    talk = Walker(target, frozenset(owned), walk).run(given)
    try:
        next(talk)
        while True:
            talk.send(next(script))
    except StopIteration:
        assert walk.end is not None, "more answers were asked for"
    assert spare or next(script, None) is None, "an answer was not asked for"
    return walk


def failure(walk: Walk, *, calls: int = 0) -> TargetError:
    """Return the error that ended a walk after so many calls."""
    assert isinstance(walk.end, TargetError), walk.end
    assert len(walk.requests) == calls
    return walk.end


def first_step(target: Target, given: dict[str, Any]) -> Step:
    """Return the first step of an event's course, for which no other relation owns anything."""
    course = target.course(task(given))
    asked = next(course)
    while isinstance(asked, Owners):
        asked = course.send(frozenset())
    return asked


async def walked_over(send: Send, target: Target, given: Task, *, pauses: int = 0) -> Walk:
    """Walk one attempt against whoever answers; more pauses than these end it without an end."""
    walk = Walk()
    talk = Walker(target, frozenset(), walk, lambda: datetime.now(UTC)).run(given)
    try:
        request = next(talk)
        while True:
            try:
                reply: Answer = await send(request)
            except TargetError as error:
                reply = error
            request = talk.send(reply)
            if len(walk.pauses) > pauses:
                talk.close()
                break
    except StopIteration:
        pass
    return walk
