"""Links: two records of a target that are tied together."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from schemas.model import Model, Worded, blank_as_null, broken
from schemas.native import Native
from schemas.rules import Payload, Rules
from schemas.value import Id32, Short, Text

ENDS = ("parents", "children")
KEY = ("relation_type", *ENDS)


class EndPoint(Model):
    """One record at an end of a link."""

    record_id: Id32 = Field(
        description="The target's own id of the record: 1 to 2147483647. Estate, address, appointment or "
        "user at onOffice, contact (company) at SuperOffice. Source: seeds 000 parentid, "
        "childid; 001 SourceContactId, DestinationContactId."
    )
    person_id: Annotated[Id32 | None, BeforeValidator(blank_as_null)] = Field(
        default=None,
        description="The target's id of a person of that company: 1 to 2147483647. Used at SuperOffice. "
        "Source: seed 001 SourcePersonId, DestinationPersonId.",
    )


EndPoints = Annotated[tuple[EndPoint, ...], Field(min_length=1, max_length=500)]


def check_ends(parents: tuple[EndPoint, ...] | None, children: tuple[EndPoint, ...] | None) -> None:
    """Raise where an end holds a record twice, or both ends hold several."""
    if parents and len(parents) > 1:
        check_distinct("parents", parents)
    if children and len(children) > 1:
        check_distinct("children", children)
        if parents and len(parents) > 1:
            raise broken("only one of parents and children may hold several records (n:n is refused)")


def check_distinct(name: str, ends: tuple[EndPoint, ...]) -> None:
    """Raise where an end holds a record twice."""
    if len({end.record_id for end in ends}) < len(ends):
        raise broken("names a record twice", name)


def n_to_n_refused(schema: dict[str, Any]) -> None:
    """Say in JSON Schema that only one end may hold several records."""
    schema["anyOf"] = [{"properties": {end: {"maxItems": 1}}} for end in ENDS]


class Previous(Worded):
    """What a link was before an update."""

    model_config = ConfigDict(json_schema_extra=n_to_n_refused)

    relation_type: Short | None = Field(
        default=None,
        description="The relation type before; absent: as in the event, or as the journal knows. 1 to 255 "
        "characters. Source: design 3.",
    )
    parents: EndPoints | None = Field(
        default=None,
        description="The first end before; absent: as in the event, or as the journal knows. 1 to 500 "
        "records. Source: design 3.",
    )
    children: EndPoints | None = Field(
        default=None,
        description="The other end before; absent: as in the event, or as the journal knows. 1 to 500 "
        "records. Source: design 3.",
    )

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        check_ends(self.parents, self.children)
        return self


class Link(Payload):
    """Two records tied together, at onOffice or SuperOffice."""

    model_config = ConfigDict(json_schema_extra=n_to_n_refused)

    without_null: ClassVar[tuple[str, ...]] = (
        "remote_id",
        "native",
        *KEY,
        "direction",
        "confirmation_status",
        "feedback_status",
        "previous",
    )

    kind: Literal["link"] = Field(description="Says that this is a link. Source: design 3.")
    remote_id: Annotated[Short, Field(max_length=64)] | None = Field(
        default=None,
        description="The target's own id of the relation, if upstream knows it: 1 to 64 characters, digits "
        "at SuperOffice; dropped at onOffice. Another one in the journal is a conflict. "
        "Source: seeds 001, 002.",
    )
    native: Native | None = Field(
        default=None,
        description="Fields of one target under its name (onoffice, superoffice), passed on verbatim once "
        "the target's own model has checked name and type. Source: seeds 000 to 002.",
    )
    relation_type: Short | None = Field(
        default=None,
        description="A name from the connection's relation_types, or the target's own form: onOffice URN "
        "or its tail (estate:address:owner), SuperOffice definition id in digits. 1 to 255 "
        "characters. Source: seeds 000 relationtype; 001 RelationDefinitionId.",
    )
    parents: EndPoints | None = Field(
        default=None,
        description="The first end: onOffice's parents, SuperOffice's source. 1 to 500 records, none "
        "twice. Source: seeds 000 parentid; 001 SourceContactId, SourcePersonId.",
    )
    children: EndPoints | None = Field(
        default=None,
        description="The other end: onOffice's children, SuperOffice's destination. 1 to 500 records, none "
        "twice; only one of the two ends may hold several. Source: seeds 000 childid; 001 "
        "DestinationContactId, DestinationPersonId.",
    )
    direction: Literal["forward", "reversed"] | None = Field(
        default=None,
        description="Along the definition, or against it; absent on created means forward. onOffice "
        "refuses reversed. Source: seed 001 Reversed.",
    )
    comment: Text | None = Field(
        default=None,
        description="A remark on the link; null clears it. At most 65535 bytes of UTF-8, 254 characters at "
        "SuperOffice; dropped at onOffice. Source: seed 001 Comment.",
    )
    confirmation_status: Literal["confirmed", "sent", "cancelled", "not_set"] | None = Field(
        default=None,
        description="Confirmation of an appointment, at onOffice. Source: seed 000 statusTerminbestaetigung.",
    )
    feedback_status: Literal["active", "inactive"] | None = Field(
        default=None,
        description="Whether feedback on an appointment is asked for, at onOffice. Source: onOffice, "
        "statusTerminrueckmeldung.",
    )
    previous: Previous | None = Field(
        default=None,
        description="What the link was before this update, so that the old one can be found, tested or "
        "removed. Source: design 3.",
    )

    def check(self) -> None:
        """Raise where the ends cannot be a link."""
        check_ends(self.parents, self.children)


class LinkCreated(Link):
    """A link came to be; this is the whole of it."""

    rules: ClassVar[Rules] = Rules("create", required=KEY, refused=("remote_id", "previous"))


class LinkUpdated(Link):
    """A link changed; what is absent stays, null clears (RFC 7396)."""

    rules: ClassVar[Rules] = Rules("update")


class LinkDeleted(Link):
    """A link is gone; its ends are used only where the journal does not know it."""

    rules: ClassVar[Rules] = Rules(
        "delete",
        refused=("previous",),
        unread=("native", "direction", "comment", "confirmation_status", "feedback_status"),
    )
