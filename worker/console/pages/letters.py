"""Dead letters: causes, lists, case files; discarding and its undoing."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from multidict import MultiDict, MultiMapping

from schemas.dead_letter import ACTIONS
from worker.console import deed
from worker.console.body import PLURALS, Selection, checked, form, selection, whole
from worker.console.language import BEGINNING
from worker.console.page import rendered, see
from worker.console.problem import ProblemError
from worker.console.sources import SOURCES
from worker.dead_letters.reading import CaseFile
from worker.journal.letters import Filter, LetterState

PAGE = 50
MOST = 500
STATES: tuple[LetterState, ...] = ("open", "resolved", "discarded")
FIELDS = (*PLURALS, "since", "until")
NOTED = {"said", "many"}  # of the change before this page
CASE: Mapping[str, Any] = dict.fromkeys(
    ("action", "applied_in_part", "last_call", "maybe_applied", "message", "traceparent", "tries", "worker")
)
TRY: Mapping[str, Any] = dict.fromkeys(("at", "waited_seconds", "calls", "verdict", "status", "message"))
CALL: Mapping[str, Any] = dict.fromkeys(("method", "url", "request", "status", "response", "seconds"))


async def groups(request: web.Request) -> web.Response:
    """Show causes, the most frequent first."""
    service = request.app[SOURCES].dead_letters
    found = await service.groups(selection(request.query).filter())
    total = sum(one.group.count for one in found)
    return rendered(request, "groups.html", {"causes": found, "total": total, "chosen": chosen(request.query)})


async def letters(request: web.Request) -> web.Response:
    """Show a list of letters, page by page."""
    sources, query = request.app[SOURCES], request.query
    state = state_of(query)
    wanted = selection(query).filter(state)
    most, now = whole(query, "most", PAGE, MOST), sources.now()
    found = await sources.dead_letters.page(wanted, most + 1, query.get("after") or None)
    context = {
        "letters": found[:most],
        "more": address(query, after=found[most - 1].letter.id) if len(found) > most else None,
        "count": await sources.dead_letters.count(wanted),
        "chosen": chosen(query),
        "query": query,
        "state": state,
        "reasons": list(ACTIONS),
        "connections": sorted(sources.settings.connections),
        "now": now,
    }
    return rendered(request, "letters.html", context)


def state_of(query: MultiMapping[str]) -> LetterState:
    """Return which letters are asked for: open ones unless it says otherwise."""
    given = query.get("state") or "open"
    for state in STATES:
        if given == state:
            return state
    raise ProblemError(400, f"state: must be one of {', '.join(STATES)}")


def chosen(query: MultiMapping[str]) -> list[tuple[str, str]]:
    """Return what a query chooses by, for links and hidden fields."""
    return [(name, value) for name in FIELDS for value in query.getall(name, ()) if value]


def address(query: MultiMapping[str], **changed: str) -> str:
    """Return the address of the same list, changed in some respect."""
    pairs: MultiDict[str] = MultiDict((name, value) for name, value in query.items() if value and name not in NOTED)
    for name, value in changed.items():
        pairs[name] = value
    return f"?{urlencode(list(pairs.items()))}"


async def case(request: web.Request) -> web.Response:
    """Show all that is known of one letter."""
    found = await deed.tried(request.app[SOURCES].dead_letters.show(request.match_info["letter"]))
    return rendered(request, "case.html", {"file": found, "original": original(found), **told(found)})


def original(found: CaseFile) -> dict[str, Any]:
    """Return the beginning of the exact input: from the journal, or as much as the case file keeps."""
    told = found.case.get("original") or {}
    headers, body, cut = tuple((told.get("headers") or {}).items()), told.get("body"), bool(told.get("cut"))
    if body is None and told.get("body_base64"):
        body = base64.b64decode(told["body_base64"]).decode("utf-8", "backslashreplace")
    if found.received is not None:
        headers, raw = found.received.headers, found.received.body
        body, cut = raw[:BEGINNING].decode("utf-8", "backslashreplace"), len(raw) > BEGINNING
    return {"headers": headers, "body": body or "", "cut": cut, "size": told.get("size"), "mode": told.get("mode")}


def told(found: CaseFile) -> dict[str, Any]:
    """Return what the case file says, nothing missing: it may be an older worker's."""
    case = {**CASE, **found.case}
    call = case["last_call"]
    return {
        "case": case,
        "received_at": (case["message"] or {}).get("received_at"),
        "tries": [{**TRY, **each} for each in case["tries"] or ()],
        "call": {**CALL, **call} if call else None,
    }


async def discard_one(request: web.Request) -> web.Response:
    """Give one letter up, for a reason."""
    letter = request.match_info["letter"]
    why = str((await form(request)).get("why", ""))
    await discarded(request, Filter(ids=(letter,)), why, everything=False)
    return see(f"/dead/letters/{letter}", "discarded")


async def undo_one(request: web.Request) -> web.Response:
    """Bring a discarded letter back."""
    letter = request.match_info["letter"]
    service = request.app[SOURCES].dead_letters
    await deed.tried(service.undo(Filter(ids=(letter,)), deed.who(request)))
    return see(f"/dead/letters/{letter}", "undone")


async def discard_all(request: web.Request) -> web.Response:
    """Give up what a selection chooses and the page has shown, for a reason."""
    pairs = text_pairs((await form(request)).items())
    wanted, everything = selection(pairs).filter(), pairs.get("everything") == "yes"
    deed.check_bounds(wanted, everything=everything)
    shown = as_seen(wanted, pairs.get("seen", ""))
    many = await discarded(request, shown, pairs.get("why", ""), everything=everything)
    return see(f"/dead/letters{address(MultiDict(chosen(pairs)), state='discarded')}", "discarded_many", many)


def as_seen(wanted: Filter, seen: str) -> Filter:
    """Return the filter without what was buried after the page was made: nobody has looked at that."""
    shown = checked(Selection, {"until": seen}).until if seen else None
    bounds = [each for each in (wanted.until, shown) if each]
    return replace(wanted, until=min(bounds)) if bounds else wanted


async def undo_all(request: web.Request) -> web.Response:
    """Bring back what a selection chooses of the discarded."""
    pairs = text_pairs((await form(request)).items())
    service = request.app[SOURCES].dead_letters
    wanted = selection(pairs).filter("discarded")
    deed.check_bounds(wanted, everything=False)
    many = await deed.tried(service.undo(wanted, deed.who(request)))
    return see(f"/dead/letters{address(MultiDict(chosen(pairs)), state='open')}", "undone_many", many)


async def discarded(request: web.Request, wanted: Filter, why: str, *, everything: bool) -> int:
    service = request.app[SOURCES].dead_letters
    return await deed.tried(service.discard(wanted, deed.who(request), why, everything=everything))


def text_pairs(items: Any) -> MultiDict[str]:
    """Return the fields of a form that are text; files have no place in ours."""
    return MultiDict((name, value) for name, value in items if isinstance(value, str))
