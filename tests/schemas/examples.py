"""Whole and minimal data of each kind, as producers would send them."""

from typing import Any

from pydantic import ValidationError

from schemas.problem import detail
from schemas.relation import Link, Operation, Party, data_model

LINK: dict[str, Any] = {
    "kind": "link",
    "relation_type": "owner",
    "parents": [{"record_id": 417}],
    "children": [{"record_id": 8102}],
}
PERSON: dict[str, Any] = {"kind": "party", "party_type": "person", "family_name": "Visser"}
ORGANIZATION: dict[str, Any] = {"kind": "party", "party_type": "organization", "name": "Bakkerij Noord"}

FULL_LINK: dict[str, Any] = {
    **LINK,
    "native": {"superoffice": {"UpdatedDate": "2026-01-01T00:00:00Z"}},
    "direction": "reversed",
    "comment": "holding of\r\n\tall",
    "confirmation_status": "confirmed",
    "feedback_status": "inactive",
}
FULL_PARTY: dict[str, Any] = {
    **PERSON,
    "native": {"outsmart": {"pgp_code": "x", "FreeFields": {"a": [1, None]}}},
    "customer_number": "5012",
    "supplier_number": "7",
    "external_id": "x-1",
    "name": "Jet Visser",
    "given_name": "Jet",
    "honorific_prefix": "Mw.",
    "sex": "female",
    "contacts": [
        {
            "given_name": "Piet",
            "family_name": "van der Berg",
            "honorific_prefix": "Dhr.",
            "sex": "male",
            "email": "piet@example.org",
            "telephone": "050",
            "note": "mornings",
        }
    ],
    "email": "jet@example.org",
    "work_order_email": "work@example.org",
    "telephone": "+31501234567",
    "mobile": "06 1",
    "address": {
        "street": "Kade",
        "house_number": "7",
        "house_number_suffix": "a",
        "postal_code": "9711AB",
        "city": "Groningen",
        "country_code": "NL",
        "country_name": "Nederland",
        "latitude": 53.2,
        "longitude": 6,
    },
    "registration_number": "01234567",
    "vat_number": "NL 1234.567-82b01",
    "language": "nl-BE",
    "roles": ["supplier", "customer"],
    "category": "Klant",
    "group": "Webshop",
    "status": "warm",
    "active": True,
    "note": "Let op: hond",
    "account_manager": "12",
    "invoice_customer_number": "5011",
    "discount_percent": 100,
    "marketing_opt_out": False,
    "lead": {
        "source": "web",
        "phase": "offer",
        "score": 3,
        "value": "1200.50",
        "value_recurring": 12.5,
        "loss_reason": "price",
    },
    "free_fields": {"1": "A", "2": 3, "3": 1.5, "49": True, "50": None},
    "created_at": "2026-03-02T09:15:04+01:00",
    "modified_at": "2026-03-02T09:15:04Z",
    "created_by": "4",
    "modified_by": "5",
}


def accepted(operation: Operation, data: dict[str, Any]) -> Link | Party:
    """Return the data as its model has it."""
    return data_model(data["kind"], operation).model_validate(data)


def refusal(operation: Operation, data: dict[str, Any]) -> str:
    """Return what a person reads when the data is refused; nothing where it is accepted."""
    try:
        accepted(operation, data)
    except ValidationError as error:
        return detail(error, "data")
    return ""
