"""The nouns `event` and `relation`: what became of one, at every connection."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from worker.cli.exits import nothing
from worker.cli.ledger import with_journal
from worker.cli.options import AsJson, ConfigFile, settings
from worker.cli.output import note, say, show_json, show_table

if TYPE_CHECKING:
    from worker.journal.history import Passage
    from worker.journal.rows import RelationState

events = typer.Typer(help="Follow one event.", no_args_is_help=True)
relations = typer.Typer(help="Look at one relation.", no_args_is_help=True)

Source = Annotated[str | None, typer.Option("--source", help="Only of this source.")]
COLUMNS = ("connection", "event", "operation", "state", "note", "since", "tries", "calls")


@events.command("show")
def show_event(
    event: Annotated[str, typer.Argument(metavar="ID", help="The event's id.")],
    config: ConfigFile = None,
    *,
    source: Source = None,
    as_json: AsJson = False,
) -> None:
    """Show what became of an event at each connection."""
    found = with_journal(settings(config), lambda journal: journal.event(event, source)) or nothing("event", event)
    if as_json:
        show_json([one.as_json() for one in found])
        return
    show_table(COLUMNS, [passage_row(one) for one in found], numbers=("tries", "calls"))


@relations.command("show")
def show_relation(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The relation's key upstream: the event's subject.")],
    config: ConfigFile = None,
    *,
    source: Source = None,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many deliveries.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show what each connection has of a relation, and its latest deliveries."""
    states, passages = with_journal(settings(config), lambda journal: journal.relation(key, source, most))
    if not states and not passages:
        nothing("relation", key)
    if as_json:
        shown = {"states": [one.as_json() for one in states], "deliveries": [one.as_json() for one in passages]}
        show_json(shown)
        return
    show_states(states)
    say()
    show_table(COLUMNS, [passage_row(one) for one in passages], numbers=("tries", "calls"))
    if len(passages) == most:
        note(f"the latest {most}; --most shows more")


def show_states(states: "list[RelationState]") -> None:
    if not states:
        say("no connection shows it yet")
        return
    columns = ("connection", "source", "shown as", "remote id", "sequence")
    show_table(
        columns,
        [
            (one.connection, one.source, "deleted" if one.deleted else "live", one.remote_id, one.sequence)
            for one in states
        ],
    )


def passage_row(one: "Passage") -> tuple[Any, ...]:
    state = f"{one.state} (replay)" if one.rank == "replay" else one.state
    return (
        one.connection,
        one.event_id,
        one.operation,
        state,
        one.note,
        one.settled_at or one.received_at,
        one.attempts,
        one.calls,
    )
