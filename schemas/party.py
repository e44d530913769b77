"""Parties: a customer or supplier as a target's record."""

from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import ConfigDict, Field

from schemas.model import broken
from schemas.native import Native
from schemas.person import NAMES, Address, Contact, Lead, Sex
from schemas.rules import Payload, Rules, without
from schemas.value import FREE_FIELD, Email, FreeValue, Language, Past, Short, Text, VatNumber

PartyType = Literal["organization", "person"]
Role = Literal["customer", "supplier", "other"]
FreeFields = dict[Annotated[str, Field(pattern=FREE_FIELD)], FreeValue]

TYPES = get_args(PartyType)
PERSON_ONLY = (*NAMES, "honorific_prefix", "sex")


class Party(Payload):
    """A customer or supplier, at OutSmart or Silvasoft."""

    without_null: ClassVar[tuple[str, ...]] = (
        "remote_id",
        "native",
        "party_type",
        "complete",
        "customer_number",
        "sex",
        "roles",
        "active",
        "marketing_opt_out",
        "free_fields",
        "created_at",
        "modified_at",
    )

    kind: Literal["party"] = Field(description="Says that this is a party. Source: design 3.")
    remote_id: Annotated[Short, Field(max_length=64)] | None = Field(
        default=None,
        description="The target's own id of the relation, if upstream knows it: 1 to 64 characters, digits "
        "at Silvasoft; dropped at OutSmart. Another one in the journal is a conflict. Source: "
        "Silvasoft RelationGUID.",
    )
    native: Native | None = Field(
        default=None,
        description="Fields of one target under its name (outsmart, silvasoft), passed on verbatim once "
        "the target's own model has checked name and type. Source: seeds 003, 004.",
    )
    party_type: PartyType | None = Field(
        default=None,
        description="Decides which fields and calls apply; never changes for a relation. Source: seed 004 "
        "(private); Silvasoft addbusinessrelation.",
    )
    complete: Annotated[bool, Field(strict=True)] | None = Field(
        default=None,
        description="True: this update is the whole record, what it lacks has no value upstream; otherwise "
        "it is a patch. Source: contract 2.5.",
    )
    customer_number: Short | None = Field(
        default=None,
        description="Our number for the customer: 1 to 255 characters; OutSmart's key, digits at "
        "Silvasoft. Source: seeds 003 debtor_number; 004 CustomerNumber.",
    )
    supplier_number: Short | None = Field(
        default=None,
        description="Our number for the supplier: 1 to 255 characters, digits at Silvasoft (organizations "
        "only). Source: Silvasoft SupplierNumber.",
    )
    external_id: Short | None = Field(
        default=None,
        description="The id in a further system: 1 to 255 characters. Source: seed 003 external_id.",
    )
    name: Short | None = Field(
        default=None,
        description="The organization's name, required when it is created; of a person the formatted name, "
        "if other than given and family name. 1 to 255 characters. Source: seed 003 name; "
        "Silvasoft Name.",
    )
    given_name: Short | None = Field(
        default=None,
        description="A person's given name: 1 to 255 characters. A patch names both names or neither. "
        "Source: seed 004 FirstName.",
    )
    family_name: Short | None = Field(
        default=None,
        description="A person's family name with its prefix (van der Berg), required when the person is "
        "created: 1 to 255 characters. A patch names both names or neither. Source: seed 004 "
        "LastName.",
    )
    honorific_prefix: Short | None = Field(
        default=None,
        description="A person's salutation as text (Dhr.): 1 to 255 characters. A patch names it together "
        "with the names; names without it have none. Source: seed 003 contact.",
    )
    sex: Sex | None = Field(default=None, description="A person's sex. Source: seed 004 Sex.")
    contacts: Annotated[tuple[Contact, ...], Field(max_length=50)] | None = Field(
        default=None,
        description="Contact persons, the main one first: at most 50; replaced as a whole. Source: seeds "
        "003 contact; 004 Relation_Contact.",
    )
    email: Email | None = Field(
        default=None,
        description="E-mail address: at most 254 characters, exactly one @. Source: seeds 003 email; 004 Email.",
    )
    work_order_email: Email | None = Field(
        default=None,
        description="Where work orders are mailed: at most 254 characters, exactly one @. Source: seed 003 "
        "email_workorder.",
    )
    telephone: Short | None = Field(
        default=None,
        description="Telephone number in any notation (E.164 advised): 1 to 255 characters. Source: seeds "
        "003 phone_number; 004 Phone.",
    )
    mobile: Short | None = Field(
        default=None,
        description="Mobile number in any notation (E.164 advised): 1 to 255 characters. Source: seeds 003 "
        "mobile; 004 Phone.",
    )
    address: Address | None = Field(
        default=None,
        description="Correspondence address; a patch merges it member by member. Source: seeds 003; 004 Address_*.",
    )
    registration_number: Short | None = Field(
        default=None,
        description="Number at the chamber of commerce (KvK, HRB): 1 to 255 characters. Source: seed 003 "
        "kvk_number; Silvasoft RegistrationNumber.",
    )
    vat_number: VatNumber | None = Field(
        default=None,
        description="VAT number with its country prefix (Greece EL): two letters, then 2 to 18 letters or "
        "digits. Blanks, dots and hyphens are removed, letters become capitals. Source: seed "
        "003 vat_number; Silvasoft TaxIdentificationNumber.",
    )
    language: Language | None = Field(
        default=None, description="Language as a BCP 47 tag (nl, nl-BE). Source: seed 003 language."
    )
    roles: Annotated[tuple[Role, ...], Field(min_length=1, json_schema_extra={"uniqueItems": True})] | None = Field(
        default=None,
        description="What the party is to us: at least one, none twice; replaced as a whole. Source: seed "
        "004 IsCustomer, IsOther; Silvasoft IsSupplier.",
    )
    category: Short | None = Field(
        default=None,
        description="The house's own word for what this is (Klant, Lead): 1 to 255 characters. Source: "
        "seed 003 debtor_type.",
    )
    group: Short | None = Field(
        default=None,
        description="Group of relations: 1 to 255 characters. Silvasoft makes one that it does not know. "
        "Source: seed 004 GroupName.",
    )
    status: Short | None = Field(
        default=None,
        description="Free text, without a meaning given by the vendor: 1 to 255 characters. Source: seed 003 status.",
    )
    active: Annotated[bool, Field(strict=True)] | None = Field(
        default=None, description="Whether the relation is in use. Source: seed 003 active."
    )
    note: Text | None = Field(
        default=None,
        description="Remark: at most 65535 bytes of UTF-8. Source: seeds 003 remark; 004 ContactNotes (person).",
    )
    account_manager: Short | None = Field(
        default=None,
        description="Who looks after the relation, in the target's own form: 1 to 255 characters. Source: "
        "seed 003 accountmanager.",
    )
    invoice_customer_number: Short | None = Field(
        default=None,
        description="Number of the customer that gets the invoices: 1 to 255 characters. Source: seed 003 "
        "debtor_number_invoice.",
    )
    discount_percent: Annotated[int, Field(strict=True, ge=0, le=100)] | None = Field(
        default=None, description="Discount in whole percent: 0 to 100. Source: seed 003 discount_sales."
    )
    marketing_opt_out: Annotated[bool, Field(strict=True)] | None = Field(
        default=None, description="True: wants no marketing. Source: seed 003 marketing_opt_out."
    )
    lead: Lead | None = Field(
        default=None,
        description="What sales knows; a patch merges it member by member. Source: seed 003 lead_*, "
        "source, loss_reason.",
    )
    free_fields: FreeFields | None = Field(
        default=None,
        description="The house's own fields by number, 1 to 50: text to 255 characters, number, true or "
        "false; null clears one. Merged key by key. Source: seed 003 FreeFields.",
    )
    created_at: Past | None = Field(
        default=None,
        description="When the record was made upstream: RFC 3339 with offset. Source: seed 003 created_at.",
    )
    modified_at: Past | None = Field(
        default=None,
        description="When the record last changed upstream: RFC 3339 with offset. Source: seed 003 modified_at.",
    )
    created_by: Short | None = Field(
        default=None,
        description="Who made the record, as an employee number at the target: 1 to 255 characters. "
        "Source: seed 003 created_by.",
    )
    modified_by: Short | None = Field(
        default=None,
        description="Who last changed the record, as an employee number at the target: 1 to 255 "
        "characters. Source: seed 003 modified_by.",
    )

    def check(self) -> None:
        """Raise where fields of a person stand in an organization, or a role stands twice."""
        if self.roles and len(set(self.roles)) < len(self.roles):
            raise broken("names a role twice", "roles")
        if self.party_type == "organization" and not self.model_fields_set.isdisjoint(PERSON_ONLY):
            given = self.__dict__
            stray = next((name for name in PERSON_ONLY if given[name] is not None), None)
            if stray:
                raise broken("is for persons only", stray)


