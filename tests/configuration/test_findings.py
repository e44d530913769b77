"""What a person reads when settings are wrong."""

from pathlib import Path
from typing import Any

import pytest

from worker.configuration.findings import Finding, SettingsError, dotted, meant, shown
from worker.settings import build, load

GOOD: dict[str, Any] = {"target": "onoffice", "token": "token-1234", "secret": "secret-1234"}


def findings(values: dict[str, Any]) -> dict[str, Finding]:
    with pytest.raises(SettingsError) as caught:
        build(values)
    return {finding.key: finding for finding in caught.value.findings}


def with_connection(**options: Any) -> dict[str, Any]:
    return {"connections": {"acme": GOOD | options}}


def test_all_findings_at_once() -> None:
    """One start tells everything that is wrong, in every section and connection."""
    found = findings(
        {
            "worker": {"instanc": "x", "lease": "never"},
            "brokr": {"url": "x"},
            "log": {"level": "loud"},
            "connections": {
                "Bad Name": GOOD,
                "acme": GOOD | {"in_flight": 0, "batsh": 3, "timeouts": {"total": -1}},
                "other": {"target": "onofice"},
                "third": {},
                "fourth": 4,
            },
        }
    )

    assert set(found) == {
        "worker.instanc",
        "worker.lease",
        "brokr",
        "log.level",
        "connections.'Bad Name'",
        "connections.acme.in_flight",
        "connections.acme.batsh",
        "connections.acme.timeouts.total",
        "connections.other.target",
        "connections.third.target",
        "connections.fourth.target",
    }


@pytest.mark.parametrize(
    ("values", "key", "said"),
    [
        ({"brokr": {}}, "brokr", "did you mean 'broker'?"),
        ({"connections": {"x": {"target": "onofice"}}}, "connections.x.target", "did you mean 'onoffice'?"),
        ({"connections": {"x": {"target": 3}}}, "connections.x.target", "there is onoffice"),
        ({"connections": []}, "connections", "must be a table"),
        ({"worker": 3}, "worker", "must be a table"),
        ({"connections": {"-x": GOOD}}, "connections.-x", "is no name for a connection"),
        ({"connections": {"x" * 64: GOOD}}, f"connections.{'x' * 64}", "is no name for a connection"),
        ({"connections": {"broker": GOOD}}, "connections.broker", "bears the name of a section"),
        (with_connection(in_flight=65), "connections.acme.in_flight", "less than or equal to 64"),
        (with_connection(batsh=1), "connections.acme.batsh", "did you mean 'batch'?"),
        (with_connection(quotas=["0/s"]), "connections.acme.quotas.0", "quota"),
        (with_connection(quotas=[]), "connections.acme.quotas", "at least 1 item"),
        (with_connection(quotas=["2/fortnight"]), "connections.acme.quotas.0", '"50/min"'),
        (with_connection(on_missing="creat"), "connections.acme.on_missing", "did you mean 'create'?"),
        (with_connection(base_url="https://u:p@x/"), "connections.acme.base_url", "credentials"),
        (with_connection(accept={"source": []}), "connections.acme.accept", "did you mean 'sources'?"),
        (with_connection(backoff={"base": 9, "cap": 1}), "connections.acme.backoff", "cap"),
        (with_connection(token=None), "connections.acme.token", "string"),
    ],
)
def test_one_finding(values: dict[str, Any], key: str, said: str) -> None:
    """A finding names its key as the file has it, and says what is allowed or meant."""
    found = findings(values)

    assert list(found) == [key]
    assert said in found[key].problem


def test_missing_secret_says_where_it_belongs() -> None:
    """A secret that is not there is told with both of its places."""
    found = findings({"connections": {"acme": {"target": "onoffice", "token": "x-token"}}})

    text = str(found["connections.acme.secret"])
    assert "acme.secret in the secrets folder" in text
    assert "RELATION_WORKER_CONNECTIONS__ACME__SECRET" in text


def test_one_account_one_connection() -> None:
    """Two connections to one account would double its quota."""
    found = findings({"connections": {"a": GOOD, "b": GOOD | {"secret": "rotated"}, "c": GOOD}})

    assert found["connections.c"].problem.startswith("is the same account as a, b")
    assert build({"connections": {"a": GOOD, "b": GOOD | {"token": "another"}}})


