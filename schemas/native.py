"""Fields of one target, as it calls them."""

from typing import Annotated, Literal

from schemas.value import Verbatim

TargetName = Literal["onoffice", "superoffice", "outsmart", "silvasoft"]
Fields = Annotated[dict[str, Verbatim], "wire name to JSON value"]
Native = dict[TargetName, Fields]