def whole_by_type(schema: dict[str, Any]) -> None:
    """Say in JSON Schema which name a created party needs."""
    schema["if"] = {"properties": {"party_type": {"const": "organization"}}}
    schema["then"] = {"required": ["name"], "properties": {"name": {"type": "string"}}}
    schema["else"] = {"required": ["family_name"], "properties": {"family_name": {"type": "string"}}}


class PartyCreated(Party):
    """A party came to be; this is the whole of it."""

    model_config = ConfigDict(json_schema_extra=whole_by_type)
    rules: ClassVar[Rules] = Rules("create", required=("party_type",), refused=("remote_id", "complete"))

    def check(self) -> None:
        """Raise where the party has no name."""
        Party.check(self)
        name = "name" if self.party_type == "organization" else "family_name"
        if getattr(self, name) is None:
            raise broken(f"is required when {self.party_type} is created", name)


def partners_together(schema: dict[str, Any]) -> None:
    """Say in JSON Schema which fields a patch names together."""
    schema["if"] = {"properties": {"complete": {"const": True}}, "required": ["complete"]}
    schema["else"] = {
        "dependentRequired": {
            "given_name": ["family_name"],
            "family_name": ["given_name"],
            "honorific_prefix": ["given_name", "family_name"],
        },
        "properties": {"address": {"dependentRequired": {"house_number_suffix": ["house_number"]}}},
    }


