"""Options by which dead letters are chosen, equal for all commands."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from worker.cli.exits import Exit, Problem, nothing
from worker.cli.ledger import with_journal
from worker.cli.options import settings
from worker.cli.output import note

if TYPE_CHECKING:
    from worker.dead_letters.errors import DeadLetterError
    from worker.dead_letters.service import DeadLetters
    from worker.journal.journal import Journal
    from worker.journal.letters import Filter
    from worker.settings import Settings

Answer = TypeVar("Answer")
Many = list[str] | None

Ids = Annotated[Many, typer.Argument(help="Ids, as `dead list` tells them.", show_default=False)]
Connections = Annotated[Many, typer.Option("--connection", help="Only of this connection.")]
Reasons = Annotated[Many, typer.Option("--reason", help="Only for this reason.")]
Subjects = Annotated[Many, typer.Option("--subject", help="Only of this relation.")]
Sources = Annotated[Many, typer.Option("--source", help="Only from this producer.")]
Fingerprints = Annotated[Many, typer.Option("--fingerprint", help="Only of this cause.")]
Operations = Annotated[Many, typer.Option("--operation", help="Only create, update or delete.")]
Statuses = Annotated[list[int] | None, typer.Option("--status", min=100, max=999, help="Only with this HTTP status.")]
Since = Annotated[str | None, typer.Option("--since", help="Buried since: a moment (RFC 3339) or how long ago (2h).")]
Until = Annotated[str | None, typer.Option("--until", help="Buried before: a moment or how long ago.")]
Why = Annotated[str, typer.Option("--why", help="The reason, for those who read of it later.")]
Yes = Annotated[bool, typer.Option("--yes", help="Everything is meant, where nothing is chosen by.")]
OPERATIONS = ("create", "update", "delete")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the options of a command choose by; one that was not given chooses nothing."""

    ids: Many = None
    connections: Many = None
    reasons: Many = None
    subjects: Many = None
    sources: Many = None
    fingerprints: Many = None
    operations: Many = None
    statuses: list[int] | None = None
    since: str | None = None
    until: str | None = None

    def filter(self) -> "Filter":
        """Return it as the journal asks; raises Problem for words that mean nothing."""
        from worker.journal.letters import Filter

        for operation in self.operations or ():
            if operation not in OPERATIONS:
                nothing("operation", operation, list(OPERATIONS))
        return Filter(
            ids=self.ids or (),
            connections=self.connections or (),
            reasons=known_reasons(self.reasons or ()),
            fingerprints=self.fingerprints or (),
            sources=self.sources or (),
            subjects=self.subjects or (),
            operations=self.operations or (),
            statuses=self.statuses or (),
            since=moment("--since", self.since),
            until=moment("--until", self.until),
        )


def known_reasons(given: Sequence[str]) -> Sequence[str]:
    from schemas.dead_letter import ACTIONS

    for reason in given:
        if reason not in ACTIONS:
            nothing("reason", reason, list(ACTIONS))
    return given


def moment(option: str, text: str | None) -> datetime | None:
    """Return a moment as it is written, or so long ago."""
    from worker.targets.options import seconds

    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    except ValueError:
        pass
    try:
        return datetime.now(UTC) - timedelta(seconds=seconds(text))
    except (ValueError, OverflowError) as error:
        hint = "write 2026-03-02T09:00:00Z, or 2h for two hours ago"
        raise Problem(f"{option} {text!r} is no moment", Exit.USAGE, hint=hint) from error


def served(config: Path | None, ask: "Callable[[DeadLetters], Awaitable[Answer]]") -> Answer:
    """Open the journal, ask the service, close it; what it refuses ends the command."""
    from worker.dead_letters.errors import DeadLetterError

    read = settings(config)
    try:
        return with_journal(read, lambda journal: ask(service(read, journal)))
    except DeadLetterError as error:
        raise refused(error) from error


def none_here(config: Path | None, connections: Many) -> None:
    """Say that nothing is there, and where a name is nobody's, that too: it may be misspelt."""
    from worker.configuration.findings import meant, shown
    from worker.journal.rows import INTAKE

    known = {*settings(config).connections, INTAKE}
    for name in connections or ():
        if name not in known:
            note(f"the settings have no connection {shown(name)}{meant(name, known)}")
    note("no dead letters")


def service(read: "Settings", journal: "Journal") -> "DeadLetters":
    from worker.dead_letters.service import DeadLetters
    from worker.intake.decode import Decoder

    section = read.worker
    decoder = Decoder(
        max_event_bytes=section.max_event_bytes,
        unknown_fields=section.unknown_fields,
        type_prefix=section.type_prefix,
    )
    return DeadLetters(journal, read.connections, decoder, section.max_event_bytes)


def refused(error: "DeadLetterError") -> Problem:
    """Return how a refusal ends the command: nothing was changed."""
    from worker.dead_letters.errors import BoundlessError, DamagedError, PatchError, UnknownError

    match error:
        case UnknownError():
            return Problem(str(error), Exit.NOTHING)
        case BoundlessError():
            hint = "choose with --connection, --reason and the like, or say --yes"
            return Problem(str(error), Exit.USAGE, hint=hint)
        case PatchError() | DamagedError():
            return Problem(str(error), Exit.REFUSED)
        case _:
            return Problem(str(error))
