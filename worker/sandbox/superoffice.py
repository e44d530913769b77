"""SuperOffice CRM: tenant state, log-in and the REST resource Relation.

The layout under one root, for a client with another base than the vendor's:
`<root>/api/state/<Cust>`, `<root>/Login/api/PartnerSystemUser/Authenticate`,
`<root>/login/common/oauth/tokens`, `<root>/login/.well-known/jwks`,
`<root>/<Cust>/api/v1/Relation` (online) and `<root>/api/v1/Relation` (onsite, with Basic).
When the tenant is moved to a host, its API is at `<root>/<host>/<Cust>/api/v1/Relation`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import orjson

from worker.sandbox.effects import EffectLog
from worker.sandbox.exchange import Answer, Asked, html_answer, json_answer
from worker.sandbox.superoffice_access import Access, Lifetimes
from worker.sandbox.superoffice_archive import archive
from worker.sandbox.superoffice_relations import (
    EntityError,
    Relations,
    Source,
    Stored,
    Tenant,
    seven_digits,
)

CUSTOMER = re.compile(r"cust\d+")
METHODS = {"POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete", "GET": "find"}
Auth = Literal["system_user", "refresh_token", "ticket", "bearer", "basic"]

# https://docs.superoffice.com/en/developer-portal/best-practices/tenant-status/, read November 2026
STATES = {
    0: "Unknown",
    1: "Provisioning",
    2: "Running",
    3: "Deleted",
    4: "Suspended",
    5: "OnlineMaintenance",
    6: "OfflineMaintenance",
    8: "ProvisioningFailed",
    10: "Deleting",
    11: "DeleteFailed",
    12: "MigrationPending",
}
OPEN = frozenset({2, 5})


@dataclass(frozen=True, slots=True)
class SuperOfficeOptions:
    """`auth`: which way in the settings offer; all are open. `missing_delete`: 404 or 204, nobody says."""

    customer: str = "Cust12345"
    auth: Auth = "system_user"
    tenant: Tenant = field(default_factory=Tenant)
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    missing_delete: int = 404
    state_valid: float = 300.0


class SuperOffice:
    """One tenant, with an installation online and one on site over the same records."""

    name = "superoffice"

    def __init__(self, options: SuperOfficeOptions | None = None) -> None:
        self.options = options or SuperOfficeOptions()
        self.access = Access(self.options.customer, self.options.lifetimes)
        self.reset()

    def reset(self) -> None:
        self._relations = Relations(self.options.tenant)
        self._host = ""
        self._state = 2

    def settings(self, root: str) -> dict[str, str]:
        if self.options.auth == "basic":
            return {"target": self.name, "environment": "onsite", "base_url": root, **self._credentials()}
        return {
            "target": self.name,
            "environment": "online",
            "customer_id": self.options.customer,
            "base_url": root,
            **self._credentials(),
        }

    def _credentials(self) -> dict[str, str]:
        access = self.access
        far_away = float("inf")
        match self.options.auth:
            case "system_user":
                given = {"app_token": access.app_token, "system_user_token": access.system_user_token}
                given["private_key"] = access.private_key
            case "refresh_token":
                given = {"client_id": access.client_id, "client_secret": access.app_token}
                given |= {"refresh_token": access.refresh_token, "redirect_uri": access.redirect_uri}
            case "ticket":
                given = {"ticket": access.open_ticket(far_away), "app_token": access.app_token}
            case "bearer":
                given = {"access_token": access.open_access_token(far_away)}
            case "basic":
                given = {"username": access.username, "password": access.password}
        return {"auth": self.options.auth, **given}

    def state(self) -> dict[str, dict[str, Any]]:
        return self._relations.state()

    def control(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Know `move` (a host's name), `tenant_state` (a number) and `expire` (true: end all sessions)."""
        unknown = command.keys() - {"move", "tenant_state", "expire"}
        if unknown:
            raise ValueError(f"SuperOffice has no command {sorted(unknown)}")
        if command.get("tenant_state", 2) not in STATES:
            raise ValueError(f"tenant_state is one of {sorted(STATES)}")
        self._host = str(command.get("move", self._host)).strip("/").lower()
        self._state = command.get("tenant_state", self._state)
        if command.get("expire"):
            self.access.expire()
        return {"host": self._host, "tenant_state": STATES[self._state], "logins": self.access.logins}

    def too_fast(self) -> Answer:
        # How the vendor throttles is not documented; status and form are a guess.
        return error(EntityError(429, "SoThrottledException", "Too many requests"))

    def operations(self, asked: Asked) -> tuple[str, ...]:
        path = asked.path.lower()
        if "/api/state/" in path:
            return ("state",)
        if path.startswith("/login/"):
            return ("token",)
        return (METHODS.get(asked.method, asked.method),)

    def answer(self, asked: Asked, effects: EffectLog) -> Answer:
        parts = [part for part in asked.path.lower().split("/") if part]
        match parts:
            case ["api", "state", customer]:
                return self._tenant_state(customer, asked)
            case ["login", "common", "oauth", "tokens"] if asked.method == "POST":
                return self.access.refresh(asked)
            case ["login", "api", "partnersystemuser", "authenticate"] if asked.method == "POST":
                return self.access.authenticate(asked)
            case ["login", ".well-known", "jwks"]:
                return self.access.keys()
            case ["api", "v1", "relation", *rest]:
                return self._guarded(rest, asked, effects, online=False)
        return self._online(parts, asked, effects)

    def _online(self, parts: list[str], asked: Asked, effects: EffectLog) -> Answer:
        home = [*([self._host] if self._host else []), self.options.customer.lower()]
        if parts[: len(home)] != home:
            misdirected = any(CUSTOMER.fullmatch(part) for part in parts[:2])
            if misdirected:
                return Answer(421, b"Wrong subdomain used to access tenant", "text/plain")
            return html_answer(404, "Not Found")
        if self._state not in OPEN:
            return html_answer(503, "Service Unavailable")
        match parts[len(home) :]:
            case ["api", "v1", "relation", *rest]:
                return self._guarded(rest, asked, effects, online=True)
        return html_answer(404, "Not Found")

    def _tenant_state(self, customer: str, asked: Asked) -> Answer:
        known = customer == self.options.customer.lower()
        state = self._state if known else 0
        host = f"/{self._host}" if self._host else ""
        endpoint = f"{asked.root}{host}/{self.options.customer}"
        return json_answer(
            {
                "ContextIdentifier": self.options.customer if known else customer,
                "Endpoint": endpoint if known else None,
                "State": STATES[state],
                "IsRunning": state in OPEN,
                "ValidUntil": seven_digits(asked.at + self.options.state_valid),
                "Api": f"{endpoint}/api" if known else None,
                "Version": "sandbox",
            }
        )

    def _guarded(self, rest: list[str], asked: Asked, effects: EffectLog, *, online: bool) -> Answer:
        refused = self.access.refusal(asked.headers, asked.moment, online=online)
        if refused is not None:
            return error(EntityError(refused[0], "SoAuthenticationException", refused[1]))
        if asked.refusal is not None:
            return error(EntityError(asked.refusal.code, "SoException", asked.refusal.message))
        try:
            return self._rest(rest, asked, Source(asked.number, asked.at, effects))
        except EntityError as problem:
            return error(problem)

    def _rest(self, rest: list[str], asked: Asked, source: Source) -> Answer:
        match asked.method, rest:
            case "POST", []:
                return self._shown(self._relations.create(document_of(asked.body), source), asked)
            case "GET", []:
                return json_answer(archive(self._relations, asked.query, f"{asked.root}{asked.path}"))
            case "GET", ["default"]:
                return json_answer(self._relations.template())
            case _, [number] if number.isdecimal():
                return self._one(int(number), asked, source)
        raise EntityError(404, "SoNotFoundException", "There is no such resource")

    def _one(self, number: int, asked: Asked, source: Source) -> Answer:
        if asked.method == "DELETE" and self.options.missing_delete == 204 and not self._has(number):  # noqa: PLR2004 -- the status itself
            return Answer(204)
        stored = self._relations.get(number)
        if asked.method != "GET" and is_newer(stored, asked.headers.get("If-Unmodified-Since")):
            raise EntityError(412, "SoPreconditionException", "Changed since then")
        match asked.method:
            case "GET" if is_not_newer(stored, asked.headers.get("If-Modified-Since")):
                return Answer(304)
            case "GET":
                return self._shown(stored, asked)
            case "PUT":
                return self._shown(self._relations.replace(number, document_of(asked.body), source), asked)
            case "PATCH":
                return self._shown(self._relations.patch(number, document_of(asked.body), source), asked)
            case "DELETE":
                self._relations.delete(number, source)
                return Answer(204)
        raise EntityError(405, "SoException", "Method not allowed")

    def _has(self, number: int) -> bool:
        return any(stored.id == number for stored in self._relations)

    def _shown(self, stored: Stored, asked: Asked) -> Answer:
        entity = self._relations.entity(stored)
        columns = asked.query.get("$select", "")
        if columns:
            wanted = {column.strip().lower() for column in columns.split(",")}
            entity = {name: value if name.lower() in wanted else None for name, value in entity.items()}
        path = asked.path.rstrip("/")
        archive_path = path if asked.method == "POST" else path.rpartition("/")[0]
        links = {"Self": f"{asked.root}{archive_path}/{stored.id}", "Archive": f"{asked.root}{archive_path}"}
        return json_answer({**entity, "_Links": links})


def document_of(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise EntityError(400, "SoException", "The body is no JSON") from None


def error(problem: EntityError) -> Answer:
    # https://docs.superoffice.com/en/api/web-services/endpoints/rest-webapi/, read November 2026
    content = {
        "Error": True,
        "ErrorType": problem.kind,
        "ErrorMessage": problem.message,
        "ErrorSource": "sandbox",
    }
    return json_answer(content, problem.status)


def http_date(text: str | None) -> float | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def is_newer(stored: Stored, date: str | None) -> bool:
    since = http_date(date)
    return since is not None and stored.updated > since


def is_not_newer(stored: Stored, date: str | None) -> bool:
    since = http_date(date)
    return since is not None and stored.updated <= since
