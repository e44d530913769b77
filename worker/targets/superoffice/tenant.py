"""Where a customer's SuperOffice is, and whether it takes calls."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from worker.errors import AddressError, OutageError, UnauthorizedError
from worker.sending.wire import Request, Response
from worker.targets.superoffice.reply import fields_of
from worker.targets.superoffice.settings import SuperOfficeSettings

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


def asked(settings: SuperOfficeSettings) -> Request:
    """Return the question to the state API, which wants no credentials."""
    url = f"{settings.root}/api/state/{settings.customer_id}"
    return Request("GET", url, headers={"Accept": "application/json"})


def tenant(settings: SuperOfficeSettings, response: Response, now: datetime) -> tuple[str, datetime]:
    """Return where the tenant is, and until when that holds; raises when it takes no calls."""
    body = fields_of(response, "state API", settings)
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
