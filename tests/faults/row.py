"""One line of the table, and the table."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields


@dataclass(slots=True)
class Row:
    """What one scenario came to; `recovery_seconds` is the longest wait for the next change after a fault's end.

    `duplicate_calls`: writes that a vendor took beyond one for each applied delivery; `duplicate_effects`: those of
    them that changed something.
    """

    scenario: str
    runs: int = 0
    produced: int = 0
    applied: int = 0
    superseded: int = 0
    dead_lettered: int = 0
    lost: int = 0
    duplicate_calls: int = 0
    duplicate_effects: int = 0
    out_of_order: int = 0
    recovery_seconds: float | None = None

    @property
    def holds(self) -> bool:
        """Whether what must never happen did not."""
        return not (self.lost or self.duplicate_effects or self.out_of_order)


NAMES = tuple(each.name for each in fields(Row))


@dataclass(slots=True)
class Outcome:
    """A row, in words whatever else was not as it should be, and why letters were buried."""

    row: Row
    problems: list[str] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether the scenario went as promised."""
        return self.row.holds and not self.problems


def table(rows: Iterable[Row]) -> str:
    """Return the rows as a table of Markdown."""
    cells = [[text(value) for value in asdict(row).values()] for row in rows]
    return "\n".join([line(NAMES), line(["---", *["---:"] * (len(NAMES) - 1)]), *map(line, cells)])


def line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def text(value: object) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
