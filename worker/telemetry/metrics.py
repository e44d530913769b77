"""Figures for Prometheus; no identifier of an event is ever a label."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from schemas.dead_letter import Reason
from worker.telemetry.tally import Observe, Tallies

Cause = Literal["quota", "pause", "lane", "retry"]
Outcome = Literal["applied", "superseded", "dead_lettered"]

REFUSALS = ("rate_limited", "outage", "address", "unauthorized", "closed")
STATUS_CLASSES = ("2xx", "3xx", "4xx", "5xx", "none")

SPACE = "relation_worker"
CONNECTION = ("connection", "target")
CALL_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
FLUSH_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5)
WALK_BUCKETS = (0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 21600.0, 86400.0)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one connection looks like at this moment; `quotas`: each quota's text -> share in use, 0 to 1."""

    connection: str
    target: str
    backlog: int
    in_flight: int
    in_flight_limit: int
    paused: bool
    forecast_seconds: float | None = None
    oldest_seconds: float | None = None
    quotas: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Process:
    """What the whole worker looks like at this moment; `replays`: state of a plan's letters -> count."""

    connections: tuple[Figures, ...]
    broker_connected: bool
    taking: bool
    replays: Mapping[str, int] = field(default_factory=dict)


class Metrics:
    """All counters of one worker, in a registry of their own; gauges are asked for at each scrape."""

    def __init__(self, version: str = "") -> None:
        # Nobody asks for the moments of creation, and they double the number of series.
        disable_created_metrics()  # type: ignore[no-untyped-call] # published without types
        self.registry = CollectorRegistry()
        self._fetch: Callable[[], None] = lambda: None
        self._version = Info(f"{SPACE}_build", "Which worker this is.", registry=self.registry)
        self._version.info({"version": version})
        self._events = self._counted("events", "Messages handed over by the broker.", "result")
        self._letters = self._counted("intake_letters", "Messages that concern no connection.", "reason")
        self._outcomes = self._counted("deliveries", "Deliveries that ended.", *CONNECTION, "outcome", "reason")
        self._calls = self._counted("calls", "HTTP calls to a target.", *CONNECTION, "status_class")
        self._refusals = self._counted(
            "refusals", "Answers that closed a connection for a while.", *CONNECTION, "reason"
        )
        self._waited = self._counted("waited_seconds", "Time that deliveries waited, by cause.", *CONNECTION, "cause")
        self._duration = self._measured("call_duration_seconds", "From send to last byte.", CALL_BUCKETS)
        self._walk = self._measured("delivery_seconds", "From receipt to outcome.", WALK_BUCKETS)
        self._flush = Histogram(
            f"{SPACE}_journal_flush_seconds",
            "One group commit.",
            registry=self.registry,
            buckets=FLUSH_BUCKETS,
        )
        self._flushed = Counter(f"{SPACE}_journal_changes", "Changes written by group commits.", registry=self.registry)
        self._ignored_traces = Counter(
            f"{SPACE}_invalid_traceparents", "Trace contexts that were ignored.", registry=self.registry
        )

    def _counted(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"{SPACE}_{name}", meaning, labels, registry=self.registry)

    def _measured(self, name: str, meaning: str, bounds: tuple[float, ...]) -> Tallies:
        made = Tallies(f"{SPACE}_{name}", meaning, CONNECTION, bounds)
        self.registry.register(made)
        return made

    def expect(self, connection: str, target: str) -> None:
        """Begin at zero what rules watch: to Prometheus a series that begins at one has not increased."""
        for reason in get_args(Reason):
            self._outcomes.labels(connection, target, "dead_lettered", reason)
            self._letters.labels(reason)
        for refusal in REFUSALS:
            self._refusals.labels(connection, target, refusal)
        for kind in STATUS_CLASSES:
            self._calls.labels(connection, target, kind)

    def event_in(self, result: str, count: int = 1) -> None:
        """Count messages: taken as deliveries, dropped as duplicates, or refused at intake."""
        self._events.labels(result).inc(count)

    def intake_letter(self, reason: str) -> None:
        self._letters.labels(reason).inc()

    def invalid_traceparent(self, count: int = 1) -> None:
        self._ignored_traces.inc(count)

    def outcome(self, connection: str, target: str, outcome: Outcome, reason: str = "", count: int = 1) -> None:
        """Count deliveries that ended; `reason` says why they were superseded or buried."""
        self._outcomes.labels(connection, target, outcome, reason).inc(count)

    def call(self, connection: str, target: str, status: int | None, count: int = 1) -> None:
        """Count calls; `status` None: no answer came."""
        self._calls.labels(connection, target, status_class(status)).inc(count)

    def timers(self, connection: str, target: str) -> tuple[Observe, Observe]:
        """Return what hears how many seconds a call took, and what hears it of a delivery that ended."""
        return self._duration.of(connection, target).observe, self._walk.of(connection, target).observe

    def refusal(self, connection: str, target: str, reason: str) -> None:
        """Count an answer that was about us: rate_limited, outage, address, unauthorized."""
        self._refusals.labels(connection, target, reason).inc()

    def waited(self, connection: str, target: str, cause: Cause, seconds: float) -> None:
        """Add time that one delivery waited for a quota, a pause, its lane or its next attempt."""
        self._waited.labels(connection, target, cause).inc(max(0.0, seconds))

    def flush(self, seconds: float, changes: int) -> None:
        """Note one group commit of the journal."""
        self._flush.observe(seconds)
        self._flushed.inc(changes)

    def watch(self, look: Callable[[], Process], fetch: Callable[[], None] = lambda: None) -> None:
        """Ask `look` for the gauges at each scrape; before it `fetch` hands over what was summed elsewhere."""
        self.registry.register(Watched(look))
        self._fetch = fetch

    def exposed(self, accept: str = "") -> tuple[bytes, str]:
        """Return the page for a scraper and its content type."""
        self._fetch()
        encode, kind = choose_encoder(accept)
        return encode(self.registry), kind


