"""How onOffice is asked: actions, signed, several in one request."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson

from worker.sending.wire import Request
from worker.targets.base import Step
from worker.targets.onoffice.settings import URN, OnOfficeSettings
from worker.targets.onoffice.triple import Triple

# https://apidoc.onoffice.de/onoffice-api-request/aufbau/, read 2026-01
ACTION = "urn:onoffice-de-ns:smart:2.5:smartml:action:"
HEADERS: Mapping[str, str] = {"Content-Type": "application/json", "Accept": "application/json"}

Verb = Literal["create", "modify", "delete", "get"]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing asked of onOffice; `about` names the link for people."""

    verb: Verb
    resource: Literal["relation", "idsfromrelation"]
    identifier: str
    parameters: Mapping[str, Any]
    about: str


@dataclass(frozen=True, slots=True)
class Ask:
    """The body of a step; of a `probe` only refusals that are about us count."""

    actions: tuple[Action, ...]
    probe: bool = False


def whole(verb: Verb, identifier: str, link: Triple, info: Mapping[str, str]) -> Action:
    """Return a create or modify: all pairs of the link at once.

    https://apidoc.onoffice.de/actions/datensatz-anlegen/relationen/, read 2026-01
    """
    parameters: dict[str, Any] = {"childid": list(link.children), "parentid": list(link.parents)}
    if info:
        parameters["relationinfo"] = dict(info)
    parameters["relationtype"] = URN + link.tail
    return Action(verb, "relation", identifier, parameters, str(link))


def single(identifier: str, link: Triple) -> Action:
    """Return a delete, which takes one pair and wants numbers, not arrays.

    https://apidoc.onoffice.de/actions/datensatz-loeschen/relations/, read 2026-01
    """
    ((parent, child),) = link.pairs
    parameters = {"childid": child, "parentid": parent, "relationtype": URN + link.tail}
    return Action("delete", "relation", identifier, parameters, str(link))


def look(identifier: str, link: Triple) -> Action:
    """Return the question for what is tied to the end of the link that is a single record.

    https://apidoc.onoffice.de/actions/informationen-abfragen/relationen/, read 2026-01
    """
    side, ids = ("parentids", link.parents) if len(link.parents) == 1 else ("childids", link.children)
    parameters = {side: list(ids), "relationtype": URN + link.tail}
    return Action("get", "idsfromrelation", identifier, parameters, str(link))


def step(actions: Sequence[Action], keys: frozenset[str], *, repeatable: bool = True) -> Step:
    return Step(Ask(tuple(actions)), "actions", keys, repeatable, len(actions))


def request(settings: OnOfficeSettings, steps: Sequence[Step], now: datetime) -> Request:
    """Return the request that carries these steps, each action signed for this moment."""
    token = settings.token.get_secret_value()
    moment = int(now.timestamp())
    wired = [_wired(settings, action, moment) for step in steps for action in step.body.actions]
    body = orjson.dumps({"token": token, "request": {"actions": wired}})
    return Request(
        "POST",
        settings.base_url,
        headers=HEADERS,
        body=body,
        secrets=(*secrets(settings), *(action["hmac"] for action in wired)),
    )


def secrets(settings: OnOfficeSettings) -> tuple[str, ...]:
    """Return what must never be seen, as it is and as it stands in JSON."""
    held = (settings.token, settings.secret, settings.extended_claim)
    plain = [secret.get_secret_value() for secret in held if secret is not None]
    return tuple(dict.fromkeys((*plain, *(orjson.dumps(secret)[1:-1].decode() for secret in plain))))


def signature(settings: OnOfficeSettings, action: Action, moment: int) -> str:
    """Return the HMAC, version 2, of an action: parameters and identifier are not covered by it.

    https://apidoc.onoffice.de/onoffice-api-request/request-elemente/action/, read 2026-01
    """
    signed = f"{moment}{settings.token.get_secret_value()}{action.resource}{ACTION}{action.verb}"
    key = settings.secret.get_secret_value().encode()
    return b64encode(hmac.new(key, signed.encode(), hashlib.sha256).digest()).decode()


def _wired(settings: OnOfficeSettings, action: Action, moment: int) -> dict[str, Any]:
    parameters = dict(action.parameters)
    if settings.extended_claim is not None:
        parameters["extendedclaim"] = settings.extended_claim.get_secret_value()
    return {
        "actionid": ACTION + action.verb,
        "resourceid": "",
        "resourcetype": action.resource,
        "identifier": action.identifier,
        "timestamp": moment,
        "hmac": signature(settings, action, moment),
        "hmac_version": "2",
        "parameters": dict(sorted(parameters.items())),
    }
