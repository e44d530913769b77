"""One connection's work as figures, log lines and spans."""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from opentelemetry.trace import Span

from worker.delivery.attempt import Attempt
from worker.delivery.held import Held
from worker.delivery.settlement import Settlement
from worker.delivery.verdict import told
from worker.errors import (
    AddressError,
    ClosedError,
    OutageError,
    RateLimitedError,
    TargetError,
    UnauthorizedError,
    WorkerError,
)
from worker.journal.rows import Outcome, Settled
from worker.sending.pauses import Pause
from worker.sending.wire import Request, Response
from worker.telemetry.attempts import Attempts, Line
from worker.telemetry.metrics import Cause, Metrics
from worker.telemetry.tally import Observe
from worker.telemetry.tracing import Call, Delivery, Tracing

CAUSES: tuple[Cause, ...] = ("quota", "pause", "lane", "retry")
PAUSES_KEPT = 64  # what waited through more pauses than this is told a little too few seconds of them
REFUSALS: tuple[tuple[type[ClosedError], str], ...] = (
    (RateLimitedError, "rate_limited"),
    (OutageError, "outage"),
    (AddressError, "address"),
    (UnauthorizedError, "unauthorized"),
    (ClosedError, "closed"),
)


@dataclass(slots=True)
class Telling:
    """Counts, logs and traces; what only adds up is summed here and fetched at a scrape, which is cheaper."""

    connection: str
    target: str
    metrics: Metrics
    log: Attempts
    now: Callable[[], datetime]
    tracing: Tracing | None = None
    settled: int = 0
    _outcomes: Counter[tuple[Outcome, str | None]] = field(default_factory=Counter)
    _calls: Counter[int | None] = field(default_factory=Counter)
    _waits: dict[Cause, float] = field(default_factory=lambda: dict.fromkeys(CAUSES, 0.0))
    _pauses: deque[tuple[datetime, datetime]] = field(default_factory=lambda: deque(maxlen=PAUSES_KEPT))
    _paused_at: datetime | None = None
    _rests: dict[int, float] = field(default_factory=dict)
    _spans: dict[int, Span] = field(default_factory=dict)
    _call_took: Observe = field(init=False, repr=False)
    _took: Observe = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._call_took, self._took = self.metrics.timers(self.connection, self.target)

    def called(
        self,
        load: Sequence[Attempt],
        request: Request | None,
        response: Response | None,
        error: TargetError | None,
        seconds: float,
    ) -> None:
        """Count one call, and what it was refused with."""
        if isinstance(error, ClosedError):
            self.metrics.refusal(self.connection, self.target, refusal(error))
        if request is None:
            return
        took = response.seconds if response else seconds
        self._calls[response.status if response else None] += 1
        self._call_took(took)
        if self.tracing is not None:
            self._trace(self.tracing, load, request, response, error, seconds)

    def tried(self, attempt: Attempt, verdict: str, error: WorkerError) -> None:
        """Write the line of an attempt that failed."""
        carrier = attempt.carrier
        said = told(attempt, error)
        line = self._line(carrier, attempt, verdict, carrier.attempts, carrier.calls, error.reason, said)
        self.log.say([line])

    def rested(self, held: Held, seconds: float) -> None:
        """Add to what the delivery has rested."""
        self._rests[held.position] = self._rests.get(held.position, 0.0) + seconds

    def ended(self, settlements: Sequence[Settlement]) -> None:
        """Count outcomes, share out the time that they took, write their lines."""
        lines = []
        for settlement in settlements:
            for held, each in zip(settlement.members, settlement.settled, strict=True):
                reason = reason_of(each)
                self._count(held, each, reason, settlement.free_at)
                detail = each.letter.detail if each.letter else None
                attempt = settlement.attempt
                lines.append(self._line(held, attempt, each.outcome, each.attempts, each.calls, reason, detail))
                if self.tracing is not None:
                    span = self._spans.pop(held.position, None) or self._begin(self.tracing, held)
                    self.tracing.end(span, each.outcome, reason or "", each.attempts, each.settled_at)
        self.log.say(lines)

    def gate_changed(self, pause: Pause | None) -> None:
        """Remember when the gate was closed."""
        if pause is not None:
            self._paused_at = self._paused_at or self.now()
        elif self._paused_at is not None:
            self._pauses.append((self._paused_at, self.now()))
            self._paused_at = None

    def closed(self) -> None:
        """End what another worker, or nobody, goes on with."""
        for span in self._spans.values():
            span.end()
        self._spans.clear()
        self._rests.clear()
        self._paused_at = None

    def publish(self) -> None:
        """Hand what was summed to the metrics."""
        for cause, seconds in self._waits.items():
            self.metrics.waited(self.connection, self.target, cause, seconds)
            self._waits[cause] = 0.0
        for (outcome, reason), count in self._outcomes.items():
            self.metrics.outcome(self.connection, self.target, outcome, reason or "", count)
        for status, count in self._calls.items():
            self.metrics.call(self.connection, self.target, status, count)
        self._outcomes.clear()
        self._calls.clear()

    def _count(self, held: Held, each: Settled, reason: str | None, free_at: datetime | None) -> None:
        """Count an outcome and split its time: calls, back-offs, pauses, earlier events; the rest is the quota's."""
        since, until = held.row.received.received_at, each.settled_at
        seconds = max(0.0, (until - since).total_seconds())
        rest = self._rests.pop(held.position, 0.0) if self._rests else 0.0
        lane = max(0.0, (free_at - since).total_seconds()) if free_at is not None else 0.0
        paused = self.paused(max(since, free_at) if free_at is not None else since, until)
        waits = self._waits
        waits["retry"] += rest
        waits["lane"] += lane
        waits["pause"] += paused
        waits["quota"] += max(0.0, seconds - held.sent_seconds - rest - lane - paused)
        self.settled += 1
        self._outcomes[each.outcome, reason] += 1
        self._took(seconds)

    def paused(self, since: datetime, until: datetime) -> float:
        """Return for how many of these seconds the gate was closed."""
        if not self._pauses and self._paused_at is None:
            return 0.0
        spans = [*self._pauses, *([(self._paused_at, until)] if self._paused_at is not None else [])]
        return sum(max(0.0, (min(end, until) - max(begin, since)).total_seconds()) for begin, end in spans)

    def _line(
        self,
        held: Held,
        attempt: Attempt | None,
        verdict: str,
        attempts: int,
        calls: int,
        reason: str | None,
        said: str | None,
    ) -> Line:
        row, last = held.row, attempt.last if attempt is not None else None
        began = attempt.started_at if attempt is not None else self.now()
        return {
            "event": "attempt",
            "connection": self.connection,
            "target": self.target,
            "operation": row.operation,
            "source": row.source,
            "subject": row.subject,
            "event_id": row.event_id,
            "position": row.position,
            "attempts": attempts,
            "calls": calls,
            "verdict": verdict,
            "status": last.response.status if last is not None and last.response is not None else None,
            "waited_seconds": round(max(0.0, (began - row.received.received_at).total_seconds()), 3),
            "sent_seconds": round(held.sent_seconds, 3),
            "reason": reason,
            "detail": said,
        }

    def _trace(
        self,
        to: Tracing,
        load: Sequence[Attempt],
        request: Request,
        response: Response | None,
        error: TargetError | None,
        seconds: float,
    ) -> None:
        ended_at = self.now()
        call = Call(
            connection=self.connection,
            target=self.target,
            method=request.method,
            url=request.masked(request.url),
            began_at=ended_at - timedelta(seconds=seconds),
            ended_at=ended_at,
            status=response.status if response else None,
            error=type(error).__name__ if error is not None else None,
            resent=max((attempt.carrier.attempts + attempt.carrier.looks for attempt in load), default=0),
        )
        to.call(call, [self._span(to, held) for attempt in load for held in attempt.fold.members])

    def _span(self, to: Tracing, held: Held) -> Span:
        span = self._spans.get(held.position)
        if span is None:
            span = self._spans[held.position] = self._begin(to, held)
        return span

    def _begin(self, to: Tracing, held: Held) -> Span:
        row, event = held.row, held.event
        return to.begin(
            Delivery(
                connection=self.connection,
                target=self.target,
                operation=row.operation,
                event_id=row.event_id,
                subject=row.received.subject,
                received_at=row.received.received_at,
                traceparent=event.traceparent,
                tracestate=event.tracestate,
            )
        )


def refusal(error: ClosedError) -> str:
    """Return the word under which a refusal is counted."""
    return next(word for kind, word in REFUSALS if isinstance(error, kind))


def reason_of(settled: Settled) -> str | None:
    """Return why a delivery was buried or superseded."""
    if settled.letter is not None:
        return settled.letter.reason
    return settled.note if settled.outcome == "superseded" else None
