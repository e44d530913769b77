"""The AsyncAPI document: complete, and valid for others' tools."""

from pathlib import Path
from typing import Any, get_args

import orjson
import pytest

from schemas.dead_letter import Reason
from schemas.result import Outcome
from tests.cli.conftest import folder
from tests.cli.house import command
from tests.ecosystem.node import node
from worker.brokers.application import specification
from worker.brokers.asyncapi import document
from worker.brokers.client import Credentials
from worker.brokers.nats import NatsBroker

__all__ = ["folder"]

VALIDATE = """
import { createRequire } from 'module';
import { readFileSync } from 'fs';
const { Parser } = createRequire(import.meta.url)('@asyncapi/parser');
const { document, diagnostics } = await new Parser().parse(readFileSync(0, 'utf8'));
const errors = diagnostics.filter(each => each.severity === 0);
for (const each of errors) console.log(each.code, each.path.join('/'), each.message);
if (document) console.log(document.version(), document.channels().length, 'channels');
process.exit(errors.length || !document ? 1 : 0);
"""


def made(credentials: Credentials | None = None) -> dict[str, Any]:
    return document(NatsBroker("nats://broker.example:4222", credentials).connector, "1.0")


def looked_up(whole: Any, reference: str) -> Any:
    for part in reference.removeprefix("#/").split("/"):
        whole = whole[part]
    return whole


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def test_channels_are_those_that_are_declared() -> None:
    """No channel stands in the document that FastStream does not know, and none of its lacks."""
    told = specification(NatsBroker("nats://broker.example:4222").connector).to_specification().to_jsonable()

    assert made()["channels"].keys() == told["channels"].keys()
    assert {name: each["action"] for name, each in made()["operations"].items()} == {
        name: each["action"] for name, each in told["operations"].items()
    }


def test_every_reference_leads_somewhere() -> None:
    """All references stay inside the document and find something."""
    whole = made()

    assert all(looked_up(whole, each) for each in references(whole))


def test_messages_are_complete() -> None:
    """Each message has a payload and an example; each channel's parameters are the contract's words."""
    whole = made()

    assert all(each["payload"] and each["examples"] for each in whole["components"]["messages"].values())
    assert len(whole["channels"]["relations"]["messages"]) == 6
    parameters = {name: each["parameters"] for name, each in whole["channels"].items()}
    assert parameters["relation-results"]["outcome"]["enum"] == list(get_args(Outcome))
    assert parameters["relation-dead-letters"]["reason"]["enum"] == list(get_args(Reason))


def test_what_the_format_cannot_say() -> None:
    """Retries and dead letters stand at the operation that takes, with every reason."""
    taking = made()["operations"]["relations"]

    assert taking["x-retry"]["delivery"]["attempts"] == 8
    assert taking["x-dead-letter"]["reasons"].keys() == set(get_args(Reason))


def test_security_without_secrets() -> None:
    """How to log in is told, and none of the secrets."""
    whole = made(Credentials(user="u", password="s3cr3t-word"))

    (server,) = whole["servers"].values()
    assert looked_up(whole, server["security"][0]["$ref"])["type"] == "userPassword"
    assert b"s3cr3t-word" not in orjson.dumps(whole)


def test_command(folder: Path) -> None:
    """The command prints the document of the configured broker."""
    (folder / "relation-worker.toml").write_text('[broker]\nurl = "nats://one:4222, nats://two:4333"\n')

    told: Any = command("asyncapi").json

    assert told["asyncapi"].startswith("3.")
    assert {each["host"] for each in told["servers"].values()} == {"one:4222", "two:4333"}


@pytest.mark.process
def test_valid_for_the_official_parser(node_folder: Path) -> None:
    """AsyncAPI's own parser takes the document, and refuses one with an action that there is not."""
    good = made()
    bad = made()
    bad["operations"]["relations"]["action"] = "swallow"

    taken = node(node_folder, VALIDATE, stdin=orjson.dumps(good).decode())
    refused = node(node_folder, VALIDATE, stdin=orjson.dumps(bad).decode())

    assert (taken.returncode, taken.stdout) == (0, "3.0.0 3 channels\n"), taken.stdout + taken.stderr
    assert refused.returncode == 1
    assert "action" in refused.stdout
