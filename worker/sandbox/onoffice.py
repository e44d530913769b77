"""onOffice enterprise: one URL, signed actions, errors in two levels."""

import hmac
import re
import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from worker.sandbox.effects import EffectLog
from worker.sandbox.exchange import Answer, Asked, html_answer, json_answer
from worker.sandbox.onoffice_relations import ActionError, Relations, Rules, Source
from worker.sandbox.onoffice_types import MESSAGES

ACTION_PREFIX = "urn:onoffice-de-ns:smart:2.5:smartml:action:"
ENTRY = re.compile(r"/api/[^/]+/api\.php")
OPERATIONS = {"create": "create", "modify": "update", "delete": "delete", "get": "find"}
KNOWN_ACTIONS = frozenset({*OPERATIONS, "read", "do"})
# https://apidoc.onoffice.de/allgemeine-hinweise/, read November 2026
TOLERANCE = 120.0

# How an action's error shows at the top: not at all, repeated with code 500, or as "look into the actions".
ErrorShape = Literal["action", "repeated", "look_inside"]


@dataclass(frozen=True, slots=True)
class OnOfficeOptions:
    """`extended_claim`: the tenant is a marketplace user's, and each action must carry it."""

    rules: Rules = field(default_factory=Rules)
    extended_claim: str | None = None
    error_shape: ErrorShape = "action"


class OnOffice:
    """A tenant with one API user, whose token and secret are drawn at the start."""

    name = "onoffice"

    def __init__(self, options: OnOfficeOptions | None = None) -> None:
        self.options = options or OnOfficeOptions()
        self.token = secrets.token_hex(16)
        self.secret = secrets.token_hex(32)
        self._relations = Relations(self.options.rules)

    def settings(self, root: str) -> dict[str, str]:
        given = {
            "target": self.name,
            "base_url": f"{root}/api/stable/api.php",
            "token": self.token,
            "secret": self.secret,
        }
        if self.options.extended_claim is not None:
            given["extended_claim"] = self.options.extended_claim
        return given

    def state(self) -> dict[str, dict[str, Any]]:
        return self._relations.state()

    def reset(self) -> None:
        self._relations = Relations(self.options.rules)

    def control(self, command: Mapping[str, Any]) -> dict[str, Any]:
        raise ValueError(f"onOffice has no command {sorted(command)}")

    def too_fast(self) -> Answer:
        # Nothing is documented; other clients take 429 for it, so that is what they get.
        return json_answer(envelope(500, 1, "too many requests", []), status=429)

    def operations(self, asked: Asked) -> tuple[str, ...]:
        try:
            actions = orjson.loads(asked.body)["request"]["actions"]
            names = [str(action["actionid"]).removeprefix(ACTION_PREFIX) for action in actions]
        except (ValueError, LookupError, TypeError):
            return ()
        return tuple(OPERATIONS.get(name, name) for name in names)

    def answer(self, asked: Asked, effects: EffectLog) -> Answer:
        if ENTRY.fullmatch(asked.path) is None:
            return html_answer(404, "Not Found")
        try:
            actions = self._actions(asked.body)
        except ActionError as error:
            return json_answer(envelope(400 if error.code in {13, 22} else 500, error.code, "", []))
        results = [self._result(action, asked, effects) for action in actions]
        return json_answer(self._enveloped(results))

    def _enveloped(self, results: list[dict[str, Any]]) -> dict[str, Any]:
        codes = [result["status"]["errorcode"] for result in results]
        worst = next((code for code in codes if code), 0)
        if not worst or self.options.error_shape == "action":
            return envelope(200, 0, "OK", results)
        return envelope(500, worst if self.options.error_shape == "repeated" else 97, "", results)

    def _actions(self, body: bytes) -> list[Any]:
        if not body.strip():
            raise ActionError(9)
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise ActionError(4) from None
        if not isinstance(document, dict) or not isinstance(document.get("token"), str):
            raise ActionError(13)
        if not hmac.compare_digest(document["token"].encode(), self.token.encode()):
            raise ActionError(22)
        request = document.get("request")
        if not isinstance(request, dict):
            raise ActionError(14)
        actions = request.get("actions")
        if not isinstance(actions, list) or not actions:
            raise ActionError(15)
        return actions

    def _result(self, action: Any, asked: Asked, effects: EffectLog) -> dict[str, Any]:
        try:
            records = self._act(action, asked, effects)
        except ActionError as error:
            return result(action, [], error.code, error.message)
        return result(action, {"meta": {"cntabsolute": None}, "records": records}, 0, "")

    def _act(self, action: Any, asked: Asked, effects: EffectLog) -> list[dict[str, Any]]:
        check_form(action)
        self._check_signature(action, asked.at)
        parameters = action["parameters"] or {}
        self._check_claim(parameters)
        if asked.refusal is not None and asked.refusal.concerns(action):
            raise ActionError(asked.refusal.code, asked.refusal.message)
        source = Source(asked.number, str(action.get("identifier") or ""), effects)
        match (action["actionid"].removeprefix(ACTION_PREFIX), action["resourcetype"]):
            case ("create", "relation"):
                return self._relations.create(parameters, source)
            case ("modify", "relation"):
                return self._relations.modify(parameters, source)
            case ("delete", "relation"):
                return self._relations.delete(parameters, source)
            case ("get", "idsfromrelation"):
                return self._relations.related(parameters)
        raise ActionError(25)

    def _check_signature(self, action: Mapping[str, Any], at: float) -> None:
        signature, timestamp = action.get("hmac"), action.get("timestamp")
        if not isinstance(signature, str):
            raise ActionError(243)
        if not str(timestamp).isdecimal() or abs(int(str(timestamp)) - at) > TOLERANCE:
            raise ActionError(136)
        signed = f"{timestamp}{self.token}{action['resourcetype']}{action['actionid']}"
        digest = hmac.digest(self.secret.encode(), signed.encode(), "sha256")
        right = hmac.compare_digest(signature.encode(), b64encode(digest))
        if not right or str(action.get("hmac_version")) != "2":
            raise ActionError(137)

    def _check_claim(self, parameters: Mapping[str, Any]) -> None:
        if self.options.extended_claim is None:
            return
        claim = parameters.get("extendedclaim")
        if not isinstance(claim, str) or not claim:
            raise ActionError(193)
        if claim != self.options.extended_claim:
            raise ActionError(248)


def check_form(action: Any) -> None:
    if not isinstance(action, dict):
        raise ActionError(247)
    if not isinstance(action.get("actionid"), str):
        raise ActionError(16)
    if not isinstance(action.get("resourcetype"), str):
        raise ActionError(19)
    # PHP sends an empty map as an empty list.
    if not isinstance(action.get("parameters"), dict) and action.get("parameters") != []:
        raise ActionError(20)
    name = action["actionid"].removeprefix(ACTION_PREFIX)
    if name == action["actionid"] or name not in KNOWN_ACTIONS:
        raise ActionError(23)


def result(action: Any, data: Any, code: int, message: str) -> dict[str, Any]:
    given = action if isinstance(action, dict) else {}
    return {
        "actionid": given.get("actionid"),
        "resourceid": given.get("resourceid", ""),
        "resourcetype": given.get("resourcetype"),
        "cacheable": False,
        "identifier": given.get("identifier"),
        "data": data,
        "status": {"errorcode": code, "message": message or MESSAGES.get(code, "error")},
    }


def envelope(code: int, errorcode: int, message: str, results: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "status": {
            "code": code,
            "errorcode": errorcode,
            "message": message or MESSAGES.get(errorcode, "error"),
        },
        "response": {"results": results},
    }
