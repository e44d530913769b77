"""What can be set for a connection to SuperOffice."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from worker.sending.quota import Quota
from worker.targets.options import ConnectionSettings, Quotas, Secret

Auth = Literal["system_user", "refresh_token", "ticket", "bearer", "basic"]

NEEDED: Mapping[Auth, tuple[str, ...]] = {
    "system_user": ("app_token", "system_user_token", "private_key"),
    "refresh_token": ("client_id", "client_secret", "refresh_token", "redirect_uri"),
    "ticket": ("ticket", "app_token"),
    "bearer": ("access_token",),
    "basic": ("username", "password"),
}
# Who can be asked for a new session, and who can only be told of a bad one.
RENEWABLE: frozenset[Auth] = frozenset({"system_user", "refresh_token"})


def signing_key(secret: SecretStr) -> SecretStr:
    from worker.targets.superoffice.key import private_key  # noqa: PLC0415 -- see there

    private_key(secret.get_secret_value())
    return secret


def checking_key(text: str) -> str:
    from worker.targets.superoffice.key import public_key  # noqa: PLC0415 -- see there

    public_key(text)
    return text


Word = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+( [\x21-\x7e]+)*$")]


class SuperOfficeSettings(ConnectionSettings):
    """contract.md 5; `base_url`: where an onsite installation is, else in place of the vendor's log-in host.

    `token_certificate` is SuperOffice's own, in PEM; with it the system user's token is validated.
    """

    target: Literal["superoffice"]
    # A guess: the vendor publishes no limits.
    quotas: Quotas = (Quota(8, 1.0),)
    in_flight: Annotated[int, Field(ge=1, le=64)] = 4
    environment: Literal["online", "qaonline", "sod", "onsite"] = "online"
    customer_id: Annotated[str, Field(pattern=r"^Cust[0-9]{1,12}$")] | None = None
    auth: Auth = "system_user"
    app_token: Secret | None = None
    system_user_token: Secret | None = None
    private_key: Annotated[SecretStr, AfterValidator(signing_key)] | None = None
    token_certificate: Annotated[str, AfterValidator(checking_key)] | None = None
    client_id: Word | None = None
    client_secret: Secret | None = None
    refresh_token: Secret | None = None
    redirect_uri: Word | None = None
    ticket: Secret | None = None
    access_token: Secret | None = None
    username: Annotated[str, Field(min_length=1, pattern=r"^[^:\x00-\x1f]+$")] | None = None
    password: Annotated[SecretStr, Field(min_length=1)] | None = None
    relation_types: Mapping[str, Annotated[int, Field(ge=1, le=2_147_483_647)]] = {}
    patch_format: Literal["json_patch", "merge_patch"] = "json_patch"
    test_previous: bool = False
    native_relation_id: Literal["refuse", "send"] = "refuse"
    accept_language: Word | None = None
    language: Word | None = None
    culture: Word | None = None
    time_zone: Word | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        onsite = self.environment == "onsite"
        if onsite and (self.base_url is None or self.customer_id is not None):
            raise ValueError("environment onsite needs base_url and has no customer_id")
        if not onsite and self.customer_id is None:
            raise ValueError("customer_id is required, like Cust12345 (only onsite has none)")
        if onsite and self.auth in RENEWABLE:
            raise ValueError(f"auth {self.auth} is for online; onsite allows basic, ticket, bearer")
        if not onsite and self.auth == "basic":
            raise ValueError("auth basic is for environment onsite")
        if self.test_previous and self.patch_format == "merge_patch":
            raise ValueError("test_previous needs patch_format json_patch: a merge patch cannot test")
        return self

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = [name for name in NEEDED[self.auth] if not (onsite_ticket(self, name) or getattr(self, name))]
        if needed:
            raise ValueError(f"auth {self.auth} needs {', '.join(needed)}")
        return self

    @property
    def root(self) -> str:
        """Where tenants are asked for and sessions begin; onsite the installation itself."""
        return (self.base_url or f"https://{self.environment}.superoffice.com").rstrip("/")

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """What must never be seen."""
        return tuple(value.get_secret_value() for _, value in self if isinstance(value, SecretStr))


def onsite_ticket(settings: SuperOfficeSettings, name: str) -> bool:
    """Whether it is the application token, which identifies partners online only."""
    return settings.environment == "onsite" and name == "app_token"
