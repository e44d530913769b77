"""Events and relations, for programs: publish one, and follow it."""

from urllib.parse import quote

from aiohttp import web

from schemas.cloudevent import Event
from worker.brokers.base import BrokerError, Message, Publication
from worker.brokers.publisher import event_subject
from worker.console import deed
from worker.console.api.operation import answer
from worker.console.body import whole
from worker.console.problem import ProblemError, nothing
from worker.console.sources import SOURCES, Sources
from worker.errors import InvalidMessageError


async def publish(request: web.Request) -> web.Response:
    """Check one CloudEvent, structured or binary, write down who sends it, and publish it to the stream."""
    sources, raw = request.app[SOURCES], await request.read()
    headers = tuple(
        (name, value)
        for name, value in request.headers.items()
        if name.lower().startswith("ce-") or name.lower() == "content-type"
    )
    event = checked(sources, headers, raw)
    publication = Publication(event_subject(event.operation, event.kind), f"{event.source}#{event.id}", raw, headers)
    told = {"id": event.id, "source": event.source, "subject": event.subject}
    await sources.journal.audit.append(deed.who(request), "event.publish", told | {"type": event.type}, sources.now())
    try:
        await sources.broker.publish([publication])
    except BrokerError as error:
        raise ProblemError(503, "The broker did not take the event.", hint="publish it again; its id stays") from error
    place = f"/api/events/{quote(event.id, safe='')}"
    response = answer(told | {"status": place}, 202)
    response.headers["Location"] = place
    return response


def checked(sources: Sources, headers: tuple[tuple[str, str], ...], raw: bytes) -> Event:
    """Return the event as intake would read it; raises ProblemError with what intake would say."""
    message = Message("", "", 0, "", headers, raw, sources.now())
    try:
        return sources.decoder.decode(message).event
    except InvalidMessageError as error:
        raise ProblemError(422, error.detail, reason=error.reason) from error


async def event(request: web.Request) -> web.Response:
    """Tell what became of an event at each connection."""
    wanted = request.match_info["id"]
    found = await request.app[SOURCES].journal.event(wanted, request.query.get("source") or None)
    if not found:
        raise nothing("event", wanted)
    return answer([each.as_json() for each in found])


async def relation(request: web.Request) -> web.Response:
    """Tell what each connection has of a relation, and its latest deliveries."""
    key, most = request.match_info["key"], whole(request.query, "most", 100, 10_000)
    states, passages = await request.app[SOURCES].journal.relation(key, request.query.get("source") or None, most)
    if not states and not passages:
        raise nothing("relation", key)
    told = {"states": [each.as_json() for each in states], "deliveries": [each.as_json() for each in passages]}
    return answer(told)
