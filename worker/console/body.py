"""What may be sent to the console, checked: selections, plans, reasons."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

import orjson
from aiohttp import web
from multidict import MultiMapping
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from schemas.dead_letter import Reason
from schemas.problem import detail
from schemas.value import LINE, LINES
from worker.console.problem import ProblemError
from worker.dead_letters.document import Terms
from worker.dead_letters.errors import DeadLetterError
from worker.journal.letters import Filter
from worker.sending.quota import Quota
from worker.targets.options import Duration

Short = Annotated[str, Field(min_length=1, max_length=255, pattern=LINE)]
Why = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=LINES),
    Field(description="Why; it is kept with the deed."),
]
Sent = TypeVar("Sent", bound="Body")
# A wrong encoding, boundary or part: each raises as its codec does, an encoding of transfer that is none RuntimeError.
FORM_ERRORS = (ValueError, LookupError, RuntimeError)
# How a query calls one value of a list that a document names in the plural.
PLURALS: Mapping[str, str] = {
    "id": "ids",
    "connection": "connections",
    "reason": "reasons",
    "fingerprint": "fingerprints",
    "source": "sources",
    "subject": "subjects",
    "operation": "operations",
    "status": "statuses",
}


class Body(BaseModel):
    """Something that was sent: unknown members are refused, so that no typo changes what is meant."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Selection(Body):
    """Which dead letters are meant; what is left out does not choose."""

    ids: tuple[Short, ...] = ()
    connections: tuple[Short, ...] = ()
    reasons: tuple[Reason, ...] = ()
    fingerprints: tuple[Short, ...] = ()
    sources: tuple[Short, ...] = ()
    subjects: tuple[Short, ...] = ()
    operations: tuple[Literal["create", "update", "delete"], ...] = ()
    statuses: tuple[Annotated[int, Field(ge=100, le=999)], ...] = ()
    since: AwareDatetime | None = Field(default=None, description="Buried at this moment or later.")
    until: AwareDatetime | None = Field(default=None, description="Buried before this moment.")

    def filter(self, state: Literal["open", "resolved", "discarded"] = "open") -> Filter:
        """Return it as the journal takes it."""
        return Filter(**dict(self), state=state)


class Wanted(Body):
    """A selection that must say so when it means everything."""

    select: Selection = Selection()
    everything: bool = Field(default=False, description="Must be true where the selection chooses by nothing.")


class Discarding(Wanted):
    """Dead letters to give up."""

    why: Why


class Undoing(Wanted):
    """Discarded letters to bring back."""


class Planning(Wanted):
    """A replay to plan."""

    why: Why
    patch: tuple[dict[str, Any], ...] = Field(default=(), description="A JSON Patch (RFC 6902) over the whole event.")
    force: bool = Field(default=False, description="Also where newer data has been applied since.")
    share: Annotated[float, Field(ge=0, lt=1)] = Field(default=0.0, description="Part of the quota taken from live.")
    rate: Annotated[str, Field(max_length=40)] | None = Field(default=None, description="At most so fast: 2/s, 50/min.")
    canary: Annotated[int, Field(ge=0, le=10_000)] = Field(default=3, description="So many go first, and must pass.")

    def terms(self) -> Terms:
        """Return the terms of the plan; raises ProblemError."""
        try:
            rate = Quota.parse(self.rate) if self.rate else None
            return Terms(self.why, self.patch, self.force, self.share, rate, self.canary)
        except (ValueError, DeadLetterError) as error:
            raise ProblemError(422, str(error)) from error


class Pausing(Body):
    """A connection to pause."""

    why: Why
    seconds: Duration | None = Field(
        default=None, description="So long, seconds or text like 10min; else until resumed."
    )


class Reason_(Body):  # noqa: N801 -- `Reason` is the closed set of contract.md 4.3
    """Why a plan is held or ended."""

    why: Annotated[str, Field(max_length=1000, pattern=LINES)] = ""


class Empty(Body):
    """Nothing to say."""


def checked(model: type[Sent], given: Any) -> Sent:
    """Return what was given as the model has it; raises ProblemError that names the field."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise ProblemError(422, detail(error)) from error


async def body(request: web.Request, model: type[Sent]) -> Sent:
    """Read a JSON body; an empty one is an empty object."""
    raw = await request.read()
    if raw and request.content_type != "application/json":
        raise ProblemError(415, "Send JSON: Content-Type: application/json.")
    try:
        given = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError as error:
        raise ProblemError(400, f"The body is not JSON, at character {error.pos + 1}.") from error
    return checked(model, given)


async def form(request: web.Request) -> MultiMapping[Any]:
    """Read a form, with its files; raises ProblemError where it is none."""
    try:
        found = await request.post()
    except FORM_ERRORS as error:
        raise ProblemError(400, "This is no form that can be read.") from error
    if any(isinstance(value, str) and "\0" in value for value in found.values()):
        raise ProblemError(400, "A form may hold no NUL.")
    return found


def selection(query: MultiMapping[str]) -> Selection:
    """Return the selection that a query or a form makes; empty values do not choose."""
    given: dict[str, Any] = {
        plural: values
        for one, plural in PLURALS.items()
        if (values := [each for each in query.getall(one, ()) if each])
    }
    given |= {name: moment(query[name]) for name in ("since", "until") if query.get(name)}
    return checked(Selection, given)


def moment(text: str) -> str:
    """Return a moment with its offset: a browser's field for it has none, and means UTC here."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if found.tzinfo else f"{text}Z"


def whole(query: MultiMapping[str], name: str, default: int, most: int) -> int:
    """Return a number from a query, within its bounds."""
    given = query.get(name, "")
    if not given:
        return default
    if not (given.isascii() and given.isdigit() and len(given) <= len(str(most)) and 1 <= int(given) <= most):
        raise ProblemError(400, f"{name}: must be a number from 1 to {most}")
    return int(given)
