"""The data of a relation event: which model, by kind and operation."""

from collections.abc import Mapping

from schemas.link import EndPoint, Link, LinkCreated, LinkDeleted, LinkUpdated, Previous
from schemas.party import Party, PartyCreated, PartyDeleted, PartyUpdated
from schemas.person import Address, Contact, Lead
from schemas.rules import Operation

__all__ = [
    "MODELS",
    "Address",
    "Contact",
    "EndPoint",
    "Lead",
    "Link",
    "LinkCreated",
    "LinkDeleted",
    "LinkUpdated",
    "Operation",
    "Party",
    "PartyCreated",
    "PartyDeleted",
    "PartyUpdated",
    "Previous",
    "data_model",
]

MODELS: Mapping[tuple[str, Operation], type[Link] | type[Party]] = {
    ("link", "create"): LinkCreated,
    ("link", "update"): LinkUpdated,
    ("link", "delete"): LinkDeleted,
    ("party", "create"): PartyCreated,
    ("party", "update"): PartyUpdated,
    ("party", "delete"): PartyDeleted,
}


def data_model(kind: str, operation: Operation) -> type[Link] | type[Party]:
    """Return the model of the data; raises KeyError for a kind that there is not."""
    return MODELS[kind, operation]
