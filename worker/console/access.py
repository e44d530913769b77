"""Who may look, and who may change: two tokens and a cookie."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Role = Literal["operator", "reader"]
SESSION_SECONDS = 7 * 86_400
TOKEN_BYTES = 24
SKEW = 60  # seconds that a clock may be set back


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who showed a token; `form` is the secret that every form of theirs carries ("": a program)."""

    role: Role
    name: str
    form: str = ""


class Access:
    """Knows the tokens; everything is compared in constant time.

    A session is signed with the token that opened it: it outlives a restart exactly when the token does.
    """

    def __init__(self, token: str | None, read_only: str | None, clock: Callable[[], float]) -> None:
        self.made = None if token else secrets.token_urlsafe(TOKEN_BYTES)
        self._clock = clock
        self._tokens: list[tuple[Role, bytes]] = [("operator", (token or self.made or "").encode())]
        if read_only:
            self._tokens.append(("reader", read_only.encode()))

    def role(self, given: str) -> Role | None:
        """Return what a token allows."""
        shown = digest(given.encode("utf-8", "surrogateescape"))
        found: Role | None = None
        for role, token in self._tokens:
            if hmac.compare_digest(shown, digest(token)) and found is None:
                found = role
        return found

    def session(self, role: Role) -> str:
        """Return a cookie's value: when it began, and a signature."""
        begun = str(int(self._clock()))
        return f"{begun}.{self._signature(role, 'session', begun)}"

    def visitor(self, cookie: str) -> Visitor | None:
        """Return who a cookie was given to, if it is ours and not too old."""
        begun, _, signature = cookie.partition(".")
        if not (begun.isascii() and begun.isdigit() and len(begun) <= len("99999999999")):
            return None
        if not -SKEW <= self._clock() - int(begun) <= SESSION_SECONDS:
            return None
        shown = signature.encode("utf-8", "surrogateescape")
        for role, _ in self._tokens:
            if hmac.compare_digest(shown, self._signature(role, "session", begun).encode()):
                return Visitor(role, "console", self._signature(role, "form", begun))
        return None

    def _signature(self, role: Role, what: str, begun: str) -> str:
        key = next(token for known, token in self._tokens if known == role)
        return hmac.new(key, f"relation-worker {what} {role} {begun}".encode(), hashlib.sha256).hexdigest()


def digest(word: bytes) -> bytes:
    """Return equal lengths for all words, so that comparing tells nothing of a token's length."""
    return hashlib.sha256(word).digest()


def same(one: str, other: str) -> bool:
    """Compare two secrets without telling by the time how much of them is equal."""
    return hmac.compare_digest(digest(one.encode("utf-8", "replace")), digest(other.encode("utf-8", "replace")))
