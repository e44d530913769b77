"""Secrets kept out of everything that is said."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"
SHORTEST = 4  # a shorter secret would be found in every second word, and star it
# Whatever is logged under such a name is a secret, or may hold one.
SECRET_KEY = re.compile(
    r"secret|token|password|passwd|authori[sz]ation|cookie|api[-_]?key|private[-_]?key|credential|nkey|ticket|hmac"
    r"|signature|software_token|extended_claim",
    re.IGNORECASE,
)
# Bodies hold what people told their CRM; a log is no place for it.
BODY_KEY = re.compile(r"body|data|payload|request|response|headers|params|query", re.IGNORECASE)


class Secrets:
    """The values that must never be seen, in each form in which they may turn up."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        forms = {form for word in words for form in written(word) if len(form) >= SHORTEST}
        self._words = tuple(sorted(forms, key=len, reverse=True))

    def masked(self, text: str) -> str:
        """Return the text with every secret replaced by `***`."""
        for word in self._words:
            if word in text:
                text = text.replace(word, MASK)
        return text

    def masked_all(self, value: Any) -> Any:
        """Return a copy of plain JSON without secrets: by value everywhere, by name in tables."""
        if isinstance(value, str):
            return self.masked(value)
        if isinstance(value, Mapping):
            return {self.masked(str(key)): self.masked_under(str(key), inner) for key, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.masked_all(inner) for inner in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self.masked(str(value))

    def masked_under(self, key: str, value: Any) -> Any:
        """Return what may be said under such a name: a secret as `***`, of a body its size."""
        kind = kind_of(key)
        if kind == "secret":
            return value if value is None else MASK
        if kind == "body":
            return f"({len(value)} left out)" if hasattr(value, "__len__") else MASK
        return self.masked_all(value)

    def masked_table(self, table: Mapping[str, Any]) -> dict[str, Any]:
        """Return what `masked_under` makes of each entry."""
        return {key: self.masked_under(key, value) for key, value in table.items()}

    def stand_in(self, text: str) -> bool:
        """Say whether a secret stands in a text."""
        for word in self._words:  # noqa: SIM110 -- asked for every line; a generator costs more than the looking
            if word in text:
                return True
        return False


@lru_cache(maxsize=1024)
def are_harmless(keys: tuple[str, ...]) -> bool:
    """Say whether none of these names gives its value away; lines of one kind have the same names."""
    return not any(map(kind_of, keys))


@lru_cache(maxsize=1024)
def kind_of(key: str) -> str:
    """Return what a name gives away of its value: `secret`, `body`, or nothing."""
    if SECRET_KEY.search(key):
        return "secret"
    return "body" if BODY_KEY.fullmatch(key) else ""


def written(secret: str) -> set[str]:
    """Return the forms of a secret: as it is, in a URL, inside JSON."""
    return {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
