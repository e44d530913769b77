from typing import Any, Literal

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from worker.sending.quota import Quota
from worker.targets.options import ConnectionSettings, Quotas, Secret, account, secret_options
from worker.targets.registry import TARGETS


class Plain(ConnectionSettings):
    """A target with a secret and nothing else of its own."""

    target: Literal["plain"]
    quotas: Quotas = (Quota(5, 1.0),)
    token: Secret
    spare: Secret | None = None


def plain(**options: Any) -> Plain:
    return Plain.model_validate({"target": "plain", "token": "t0k-en", **options})


def complaint(**options: Any) -> str:
    """Return what is said about the options: where, and what is allowed."""
    with pytest.raises(ValidationError) as caught:
        plain(**options)
    assert "t0k-en" not in str(caught.value)
    return "; ".join(
        f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in caught.value.errors(include_input=False)
    )


def test_defaults() -> None:
    """The defaults are those of the contract."""
    given_back = plain().model_dump(exclude={"token", "spare", "target"})

    assert given_back == {
        "enabled": True,
        "base_url": None,
        "accept": {"sources": ("*",), "subjects": ("*",)},
        "quotas": ("5/s",),
        "in_flight": 1,
        "batch": 1,
        "window": 1000,
        "coalesce": True,
        "strict": False,
        "max_attempts": 8,
        "give_up_after": 86400.0,
        "backoff": {"base": 1.0, "cap": 300.0},
        "timeouts": {"connect": 5.0, "first_byte": 30.0, "idle": 15.0, "total": 60.0},
        "look_before_create": "in_doubt",
        "look_after": 5.0,
        "look_attempts": 3,
        "unsupported_fields": "drop",
        "on_missing": "create",
        "on_missing_delete": "applied",
        "on_missing_record": "dead_letter",
        "on_taken": "dead_letter",
    }


@pytest.mark.parametrize(
    ("name", "base_url", "quotas", "in_flight", "batch", "strict"),
    [
        ("onoffice", "https://api.onoffice.de/api/stable/api.php", ("5/s",), 2, 25, False),
        ("superoffice", None, ("8/s",), 4, 1, False),
        ("outsmart", "https://www.werkbonapp.nl/openapi/8/", ("2/s",), 1, 50, False),
        ("silvasoft", "https://rest-api.silvasoft.nl/rest/", ("2/s", "50/min", "15/h"), 1, 1, True),
    ],
)
def test_defaults_of_targets(
    name: str, base_url: str | None, quotas: tuple[str, ...], in_flight: int, batch: int, strict: bool
) -> None:
    """Each target has its own address, quotas, ceiling and batch."""
    fields = TARGETS[name].settings.model_fields

    assert fields["base_url"].default == base_url
    assert tuple(map(str, fields["quotas"].default)) == quotas
    assert (fields["in_flight"].default, fields["batch"].default) == (in_flight, batch)
    assert fields["strict"].default is strict


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (5, 5.0),
        (0.5, 0.5),
        ("5", 5.0),
        ("5s", 5.0),
        ("2.5 s", 2.5),
        ("10min", 600.0),
        ("24h", 86400.0),
        ("30d", 2592000.0),
    ],
)
def test_durations(text: Any, seconds: float) -> None:
    """A duration is seconds, or a number with its unit."""
    assert plain(give_up_after=text).give_up_after == seconds


@pytest.mark.parametrize(
    "text", ["", "5 weeks", "-5s", "1h30min", -1, True, None, "inf", float("inf"), float("nan"), [], "\u0665s"]
)
def test_no_durations(text: Any) -> None:
    """What is no duration is refused, saying what one looks like."""
    assert "give_up_after: " in complaint(give_up_after=text)
    assert "10min" in complaint(give_up_after=text)


def test_no_time() -> None:
    """A time-out of nothing would never let a call through; looking at once is fine."""
    assert "longer than 0" in complaint(timeouts={"connect": 0})
    assert plain(look_after=0).look_after == 0.0


