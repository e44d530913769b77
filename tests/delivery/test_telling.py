"""What figures, log and spans say of deliveries."""

import io
import random
import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from prometheus_client.parser import text_string_to_metric_families

from tests.delivery.world import BAD, Happening, Run, Temper, World
from worker.delivery.lookout import Lookout
from worker.delivery.watch import Watch
from worker.telemetry import logs, tracing
from worker.telemetry.metrics import Metrics
from worker.telemetry.tracing import Tracing

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


class Seen:
    """Everything that a look-out lets out of one run."""

    def __init__(self) -> None:
        self.metrics = Metrics("1")
        self.exporter = InMemorySpanExporter()
        self.log = io.StringIO()
        self._lookout: Lookout | None = None

    def watch(self, name: str, target: str, now: Any) -> Watch:
        if self._lookout is None:
            provider = TracerProvider(shutdown_on_exit=False)
            provider.add_span_processor(SimpleSpanProcessor(self.exporter))
            self._lookout = Lookout(self.metrics, now, Tracing(provider))
        return self._lookout.watch(name, target)

    def value(self, name: str, **labels: str) -> float:
        for telling in self._lookout.tellings.values() if self._lookout else ():
            telling.publish()
        text = self.metrics.exposed()[0].decode()
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == f"relation_worker_{name}" and labels.items() <= sample.labels.items()
        )

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.log.getvalue().splitlines()]

    def spans(self, kind: SpanKind) -> list[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if span.kind is kind]


@pytest.fixture
def seen() -> Iterator[Seen]:
    """Look at all that is let out."""
    made = Seen()
    logs.configure("info", "json", stream=made.log)
    yield made
    logs.configure("error", "json", stream=io.StringIO())


def created(subject: str, at: float = 0.0, **more: Any) -> Happening:
    return Happening("created", subject, {"name": subject, **more}, at, PARENT)


async def play(seen: Seen, world: World, *history: Happening, **options: Any) -> None:
    run = Run(world, history, options=options)
    run.watch = seen.watch
    await run.play()


def test_names_of_spans_are_used_from_one_room() -> None:
    """The names of attributes are those of OpenTelemetry's conventions, or bear our own prefix."""
    names = {value for name, value in vars(tracing).items() if name.isupper() and isinstance(value, str)}
    ours = re.compile(r"(messaging|http|url|server|error|relation_worker)\.[a-z_.]+|relation-worker")

    assert names
    assert all(ours.fullmatch(name) for name in names)


@pytest.mark.looptime
async def test_each_outcome_is_counted(seen: Seen) -> None:
    """Applied, superseded and buried deliveries and their calls stand in the figures, with the reason."""
    world = World(Temper(), chance())
    history = [
        created("a"),
        created("b", group=BAD),
        Happening("deleted", "a", {}, 5.0),
        created("c"),
        created("c", 0.1),
    ]

    await play(seen, world, *history)

    assert seen.value("deliveries_total", outcome="applied") >= 2
    assert seen.value("deliveries_total", outcome="dead_lettered", reason="rejected") == 1
    assert seen.value("deliveries_total") == len(history)
    assert seen.value("calls_total", status_class="2xx") == world.calls
    assert seen.value("call_duration_seconds_count") == world.calls
    assert seen.value("delivery_seconds_count") == len(history)


@pytest.mark.looptime
async def test_time_waited_is_shared_out_by_cause(seen: Seen) -> None:
    """A quota's wait, a lane's and a back-off's are told apart, and together they are not more than the time."""
    world = World(Temper(broken=1.0), chance())
    await play(seen, world, created("a"), max_attempts=3)
    assert seen.value("waited_seconds_total", cause="retry") > 0
    assert seen.value("waited_seconds_total", cause="lane") == 0

    slow = Seen()
    history = [created(f"s{number}") for number in range(8)] + [Happening("deleted", "s0", {}, 0.01)]
    await play(slow, World(Temper(), chance()), *history, in_flight=1, coalesce=False)
    assert slow.value("waited_seconds_total", cause="quota") > 0.1
    assert slow.value("waited_seconds_total", cause="lane") > 0
    assert slow.value("waited_seconds_total", cause="retry") == 0
    assert slow.value("waited_seconds_total") <= slow.value("delivery_seconds_sum") + 0.001


