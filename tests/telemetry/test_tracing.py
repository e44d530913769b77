"""Where spans are sent."""

import sys
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from worker.telemetry.errors import TracingSetupError
from worker.telemetry.tracing import Delivery, exporting, parent, traces_at

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DELIVERY = Delivery("acme", "onoffice", "create", "e-1", "relation.created", NOW)


def test_endpoint_gets_the_path_of_otlp() -> None:
    """A bare address is completed, one with a path is taken as it is."""
    assert traces_at("http://collector:4318") == "http://collector:4318/v1/traces"
    assert traces_at("http://collector:4318/") == "http://collector:4318/v1/traces"
    assert traces_at("https://vendor.example/otlp/traces") == "https://vendor.example/otlp/traces"


def test_spans_are_sent() -> None:
    """A collector gets a delivery's span by OTLP over HTTP, with the worker's name."""
    got: list[tuple[str, ExportTraceServiceRequest]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, ExportTraceServiceRequest.FromString(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        tracing = exporting(f"http://127.0.0.1:{server.server_port}", "main")
        tracing.end(tracing.begin(DELIVERY), "applied", "", 1, NOW)
        tracing.close()
        server.shutdown()
        thread.join()

    ((path, request),) = got
    (resource,) = request.resource_spans
    (span,) = resource.scope_spans[0].spans
    names = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert (path, span.name, names["service.name"]) == ("/v1/traces", "process relation.created", "relation-worker")


def test_missing_extra_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra a configured endpoint says what to install."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)

    with pytest.raises(TracingSetupError, match=r"relation-worker\[tracing\]"):
        exporting("http://collector:4318", "main")


def test_no_parent_begins_a_trace() -> None:
    """Without a traceparent, or with one that is none, nothing is continued."""
    assert not parent(DELIVERY)