def test_secrets_are_in_no_finding() -> None:
    """Neither a wrong secret nor a misplaced one nor one in another option's words is shown."""
    with pytest.raises(SettingsError) as caught:
        build(
            {
                "console": {"token": "sesame open\n"},
                "connections": {
                    "a": GOOD | {"tokn": "misspelled-token", "secret": "line\nend"},
                    "b": GOOD | {"replace_order": "token-1234", "base_url": "https://user:pass-word@host/"},
                    "c": GOOD | {"token": ["list-token"]},
                },
            }
        )

    seen = f"{caught.value} {caught.value!r} {caught.value.findings}"
    hidden = ("sesame", "misspelled-token", "end\\n", "token-1234", "pass-word", "list-token")
    assert [word for word in hidden if word in seen] == []


def test_hostile_keys_and_values_are_printable() -> None:
    """What stands in a file reaches no terminal as it is."""
    with pytest.raises(SettingsError) as caught:
        build({"\x1b[31mred": 1, "log": {"level": "\x1b]0;title\x07\u202e"}, "connections": {"\x9b\n": GOOD}})

    assert str(caught.value).replace("\n", "").isprintable()
    assert len(str(caught.value).splitlines()) == 3


def test_texts_of_a_finding() -> None:
    """Key, value, origin and problem stand on one line."""
    finding = Finding("log.level", "must be x", "'y'", "from THERE")

    assert str(finding) == "log.level = 'y' (from THERE): must be x"
    assert dotted(("a", "b c", "d")) == "a.'b c'.d"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "true"),
        (3, "3"),
        (10**400, "a very large integer"),
        ("a" * 200, repr("a" * 79 + "…")),
        ("https://u:p@x", "'https://***@x'"),
        (None, None),
        ({"a": 1}, None),
    ],
)
def test_shown_values(value: object, expected: str | None) -> None:
    """Scalars are shown short and without credentials, anything else not at all."""
    assert shown(value) == expected


def test_near_misses() -> None:
    """A near miss is asked for by name, anything else by the list of what there is."""
    assert meant("tokne", ["token", "secret"]) == "; did you mean 'token'?"
    assert meant("zzz", ["token", "secret"]) == "; there is secret, token"
    assert meant("zzz", []) == ""


def test_tokens_of_operators_are_secrets(tmp_path: Path) -> None:
    """Each operator's token comes from a secret place, is named there when it does not, and is never shown."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "console.operators.ann").write_text("anns-own-token\n")
    config = tmp_path / "worker.toml"
    config.write_text(f'[worker]\nsecrets = "{tmp_path / "secrets"}"\n')
    found = load(config, {"RELATION_WORKER_CONSOLE__OPERATORS__BOB": "bobs-own-token"})
    told = {name: token.get_secret_value() for name, token in found.console.operators.items()}
    assert told == {"ann": "anns-own-token", "bob": "bobs-own-token"}
    assert {"anns-own-token", "bobs-own-token"} <= found.secrets()
    assert found.masked()["console"]["operators"] == {"ann": "***", "bob": "***"}

    config.write_text('[console]\noperators = { ann = "written-token" }\n')
    with pytest.raises(SettingsError) as caught:
        load(config, {})
    assert "put it into console.operators.ann in the secrets folder" in str(caught.value)
    assert "RELATION_WORKER_CONSOLE__OPERATORS__ANN" in str(caught.value)
    assert "written-token" not in str(caught.value)


@pytest.mark.parametrize(
    ("console", "said"),
    [
        ({"operators": {"ann": "one-token", "bob": "one-token"}}, "two tokens are equal"),
        ({"token": "one-token", "operators": {"ann": "one-token"}}, "two tokens are equal"),
        ({"read_only_token": "one-token", "operators": {"ann": "one-token"}}, "two tokens are equal"),
        ({"token": "one-token", "read_only_token": "one-token"}, "console.read_only_token: two tokens are equal"),
        ({"operators": {"ann lee": "one-token"}}, "the name of an operator"),
        ({"operators": {"ann": "one-token\n2"}}, "console.operators"),
        ({"operators": "one-token"}, "console.operators"),
    ],
)
def test_operators_that_cannot_be_told_apart(console: dict[str, Any], said: str) -> None:
    """Equal tokens and names that are none are refused, without showing a token."""
    with pytest.raises(SettingsError, match=said) as caught:
        build({"console": console})
    assert "one-token" not in str(caught.value)
