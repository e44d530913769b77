"""Spans: one for each delivery in its producer's trace, one for each call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Protocol
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from worker.telemetry.errors import TracingSetupError

# All names stand here, for those of messaging still change; those of HTTP are stable.
# https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/ (read November 2026)
# https://opentelemetry.io/docs/specs/semconv/http/http-spans/ (read November 2026)
SCOPE = "relation-worker"
OPERATION_NAME = "messaging.operation.name"
OPERATION_TYPE = "messaging.operation.type"
SYSTEM = "messaging.system"
DESTINATION = "messaging.destination.name"
MESSAGE_ID = "messaging.message.id"
BATCH = "messaging.batch.message_count"
METHOD = "http.request.method"
STATUS = "http.response.status_code"
RESENT = "http.request.resend_count"
URL = "url.full"
HOST = "server.address"
PORT = "server.port"
ERROR = "error.type"
CONNECTION = "relation_worker.connection"
TARGET = "relation_worker.target"
RELATION_OPERATION = "relation_worker.operation"
OUTCOME = "relation_worker.outcome"
REASON = "relation_worker.reason"
ATTEMPTS = "relation_worker.attempts"
PORTS = {"https": 443, "http": 80}
BAD_REQUEST = 400

Value = str | int
_PARENTS = TraceContextTextMapPropagator()


class Provider(Protocol):
    """What hands out tracers and sends their spans."""

    def get_tracer(self, instrumenting_module_name: str, instrumenting_library_version: str) -> Tracer:
        """Return a tracer."""
        ...

    def shutdown(self) -> None:
        """Send what is left."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a delivery's span says of it from the start."""

    connection: str
    target: str
    operation: str
    event_id: str
    subject: str
    received_at: datetime
    traceparent: str | None = None
    tracestate: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP call; `url` has no query and no secret, `error` is a class of errors."""

    connection: str
    target: str
    method: str
    url: str
    began_at: datetime
    ended_at: datetime
    status: int | None = None
    error: str | None = None
    resent: int = 0


class Tracing:
    """Makes the spans of one worker."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer(SCOPE, version("relation-worker"))

    def close(self) -> None:
        """Send what has not been sent."""
        self._provider.shutdown()

    def begin(self, delivery: Delivery) -> Span:
        """Begin a delivery's span, as a part of its producer's trace if there is one."""
        return self._tracer.start_span(
            f"process {delivery.subject}",
            context=parent(delivery),
            kind=SpanKind.CONSUMER,
            start_time=nanoseconds(delivery.received_at),
            attributes={
                OPERATION_NAME: "process",
                OPERATION_TYPE: "process",
                SYSTEM: "nats",
                DESTINATION: delivery.subject,
                MESSAGE_ID: delivery.event_id,
                CONNECTION: delivery.connection,
                TARGET: delivery.target,
                RELATION_OPERATION: delivery.operation,
            },
        )

    def call(self, call: Call, spans: Sequence[Span]) -> None:
        """Note a call that is over: a part of the first delivery's span, linked with all others that it carried."""
        span = self._tracer.start_span(
            call.method,
            context=set_span_in_context(spans[0]) if spans else Context(),
            kind=SpanKind.CLIENT,
            links=[Link(other.get_span_context()) for other in spans[1:]],
            start_time=nanoseconds(call.began_at),
            attributes=attributes(call, len(spans)),
        )
        if call.error is not None or (call.status or 0) >= BAD_REQUEST:
            span.set_status(Status(StatusCode.ERROR))
        span.end(nanoseconds(call.ended_at))

    def end(self, span: Span, outcome: str, reason: str, attempts: int, at: datetime) -> None:
        """End a delivery's span with what became of it."""
        span.set_attribute(OUTCOME, outcome)
        span.set_attribute(ATTEMPTS, attempts)
        if reason:
            span.set_attribute(REASON, reason)
        if outcome == "dead_lettered":
            span.set_attribute(ERROR, reason)
            span.set_status(Status(StatusCode.ERROR))
        span.end(nanoseconds(at))


def parent(delivery: Delivery) -> Context:
    """Return the producer's context; an empty one begins a trace."""
    carrier = {"traceparent": delivery.traceparent, "tracestate": delivery.tracestate}
    return _PARENTS.extract({name: text for name, text in carrier.items() if text}, Context())


def attributes(call: Call, carried: int) -> Mapping[str, Value]:
    """Return what a call's span says; what is not known is left out."""
    parts = urlsplit(call.url)
    error = call.error or (str(call.status) if (call.status or 0) >= BAD_REQUEST else None)
    said: dict[str, Value | None] = {
        METHOD: call.method,
        URL: call.url,
        HOST: parts.hostname,
        PORT: parts.port or PORTS.get(parts.scheme),
        STATUS: call.status,
        RESENT: call.resent or None,
        ERROR: error,
        CONNECTION: call.connection,
        TARGET: call.target,
        BATCH: carried if carried > 1 else None,
    }
    return {name: value for name, value in said.items() if value is not None}


def nanoseconds(at: datetime) -> int:
    """Return a moment as spans have it."""
    return int(at.timestamp() * 1e6) * 1000


def exporting(endpoint: str, instance: str) -> Tracing:
    """Return what sends spans by OTLP over HTTP, in batches and beside the work; needs the extra `tracing`."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 -- an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 -- as above
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 -- as above
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 -- as above
    except ImportError as error:
        raise TracingSetupError(
            "tracing.endpoint is set, and what sends traces is not installed: pip install relation-worker[tracing], "
            "or leave the endpoint out"
        ) from error
    who = Resource.create(
        {"service.name": SCOPE, "service.version": version("relation-worker"), "service.instance.id": instance}
    )
    provider = TracerProvider(resource=who, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=traces_at(endpoint))))
    return Tracing(provider)


def traces_at(endpoint: str) -> str:
    """Return where spans are posted; a bare address gets the path that OTLP names."""
    # https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp (read November 2026)
    return endpoint if urlsplit(endpoint).path.strip("/") else f"{endpoint.rstrip('/')}/v1/traces"
