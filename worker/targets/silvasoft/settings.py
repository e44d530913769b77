"""What can be set for a connection to Silvasoft."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from worker.sending.quota import Quota
from worker.targets.options import Address, ConnectionSettings, Options, Quotas, Secret

Role = Literal["customer", "supplier", "other"]
Search = Literal["number", "email"]


def pattern(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from error
    if not groups:
        raise ValueError("must hold a group: its text is the number that is sent")
    return text


def header(text: str) -> str:
    if not re.fullmatch(r"[\x21-\x7e]+(?: +[\x21-\x7e]+)*", text):
        raise ValueError("must be printable ASCII, not empty, without blanks or line ends around it")
    return text


class SexValues(Options):
    """How the vendor spells a person's sex."""

    # https://developers.silvasoft.nl/documentation/addprivaterelation/, read November 2026; one public
    # client (Tim-VL/BoodoSyncSilvasoft) sends Woman.
    male: Annotated[str, Field(min_length=1)] = "Man"
    female: Annotated[str, Field(min_length=1)] = "Vrouw"


class SilvasoftSettings(ConnectionSettings):
    """contract.md 5; `existing_*`: what to do when a create comes upon a relation that is there."""

    target: Literal["silvasoft"]
    # https://developers.silvasoft.nl/, read November 2026: at most 2 calls a second and 50 a minute are advised,
    # the smallest plan allows 15 an hour, and abuse may end in a block for good; hence `strict`.
    base_url: Address = "https://rest-api.silvasoft.nl/rest/"
    quotas: Quotas = (Quota.parse("2/s"), Quota.parse("50/min"), Quota.parse("15/h"))
    strict: bool = True

    api_key: Secret
    username: Annotated[str, AfterValidator(header)]
    on_existing_number: Literal["abort", "continue"] = "abort"
    on_existing_name: Literal["abort", "continue"] = "abort"
    on_existing_email: Literal["abort", "continue", "omit"] = "omit"
    existing_same_number: Literal["update", "keep", "dead_letter"] = "update"
    existing_other_number: Literal["dead_letter", "adopt"] = "dead_letter"
    on_delete: Literal["dead_letter", "deactivate"] = "dead_letter"
    find_by: tuple[Search, ...] = ("number", "email")
    blank_absent: bool = False
    number_pattern: Annotated[str, AfterValidator(pattern)] = "^([1-9][0-9]{0,9})$"
    default_roles: tuple[Role, ...] = ("customer",)
    sex_values: SexValues = SexValues()
    person_update_email: Literal["contact", "both"] = "contact"
