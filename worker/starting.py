"""Waits for journal and broker, however long they are away, before there is a worker."""

import ssl
from asyncio import sleep
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from worker.brokers.base import Broker
from worker.brokers.client import Credentials
from worker.brokers.connection import waits
from worker.brokers.embedded import EmbeddedBroker
from worker.brokers.nats import NatsBroker
from worker.brokers.streams import StreamLimits
from worker.configuration.sections import BrokerSection, Tls
from worker.delivery import accounts
from worker.journal.errors import JournalAwayError
from worker.journal.journal import Journal
from worker.targets.base import Target
from worker.telemetry.absence import Absence


async def journal(opened: Callable[[], Awaitable[Journal]], targets: Mapping[str, Target], away: Absence) -> Journal:
    """Return the journal, seen to know these connections; raises JournalError where waiting mends nothing."""
    for seconds in waits():
        try:
            found = await opened()
            try:
                await accounts.check(found, targets)
            except BaseException:
                await found.close()
                raise
        except JournalAwayError as error:
            away(f"The journal does not answer, the start waits for it: {error}")
            await sleep(seconds)
        else:
            away.over("The journal answers")
            return found
    raise AssertionError("tries never end")


def broker(section: BrokerSection, tell: Callable[[str], None]) -> Broker:
    """Return the broker that the settings name."""
    limits = StreamLimits(max_age=section.max_age, replicas=section.replicas, is_chosen=section.max_bytes is not None)
    if section.max_bytes is not None:
        limits = limits.of(section.max_bytes)
    if section.embedded:
        program = str(section.server) if section.server else None
        return EmbeddedBroker(
            section.folder, program=program, sync=f"{section.sync_interval:g}s", limits=limits, tell=tell
        )
    return NatsBroker(section.url, credentials(section), limits=limits, tell=tell)


def credentials(section: BrokerSection) -> Credentials:
    """Return how we prove to the broker who we are."""
    given = section.credentials
    return Credentials(
        user=given.user,
        password=given.password.get_secret_value() if given.password else None,
        token=given.token.get_secret_value() if given.token else None,
        nkey=given.nkey.get_secret_value() if given.nkey else None,
        creds=Path(given.file) if given.file else None,
        tls=context(section.tls) if section.tls else None,
    )


def context(files: Tls) -> ssl.SSLContext:
    """Return whom we trust at the broker, and how it knows us."""
    trusted = ssl.create_default_context(cafile=files.ca)
    if files.certificate is not None:
        trusted.load_cert_chain(files.certificate, files.key)
    return trusted
