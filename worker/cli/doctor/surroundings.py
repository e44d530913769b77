"""Checks of broker and journal."""

import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from worker.brokers.base import BrokerError, BrokerSetupError
from worker.cli.doctor.finding import Finding, clocks
from worker.cli.exits import Problem
from worker.cli.ledger import SQLITE, check_file, opened
from worker.journal.errors import JournalError

if TYPE_CHECKING:
    from worker.brokers.inspection import Inspected
    from worker.journal.journal import Journal
    from worker.settings import Settings

PAYLOAD = 1.5  # what a message may need beside an event of the largest size
DAY = 86400.0


async def broker(read: "Settings") -> list[Finding]:
    """Look at the broker that the settings name, or at what an embedded one needs."""
    from worker.brokers.embedded import find
    from worker.brokers.inspection import inspected
    from worker.brokers.streams import StreamLimits
    from worker.starting import credentials

    section, url = read.broker, read.broker.url
    if section.embedded:
        try:
            url = find(section.folder)
        except BrokerError:
            return [embedded(read)]
    try:
        found = await inspected(url, credentials(section), StreamLimits(max_age=section.max_age))
    except (BrokerError, OSError, ssl.SSLError) as error:
        mend = "" if isinstance(error, BrokerSetupError) else "start it, or correct broker.url and broker.tls"
        return [Finding("broker", url, "bad", str(error), mend or "as it says")]
    return [*server(found, read.worker.max_event_bytes), *streams(found)]


def embedded(read: "Settings") -> Finding:
    """Say whether the embedded broker could start; it does with the worker."""
    from worker.brokers.process import program

    section = read.broker
    try:
        path = program(str(section.server) if section.server else None)
    except BrokerSetupError as error:
        return Finding("broker", "embedded", "bad", str(error), "install it, or name it as broker.server")
    return Finding("broker", "embedded", "note", f"{path} starts with `relation-worker run`; it does not run now")


def server(found: "Inspected", largest: int) -> Iterator[Finding]:
    yield Finding("broker", found.where, "good", f"version {found.version}")
    if found.max_payload < largest:
        said = f"it takes messages of {found.max_payload} bytes, and worker.max_event_bytes is {largest}"
        yield Finding("broker", found.where, "warning", said, "raise max_payload at the server, or lower the option")
    if found.clock is not None:
        yield clocks(f"broker {found.where}", (datetime.now(UTC) - found.clock).total_seconds())


def streams(found: "Inspected") -> Iterator[Finding]:
    for name, wrong in found.streams.items():
        if wrong is None:
            yield Finding("streams", name, "note", "it is not there yet; `relation-worker run` makes it")
        elif wrong:
            mend = f"nats stream edit {name}, or back it up and delete it: the next start makes it anew"
            yield Finding("streams", name, "bad", "; ".join(wrong), mend)
        else:
            yield Finding("streams", name, "good", "its settings fit")


async def journal(read: "Settings") -> AsyncIterator[Finding]:
    """Look at the journal: whether it opens, what its clock says, whom it knows."""
    url = read.journal.url
    try:
        check_file(read)
    except Problem:
        yield Finding("journal", url, "note", "it is not there yet; `relation-worker run` makes it")
        return
    try:
        async with opened(read) as found:
            yield Finding("journal", url, "good", "it opens")
            yield clocks(f"journal {url}", (datetime.now(UTC) - await found.clock()).total_seconds())
            for each in await accounts(read, found):
                yield each
            for each in await backlogs(read, found):
                yield each
    except JournalError as error:
        mend = "as it says" if url.startswith(SQLITE) else "start the database, or correct journal.url and its password"
        yield Finding("journal", url, "bad", str(error), mend)


async def accounts(read: "Settings", found: "Journal") -> list[Finding]:
    """Look for connections that mean another account than before, or are gone while events wait."""
    from worker.delivery.accounts import gone
    from worker.targets.registry import TARGETS

    targets = {name: TARGETS[each.target].target(each) for name, each in read.connections.items()}
    lost = await gone(found, targets)
    made = [Finding("journal", "connections", "bad", line, "as it says") for line in lost.splitlines()]
    for name, target in targets.items():
        known = await found.accounts.identity(name)
        host, account = target.identity()
        if known is not None and (known.target, known.host, known.account) != (target.name, host, account):
            said = f"it was {known.target} {known.host} {known.account}, and is {target.name} {host} {account} now"
            mend = f"put the old one back, or for a new key: relation-worker connections rekey {name}"
            made.append(Finding("journal", name, "bad", said, mend))
    return made


async def backlogs(read: "Settings", found: "Journal") -> list[Finding]:
    """Say where more waits than a day's quota brings away."""
    from worker.delivery.forecast import drained_in, told

    made = []
    for name, backlog in (await found.backlog()).items():
        options = read.connections.get(name)
        seconds = drained_in(backlog.live, options.quotas, options.batch) if options else 0.0
        if seconds > DAY:
            said = f"{backlog.live} events wait, and take at least {told(seconds)}"
            made.append(Finding("quotas", name, "warning", said, "ask the vendor for a larger plan, then raise quotas"))
    return made
