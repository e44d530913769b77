"""How each field is said in OutSmart's words (contract.md 3.3)."""

from typing import Any

import pytest

from tests.targets.outsmart.vendor import ADDRESS, EXAMPLE, JET, RECORD, created, event, outsmart, posted

PLAIN = {
    "telephone": ("+31501234567", "phone_number"),
    "mobile": ("0612345678", "mobile"),
    "email": ("a@b.example", "email"),
    "work_order_email": ("w@b.example", "email_workorder"),
    "note": ("Let op: hond\n", "remark"),
    "status": ("x", "status"),
    "category": ("Lead", "debtor_type"),
    "external_id": ("ext-1", "external_id"),
    "account_manager": ("42", "accountmanager"),
    "invoice_customer_number": ("C-9", "debtor_number_invoice"),
    "registration_number": ("12345678", "kvk_number"),
    "vat_number": ("NL123456782B01", "vat_number"),
    "discount_percent": (15, "discount_sales"),
    "created_by": ("7", "created_by"),
    "modified_by": ("8", "modified_by"),
}


@pytest.mark.parametrize("name", PLAIN)
def test_a_field_of_its_own_goes_out_as_it_is(name: str) -> None:
    """What has a field of its own at OutSmart goes there unchanged."""
    value, wire = PLAIN[name]
    assert posted(outsmart(), created(**{name: value})) == {**RECORD, wire: value}


@pytest.mark.parametrize(
    ("data", "options", "expected"),
    [
        ({"language": "nl-BE"}, {}, {"language": "nl"}),
        ({"language": "NL"}, {}, {"language": "nl"}),
        ({"language": "nl-BE"}, {"languages": {"nl-BE": "be"}}, {"language": "be"}),
        ({"vat_number": "NL 1234.56782.B01"}, {"vat_format": "bare"}, {"vat_number": "123456782B01"}),
        ({"active": False, "marketing_opt_out": True}, {}, {"active": 0, "marketing_opt_out": 1}),
        (
            {"created_at": "2026-03-02T08:19:59Z", "modified_at": "2026-07-02T08:19:59.9+02:00"},
            {},
            {"created_at": "2026-03-02 09:19:59", "modified_at": "2026-07-02 08:19:59"},
        ),
        ({"created_at": "2026-03-02T08:19:59Z"}, {"time_zone": "UTC"}, {"created_at": "2026-03-02 08:19:59"}),
        (
            {
                "lead": {
                    "source": "web",
                    "phase": "new",
                    "score": 3,
                    "value": "12.50",
                    "value_recurring": 1.5,
                    "loss_reason": "x",
                }
            },
            {},
            {
                "source": "web",
                "lead_phase": "new",
                "lead_score": 3,
                "lead_value": "12.50",
                "lead_value_recurring": 1.5,
                "loss_reason": "x",
            },
        ),
        (
            {"free_fields": {"2": "a", "50": True, "7": None}},
            {},
            {"FreeFields": {"val_value_2": "a", "val_value_50": True}},
        ),
        ({"free_fields": {"2": 5}}, {"free_fields": {2: "Contract"}}, {"FreeFields": {"Contract": 5}}),
        ({"free_fields": {"2": 5}}, {"free_field_key": "veld{number}"}, {"FreeFields": {"veld2": 5}}),
        (
            {"roles": ["supplier", "customer"]},
            {"debtor_types": {"customer": "Klant", "supplier": "Lev."}},
            {"debtor_type": "Lev."},
        ),
        ({"roles": ["customer"], "category": "Vip"}, {"debtor_types": {"customer": "Klant"}}, {"debtor_type": "Vip"}),
        (
            {"native": {"outsmart": {"pgp_code": "abc", "status": "n"}}, "status": "c"},
            {},
            {"pgp_code": "abc", "status": "n"},
        ),
        ({"native": {"outsmart": {"pgp_code": None}, "silvasoft": {"Nonsense": 1}}}, {}, {}),
        (
            {"native": {"outsmart": {"FreeFields": {"x": "y"}}}, "free_fields": {"1": "z"}},
            {},
            {"FreeFields": {"x": "y"}},
        ),
        ({"contacts": [], "email": None, "lead": None}, {}, {}),
    ],
)
def test_a_value_is_said_in_the_vendors_form(
    data: dict[str, Any], options: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Conversions of the mapping table: booleans, times, numbers, names of ours and theirs."""
    assert posted(outsmart(**options), created(**data)) == {**RECORD, **expected}


@pytest.mark.parametrize(
    ("address", "options", "expected"),
    [
        ({"house_number": "7", "house_number_suffix": "a"}, {}, {"house_number": "7 a"}),
        ({"house_number": "7", "house_number_suffix": "a"}, {"house_number_separator": "-"}, {"house_number": "7-a"}),
        ({"country_code": "NL"}, {}, {"country": "NL"}),
        ({"country_code": "NL"}, {"country_format": "name"}, {"country": "NL"}),
        ({"country_code": "BE"}, EXAMPLE, {"country": "België"}),
        ({"country_code": "BE", "country_name": "Belgique"}, EXAMPLE, {"country": "Belgique"}),
        ({"latitude": 53.21937812, "longitude": 6.5}, {}, {"latitude": 53.219378, "longitude": 6.5}),
    ],
)
def test_an_address_is_said_in_the_vendors_form(
    address: dict[str, Any], options: dict[str, Any], expected: dict[str, Any]
) -> None:
    """House number, country and place on earth follow the connection's options."""
    assert posted(outsmart(**options), created(address={**ADDRESS, **address})) == {**RECORD, **expected}


@pytest.mark.parametrize(
    ("data", "name", "contact"),
    [
        ({}, "Jet Visser", "Jet Visser"),
        ({"honorific_prefix": "Mw."}, "Jet Visser", "Mw. Jet Visser"),
        ({"given_name": None}, "Visser", "Visser"),
        ({"name": "J. Visser"}, "J. Visser", "Jet Visser"),
        ({"contacts": [{"family_name": "Bos", "honorific_prefix": "Dhr."}]}, "Jet Visser", "Dhr. Bos"),
    ],
)
def test_a_person_is_named_and_spoken_to(data: dict[str, Any], name: str, contact: str) -> None:
    """A person's name is the formatted one or both names; whom to speak to is the first contact or the person."""
    record = posted(outsmart(), event("created", {**JET, **data}))
    assert (record["name"], record["contact"]) == (name, contact)
