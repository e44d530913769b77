"""Who may look, and who may change: tokens and a cookie."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Role = Literal["operator", "reader"]
SESSION_SECONDS = 7 * 86_400
TOKEN_BYTES = 24
MARK_BYTES = 8
SKEW = 60  # seconds that a clock may be set back


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who showed a token; `form` is the secret that every form of theirs carries ("": a program).

    `name` is empty where a token is shared, so that nobody knows more than that it was shown.
    """

    role: Role
    face: Literal["console", "api"]
    name: str = ""
    form: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """One token, what it allows, and whose it is ("": nobody's in particular)."""

    role: Role
    name: str
    token: bytes = field(repr=False)

    def signature(self, what: str, mark: str) -> str:
        """Sign what a session is known by, for the session itself or for its forms."""
        words = f"relation-worker {what} {self.role} {self.name} {mark}"
        return hmac.new(self.token, words.encode(), hashlib.sha256).hexdigest()


class Access:
    """Knows the tokens; everything is compared in constant time.

    A session is signed with the token that opened it: it outlives a restart exactly when the token does.
    `ended`: sessions that somebody left, until they would have expired; a restart forgets them.
    """

    def __init__(
        self,
        token: str | None,
        read_only: str | None,
        clock: Callable[[], float],
        operators: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.made = None if token or operators else secrets.token_urlsafe(TOKEN_BYTES)
        self.ended: dict[str, int] = {}
        self._clock = clock
        self._keys = [Key("operator", name, each.encode()) for name, each in operators.items()]
        if shared := token or self.made:
            self._keys.append(Key("operator", "", shared.encode()))
        if read_only:
            self._keys.append(Key("reader", "", read_only.encode()))

    def key(self, given: str) -> Key | None:
        """Return what a token allows, and to whom."""
        shown = digest(given.encode("utf-8", "surrogateescape"))
        found: Key | None = None
        for key in self._keys:
            if hmac.compare_digest(shown, digest(key.token)) and found is None:
                found = key
        return found

    def program(self, given: str) -> Visitor | None:
        """Return who shows a token with each request."""
        key = self.key(given)
        return Visitor(key.role, "api", key.name) if key else None

    def session(self, key: Key) -> str:
        """Return a cookie's value: when it began, a number of its own, and a signature over both."""
        mark = f"{int(self._clock())}-{secrets.token_hex(MARK_BYTES)}"
        return f"{mark}.{key.signature('session', mark)}"

    def end(self, cookie: str) -> None:
        """Let a session open nothing any more."""
        if self.visitor(cookie) is None:
            return
        mark, now = cookie.partition(".")[0], self._clock()
        self.ended = {each: until for each, until in self.ended.items() if until >= now}
        self.ended[mark] = int(mark.partition("-")[0]) + SESSION_SECONDS

    def visitor(self, cookie: str) -> Visitor | None:
        """Return who a cookie was given to, if it is ours and not too old."""
        mark, _, signature = cookie.partition(".")
        begun = mark.partition("-")[0]
        if mark in self.ended or not (begun.isascii() and begun.isdigit() and len(begun) <= len("99999999999")):
            return None
        if not -SKEW <= self._clock() - int(begun) <= SESSION_SECONDS:
            return None
        shown = signature.encode("utf-8", "surrogateescape")
        for key in self._keys:
            if hmac.compare_digest(shown, key.signature("session", mark).encode()):
                return Visitor(key.role, "console", key.name, key.signature("form", mark))
        return None


def digest(word: bytes) -> bytes:
    """Return equal lengths for all words, so that comparing tells nothing of a token's length."""
    return hashlib.sha256(word).digest()


def same(one: str, other: str) -> bool:
    """Compare two secrets without telling by the time how much of them is equal."""
    return hmac.compare_digest(digest(one.encode("utf-8", "replace")), digest(other.encode("utf-8", "replace")))
