"""What commands print: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from worker.telemetry.terminal import printable

if TYPE_CHECKING:
    from rich.table import Table

# Columns that give way on a narrow terminal; all others keep their lines whole.
FOLDING = {"relation", "event", "detail", "note", "message", "value", "said", "why"}
PIPE_WIDTH = 100_000  # nobody looks: never cut or fold


def say(text: str = "") -> None:
    """Print one line of ours; text of strangers goes through `printable` first."""
    sys.stdout.write(f"{printable(text)}\n")


def note(text: str) -> None:
    """Tell a person something beside the answer."""
    sys.stderr.write(f"{printable(text)}\n")


def show_json(value: Any) -> None:
    """Print JSON, keys sorted, in ASCII: equal answers are equal bytes, and no terminal obeys one."""
    sys.stdout.write(json.dumps(value, indent=2, sort_keys=True, default=str) + "\n")


def show_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, numbers: Iterable[str] = ()) -> None:
    """Print a table; in a pipe it is aligned text with one row a line, whole."""
    from rich.console import Console

    table = drawn(columns, rows, set(numbers))
    if sys.stdout.isatty():
        Console(markup=False, highlight=False, emoji=False).print(table)
        return
    console = Console(width=PIPE_WIDTH, markup=False, highlight=False, emoji=False, no_color=True)
    with console.capture() as captured:
        console.print(table)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def drawn(columns: Sequence[str], rows: Iterable[Sequence[Any]], numbers: set[str]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        justify: Literal["left", "right"] = "right" if column in numbers else "left"
        table.add_column(column, justify=justify, overflow="fold", no_wrap=column not in FOLDING)
    for row in rows:
        table.add_row(*(Text(cell(value)) for value in row))
    return table


def cell(value: Any) -> str:
    """Return a value as it stands in a table: on one line, harmless."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment(value)
    return printable(str(value))


def moment(at: datetime) -> str:
    """Return a moment for people, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")


def show_fields(fields: Iterable[tuple[str, Any]]) -> None:
    """Print names and values, a pair a line; longer texts keep their lines, set in."""
    pairs = [(name, value) for name, value in fields if value is not None]
    wide = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        first, *rest = cell_lines(value)
        sys.stdout.write(f"{name:<{wide}}  {first}\n")
        sys.stdout.writelines(f"{'':<{wide}}  {line}\n" for line in rest)


def cell_lines(value: Any) -> list[str]:
    if isinstance(value, str):
        return [printable(line) for line in value.splitlines()] or [""]
    return [cell(value)]
