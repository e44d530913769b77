"""The first page: how all connections stand, and what needs a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from worker.console import deed
from worker.console.board import Card
from worker.console.body import Pausing, checked, form
from worker.console.language import plural
from worker.console.page import fragment, rendered, see
from worker.console.pages.session import by_address
from worker.console.sources import BOARD, SOURCES
from worker.journal.letters import Filter
from worker.journal.rows import INTAKE

COUNTS = ("Nothing", "One thing", "Two things", "Three things", "Four things", "Five things", "Six things")


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for a person: a sentence, and where to see to it."""

    text: str
    link: str


async def overview(request: web.Request) -> web.Response:
    """Show the whole; with a token in the address, log in first."""
    if "token" in request.query:
        return await by_address(request)
    return rendered(request, "overview.html", await seen(request))


async def live(request: web.Request) -> dict[str, str]:
    """Return the parts of the overview that change by themselves."""
    context = await seen(request)
    parts = {"headline": fragment(request, "part/headline.html", context)}
    for card in context["cards"]:
        for part in ("figures", "steer"):
            parts[f"{part}-{card.name}"] = fragment(request, f"part/{part}.html", context | {"card": card})
    return parts


async def seen(request: web.Request) -> dict[str, Any]:
    sources = request.app[SOURCES]
    cards = await request.app[BOARD].cards()
    at_intake = await sources.dead_letters.count(Filter(connections=(INTAKE,)))
    found = needs(cards, at_intake, is_connected=sources.broker.connected)
    return {"cards": cards, "needs": found, "headline": headline(cards, found)}


def needs(cards: Sequence[Card], at_intake: int, *, is_connected: bool) -> list[Need]:
    """Return what a person should look at, the gravest first."""
    found = [] if is_connected else [Need("The broker does not answer; nothing new comes in.", "#top")]
    for card in cards:
        paused = card.standing.paused
        if paused is not None:
            found.append(Need(f"{card.name} is paused by {paused.by}: {paused.why}", f"#{card.name}"))
        elif card.standing.state not in {"at work", "disabled", "retired"}:
            found.append(Need(f"{card.name}: {card.standing.state}.", f"#{card.name}"))
        if card.inflow:
            found.append(Need(f"{card.name}: {card.inflow}.", f"#{card.name}"))
    buried = sum(card.standing.buried for card in cards) + at_intake
    if buried:
        verb = "waits" if buried == 1 else "wait"
        found.append(Need(f"{plural(buried, 'dead letter')} {verb} for a decision.", "/dead"))
    return found


def headline(cards: Sequence[Card], found: Sequence[Need]) -> str:
    """Return the state of everything in one sentence."""
    if not cards:
        return "No connections yet."
    waiting = sum(card.standing.waiting for card in cards)
    if found:
        return f"{COUNTS[len(found)] if len(found) < len(COUNTS) else f'{len(found)} things'} to look at."
    if waiting:
        return f"All is well. {plural(waiting, 'delivery', 'deliveries')} on the way."
    return "All is well. Nothing waits."


async def pause(request: web.Request) -> web.Response:
    """Pause a connection."""
    sent = await form(request)
    given = {"why": str(sent.get("why", "")).strip(), "seconds": str(sent.get("seconds", "")).strip() or None}
    owner = await deed.pause(request, checked(Pausing, given))
    return see("/", "later" if owner is None else "paused")


async def resume(request: web.Request) -> web.Response:
    """Open a paused connection again."""
    owner = await deed.resume(request)
    return see("/", "later" if owner is None else "resumed")
