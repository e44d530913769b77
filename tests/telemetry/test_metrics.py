"""What a scrape shows."""

import re

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from worker.telemetry.metrics import Figures, Metrics, Process, status_class

ALLOWED = {
    "connection", "target", "reason", "outcome", "status_class", "cause", "result", "quota", "state", "le", "version",
}  # fmt: skip


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = metrics.exposed()[0].decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return samples(metrics)[f"relation_worker_{name}", tuple(sorted(labels.items()))]


@pytest.fixture
def metrics() -> Metrics:
    """Count a little of everything."""
    made = Metrics("1.2.3")
    made.event_in("taken", 3)
    made.event_in("duplicate")
    made.intake_letter("malformed")
    made.invalid_traceparent()
    made.outcome("acme", "onoffice", "applied")
    made.outcome("acme", "onoffice", "dead_lettered", "rejected")
    made.call("acme", "onoffice", 204)
    made.call("acme", "onoffice", None)
    call_took, delivery_took = made.timers("acme", "onoffice")
    call_took(0.2)
    call_took(30.0)
    delivery_took(0.7)
    made.refusal("acme", "onoffice", "rate_limited")
    made.waited("acme", "onoffice", "quota", 1.5)
    made.waited("acme", "onoffice", "quota", -1.0)
    made.flush(0.004, 20)
    made.watch(
        lambda: Process(
            connections=(
                Figures("acme", "onoffice", 12, 2, 4, False, 60.0, 3.5, {"5/s": 0.4, "100/min": 1.0}),
                Figures("idle", "outsmart", 0, 0, 1, True),
            ),
            broker_connected=True,
            taking=False,
            replays={"waiting": 7},
        )
    )
    return made


def test_counts(metrics: Metrics) -> None:
    """Each method moves its own figure."""
    acme = {"connection": "acme", "target": "onoffice"}

    assert value(metrics, "events_total", result="taken") == 3
    assert value(metrics, "intake_letters_total", reason="malformed") == 1
    assert value(metrics, "deliveries_total", **acme, outcome="applied", reason="") == 1
    assert value(metrics, "deliveries_total", **acme, outcome="dead_lettered", reason="rejected") == 1
    assert value(metrics, "calls_total", **acme, status_class="2xx") == 1
    assert value(metrics, "calls_total", **acme, status_class="none") == 1
    assert value(metrics, "call_duration_seconds_sum", **acme) == 30.2
    assert value(metrics, "refusals_total", **acme, reason="rate_limited") == 1
    assert value(metrics, "waited_seconds_total", **acme, cause="quota") == 1.5
    assert value(metrics, "journal_flush_seconds_count") == 1
    assert value(metrics, "journal_changes_total") == 20
    assert value(metrics, "delivery_seconds_count", **acme) == 1


def test_gauges_are_asked_for_at_each_scrape(metrics: Metrics) -> None:
    """Backlog, in flight, limits, quotas and replays are as they are at that moment; unknown ones are absent."""
    acme = {"connection": "acme", "target": "onoffice"}
    found = samples(metrics)

    assert value(metrics, "backlog_deliveries", **acme) == 12
    assert value(metrics, "in_flight_limit_calls", **acme) == 4
    assert value(metrics, "quota_used_ratio", **acme, quota="100/min") == 1.0
    assert value(metrics, "oldest_waiting_seconds", **acme) == 3.5
    assert value(metrics, "connection_paused", connection="idle", target="outsmart") == 1
    assert value(metrics, "replay_letters", state="waiting") == 7
    assert value(metrics, "broker_connected") == 1
    idle = (("connection", "idle"), ("target", "outsmart"))
    assert ("relation_worker_backlog_forecast_seconds", idle) not in found


def test_names_and_labels_follow_the_conventions(metrics: Metrics) -> None:
    """One prefix, base units, `_total` for counters, and no label that could hold an identifier."""
    families = list(text_string_to_metric_families(metrics.exposed()[0].decode()))

    assert all(re.fullmatch(r"relation_worker_[a-z_]+", family.name) for family in families)
    assert all(family.documentation for family in families)
    assert {label for family in families for one in family.samples for label in one.labels} <= ALLOWED
    assert not [name for name, _ in samples(metrics) if name.endswith("_created")]


def test_a_registry_of_its_own(metrics: Metrics) -> None:
    """Two workers in one process do not share figures, and the library's global registry stays empty of ours."""
    other = Metrics()

    assert ("relation_worker_events_total", (("result", "taken"),)) not in samples(other)
    assert not [family for family in REGISTRY.collect() if family.name.startswith("relation_worker")]
    assert metrics.registry is not other.registry


def test_content_types(metrics: Metrics) -> None:
    """Plain text by default, OpenMetrics where it is asked for."""
    assert metrics.exposed()[1].startswith("text/plain")
    body, kind = metrics.exposed("application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


@pytest.mark.parametrize(("status", "expected"), [(None, "none"), (200, "2xx"), (429, "4xx"), (503, "5xx")])
def test_status_classes(status: int | None, expected: str) -> None:
    """A call without an answer has a class of its own."""
    assert status_class(status) == expected
