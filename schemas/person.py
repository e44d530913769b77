"""What belongs to a party: contact persons, an address, a lead."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.model import Worded
from schemas.value import Amount, CountryCode, Email, Short, Text

Sex = Literal["male", "female", "other", "unknown"]
NAMES = ("given_name", "family_name")


class Contact(Worded):
    """One contact person of a party."""

    given_name: Short | None = Field(
        default=None,
        description="Given name: 1 to 255 characters; Silvasoft requires it. Source: seed 004 FirstName.",
    )
    family_name: Short = Field(
        description="Family name with its prefix (van der Berg): 1 to 255 characters. Source: seed 004 LastName."
    )
    honorific_prefix: Short | None = Field(
        default=None,
        description="Salutation as text (Dhr.): 1 to 255 characters. Source: seed 003 contact.",
    )
    sex: Sex | None = Field(default=None, description="Sex. Source: seed 004 Sex.")
    email: Email | None = Field(
        default=None,
        description="E-mail address: at most 254 characters, exactly one @. Source: seed 004 Email.",
    )
    telephone: Short | None = Field(
        default=None,
        description="Telephone number in any notation: 1 to 255 characters. Source: seed 004 Phone.",
    )
    note: Text | None = Field(
        default=None, description="Remark: at most 65535 bytes of UTF-8. Source: seed 004 ContactNotes."
    )


class Address(Worded):
    """Where a party is written to."""

    street: Short | None = Field(
        default=None,
        description="Street: 1 to 255 characters; OutSmart requires it. Source: seeds 003 street; 004 Address_Street.",
    )
    house_number: Short | None = Field(
        default=None,
        description="House number: 1 to 255 characters. A patch with it and no suffix clears the suffix. "
        "Source: seeds 003 house_number; 004 Address_Unit.",
    )
    house_number_suffix: Short | None = Field(
        default=None,
        description="What follows the house number (a, suite c): 1 to 255 characters. A patch names it "
        "together with the house number. Source: seed 004 Address_UnitAppendix.",
    )
    postal_code: Short | None = Field(
        default=None,
        description="Postal code: 1 to 255 characters; OutSmart requires it. Source: seeds 003 "
        "postal_code; 004 Address_PostalCode.",
    )
    city: Short | None = Field(
        default=None,
        description="Town: 1 to 255 characters; OutSmart requires it. Source: seeds 003 city; 004 Address_City.",
    )
    country_code: CountryCode | None = Field(
        default=None,
        description="Country as ISO 3166-1 alpha-2 in upper case (NL). Source: seeds 003 country; 004 "
        "Address_CountryCode.",
    )
    country_name: Short | None = Field(
        default=None,
        description="Country as text, only for systems that take no code: 1 to 255 characters. Source: "
        "seed 003 country.",
    )
    latitude: Annotated[float, Field(strict=True, ge=-90, le=90)] | None = Field(
        default=None, description="Degrees north, WGS 84: -90 to 90. Source: seed 003 latitude."
    )
    longitude: Annotated[float, Field(strict=True, ge=-180, le=180)] | None = Field(
        default=None, description="Degrees east, WGS 84: -180 to 180. Source: seed 003 longitude."
    )

    @property
    def has_lone_suffix(self) -> bool:
        """Say whether a suffix is named without its house number."""
        named = self.model_fields_set
        return "house_number_suffix" in named and "house_number" not in named


class Lead(Worded):
    """What sales knows of a party."""

    source: Short | None = Field(
        default=None, description="Where the lead came from: 1 to 255 characters. Source: seed 003 source."
    )
    phase: Short | None = Field(
        default=None, description="Phase of the sale: 1 to 255 characters. Source: seed 003 lead_phase."
    )
    score: Annotated[int, Field(strict=True)] | None = Field(
        default=None,
        description="Score, a whole number; the vendor gives no range. Source: seed 003 lead_score.",
    )
    value: Amount | None = Field(
        default=None,
        description="Expected value, once; in the account's currency: number, or digits in a string. "
        "Source: seed 003 lead_value.",
    )
    value_recurring: Amount | None = Field(
        default=None,
        description="Expected value, recurring; in the account's currency: number, or digits in a string. "
        "Source: seed 003 lead_value_recurring.",
    )
    loss_reason: Short | None = Field(
        default=None, description="Why it was lost: 1 to 255 characters. Source: seed 003 loss_reason."
    )
