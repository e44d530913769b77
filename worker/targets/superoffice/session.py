"""Where the tenant is and who we are there; renewed before it runs out."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from pydantic import SecretStr

from worker.errors import AddressError, ClosedError, OutageError, UnauthorizedError
from worker.sending.wire import Request, Response
from worker.targets.answer import json_answer, quoted
from worker.targets.base import Exchange
from worker.targets.status import refusal
from worker.targets.superoffice.key import private_key, public_key
from worker.targets.superoffice.settings import RENEWABLE, SuperOfficeSettings

Doubt = Literal["host", "login"]

JSON: Mapping[str, str] = {"Content-Type": "application/json", "Accept": "application/json"}
FORM: Mapping[str, str] = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}

# https://docs.superoffice.com/en/developer-portal/best-practices/tenant-status/check-status.html, read 2026-01:
# the page's table has numbers, its example the name.
STATES: Mapping[str, int] = {
    "Unknown": 0,
    "Provisioning": 1,
    "Running": 2,
    "Deleted": 3,
    "Suspended": 4,
    "OnlineMaintenance": 5,
    "OfflineMaintenance": 6,
    "ProvisioningFailed": 8,
    "Deleting": 10,
    "DeleteFailed": 11,
    "MigrationPending": 12,
}
OPEN = frozenset({2, 5})
PASSING = frozenset({1, 6})
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=1)

# A ticket lives six hours from its last use:
# https://docs.superoffice.com/en/api/authentication/online/auth-application/index.html, read 2026-01
TICKET_LIFE = timedelta(hours=6)
TOKEN_LIFE = 3600
EARLY = timedelta(minutes=5)
CLAIM = "http://schemes.superoffice.net/identity/"
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Session:
    """What is known at the moment; what is past its time is asked for again."""

    settings: SuperOfficeSettings
    home: str | None = field(default=None, repr=False)
    home_until: datetime = NEVER
    login: str | None = field(default=None, repr=False)
    login_until: datetime = NEVER
    doubts: set[Doubt] = field(default_factory=set)

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
    def headers(self) -> dict[str, str]:
        """Who we are, for each call."""
        assert self.login is not None, "the exchange comes before each call"
        token = self.settings.app_token
        app = {} if token is None else {"SO-AppToken": token.get_secret_value()}
        return {"Authorization": self.login, **app, "Accept": "application/json"}

    @property
    def secrets(self) -> tuple[str, ...]:
        login = self.login or ""
        return (*self.settings.secrets, login, login.partition(" ")[2])

    def can_renew(self, doubt: Doubt) -> bool:
        return self.settings.environment != "onsite" if doubt == "host" else self.settings.auth in RENEWABLE

    def forget(self) -> None:
        """Drop what is in doubt, all of it when nothing special is."""
        doubts = self.doubts or {"host", "login"}
        if "host" in doubts and self.can_renew("host"):
            self.home = None
        if "login" in doubts and self.can_renew("login"):
            self.login = None
        self.doubts = set()

    def exchange(self, now: datetime) -> Exchange | None:
        """Return what must be said before the next call."""
        stale_home = self.can_renew("host") and (self.home is None or now >= self.home_until)
        stale_login = self.can_renew("login") and (self.login is None or now >= self.login_until)
        return self._exchange(now, stale_home, stale_login) if stale_home or stale_login else None

    def _exchange(self, now: datetime, home: bool, login: bool) -> Exchange:  # noqa: FBT001 -- both named by the caller
        if home:
            response = yield Request("GET", f"{self.settings.root}/api/state/{self.settings.customer_id}", headers=JSON)
            self.home, self.home_until = tenant(self.settings, response, now)
        if login:
            flow = FLOWS[self.settings.auth]
            response = yield flow.request(self.settings, now)
            self.login, self.login_until = flow.read(self.settings, response, now)


def standing(settings: SuperOfficeSettings) -> str:
    """Return the authorization that is given once and for all."""
    match settings.auth:
        case "ticket":
            return f"SOTicket {_open(settings.ticket)}"
        case "bearer":
            return f"Bearer {_open(settings.access_token)}"
        case _:
            return "Basic " + b64encode(f"{settings.username}:{_open(settings.password)}".encode()).decode()


def tenant(settings: SuperOfficeSettings, response: Response, now: datetime) -> tuple[str, datetime]:
    """Return where the tenant is, and until when that holds; raises when it takes no calls."""
    body = _body(response, "state API", settings)
    given, running = body.get("State"), body.get("IsRunning")
    state = given if isinstance(given, int) else STATES.get(str(given), 0)
    name = next((name for name, number in STATES.items() if number == state), "in no known state")
    if state in PASSING:
        raise OutageError(f"SuperOffice: the tenant is {name}", code=str(state))
    if state not in OPEN or running is False:
        raise UnauthorizedError(f"SuperOffice: the tenant is {name}, not running", code=str(state))
    return _checked(settings, body.get("Endpoint")), _until(body.get("ValidUntil"), now)


def _checked(settings: SuperOfficeSettings, endpoint: Any) -> str:
    """Return the tenant's address; our credentials go to the vendor's hosts, or to that of base_url."""
    try:
        parts = urlsplit(endpoint if isinstance(endpoint, str) else "")
        host = parts.hostname or ""
    except ValueError:
        host = ""
    named = urlsplit(settings.root)
    ours = bool(host) and settings.base_url is not None and (parts.scheme, parts.netloc) == (named.scheme, named.netloc)
    vendors = parts.scheme == "https" and host.endswith(".superoffice.com") if host else False
    if not (ours or vendors) or parts.query or parts.fragment or "@" in parts.netloc:
        raise AddressError("SuperOffice: the state API names an address that is not the vendor's")
    return str(endpoint).rstrip("/")


def _until(given: Any, now: datetime) -> datetime:
    try:
        until = datetime.fromisoformat(given).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        until = now
    return min(max(until, now + SHORTEST), now + LONGEST)


@dataclass(frozen=True, slots=True)
class Flow:
    """A way to a new session: what is asked, and what the answer gives."""

    request: Callable[[SuperOfficeSettings, datetime], Request]
    read: Callable[[SuperOfficeSettings, Response, datetime], tuple[str, datetime]]


def system_user(settings: SuperOfficeSettings, now: datetime) -> Request:
    """Return the request for a ticket.

    https://docs.superoffice.com/en/api/authentication/online/auth-application/get-system-user-ticket.html,
    read 2026-01
    """
    signed = signed_token(settings, now)
    body = {
        "SignedSystemToken": signed,
        "ApplicationToken": _open(settings.app_token),
        "ContextIdentifier": settings.customer_id,
        "ReturnTokenType": "JWT",
    }
    url = f"{settings.root}/Login/api/PartnerSystemUser/Authenticate"
    return Request("POST", url, headers=JSON, body=orjson.dumps(body), secrets=(*settings.secrets, signed))


def signed_token(settings: SuperOfficeSettings, now: datetime) -> str:
    """Return the system user's token with the minute and our signature over both."""
    text = f"{_open(settings.system_user_token)}.{now.astimezone(UTC):%Y%m%d%H%M}"
    signature = private_key(_open(settings.private_key)).sign(text.encode(), PKCS1v15(), SHA256())
    return f"{text}.{b64encode(signature).decode()}"


