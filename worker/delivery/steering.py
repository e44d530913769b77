"""A person pauses or resumes a connection, whoever works it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Literal

from worker.journal.errors import LeaseLostError
from worker.journal.journal import Journal
from worker.journal.rows import Paused, Resumed

Action = Literal["pause", "resume"]
ANSWER_WITHIN = 10.0  # seconds that a running worker has to answer
EVERY = 0.05


class UnansweredError(Exception):
    """The owner of a connection has not answered in time; the request stays in the journal."""


async def steer(
    journal: Journal, name: str, action: Action, detail: dict[str, Any], by: str, at: datetime
) -> str | None:
    """Ask the worker that has the connection and return its name, or write it down for the next one."""
    await journal.audit.append(by, action, {"connection": name, **detail}, at)
    owner = await owner_of(journal, name)
    if owner is not None:
        await answered(journal, name, action, detail, by, at, ANSWER_WITHIN)
        return owner
    try:
        await journal.commit(change(name, by, action, detail, at))
    except LeaseLostError:  # a worker writes only for what it holds; the next owner finds the request
        await journal.requests.ask(name, action, detail, by, at)
    return None


def change(name: str, by: str, action: Action, detail: dict[str, Any], at: datetime) -> Paused | Resumed:
    """Return what the journal keeps of it."""
    if action == "resume":
        return Resumed(name, by)
    seconds = detail["seconds"]
    return Paused(name, by, detail["why"], None if seconds is None else at + timedelta(seconds=seconds))


async def owner_of(journal: Journal, name: str) -> str | None:
    """Return who works the connection now."""
    now = await journal.clock()
    return next((one.owner for one in await journal.leases() if one.name == name and one.until > now), None)


async def answered(journal: Journal, name: str, action: str, detail: Any, by: str, at: datetime, within: float) -> Any:
    """Ask the connection's owner, and wait for its answer; raises UnansweredError."""
    number = await journal.requests.ask(name, action, detail, by, at)
    try:
        async with asyncio.timeout(within):
            while True:
                found = await journal.requests.one(number)
                if found is not None and found.answered_at is not None:
                    return found.answer
                await asyncio.sleep(EVERY)
    except TimeoutError:
        raise UnansweredError(f"{name}: its worker has not answered within {within:.0f} s") from None
