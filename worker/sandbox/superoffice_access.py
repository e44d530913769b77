"""Who may enter SuperOffice: Basic, Bearer, tickets, and both token flows."""

import secrets
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

import jwt
import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from worker.sandbox.exchange import Answer, Asked, json_answer

# The claim names are those that public clients read from the vendor's token (November 2026).
CLAIM = "http://schemes.superoffice.net/identity"
KEY_ID = "sandbox"
# "Near server time" is all that is said of the system user's time stamp: ten minutes are a guess.
NEAR = 600.0


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Seconds; a ticket's is sliding, an access token's is not."""

    # https://docs.superoffice.com/en/api/authentication/online/auth-application/, read November 2026
    ticket: float = 6 * 3600.0
    # https://docs.superoffice.com/en/api/authentication/online/sign-in-user/, read November 2026
    access_token: float = 3600.0


class Access:
    """The credentials of one tenant, drawn at the start, and the sessions that are open."""

    def __init__(self, customer: str, lifetimes: Lifetimes) -> None:
        self.customer = customer
        self._lifetimes = lifetimes
        self.username = "integration"
        self.password = secrets.token_urlsafe(18)
        self.app_token = secrets.token_hex(16)
        self.system_user_token = f"Sandbox-{secrets.token_urlsafe(12)}"
        self.client_id = secrets.token_hex(16)
        self.refresh_token = f"RT:{secrets.token_urlsafe(24)}"
        self.redirect_uri = "http://localhost/callback"
        self._tickets: dict[str, float] = {}
        self._access_tokens: dict[str, float] = {}
        self.logins = 0

    @cached_property
    def _application_key(self) -> RSAPrivateKey:
        # Made when first needed: a key costs a tenth of a second, and not every client signs.
        return generate_private_key(65537, 2048)

    @cached_property
    def _sandbox_key(self) -> RSAPrivateKey:
        return generate_private_key(65537, 2048)

    @property
    def private_key(self) -> str:
        """The application's private key, as PEM."""
        pem = self._application_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return pem.decode()

    def open_ticket(self, now: float) -> str:
        ticket = f"7T:{secrets.token_urlsafe(24)}"
        self._tickets[ticket] = now + self._lifetimes.ticket
        return ticket

    def open_access_token(self, now: float) -> str:
        token = f"8A:{self.customer}.{secrets.token_urlsafe(24)}"
        self._access_tokens[token] = now + self._lifetimes.access_token
        return token

    def expire(self) -> None:
        """End all sessions at once."""
        self._tickets.clear()
        self._access_tokens.clear()

    def refusal(self, headers: Mapping[str, str], now: float, *, online: bool) -> tuple[int, str] | None:
        """Say why a call may not enter, as status and message; None: it may."""
        scheme, _, credential = headers.get("Authorization", "").partition(" ")
        match scheme.lower():
            case "basic" if not online:
                return None if self._is_user(credential) else (401, "Unknown user or wrong password")
            case "bearer" if online:
                alive = self._access_tokens.get(credential, 0.0) > now
                return None if alive else (401, "The access token is invalid or has expired")
            case "soticket":
                return self._ticket_refusal(credential, headers, now, online=online)
        return 401, "Authentication is required"

    def _ticket_refusal(
        self, ticket: str, headers: Mapping[str, str], now: float, *, online: bool
    ) -> tuple[int, str] | None:
        if self._tickets.get(ticket, 0.0) <= now:
            return 401, "The ticket is invalid or has expired"
        if online and not same(headers.get("SO-AppToken", ""), self.app_token):
            return 403, "The application token is missing or wrong"
        self._tickets[ticket] = now + self._lifetimes.ticket
        return None

    def _is_user(self, credential: str) -> bool:
        try:
            given = b64decode(credential, validate=True)
        except Base64Error:
            return False
        return secrets.compare_digest(given, f"{self.username}:{self.password}".encode())

    def authenticate(self, asked: Asked) -> Answer:
        """Exchange a signed system user token for a ticket inside a JWT."""
        try:
            document = orjson.loads(asked.body)
        except orjson.JSONDecodeError:
            document = None
        if not isinstance(document, dict):
            return json_answer({"Message": "The request is invalid."}, 400)
        given = {name.lower(): str(value) for name, value in document.items()}
        why = self._system_user_refusal(given, asked.at)
        if why is not None:
            return json_answer({"IsSuccessful": False, "Token": None, "ErrorMessage": why})
        self.logins += 1
        claims = {f"{CLAIM}/ticket": self.open_ticket(asked.moment), f"{CLAIM}/ctx": self.customer}
        return json_answer({"IsSuccessful": True, "Token": self._signed(claims, asked), "ErrorMessage": ""})

    def _system_user_refusal(self, given: Mapping[str, str], at: float) -> str | None:
        if not same(given.get("applicationtoken", ""), self.app_token):
            return "Unknown application"
        if given.get("contextidentifier", "").lower() != self.customer.lower():
            return "Unknown context identifier"
        if given.get("returntokentype", "").lower() != "jwt":
            return "This sandbox returns a JWT only"
        # The token itself may hold dots; time and signature are the last two parts.
        token, time, signature = [*given.get("signedsystemtoken", "").rsplit(".", 2), "", ""][:3]
        if not same(token, self.system_user_token):
            return "Unknown system user token"
        if not self._is_signed(f"{token}.{time}", signature):
            return "The signature is wrong"
        return None if is_near(time, at) else "The time stamp is too far from the server's time"

    def _is_signed(self, text: str, signature: str) -> bool:
        try:
            raw = b64decode(signature, validate=True)
            self._application_key.public_key().verify(raw, text.encode(), PKCS1v15(), SHA256())
        except (Base64Error, InvalidSignature):
            return False
        return True

    def refresh(self, asked: Asked) -> Answer:
        """Answer the refresh flow; the pairs may stand in the form or in the query."""
        given = {**dict(parse_qsl(asked.body.decode(errors="replace"))), **dict(asked.query)}
        wanted = {
            "client_id": self.client_id,
            "client_secret": self.app_token,
            "refresh_token": self.refresh_token,
        }
        if given.get("grant_type") != "refresh_token":
            return json_answer({"error": "unsupported_grant_type"}, 400)
        if any(not same(given.get(name, ""), value) for name, value in wanted.items()):
            return json_answer({"error": "invalid_grant"}, 400)
        # One example of the vendor's writes redirect_url (read November 2026).
        if given.get("redirect_uri", given.get("redirect_url")) != self.redirect_uri:
            return json_answer({"error": "invalid_request", "error_description": "redirect_uri"}, 400)
        self.logins += 1
        return json_answer(
            {
                "token_type": "Bearer",
                "access_token": self.open_access_token(asked.moment),
                "expires_in": int(self._lifetimes.access_token),
                "id_token": self._signed({f"{CLAIM}/ctx": self.customer}, asked),
            }
        )

    def keys(self) -> Answer:
        """Publish what the tokens are signed with."""
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self._sandbox_key.public_key(), as_dict=True)
        return json_answer({"keys": [{**key, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]})

    def _signed(self, claims: Mapping[str, Any], asked: Asked) -> str:
        lasts = {"iat": int(asked.at), "nbf": int(asked.at), "exp": int(asked.at) + 300}
        whole = {"iss": "SuperOffice AS", "aud": self.client_id, **lasts, **claims}
        return jwt.encode(whole, self._sandbox_key, algorithm="RS256", headers={"kid": KEY_ID})


def same(given: str, secret: str) -> bool:
    return secrets.compare_digest(given.encode(), secret.encode())


def is_near(time: str, at: float) -> bool:
    try:
        moment = datetime.strptime(time, "%Y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs(moment.timestamp() - at) <= NEAR