def ticket(settings: SuperOfficeSettings, response: Response, now: datetime) -> tuple[str, datetime]:
    """Return the authorization that lies in the answer's JWT."""
    body = _body(response, "log-in", settings)
    if body.get("IsSuccessful") is False:
        raise UnauthorizedError(f"SuperOffice log-in: {quoted(body.get('ErrorMessage'), settings.secrets)}")
    claims = _claims(settings, body.get("Token"))
    found = claims.get(f"{CLAIM}ticket")
    if not isinstance(found, str) or not found.isascii() or not found.isprintable() or not found.strip():
        raise UnauthorizedError("SuperOffice log-in: the token holds no ticket")
    if claims.get(f"{CLAIM}ctx", settings.customer_id) != settings.customer_id:
        raise UnauthorizedError("SuperOffice log-in: the token is for another customer")
    return f"SOTicket {found}", now + TICKET_LIFE - EARLY


def _claims(settings: SuperOfficeSettings, token: Any) -> Mapping[str, Any]:
    """Return what the JWT says; its signature is checked when we were given SuperOffice's certificate."""
    certificate = settings.token_certificate
    # The vendor's own sample ignores the expiry: we read the token once, in the moment it comes.
    options: Any = {
        "verify_signature": certificate is not None,
        "verify_exp": False,
        "verify_aud": False,
        "verify_nbf": False,
        "verify_iat": False,
    }
    try:
        key = "" if certificate is None else public_key(certificate)
        claims: Mapping[str, Any] = jwt.decode(token, key, algorithms=["RS256"], options=options)
    except jwt.PyJWTError as error:
        raise UnauthorizedError(f"SuperOffice log-in: the token is not valid ({type(error).__name__})") from None
    return claims