def status_class(status: int | None) -> str:
    return "none" if status is None else f"{status // 100}xx"


class Watched(Collector):
    """Gauges that are looked up when somebody asks, so that nothing on the hot path keeps them."""

    def __init__(self, look: Callable[[], Process]) -> None:
        self._look = look

    def collect(self) -> Iterable[Metric]:
        seen = self._look()
        yield gauge("broker_connected", "Whether the broker answers.", (), [((), seen.broker_connected)])
        yield gauge("intake_owned", "Whether this worker takes events.", (), [((), seen.taking)])
        replays = [((state,), count) for state, count in sorted(seen.replays.items())]
        yield gauge("replay_letters", "Letters of running replay plans, by state.", ("state",), replays)
        yield from connection_gauges(seen.connections)


def connection_gauges(connections: Iterable[Figures]) -> Iterable[Metric]:
    rows = [((one.connection, one.target), one) for one in connections]
    plain: tuple[tuple[str, str, Callable[[Figures], float | None]], ...] = (
        ("backlog_deliveries", "Deliveries that wait.", lambda one: one.backlog),
        ("in_flight_calls", "Calls without an answer yet.", lambda one: one.in_flight),
        ("in_flight_limit_calls", "Most calls at a time, as learned.", lambda one: one.in_flight_limit),
        ("connection_paused", "Whether the connection takes nothing.", lambda one: one.paused),
        ("backlog_forecast_seconds", "When the backlog will be done.", lambda one: one.forecast_seconds),
        ("oldest_waiting_seconds", "Age of the oldest delivery that waits.", lambda one: one.oldest_seconds),
    )
    for name, meaning, read in plain:
        yield gauge(name, meaning, CONNECTION, [(labels, read(one)) for labels, one in rows])
    used = [((*labels, quota), share) for labels, one in rows for quota, share in one.quotas.items()]
    yield gauge("quota_used_ratio", "Share of a quota in use.", (*CONNECTION, "quota"), used)


def gauge(
    name: str, meaning: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float | None]]
) -> Metric:
    """Return one gauge; a value that nobody knows is left out."""
    family = GaugeMetricFamily(f"{SPACE}_{name}", meaning, labels=labels)
    for row, value in values:
        if value is not None:
            family.add_metric(row, float(value))
    return family
