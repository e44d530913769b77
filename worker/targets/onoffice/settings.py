"""What can be set for a connection to onOffice."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from worker.sending.quota import Quota
from worker.targets.options import Address, ConnectionSettings, Quotas, Secret

# https://apidoc.onoffice.de/api-calls-sorted-by-module/relations/, read 2026-01
URN = "urn:onoffice-de-ns:smart:2.5:relationTypes:"
TAIL = re.compile(r"[A-Za-z0-9]+(?::[A-Za-z0-9]+)+", re.ASCII)

# The types of which an older page of the vendor says that modify takes them. Today's page names only
# calendar:address (https://apidoc.onoffice.de/actions/datensatz-bearbeiten/relations/, read 2026-01).
MODIFIABLE = frozenset(
    {
        "address:contact:address",
        "address:estate:contacted",
        "address:estate:matching",
        "address:estate:offer",
        "user:address:birthday",
        "calendar:address",
        "estate:address:interested",
        "estate:address:matching",
    }
)


def tail(text: str) -> str:
    """Return what stands behind `relationTypes:` in a relation type, written in full or as just that."""
    found = text.removeprefix(URN)
    if not TAIL.fullmatch(found):
        raise ValueError(f'must be a relation type like "estate:address:owner", or {URN}estate:address:owner')
    return found


Tail = Annotated[str, AfterValidator(tail)]


class OnOfficeSettings(ConnectionSettings):
    """contract.md 5; `modifiable`: the types of which a status can be changed in place."""

    target: Literal["onoffice"]
    base_url: Address = "https://api.onoffice.de/api/stable/api.php"
    # A guess: the vendor publishes no limits.
    quotas: Quotas = (Quota(5, 1.0),)
    in_flight: Annotated[int, Field(ge=1, le=64)] = 2
    batch: Annotated[int, Field(ge=1, le=500)] = 25
    token: Secret
    secret: Secret
    extended_claim: Secret | None = None
    relation_types: Mapping[str, Tail] = {}
    modifiable: frozenset[Tail] = MODIFIABLE
    replace_order: Literal["delete_first", "create_first"] = "delete_first"