@pytest.mark.parametrize("quotas", [["0/s"], ["5/0s"], ["x"], [5], [], "5/s", None])
def test_no_quotas(quotas: Any) -> None:
    """A quota that never opens, or is none, is refused."""
    assert complaint(quotas=quotas).startswith("quotas")


def test_quotas() -> None:
    """Several quotas hold at once, and are written back as they were read."""
    settings = plain(quotas=["2/s", "50/min", "15/h", "50/2s"])

    assert settings.quotas == (Quota(2, 1.0), Quota(50, 60.0), Quota(15, 3600.0), Quota(50, 2.0))
    assert settings.model_dump()["quotas"] == ("2/s", "50/min", "15/h", "50/2s")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"quota": ["5/s"]}, "unknown option 'quota': did you mean 'quotas'?"),
        ({"zzz": 1}, "unknown option 'zzz': allowed are accept, backoff"),
        ({"timeouts": {"conect": 5}}, "timeouts: Value error, unknown option 'conect': did you mean 'connect'?"),
        ({"on_missing": "ignore"}, "on_missing: Input should be 'create' or 'dead_letter'"),
        ({"in_flight": 65}, "in_flight: Input should be less than or equal to 64"),
        ({"in_flight": 0}, "in_flight: Input should be greater than or equal to 1"),
        ({"batch": 501}, "batch: Input should be less than or equal to 500"),
        ({"window": 10001}, "window"),
        ({"max_attempts": 0}, "max_attempts"),
        ({"backoff": {"base": "1h", "cap": "1min"}}, "cap must not be shorter than base"),
        ({"base_url": "ftp://x"}, "must begin with https://"),
        ({"base_url": "https://"}, "must begin with https://"),
        ({"base_url": "https://user:hunter2@x.example/"}, "credentials have no place in it"),
        ({"base_url": "https://x.example/?token=hunter2"}, "no query"),
        ({"base_url": "https://x.example:99999/"}, "base_url"),
        ({"base_url": "https://www..x.example/"}, "its host has an empty part"),
        ({"base_url": "https://.x.example/"}, "its host has an empty part"),
        ({"base_url": f"https://{'x' * 64}.example/"}, "or one of over 63 characters"),
    ],
)
def test_refused(options: dict[str, Any], words: str) -> None:
    """A wrong option is named, with what is allowed, and its value is not shown."""
    said = complaint(**options)

    assert words in said
    assert "hunter2" not in said


@pytest.mark.parametrize("secret", ["", " x", "x ", "a\nb", "pä", "a\x00b", 5])
def test_secrets(secret: Any) -> None:
    """A secret that cannot stand in a header is refused, and not shown."""
    said = complaint(spare=secret)

    assert said.startswith("spare")
    assert "pä" not in said


def test_missing_secret() -> None:
    """A secret that lacks is asked for by name."""
    with pytest.raises(ValidationError, match="token"):
        Plain.model_validate({"target": "plain"})


def test_secret_options() -> None:
    """Options that hold secrets are known by name."""
    assert secret_options(Plain) == ("token", "spare")
    assert set(secret_options(TARGETS["superoffice"].settings)) == {
        "app_token",
        "system_user_token",
        "private_key",
        "client_secret",
        "refresh_token",
        "ticket",
        "access_token",
        "password",
    }
    assert secret_options(TARGETS["onoffice"].settings) == ("token", "secret", "extended_claim")


def test_account() -> None:
    """Accounts are told apart by sixteen digits that do not give the secret away."""
    one, other = account(SecretStr("a")), account(SecretStr("b"))

    assert one != other
    assert len(one) == len(other) == 16


@hypothesis.settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*Plain.model_fields, "other"]),
        st.none() | st.integers() | st.floats() | st.text(max_size=9) | st.lists(st.text(max_size=4), max_size=2),
    )
)
def test_anything(options: dict[str, Any]) -> None:
    """Whatever is set is taken or refused by validation, and by nothing else."""
    try:
        Plain.model_validate(options)
    except ValidationError as error:
        said = str(error)
    else:
        said = ""
    assert "t0k-en" not in said
