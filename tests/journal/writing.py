"""A process that writes to a journal and says what it was told is written."""

import asyncio
import sys
from datetime import UTC, datetime

from worker.journal.journal import Journal
from worker.journal.rows import Delivery, Received, RelationState, Reported, Settled
from worker.telemetry import failpoints

BATCH = 8


def event(position: int) -> Delivery:
    """Return one delivery."""
    now = datetime.now(UTC)
    message = Received("R", position, "relation.created", now, (), b"{}")
    return Delivery("acme", position, "/crm", f"s-{position}", f"e-{position}", b"d", "create", message)


def ending(row: Delivery) -> Settled:
    """Return how it ended."""
    state = RelationState("acme", row.source, row.subject, str(row.position), False, row.position, None)
    return Settled("acme", row.position, "applied", 1, 1, datetime.now(UTC), b"{}", state)


def say(word: str, position: int) -> None:
    """Tell the parent at once."""
    sys.stdout.write(f"{word} {position}\n")
    sys.stdout.flush()


async def main(url: str, armed: str) -> None:
    """Take, settle and report for ever; each line is what is on disk."""
    journal = await Journal.open(url, worker="writing")
    failpoints.arm(armed)
    position = await journal.last_position()
    while True:
        batch = [event(position + number) for number in range(1, BATCH + 1)]
        position += BATCH
        await journal.take(batch)
        say("taken", position)
        await asyncio.gather(*(journal.commit(ending(row)) for row in batch))
        say("settled", position)
        await journal.commit(*(Reported("acme", row.position) for row in batch))
        say("reported", position)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
