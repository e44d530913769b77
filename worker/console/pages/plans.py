"""Replays: planned, rehearsed, applied, watched, held, ended."""

import math
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web
from multidict import MultiMapping

from worker.console import body, deed
from worker.console.body import Planning, checked, selection
from worker.console.page import fragment, rendered, see
from worker.console.pages.letters import chosen, text_pairs
from worker.console.problem import ProblemError
from worker.console.sources import SOURCES
from worker.dead_letters.plans import OVER, Progress
from worker.journal.journal import Journal
from worker.journal.replays import PlannedLetter

TROUBLE_SHOWN = 25
DEFAULTS = {"why": "", "patch": "", "rate": "", "canary": "3", "share": "0", "force": ""}


@dataclass(frozen=True, slots=True)
class Stuck:
    """A letter that did not come through; `name` is what a person calls it."""

    letter: str
    name: str
    state: str
    why: str


async def plans(request: web.Request) -> web.Response:
    """Show plans, the newest first."""
    service = request.app[SOURCES].dead_letters
    found = [await service.progress(each.id) for each in await service.plans(50)]
    return rendered(request, "plans.html", {"plans": found})


async def new(request: web.Request) -> web.Response:
    """Ask how the chosen letters are to be replayed."""
    return await form(request, request.query, {})


async def form(request: web.Request, given: MultiMapping[str], more: dict[str, Any], status: int = 200) -> web.Response:
    """Show the form, with what was written in it before and what came of it."""
    service = request.app[SOURCES].dead_letters
    wanted = selection(given).filter()
    context = {
        "chosen": chosen(given),
        "count": await service.count(wanted),
        "filled": DEFAULTS | {name: given[name] for name in DEFAULTS if name in given},
        "everything": given.get("everything") == "yes",
        "sample": await service.page(wanted, 1),
        "rehearsal": None,
        "problem": None,
        **more,
    }
    return rendered(request, "plan_new.html", context, status=status)


async def make(request: web.Request) -> web.StreamResponse:
    """Make a plan, or show what one would do; what is wrong is told beside the form."""
    pairs = text_pairs((await body.form(request)).items())
    try:
        asked = planning(pairs)
        service, wanted, terms = request.app[SOURCES].dead_letters, asked.select.filter(), asked.terms()
        if pairs.get("do") == "rehearse":
            found = await deed.tried(service.rehearse(wanted, terms, everything=asked.everything))
            return await form(request, pairs, {"rehearsal": found})
        made = await deed.tried(service.plan(wanted, terms, deed.who(request), everything=asked.everything))
    except ProblemError as problem:
        return await form(request, pairs, {"problem": problem}, problem.status)
    return see(f"/plans/{made.id}", "planned")


def planning(pairs: MultiMapping[str]) -> Planning:
    """Return what the form asks for; raises ProblemError."""
    given: dict[str, Any] = {
        "select": selection(pairs),
        "everything": pairs.get("everything") == "yes",
        "why": pairs.get("why", "").strip(),
        "patch": patch(pairs.get("patch", "")),
        "force": pairs.get("force") == "yes",
        "share": number(pairs.get("share", ""), "share") / 100,
        "rate": pairs.get("rate", "").strip() or None,
        "canary": int(number(pairs.get("canary", "") or "3", "canary")),
    }
    return checked(Planning, given)


def patch(text: str) -> Any:
    """Return the JSON Patch that was written; nothing is none."""
    try:
        return orjson.loads(text) if text.strip() else ()
    except orjson.JSONDecodeError as error:
        raise ProblemError(422, f"The patch is not JSON, at character {error.pos + 1}.") from error


def number(text: str, name: str) -> float:
    """Return a number that was written in a field; nothing is zero."""
    try:
        found = float(text or 0)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise ProblemError(422, f"{name}: must be a number")
    return found


async def plan(request: web.Request) -> web.Response:
    """Show one plan: what it says, what it would do, how far it is."""
    context = await seen(request)
    service, progress = request.app[SOURCES].dead_letters, context["progress"]
    context["rehearsal"] = (
        await deed.tried(service.rehearse_plan(progress.view.id)) if progress.view.state == "ready" else None
    )
    return rendered(request, "plan.html", context)


async def seen(request: web.Request) -> dict[str, Any]:
    sources = request.app[SOURCES]
    progress = await deed.tried(sources.dead_letters.progress(request.match_info["plan"]))
    return {"progress": progress, "trouble": await trouble(request, progress), "is_over": progress.view.state in OVER}


async def trouble(request: web.Request, progress: Progress) -> list[Stuck]:
    """Return some of the letters that did not come through."""
    journal, found = request.app[SOURCES].journal, []
    for state in progress.counts:
        if state not in {"planned", "offered", "applied"}:
            found += await journal.replays.letters(progress.view.id, state, 0, TROUBLE_SHOWN)
    return [await stuck(journal, each) for each in found[:TROUBLE_SHOWN]]


async def stuck(journal: Journal, planned: PlannedLetter) -> Stuck:
    """Return a letter with what is known of it now."""
    buried = await journal.letters.one(planned.letter)
    if buried is None:
        return Stuck(planned.letter, planned.letter, planned.state, planned.note or "")
    letter = buried.letter
    why = planned.note or (letter.detail if planned.state == "dead_lettered" else "")
    return Stuck(letter.id, letter.subject or letter.event_id or letter.id, planned.state, why)


async def live(request: web.Request) -> dict[str, str]:
    """Return the parts of a plan's page that change by themselves."""
    context = await seen(request)
    return {
        "progress": fragment(request, "part/progress.html", context),
        "steering": fragment(request, "part/steering.html", context),
    }


async def steer(request: web.Request) -> web.Response:
    """Apply, pause, resume or cancel a plan."""
    service, by = request.app[SOURCES].dead_letters, deed.who(request)
    name, action = request.match_info["plan"], request.match_info["action"]
    why = str((await body.form(request)).get("why", ""))
    match action:
        case "apply":
            await deed.tried(service.apply(name, by))
        case "pause":
            await deed.tried(service.pause(name, by, why))
        case "resume":
            await deed.tried(service.resume(name, by))
        case _:
            await deed.tried(service.cancel(name, by, why))
    return see(f"/plans/{name}", SAID[action])


SAID = {"apply": "applied", "pause": "held", "resume": "going", "cancel": "cancelled"}
