"""The alert rules and the dashboard, over what a worker really exposes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.promql import Scrape, evaluated, names, scrape
from worker.telemetry.metrics import Figures, Metrics, Process

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES: Mapping[str, Mapping[str, Any]] = {
    rule["alert"]: rule
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
}
WELL = Process((Figures("acme", "onoffice", 3, 1, 4, False, 60.0, 2.0, {"5/s": 0.4}),), True, True)


class Worker:
    """Metrics that are scraped before and after something happens."""

    def __init__(self) -> None:
        self.metrics = Metrics("1")
        self.stands = WELL
        self.metrics.watch(lambda: self.stands)
        self.metrics.expect("acme", "onoffice")
        for _ in range(20):
            self.metrics.call("acme", "onoffice", 200)
            self.metrics.outcome("acme", "onoffice", "applied")
            self.metrics.flush(0.001, 3)
        self.metrics.event_in("taken", 20)
        self.scrapes = [self.scraped(0.0)]

    def scraped(self, at: float) -> Scrape:
        return scrape(at, self.metrics.exposed()[0].decode())

    def after(self, happening: Callable[["Worker"], None]) -> list[Scrape]:
        happening(self)
        return [*self.scrapes, self.scraped(120.0)]

    def connection(self, **changes: Any) -> None:
        self.stands = replace(self.stands, connections=(replace(WELL.connections[0], **changes),))


def refused(reason: str, times: int) -> Callable[[Worker], None]:
    def happens(worker: Worker) -> None:
        for _ in range(times):
            worker.metrics.refusal("acme", "onoffice", reason)
        worker.connection(paused=True)

    return happens


def buried(reason: str) -> Callable[[Worker], None]:
    return lambda worker: worker.metrics.outcome("acme", "onoffice", "dead_lettered", reason)


def failing(worker: Worker) -> None:
    for status in (None, 503, 500, 200):
        worker.metrics.call("acme", "onoffice", status)


def stand(**changes: Any) -> Callable[[Worker], None]:
    def happens(worker: Worker) -> None:
        worker.stands = replace(worker.stands, **changes)

    return happens


def two_take(worker: Worker) -> None:
    """Stand for a sum over two workers: this one's figure counts double."""
    worker.stands = replace(worker.stands, taking=2)  # type: ignore[arg-type]  # a scrape of two


HAPPENINGS: Mapping[str, Callable[[Worker], None]] = {
    "RelationWorkerBrokerLost": stand(broker_connected=False),
    "RelationWorkerNobodyTakes": stand(taking=False),
    "RelationWorkerTwoTake": two_take,
    "RelationWorkerCredentialsRefused": refused("unauthorized", 1),
    "RelationWorkerConnectionPaused": lambda worker: worker.connection(paused=True),
    "RelationWorkerRateLimited": refused("rate_limited", 4),
    "RelationWorkerDeadLetters": buried("rejected"),
    "RelationWorkerUnreadableEvents": lambda worker: worker.metrics.intake_letter("malformed"),
    "RelationWorkerBug": buried("crashed"),
    "RelationWorkerBacklogLong": lambda worker: worker.connection(forecast_seconds=20_000.0),
    "RelationWorkerOldestWaiting": lambda worker: worker.connection(oldest_seconds=4000.0),
    "RelationWorkerCallsFail": failing,
    "RelationWorkerJournalSlow": lambda worker: worker.metrics.flush(1.0, 1),
}


def quiet(worker: Worker) -> None:
    """Work on as before."""
    worker.metrics.call("acme", "onoffice", 200)
    worker.metrics.outcome("acme", "onoffice", "applied")
    worker.metrics.flush(0.001, 3)


def test_each_rule_is_tried() -> None:
    """There is a happening for each rule and none besides; each rule says what to do."""
    assert HAPPENINGS.keys() == RULES.keys()
    assert all({"summary", "action"} <= rule["annotations"].keys() for rule in RULES.values())
    assert {rule["labels"]["severity"] for rule in RULES.values()} == {"warning", "critical"}


@pytest.mark.parametrize("alert", sorted(RULES))
def test_rule(alert: str) -> None:
    """A rule fires when its happening happens, and not while everything is well."""
    assert evaluated(RULES[alert]["expr"], Worker().after(quiet)) == {}
    assert evaluated(RULES[alert]["expr"], Worker().after(HAPPENINGS[alert]))


def everything() -> set[str]:
    """Return the name of every sample that a worker can expose."""
    worker = Worker()
    metrics = worker.metrics
    metrics.intake_letter("malformed")
    metrics.refusal("acme", "onoffice", "outage")
    metrics.timers("acme", "onoffice")
    metrics.waited("acme", "onoffice", "quota", 1.0)
    worker.stands = replace(worker.stands, replays={"planned": 1})
    return {name for name, _ in worker.scraped(0.0).samples}


def test_rules_read_what_there_is() -> None:
    """Every metric that a rule reads is exposed under that name."""
    assert set().union(*(names(rule["expr"]) for rule in RULES.values())) <= everything()


def test_dashboard_reads_what_there_is() -> None:
    """Every metric on the dashboard is exposed, and every one that is exposed can be seen there."""
    board = json.loads((DEPLOY / "grafana/relation-worker.json").read_text())
    read = {name for panel in board["panels"] for each in panel.get("targets", ()) for name in names(each["expr"])}
    exposed = everything()
    families = {name.removesuffix("_bucket").removesuffix("_total") for name in read}

    assert read <= exposed
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    unseen = {name for name in exposed if not any(name.startswith(family) for family in families)}
    assert unseen == {"relation_worker_build_info"}
