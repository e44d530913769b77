"""Who we are at SuperOffice: five ways in, two of which can be renewed."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson
from pydantic import SecretStr

from worker.errors import UnauthorizedError
from worker.sending.wire import Request, Response
from worker.targets.answer import quoted
from worker.targets.superoffice.reply import fields_of
from worker.targets.superoffice.settings import SuperOfficeSettings

JSON: Mapping[str, str] = {"Content-Type": "application/json", "Accept": "application/json"}
FORM: Mapping[str, str] = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}

# A ticket lives six hours from its last use:
# https://docs.superoffice.com/en/api/authentication/online/auth-application/index.html, read 2026-01
TICKET_LIFE = timedelta(hours=6)
TOKEN_LIFE = 3600
LONGEST = 86_400
EARLY = timedelta(minutes=5)
CLAIM = "http://schemes.superoffice.net/identity/"


def standing(settings: SuperOfficeSettings) -> str:
    """Return the authorization that is given once and for all."""
    match settings.auth:
        case "ticket":
            return f"SOTicket {_open(settings.ticket)}"
        case "bearer":
            return f"Bearer {_open(settings.access_token)}"
        case _:
            return "Basic " + b64encode(f"{settings.username}:{_open(settings.password)}".encode()).decode()


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
    from worker.targets.superoffice.key import signed  # noqa: PLC0415 -- see there

    text = f"{_open(settings.system_user_token)}.{now.astimezone(UTC):%Y%m%d%H%M}"
    return f"{text}.{signed(text, _open(settings.private_key))}"


def ticket(settings: SuperOfficeSettings, response: Response, now: datetime) -> tuple[str, datetime]:
    """Return the authorization that lies in the answer's JWT."""
    body = fields_of(response, "log-in", settings)
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
    from worker.targets.superoffice.key import claims  # noqa: PLC0415 -- see there

    try:
        return claims(token, settings.token_certificate)
    except ValueError as error:
        raise UnauthorizedError(f"SuperOffice log-in: the token is not valid ({error})") from None


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
    body = fields_of(response, "log-in", settings)
    token, lasts = body.get("access_token"), body.get("expires_in")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token.strip():
        raise UnauthorizedError("SuperOffice log-in: no access token came back")
    seconds = lasts if isinstance(lasts, int) and 0 < lasts <= LONGEST else TOKEN_LIFE
    life = timedelta(seconds=seconds)
    return f"Bearer {token}", now + max(life - EARLY, life / 2)


FLOWS: Mapping[str, Flow] = {
    "system_user": Flow(system_user, ticket),
    "refresh_token": Flow(refreshing, access_token),
}


def _open(secret: SecretStr | None) -> str:
    assert secret is not None, "the settings were checked for it"
    return secret.get_secret_value()
