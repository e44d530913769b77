"""Checks of each connection at its vendor: one harmless call."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from worker.cli.doctor.finding import Finding, clocks
from worker.cli.exits import Problem
from worker.cli.ledger import check_file, opened, person
from worker.journal.errors import JournalError

if TYPE_CHECKING:
    from worker.journal.journal import Journal
    from worker.settings import Settings


async def vendors(read: "Settings", within: float) -> list[Finding]:
    """Call each enabled connection's vendor once, by its owner if it has one, else under its lease."""
    names = sorted(name for name, options in read.connections.items() if options.enabled)
    if not names:
        return []
    try:
        check_file(read)
    except Problem:
        return await unowned(read, names, within)
    try:
        async with opened(read) as journal:
            return [each for name in names for each in await called(read, journal, name, within)]
    except JournalError:
        said = "not tried: without the journal nobody knows who has it and what its quota leaves"
        return [Finding("credentials", name, "note", said) for name in names]


async def unowned(read: "Settings", names: list[str], within: float) -> list[Finding]:
    """Call where no worker has ever worked: there is nobody to ask, and no use of quotas to know of."""
    from worker.journal.journal import Journal

    journal = await Journal.open("sqlite://", inline=True)
    try:
        return [each for name in names for each in await called(read, journal, name, within)]
    finally:
        await journal.close()


async def called(read: "Settings", journal: "Journal", name: str, within: float) -> list[Finding]:
    """Return what one call tells of credentials and clock."""
    from worker.cli.probing import probed
    from worker.delivery.steering import UnansweredError, answered, owner_of

    try:
        if await owner_of(journal, name) is None:
            told = await probed(journal, name, read.connections[name], within)
        else:
            told = await answered(journal, name, "check", {}, person(), datetime.now(UTC), within)
    except UnansweredError as error:
        return [Finding("credentials", name, "bad", str(error), "look at the worker's log; restart it if it hangs")]
    return findings(name, read.connections[name].target, told)


def findings(name: str, target: str, told: dict[str, Any]) -> list[Finding]:
    mend = f"check the secrets and base_url of connections.{name}, or wait until {target} is back"
    good = Finding("credentials", name, "good", told["said"])
    made = [good if told["ok"] else Finding("credentials", name, "bad", told["said"], mend)]
    if told.get("ahead") is not None:
        made.append(clocks(f"{target} of {name}", told["ahead"]))
    return made