@pytest.mark.looptime
async def test_each_attempt_has_one_line(seen: Seen) -> None:
    """A failed attempt, and each ending, is one line that names the event and what the vendor answered."""
    await play(seen, World(Temper(broken=1.0), chance()), created("a"), max_attempts=3)

    lines = [line for line in seen.lines if line["event"] == "attempt"]
    assert lines[-1]["verdict"] == "dead_lettered"
    assert {line["verdict"] for line in lines[:-1]} <= {"retry", "look"}
    assert all((line["event_id"], line["connection"], line["status"]) == ("e1", "world", 500) for line in lines)
    assert lines[-1]["reason"] in {"attempts_exhausted", "unknown_outcome"}


@pytest.mark.looptime
async def test_trace_goes_on_from_the_producer(seen: Seen) -> None:
    """A delivery is a span in its producer's trace, its call a CLIENT span in that; times are those of the work."""
    await play(seen, World(Temper(), chance()), created("a"))

    (delivery,), (call,) = seen.spans(SpanKind.CONSUMER), seen.spans(SpanKind.CLIENT)
    assert delivery.context is not None
    assert call.context is not None
    assert delivery.parent is not None
    assert format(delivery.context.trace_id, "032x") == format(call.context.trace_id, "032x") == TRACE
    assert format(delivery.parent.span_id, "016x") == "00f067aa0ba902b7"
    assert call.parent is not None
    assert call.parent.span_id == delivery.context.span_id
    said = dict(call.attributes or {})
    assert (said["http.request.method"], said["server.address"]) == ("POST", "world.invalid")
    assert (said["http.response.status_code"], said.get("http.request.resend_count")) == (200, None)
    assert dict(delivery.attributes or {})["relation_worker.outcome"] == "applied"
    assert 0 < duration(call) <= duration(delivery) < 1


@pytest.mark.looptime
async def test_repeated_calls_say_so(seen: Seen) -> None:
    """Each repeat of a delivery's call says which repeat it is, in the same trace."""
    await play(seen, World(Temper(broken=1.0), chance()), created("a"), max_attempts=3)

    calls = seen.spans(SpanKind.CLIENT)
    resent = [dict(call.attributes or {}).get("http.request.resend_count", 0) for call in calls]
    assert resent[0] == 0
    assert set(resent) == {0, 1, 2}
    assert {format(call.context.trace_id, "032x") for call in calls if call.context} == {TRACE}
    assert all(not call.status.is_ok for call in calls)


@pytest.mark.looptime
async def test_shared_call_is_linked_with_all_it_carries(seen: Seen) -> None:
    """One call for several events is a part of the first one's trace and linked with the others' spans."""
    await play(
        seen,
        World(Temper(), chance(), batch=10),
        *[created(f"s{number}") for number in range(4)],
        batch=10,
        in_flight=1,
    )

    widest = max(seen.spans(SpanKind.CLIENT), key=lambda call: len(call.links))
    carried = {delivery.context.span_id for delivery in seen.spans(SpanKind.CONSUMER) if delivery.context}
    linked = {link.context.span_id for link in widest.links}
    assert linked < carried
    assert dict(widest.attributes or {})["messaging.batch.message_count"] == len(linked) + 1


@pytest.mark.looptime
async def test_nothing_is_kept_of_what_has_ended(seen: Seen) -> None:
    """After the last outcome no span is open and no rest is remembered."""
    await play(seen, World(Temper(broken=0.5), chance()), *[created(f"s{number}") for number in range(20)])

    assert seen._lookout is not None
    (telling,) = seen._lookout.tellings.values()
    assert (telling._spans, telling._rests) == ({}, {})


def duration(span: ReadableSpan) -> float:
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.end_time - span.start_time) / 1e9


def chance() -> random.Random:
    return random.Random(7)
