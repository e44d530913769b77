"""Silvasoft: customers and suppliers, guarded by two headers."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from worker.sandbox.effects import EffectLog
from worker.sandbox.exchange import Answer, Asked, html_answer, json_answer
from worker.sandbox.silvasoft_find import find
from worker.sandbox.silvasoft_relations import Page, Relations, RuleError, stamped

ENTRY = re.compile(r"/rest/([A-Za-z]+)/?")
OPERATIONS = {
    ("POST", "addprivaterelation"): "create",
    ("POST", "addbusinessrelation"): "create",
    ("PUT", "updaterelation"): "update",
    ("GET", "listrelations"): "find",
    ("POST", "checkrelation"): "find",
}
EMPTY = {"list": b"[]", "object": b"{}"}


@dataclass(frozen=True, slots=True)
class SilvasoftOptions:
    """What the pages leave open, to be chosen.

    `page`: the seed's matches by number and name, today's by number and e-mail. `empty`: the form of an empty
    answer. `blanks`: an empty string in an update empties a text, else it counts as absent as in a create.
    """

    page: Page = "seed"
    empty: Literal["list", "object"] = "list"
    blanks: bool = True


class Silvasoft:
    """One administration with one API user, whose key is drawn at the start."""

    name = "silvasoft"

    def __init__(self, options: SilvasoftOptions | None = None) -> None:
        self.options = options or SilvasoftOptions()
        self.api_key = secrets.token_urlsafe(30)
        self.username = f"it-{secrets.token_hex(3)}@example.org"
        self.reset()

    def settings(self, root: str) -> dict[str, str]:
        return {
            "target": self.name,
            "base_url": f"{root}/rest/",
            "api_key": self.api_key,
            "username": self.username,
        }

    def state(self) -> dict[str, dict[str, Any]]:
        return self._relations.state()

    def reset(self) -> None:
        self._relations = Relations(self.options.page, blanks=self.options.blanks)

    def control(self, command: Mapping[str, Any]) -> dict[str, Any]:
        raise ValueError(f"Silvasoft has no command {sorted(command)}")

    def too_fast(self) -> Answer:
        # https://developers.silvasoft.nl/documentation/response-format-common-responses/, read November 2026
        return refusal(401, "UNAUTHORIZED", "Ratelimit exceeded")

    def operations(self, asked: Asked) -> tuple[str, ...]:
        operation = OPERATIONS.get((asked.method, endpoint(asked.path)))
        return (operation,) if operation else ()

    def answer(self, asked: Asked, effects: EffectLog) -> Answer:
        name = endpoint(asked.path)
        if (asked.method, name) not in OPERATIONS:
            return html_answer(404, "Not Found")
        if not self._is_known(asked.headers):
            return refusal(401, "UNAUTHORIZED", "Invalid authentication credentials")
        try:
            return self._done(name, asked, effects)
        except RuleError as error:
            return refusal(400, error.code, error.message)

    def _is_known(self, headers: Mapping[str, str]) -> bool:
        key = secrets.compare_digest(headers.get("ApiKey", "").encode(), self.api_key.encode())
        user = secrets.compare_digest(headers.get("Username", "").encode(), self.username.encode())
        return key and user

    def _done(self, name: str, asked: Asked, effects: EffectLog) -> Answer:
        if name == "listrelations":
            return self._listed(find(self._relations, asked.query))
        given = document_of(asked.body)
        if asked.refusal is not None and asked.refusal.concerns(given):
            return refusal(400, "VALIDATION_ERROR", asked.refusal.message)
        match name:
            case "addprivaterelation":
                return self._listed([self._relations.add_private(given, stamped(asked, effects))])
            case "addbusinessrelation":
                return self._listed([self._relations.add_business(given, stamped(asked, effects))])
            case "checkrelation":
                email = str(given.get("Email") or "")
                return json_answer({"RelationFound": self._relations.by_email(email) is not None})
        updated = self._relations.update(given, stamped(asked, effects))
        # https://developers.silvasoft.nl/documentation/response-format-common-responses/, read November 2026:
        # a write that answers 200 with an empty object has done nothing.
        return json_answer({}) if updated is None else self._listed([updated])

    def _listed(self, relations: list[dict[str, Any]]) -> Answer:
        return json_answer(relations) if relations else Answer(200, EMPTY[self.options.empty])


def endpoint(path: str) -> str:
    found = ENTRY.fullmatch(path)
    return found[1].lower() if found else ""


def document_of(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RuleError("INVALID_JSON", "The JSON could not be read") from None
    if not isinstance(document, dict):
        raise RuleError("INVALID_JSON", "A JSON object is expected")
    return document


def refusal(status: int, code: str, message: str) -> Answer:
    return json_answer({"errorCode": code, "errorMessage": message}, status)
