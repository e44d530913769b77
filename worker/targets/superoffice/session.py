"""Where the tenant is and who we are there; renewed before it runs out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, Self

from worker.targets.base import Exchange
from worker.targets.superoffice import tenant
from worker.targets.superoffice.login import FLOWS, standing
from worker.targets.superoffice.settings import RENEWABLE, SuperOfficeSettings

Doubt = Literal["host", "login"]

DOUBTS: frozenset[Doubt] = frozenset({"host", "login"})
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Manner:
    """What every call of one log-in has in common; `headers` go with a question, `body_headers` with a body."""

    login: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body_headers: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, settings: SuperOfficeSettings, login: str) -> Self:
        token = settings.app_token
        said = {
            "Authorization": login,
            "SO-AppToken": None if token is None else token.get_secret_value(),
            "Accept": "application/json",
            "Accept-Language": settings.accept_language,
            "SO-Language": settings.language,
            "SO-Culture": settings.culture,
            "SO-TimeZone": settings.time_zone,
        }
        headers = {name: value for name, value in said.items() if value}
        secrets = (*settings.secrets, login, login.partition(" ")[2])
        return cls(login, headers, headers | {"Content-Type": "application/json"}, secrets)


@dataclass(slots=True)
class Session:
    """What is known at the moment; what is past its time is asked for again."""

    settings: SuperOfficeSettings
    home: str | None = field(default=None, repr=False)
    home_until: datetime = NEVER
    login: str | None = field(default=None, repr=False)
    login_until: datetime = NEVER
    doubts: set[Doubt] = field(default_factory=set)
    stale: set[Doubt] = field(default_factory=set)
    _manner: Manner | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.settings.environment == "onsite":
            self.home = self.settings.root
        if self.settings.auth not in RENEWABLE:
            self.login = standing(self.settings)

    @property
    def url(self) -> str:
        assert self.home is not None, "the exchange comes before each call"
        return f"{self.home}/api/v1/Relation"

    @property
    def manner(self) -> Manner:
        """Who we are, for each call."""
        assert self.login is not None, "the exchange comes before each call"
        if self._manner is None or self._manner.login != self.login:
            self._manner = Manner.of(self.settings, self.login)
        return self._manner

    def can_renew(self, doubt: Doubt) -> bool:
        return self.settings.environment != "onsite" if doubt == "host" else self.settings.auth in RENEWABLE

    def forget(self) -> None:
        """Let what is in doubt be asked for again, all of it when nothing special is.

        It is kept until then, for calls that are on their way out at this moment.
        """
        self.stale |= {doubt for doubt in self.doubts or DOUBTS if self.can_renew(doubt)}
        self.doubts = set()

    def exchange(self, now: datetime) -> Exchange | None:
        """Return what must be said before the next call."""
        if self.home and self.login and not self.stale and now < self.home_until and now < self.login_until:
            return None
        home = self._wants("host", self.home, self.home_until, now)
        login = self._wants("login", self.login, self.login_until, now)
        return self._exchange(now, home=home, login=login) if home or login else None

    def _wants(self, doubt: Doubt, held: str | None, until: datetime, now: datetime) -> bool:
        return self.can_renew(doubt) and (held is None or now >= until or doubt in self.stale)

    def _exchange(self, now: datetime, *, home: bool, login: bool) -> Exchange:
        if home:
            response = yield tenant.asked(self.settings)
            self.home, self.home_until = tenant.tenant(self.settings, response, now)
            self.stale.discard("host")
        if login:
            flow = FLOWS[self.settings.auth]
            response = yield flow.request(self.settings, now)
            self.login, self.login_until = flow.read(self.settings, response, now)
            self.stale.discard("login")
