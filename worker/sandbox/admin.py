"""The sandbox's own door, `/_sandbox/`: what happened, and what shall go wrong."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from worker.sandbox.faults import Fault
from worker.sandbox.hints import Form
from worker.sandbox.quota import Quota, Semantics
from worker.sandbox.sandbox import Limits, Sandbox

PREFIX = "/_sandbox"
PAGE = 1000


class LimitsAsked(BaseModel):
    """Limits as they come over the wire; what is not named goes back to its default."""

    model_config = ConfigDict(extra="forbid")

    quotas: list[str] = []
    semantics: Semantics = "sliding"
    phase: float | None = None
    seed: int = 0
    count_refused: bool = False
    hint: Form = "seconds"
    announce: Form = "none"
    latency: float = 0.0
    jitter: float = 0.0

    def limits(self) -> Limits:
        quotas = tuple(Quota.parse(text) for text in self.quotas)
        return Limits(quotas, self.semantics, self.phase, self.seed, self.count_refused, self.hint, self.announce)


class Admin:
    """JSON over one sandbox; a wrong request is answered with 400 and says why."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._doors: dict[tuple[str, str], Callable[[web.BaseRequest], Awaitable[Any]]] = {
            ("GET", ""): self._summary,
            ("GET", "effects"): self._effects,
            ("GET", "state"): self._state,
            ("GET", "calls"): self._calls,
            ("GET", "worst"): self._worst,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._spoil,
            ("DELETE", "faults"): self._mend,
            ("POST", "limits"): self._limit,
            ("POST", "control"): self._control,
            ("POST", "reset"): self._reset,
        }

    async def handle(self, request: web.BaseRequest) -> web.Response:
        name = request.path.removeprefix(PREFIX).strip("/")
        door = self._doors.get((request.method, name))
        if door is None:
            return answer({"error": f"nothing here; there are {self._names()}"}, 404)
        try:
            return answer(await door(request))
        except (ValueError, ValidationError) as error:
            return answer({"error": str(error)}, 400)

    def _names(self) -> list[str]:
        return [f"{method} {PREFIX}/{name}" for method, name in self._doors]

    async def _summary(self, _request: web.BaseRequest) -> Any:
        sandbox = self._sandbox
        return {
            "vendor": sandbox.vendor.name,
            "calls": sandbox.calls.count,
            "refused": sandbox.calls.refused,
            "in_flight": sandbox.calls.in_flight,
            "most_in_flight": sandbox.calls.most_in_flight,
            "effects": sandbox.effects.count,
            "records": len(sandbox.state()),
            "quotas": [str(quota) for quota in sandbox.limits.quotas],
        }

    async def _effects(self, request: web.BaseRequest) -> Any:
        key = request.query.get("key")
        found = self._sandbox.effects.all(after=number(request, "after", 0))
        wanted = [effect for effect in found if key is None or effect.key == key]
        return [effect.as_json() for effect in wanted[: number(request, "limit", PAGE)]]

    async def _state(self, _request: web.BaseRequest) -> Any:
        return self._sandbox.state()

    async def _calls(self, request: web.BaseRequest) -> Any:
        found = self._sandbox.calls.all(after=number(request, "after", 0))
        return [call.as_json() for call in found[: number(request, "limit", PAGE)]]

    async def _worst(self, request: web.BaseRequest) -> Any:
        quota = Quota.parse(request.query.get("quota", ""))
        return {"quota": str(quota), "worst": self._sandbox.calls.worst_window(quota.calls, quota.seconds)}

    async def _faults(self, _request: web.BaseRequest) -> Any:
        return [rule.as_json() for rule in self._sandbox.faults]

    async def _spoil(self, request: web.BaseRequest) -> Any:
        fault = Fault.model_validate_json(await request.read())
        return self._sandbox.spoil(fault).as_json()

    async def _mend(self, request: web.BaseRequest) -> Any:
        if "number" not in request.query:
            self._sandbox.faults.clear()
            return {"removed": True}
        return {"removed": self._sandbox.faults.remove(number(request, "number", 0))}

    async def _limit(self, request: web.BaseRequest) -> Any:
        asked = LimitsAsked.model_validate_json(await request.read())
        self._sandbox.limit(asked.limits())
        self._sandbox.latency, self._sandbox.jitter = asked.latency, asked.jitter
        return asked.model_dump()

    async def _control(self, request: web.BaseRequest) -> Any:
        command = orjson.loads(await request.read())
        if not isinstance(command, dict):
            raise ValueError("a command is an object")  # noqa: TRY004 -- the content is wrong, no caller's type
        return self._sandbox.vendor.control(command)

    async def _reset(self, _request: web.BaseRequest) -> Any:
        self._sandbox.reset()
        return await self._summary(_request)


def answer(content: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(content), content_type="application/json")


def number(request: web.BaseRequest, name: str, default: int) -> int:
    text = request.query.get(name, "")
    if text and not text.isdecimal():
        raise ValueError(f"{name} is no number")
    return int(text or default)