class PartyUpdated(Party):
    """A party changed; what is absent stays, null clears (RFC 7396), unless the update is complete."""

    model_config = ConfigDict(json_schema_extra=partners_together)
    rules: ClassVar[Rules] = Rules("update", required=("party_type",))

    @classmethod
    def as_meant(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Return the fields; a house number without a suffix has none, as they travel together."""
        given = super().as_meant(given)
        address = given.get("address")
        if not isinstance(address, dict) or "house_number_suffix" in address or "house_number" not in address:
            return given
        return {**given, "address": {**address, "house_number_suffix": None}}

    def check(self) -> None:
        """Raise where a patch names one of two fields that travel together."""
        Party.check(self)
        if self.complete:
            return
        named = self.model_fields_set
        if ("given_name" in named) != ("family_name" in named):
            lacking = "given_name" if "family_name" in named else "family_name"
            raise broken("is required beside the other name: an update names both or neither", lacking)
        if "honorific_prefix" in named and "family_name" not in named:
            raise broken("needs given_name and family_name beside it", "honorific_prefix")
        if self.address and self.address.has_lone_suffix:
            raise broken("needs house_number beside it", "address", "house_number_suffix")


class PartyDeleted(Party):
    """A party is gone; its number is used only where the journal does not know it."""

    rules: ClassVar[Rules] = Rules(
        "delete",
        refused=("complete",),
        unread=tuple(
            name
            for name in Party.model_fields
            if name not in {"kind", "remote_id", "party_type", "customer_number", "complete"}
        ),
    )

    @classmethod
    def as_meant(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Return what a deletion reads: of types only those that there are, for it hangs on none."""
        read = super().as_meant(given)
        return read if read.get("party_type") in TYPES else without(read, ("party_type",))
