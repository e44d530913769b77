"""What can be set for a connection to OutSmart."""

from functools import cached_property
from typing import Annotated, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from worker.sending.quota import Quota
from worker.targets.options import Address, ConnectionSettings, Quotas, Secret

Role = Literal["customer", "supplier", "other"]


def zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(f"{name[:64]!r} is no time zone known here, like Europe/Amsterdam") from error
    return name


def template(text: str) -> str:
    if text.count("{number}") != 1:
        raise ValueError("must hold {number} once")
    return text


class OutSmartSettings(ConnectionSettings):
    """Its tokens, and how our words are spelt there; contract.md 3.3 and 5."""

    target: Literal["outsmart"]
    # https://github.com/HoveTechniek/outsmart, read November 2026; older clients use version 7.
    base_url: Address = "https://www.werkbonapp.nl/openapi/8/"
    quotas: Quotas = (Quota.parse("2/s"),)  # a guess: the vendor publishes no limit
    batch: Annotated[int, Field(ge=1, le=500)] = 50

    token: Secret
    software_token: Secret
    update_style: Literal["read", "send", "whole_only"] = "read"
    blank_absent: bool = False
    key_from: Literal["customer_number", "subject"] = "customer_number"
    on_delete: Literal["delete", "deactivate"] = "delete"
    on_renumber: Literal["dead_letter", "replace"] = "dead_letter"
    country_format: Literal["code", "name"] = "code"
    country_names: dict[str, str] = Field(default_factory=dict)
    languages: dict[str, str] = Field(default_factory=dict)
    debtor_types: dict[Role, str] = Field(default_factory=dict)
    vat_format: Literal["prefixed", "bare"] = "prefixed"
    house_number_separator: str = " "
    time_zone: Annotated[str, AfterValidator(zone)] = "Europe/Amsterdam"  # a guess: no page names one
    count_check: Literal["verify", "ignore"] = "verify"
    free_fields: dict[Annotated[int, Field(ge=1, le=50)], str] = Field(default_factory=dict)
    # A guess after a public generated schema (CloudEcosystemDev/outsmart-component), read November 2026.
    free_field_key: Annotated[str, AfterValidator(template)] = "val_value_{number}"

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """The two tokens, then both as they look in an address, which an answer may quote."""
        tokens = (self.token.get_secret_value(), self.software_token.get_secret_value())
        return (*tokens, *(quote(token, safe="") for token in tokens))