def refreshing(settings: SuperOfficeSettings, now: datetime) -> Request:  # noqa: ARG001 -- a flow is asked with the moment
    """Return the request for an access token.

    https://docs.superoffice.com/en/api/authentication/online/sign-in-user/auth-code-flow.html, read 2026-01
    """
    pairs = {
        "grant_type": "refresh_token",
        "client_id": settings.client_id,
        "client_secret": _open(settings.client_secret),
        "refresh_token": _open(settings.refresh_token),
        "redirect_uri": settings.redirect_uri,
    }
    url = f"{settings.root}/login/common/oauth/tokens"
    form = urlencode(pairs)
    encoded = tuple(urlencode({"": secret})[1:] for secret in settings.secrets)
    return Request("POST", url, headers=FORM, body=form.encode(), secrets=(*settings.secrets, *encoded))


def access_token(settings: SuperOfficeSettings, response: Response, now: datetime) -> tuple[str, datetime]:
    """Return the authorization, and when to ask for the next; the refresh token stays what it is."""
    body = _body(response, "log-in", settings)
    token, lasts = body.get("access_token"), body.get("expires_in")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token.strip():
        raise UnauthorizedError("SuperOffice log-in: no access token came back")
    seconds = lasts if isinstance(lasts, int) and 0 < lasts <= LONGEST.total_seconds() else TOKEN_LIFE
    life = timedelta(seconds=seconds)
    return f"Bearer {token}", now + max(life - EARLY, life / 2)


FLOWS: Mapping[str, Flow] = {
    "system_user": Flow(system_user, ticket),
    "refresh_token": Flow(refreshing, access_token),
}


def _body(response: Response, what: str, settings: SuperOfficeSettings) -> Mapping[str, Any]:
    """Return an answer's object; whatever is wrong with it is about us, never about an event."""
    failed = refusal(response)
    if failed is None:
        body = json_answer(response)
        if isinstance(body, dict):
            return body
        raise OutageError(f"SuperOffice {what}: an answer of no known form")
    if isinstance(failed, ClosedError):
        raise type(failed)(f"SuperOffice {what}: {failed.detail}", seconds=failed.seconds)
    if response.status < 500:  # noqa: PLR2004 -- the border between our fault and theirs
        raise UnauthorizedError(f"SuperOffice {what}: HTTP {response.status}{_why(response, settings)}")
    raise OutageError(f"SuperOffice {what}: {failed.detail}")


def _why(response: Response, settings: SuperOfficeSettings) -> str:
    try:
        body = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return ""
    text = quoted(body.get("error") if isinstance(body, dict) else None, settings.secrets)
    return f" ({text})" if text else ""


def _open(secret: SecretStr | None) -> str:
    assert secret is not None, "the settings were checked for it"
    return secret.get_secret_value()
