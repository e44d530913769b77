"""Numbers, times and durations as people read them."""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from markupsafe import Markup

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
NONE = "—"
NARROW = "\u202f"
JUST_NOW = 2  # seconds
BEGINNING = 64 * 2**10  # characters of one text that a page shows: hostile ones have many
FEW = 10  # below it a digit behind the point says something
SCALE: tuple[tuple[float, float, str], ...] = (
    (90, 1.0, "s"),
    (90 * MINUTE, MINUTE, "min"),
    (36 * HOUR, HOUR, "h"),
    (math.inf, DAY, "days"),
)


def number(value: float | None) -> str:
    """Return a count with its thousands set apart by narrow blanks."""
    return f"{value:,.0f}".replace(",", NARROW) if isinstance(value, int | float) else NONE.replace(",", "\u202f")


def span(seconds: float | None) -> str:
    """Return a duration in the unit that suits it."""
    if not isinstance(seconds, int | float):
        return NONE
    if math.isinf(seconds):
        return "no end in sight"
    if seconds < 1:
        return "under 1 s"
    unit, word = next(row[1:] for row in SCALE if seconds < row[0])
    value = seconds / unit
    shown = f"{value:.1f}" if value < FEW and word in {"h", "days"} else f"{value:.0f}"
    return f"{shown.removesuffix('.0')} {word}"


def ago(at: datetime | None, now: datetime) -> str:
    """Return how long since."""
    if at is None:
        return NONE
    seconds = (now - at).total_seconds()
    if seconds < 0:
        return f"in {span(-seconds)}"
    return "just now" if seconds < JUST_NOW else f"{span(seconds)} ago"


def stamp(at: datetime | str | None) -> Markup:
    """Return a moment as an element that programs can read as well; UTC throughout."""
    moment = parsed(at)
    if moment is None:
        return Markup("—")
    shown = f"{moment:%Y-%m-%d %H:%M:%S}"
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(moment.isoformat(), moment.isoformat(), shown)


def since(at: datetime | str | None, now: datetime) -> Markup:
    """Return how long ago, with the moment itself at hand."""
    moment = parsed(at)
    if moment is None:
        return Markup("—")
    return Markup('<time datetime="{}" title="{:%Y-%m-%d %H:%M:%S} UTC">{}</time>').format(
        moment.isoformat(), moment, ago(moment, now)
    )


def parsed(at: datetime | str | None) -> datetime | None:
    """Return a moment that may stand as text in a case file."""
    if isinstance(at, str):
        try:
            found = datetime.fromisoformat(at)
        except ValueError:
            return None
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    return at


def words(name: str) -> str:
    """Return a word of the vocabulary as it reads in a sentence."""
    return name.replace("_", " ")


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def pretty(value: Any) -> str:
    """Return a value, or JSON text, with its members on lines of their own; what is no JSON stays as it is.

    So does what would grow long by it, and of a long text only the beginning is shown.
    """
    text = value if isinstance(value, str) else compact(value)
    if len(text) > BEGINNING:
        return text[:BEGINNING]
    try:
        shown = orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return text
    return shown if len(shown) <= BEGINNING else text


def compact(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str).decode()
    except orjson.JSONEncodeError:
        return "nested too deeply to be shown"


# How far a letter of a plan is, what is done first; a state that is not here comes between.
TURN = ("applied", "superseded", "", "dead_lettered", "offered", "planned")


def order(counts: Mapping[str, int]) -> dict[str, int]:
    """Return states in the order in which a picture shows them."""
    return dict(sorted(counts.items(), key=lambda each: TURN.index(each[0] if each[0] in TURN else "")))


def counts(many: Mapping[str, Any]) -> str:
    """Return counts by name in one line, the most advanced first."""
    return ", ".join(f"{many[name]} {words(name)}" for name in order(many))


FILTERS: Mapping[str, Callable[..., Any]] = {
    "ago": ago,
    "counts": counts,
    "number": number,
    "order": order,
    "plural": plural,
    "pretty": pretty,
    "since": since,
    "span": span,
    "stamp": stamp,
    "words": words,
}
