"""onOffice's relation types, and which of them can do what."""

TYPE_PREFIX = "urn:onoffice-de-ns:smart:2.5:relationTypes:"

# https://apidoc.onoffice.de/api-calls-sorted-by-module/relations/, read November 2026
RELATION_TYPES = frozenset(
    [
        "address:address:isTippgeberOf",
        "address:contact:address",
        "address:estate:contacted",
        "address:estate:matching",
        "address:estate:offer",
        "address:estate:offerByAgentsLog",
        "address:estate:tipp",
        "address:file:attachment",
        "address:mail",
        "address:process",
        "address:resubmission",
        "address:searchcriteria",
        "address:user:additionalOfficers",
        "address:user:officer",
        "address:user:strangeNameRelation",
        "address:user:sync",
        "agentsLog:address",
        "agentsLog:attachment:download",
        "agentsLog:estate",
        "agentsLog:file:attachment",
        "agentsLogMail:address",
        "agentsLogMail:estate",
        "billing:estate",
        "calendar:address",
        "calendar:estate",
        "calendar:file:attachment",
        "complex:estate:units",
        "customer:address:contact",
        "estate:address:buyer",
        "estate:address:contactPerson",
        "estate:address:contactPersonAll",
        "estate:address:interested",
        "estate:address:matching",
        "estate:address:owner",
        "estate:address:renter",
        "estate:address:tenant",
        "estate:allFiles",
        "estate:estateUnit",
        "estate:file:alllinks",
        "estate:file:allpictures",
        "estate:file:allpicturesExceptTitelbild",
        "estate:file:foto",
        "estate:file:grundriss",
        "estate:file:titelbild",
        "estate:mail",
        "estate:user:assignment",
        "estate:user:officer",
        "estateTracking:estate",
        "job:estate",
        "project:address",
        "project:agentslog",
        "project:calendar",
        "project:estate",
        "project:file:attachment",
        "project:task:customer",
        "task:address",
        "task:estate",
        "task:file:attachment",
        "templateManagement:email:attachment",
        "templateManagement:email:documentAttributes",
        "user:address",
        "user:address:birthday",
        "user:messengerUser:is",
    ]
)

# Same page: the messenger users can only be read.
READ_ONLY = frozenset({"user:messengerUser:is"})

# https://apidoc.onoffice.de/actions/datensatz-bearbeiten/relations/, the older page, read November 2026
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

# https://apidoc.onoffice.de/actions/datensatz-loeschen/relations/, read November 2026
DELETABLE = frozenset(
    {
        "estate:address:interested",
        "estate:estateUnit",
        "calendar:address",
        "calendar:estate",
        "agentsLog:file:attachment",
        "estate:address:buyer",
        "estate:address:renter",
        "estate:address:owner",
        "estate:address:contactPerson",
        "estate:address:contactPersonAll",
        "address:user:sync",
    }
)

APPOINTMENT = "calendar:address"

# https://apidoc.onoffice.de/actions/datensatz-bearbeiten/relations/, read November 2026
RELATION_INFO = {
    "statusTerminbestaetigung": frozenset({"bestätigt", "gesendet", "gecancelt", "nicht gesetzt"}),
    "statusTerminrueckmeldung": frozenset({"aktiv", "inaktiv"}),
}

# Numbers: the error table of the public Laravel adapter, read November 2026; the words are ours.
MESSAGES = {
    0: "OK",
    4: "invalid or malformed JSON",
    9: "empty request",
    13: "element token is missing or invalid",
    14: "element request is missing or invalid",
    15: "element actions is missing or invalid",
    16: "attribute actionid is missing or invalid",
    19: "attribute resourcetype is missing or invalid",
    20: "element parameters is missing or invalid",
    22: "not authenticated",
    23: "this actionid is not configured",
    25: "this resourcetype is not configured",
    74: "an array was expected",
    78: "entry could not be created",
    80: "unknown record",
    88: "entry could not be modified",
    97: "error in an action",
    132: "no relation given, or an unknown one",
    136: "the timestamp is too old, or the server's time is wrong",
    137: "the HMAC is invalid",
    167: "a parameter is missing",
    168: "entry could not be deleted",
    173: "relation could not be created",
    179: "relation could not be created, invalid relationinfo",
    180: "relation could not be modified, it does not exist",
    181: "relation could not be modified, invalid relationinfo",
    182: "relation could not be modified, it is not updateable",
    185: "record ids are missing or invalid",
    187: "an array was not expected",
    193: "extendedclaim is required, but missing, empty or invalid",
    219: "n:n relations are not allowed",
    227: "a string was expected",
    228: "an integer was expected",
    243: "the HMAC is invalid, it should be a string",
    247: "element action is missing or invalid",
    248: "no matching extendedclaim",
    302: "no more than 500 ids in this action",
}
