"""How many calls a vendor allows in how many seconds."""

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

UNITS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
MOST_CALLS = 1_000_000
LEAST_SECONDS = 0.001
MOST_SECONDS = 366 * 86_400

_TEXT = re.compile(r"(?P<calls>[0-9]{1,7})/(?P<many>[0-9]{1,9}(?:\.[0-9]{1,9})?)?(?P<unit>s|min|h|d)")


@dataclass(frozen=True, slots=True)
class Quota:
    """No window of `seconds` may hold more than `calls` calls."""

    calls: int
    seconds: float

    def __post_init__(self) -> None:
        if not 1 <= self.calls <= MOST_CALLS:
            raise ValueError(f"a quota allows 1 to {MOST_CALLS} calls, not {self.calls}")
        if not (math.isfinite(self.seconds) and LEAST_SECONDS <= self.seconds <= MOST_SECONDS):
            raise ValueError(f"a quota's window is a millisecond to a year long, not {self.seconds} s")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "2/s", "50/min", "15/h", "100/d" or "50/2s"; raises ValueError."""
        found = _TEXT.fullmatch(text.strip())
        if found is None:
            raise ValueError(f'{text!r} is no quota: write it like "2/s", "50/min", "15/h" or "50/2s"')
        seconds = Decimal(found["many"] or 1) * UNITS[found["unit"]]
        return cls(int(found["calls"]), float(seconds))

    def __str__(self) -> str:
        """Return the shortest text that `parse` reads back as this quota."""
        unit = next(unit for unit in ("d", "h", "min", "s") if unit == "s" or not self.seconds % UNITS[unit])
        many = format(Decimal(repr(self.seconds)) / UNITS[unit], "f")
        many = many.rstrip("0").rstrip(".") if "." in many else many
        return f"{self.calls}/{'' if many == '1' else many}{unit}"
