"""The kinds of value that events carry, each with its limits."""

import math
import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from schemas.country import COUNTRIES
from schemas.model import broken

ID_MAX = 2_147_483_647
SHORT = 255
TEXT_BYTES = 65_535
WHOLE = 2**63  # beyond, JSON readers turn a whole number into one that is nearly the same

# https://www.rfc-editor.org/rfc/rfc3339#section-5.6, read November 2026.
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII)
SECOND = slice(17, 19)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
LINE = r"^[^\x00-\x1f\x7f-\x9f]*$"
LINES = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
EMAIL = r"^[^@\x00-\x1f\x7f-\x9f]+@[^@\x00-\x1f\x7f-\x9f]+$"
# https://www.rfc-editor.org/rfc/rfc5646#section-2.1, read November 2026: well-formed, not registered.
LANGUAGE = r"^([A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*|[xXiI](-[A-Za-z0-9]{1,8})+)$"
# https://www.rfc-editor.org/rfc/rfc3986#appendix-A, read November 2026: without what never stands in a URI;
# letters beyond ASCII are taken, as producers write IRIs.
URI = r"^[^\x00-\x20\x7f-\x9f\"<>\\^`{|}]*$"
FREE_FIELD = r"^([1-9]|[1-4][0-9]|50)$"
VAT = re.compile(r"[A-Z]{2}[A-Z0-9]{2,18}")
VAT_NOISE = str.maketrans("", "", " .-")
DECIMAL = re.compile(r"-?\d{1,18}(\.\d{1,9})?", re.ASCII)


def moment(given: Any) -> datetime:
    """Return an RFC 3339 timestamp as an aware datetime; a leap second is the second after."""
    if isinstance(given, str) and MOMENT.fullmatch(given):
        try:
            return existing(after_leap(given) if given[SECOND] == "60" else datetime.fromisoformat(given.upper()))
        except (ValueError, OverflowError):
            raise broken("must be a moment that exists") from None
    if isinstance(given, datetime) and given.tzinfo:
        return given
    raise broken("must be an RFC 3339 timestamp with an offset")


def after_leap(given: str) -> datetime:
    """Return the second after the one before a leap second."""
    return datetime.fromisoformat(f"{given[: SECOND.start]}59{given[SECOND.stop :]}".upper()) + timedelta(seconds=1)


def existing(given: datetime) -> datetime:
    """Return the moment if UTC can express it; raises OverflowError."""
    if not MINYEAR < given.year < MAXYEAR:
        given.astimezone(UTC)
    return given


def past(given: datetime) -> datetime:
    """Return the moment if each time zone can express it."""
    if given.year in {MINYEAR, MAXYEAR}:
        raise broken("must be between the years 2 and 9998")
    return given


def within_bytes(given: str) -> str:
    """Return the text if its UTF-8 form is short enough."""
    if len(given) * 4 > TEXT_BYTES and len(given.encode()) > TEXT_BYTES:
        raise broken(f"must be at most {TEXT_BYTES} bytes of UTF-8")
    return given


def vat_number(given: str) -> str:
    """Return the number without blanks, dots and hyphens, in upper case."""
    number = given.translate(VAT_NOISE).upper()
    if not VAT.fullmatch(number):
        raise broken("must be a VAT number with its country prefix: two letters, then 2 to 18 letters or digits")
    return number


def country(given: str) -> str:
    """Return the code if ISO 3166-1 assigns it."""
    if given not in COUNTRIES:
        raise broken("must be an ISO 3166-1 alpha-2 code in upper case")
    return given


def amount(given: Any) -> int | float | str | None:
    """Return a decimal as it was written: JSON number, or digits in a string."""
    if isinstance(given, str) and DECIMAL.fullmatch(given):
        return given
    if is_number(given) or given is None:
        return given  # type: ignore[no-any-return] # is_number has said what it is
    raise broken("must be a number, or digits in a string")


def free_value(given: Any) -> Any:
    """Return the value of a free field; blank is null."""
    if given is None or given == "":
        return None
    if isinstance(given, str) and len(given) <= SHORT and not CONTROL.search(given):
        return given
    if isinstance(given, bool) or is_number(given):
        return given
    raise broken("must be a string of at most 255 characters, a number, true, false or null")


def is_number(given: Any) -> bool:
    """Say whether it is a number that reading it has not changed."""
    return type(given) in (int, float) and math.isfinite(given) and abs(given) < WHOLE


def exact(given: Any) -> Any:
    """Return a JSON value if all its numbers are still those that were written."""
    waiting = [given]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, int | float) and not isinstance(value, bool) and not is_number(value):
            raise broken("holds a number beyond 64 bits; write it as a string")
    return given


Id32 = Annotated[int, Field(strict=True, ge=1, le=ID_MAX)]
Short = Annotated[str, Field(strict=True, max_length=SHORT, pattern=LINE)]
Text = Annotated[
    str,
    Field(strict=True, max_length=TEXT_BYTES, pattern=LINES),
    AfterValidator(within_bytes),
]
Email = Annotated[
    str,
    Field(strict=True, max_length=254, pattern=EMAIL),
]
VatNumber = Annotated[str, Field(strict=True, max_length=64), AfterValidator(vat_number)]
Language = Annotated[str, Field(strict=True, max_length=64, pattern=LANGUAGE)]
CountryCode = Annotated[str, Field(strict=True, json_schema_extra={"pattern": "^[A-Z]{2}$"}), AfterValidator(country)]
Moment = Annotated[datetime, BeforeValidator(moment), WithJsonSchema({"type": "string", "format": "date-time"})]
Past = Annotated[Moment, AfterValidator(past)]
Amount = Annotated[
    int | float | str,
    BeforeValidator(amount),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": f"^{DECIMAL.pattern}$"}]}),
]
FreeValue = Annotated[
    bool | int | float | str | None,
    BeforeValidator(free_value),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"], "maxLength": SHORT}),
]
Verbatim = Annotated[Any, BeforeValidator(exact)]
