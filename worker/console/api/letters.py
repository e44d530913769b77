"""Dead letters and their replays, for programs."""

from aiohttp import web

from worker.console import deed, view
from worker.console.api.operation import answer
from worker.console.body import Discarding, Empty, Planning, Reason_, Undoing, body, selection, whole
from worker.console.pages.letters import state_of
from worker.console.sources import SOURCES
from worker.dead_letters.service import DeadLetters

LINES = "application/x-ndjson"


def service(request: web.Request) -> DeadLetters:
    return request.app[SOURCES].dead_letters


async def groups(request: web.Request) -> web.Response:
    """Tell causes."""
    return answer([view.cause(each) for each in await service(request).groups(selection(request.query).filter())])


async def page(request: web.Request) -> web.Response:
    """Tell letters, and where the next page begins."""
    query = request.query
    wanted, most = selection(query).filter(state_of(query)), whole(query, "most", 100, 1000)
    found = await service(request).page(wanted, most + 1, query.get("after") or None)
    after = found[most - 1].letter.id if len(found) > most else None
    return answer({"letters": [view.letter(each) for each in found[:most]], "after": after})


async def case(request: web.Request) -> web.Response:
    """Tell all that is known of one letter."""
    return answer(view.case_file(await deed.tried(service(request).show(request.match_info["letter"]))))


async def discard(request: web.Request) -> web.Response:
    """Give letters up."""
    asked = await body(request, Discarding)
    work = service(request).discard(asked.select.filter(), deed.who(request), asked.why, everything=asked.everything)
    return answer({"discarded": await deed.tried(work)})


async def undo(request: web.Request) -> web.Response:
    """Bring discarded letters back."""
    asked = await body(request, Undoing)
    wanted = asked.select.filter()
    deed.check_bounds(wanted, everything=asked.everything)
    return answer({"undone": await deed.tried(service(request).undo(wanted, deed.who(request)))})


async def export(request: web.Request) -> web.StreamResponse:
    """Send letters as JSON lines, complete."""
    lines = service(request).export(selection(request.query).filter(state_of(request.query)))
    response = web.StreamResponse(headers={"Content-Type": LINES})
    response.headers["Content-Disposition"] = 'attachment; filename="dead-letters.jsonl"'
    await response.prepare(request)
    async for line in lines:
        await response.write(line if line.endswith(b"\n") else line + b"\n")
    return response


async def take_in(request: web.Request) -> web.Response:
    """Take in what was exported elsewhere, all or none."""
    found = await deed.tried(service(request).take_in(await request.read(), deed.who(request)))
    return answer({"new": list(found.new), "known": list(found.known)})


async def plans(request: web.Request) -> web.Response:
    """Tell plans, the newest first."""
    return answer([view.plan(each) for each in await service(request).plans(whole(request.query, "most", 100, 1000))])


async def plan(request: web.Request) -> web.Response:
    """Tell how far one plan is."""
    return answer(view.progress(await deed.tried(service(request).progress(request.match_info["plan"]))))


async def make(request: web.Request) -> web.Response:
    """Make a plan; nothing is sent until it is applied."""
    asked = await body(request, Planning)
    work = service(request).plan(asked.select.filter(), asked.terms(), deed.who(request), everything=asked.everything)
    return answer(view.plan(await deed.tried(work)), status=201)


async def rehearse(request: web.Request) -> web.Response:
    """Tell what a plan would do, without making it."""
    asked, most = await body(request, Planning), whole(request.query, "most", 20, 200)
    work = service(request).rehearse(asked.select.filter(), asked.terms(), everything=asked.everything, most=most)
    return answer(view.rehearsal(await deed.tried(work)))


async def rehearsal(request: web.Request) -> web.Response:
    """Tell what a plan would do with what it has still to replay."""
    most = whole(request.query, "most", 20, 200)
    work = service(request).rehearse_plan(request.match_info["plan"], most)
    return answer(view.rehearsal(await deed.tried(work)))


async def apply(request: web.Request) -> web.Response:
    """Let a plan begin."""
    await body(request, Empty)
    return answer(view.plan(await deed.tried(service(request).apply(request.match_info["plan"], deed.who(request)))))


async def pause(request: web.Request) -> web.Response:
    """Hold a plan."""
    asked = await body(request, Reason_)
    work = service(request).pause(request.match_info["plan"], deed.who(request), asked.why)
    return answer(view.plan(await deed.tried(work)))


async def resume(request: web.Request) -> web.Response:
    """Go on with a plan."""
    await body(request, Empty)
    return answer(view.plan(await deed.tried(service(request).resume(request.match_info["plan"], deed.who(request)))))


async def cancel(request: web.Request) -> web.Response:
    """End a plan for good."""
    asked = await body(request, Reason_)
    work = service(request).cancel(request.match_info["plan"], deed.who(request), asked.why)
    return answer(view.plan(await deed.tried(work)))
