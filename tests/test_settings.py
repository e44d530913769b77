"""Where settings come from, which source wins, and what is shown of them."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from worker.settings import Settings, SettingsError, build, load
from worker.targets.onoffice.settings import OnOfficeSettings
from worker.telemetry.failpoints import VARIABLE as FAILPOINTS

FILE = """
[worker]
instance = "north"
[log]
level = "warning"
[connections.acme-onoffice]
target = "onoffice"
in_flight = 3
quotas = ["4/s", "100/min"]
accept = { sources = ["/crm"] }
"""
SECRETS = {
    "RELATION_WORKER_CONNECTIONS__ACME_ONOFFICE__TOKEN": "token-from-environment",
    "RELATION_WORKER_CONNECTIONS__ACME_ONOFFICE__SECRET": "secret-from-environment",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write a small file of settings."""
    path = tmp_path / "settings.toml"
    path.write_text(FILE)
    return path


def onoffice(settings: Settings, name: str = "acme-onoffice") -> OnOfficeSettings:
    found = settings.connections[name]
    assert isinstance(found, OnOfficeSettings)
    return found


def findings(path: Path | None, environ: Mapping[str, str]) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        load(path, environ)
    return {finding.key: str(finding) for finding in caught.value.findings}


def test_nothing_given_is_enough() -> None:
    """Without any file and variable the defaults make settings."""
    settings = load(None, {})

    assert settings.broker.embedded
    assert settings.connections == {}
    assert {"default"} == {one.origin for one in settings.describe()}


def test_environment_wins_over_secret_over_file_over_default(file: Path, tmp_path: Path) -> None:
    """The environment wins over the secrets folder, that over the file, that over the default."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "acme-onoffice.token").write_text("token-from-folder\n")
    (folder / "acme-onoffice.secret").write_text("secret-from-folder\n")
    (folder / "acme-onoffice.in_flight").write_text("5\n")
    (folder / "log.level").write_text("error\n")
    environ = {
        "RELATION_WORKER_WORKER__SECRETS": str(folder),
        "RELATION_WORKER_CONNECTIONS__ACME_ONOFFICE__TOKEN": "token-from-environment",
        "RELATION_WORKER_CONNECTIONS__ACME_ONOFFICE__BATCH": "7",
        "RELATION_WORKER_LOG__LEVEL": "debug",
    }

    settings = load(file, environ)
    connection = onoffice(settings)

    assert connection.token.get_secret_value() == "token-from-environment"
    assert connection.secret.get_secret_value() == "secret-from-folder"
    assert (connection.in_flight, connection.batch, settings.log.level) == (5, 7, "debug")
    origins = {one.key: one.origin for one in settings.describe()}
    assert origins["connections.acme-onoffice.token"] == "environment"
    assert origins["connections.acme-onoffice.secret"] == "secret"
    assert origins["connections.acme-onoffice.quotas"] == "file"
    assert origins["connections.acme-onoffice.accept.sources"] == "file"
    assert origins["connections.acme-onoffice.accept.subjects"] == "default"
    assert origins["log.level"] == "environment"


def test_lists_and_tables_from_environment(file: Path) -> None:
    """Text of the environment becomes the list or table that its option wants, however it is written."""
    prefix = "RELATION_WORKER_CONNECTIONS__ACME_ONOFFICE__"
    environ = SECRETS | {
        f"{prefix}QUOTAS": '["2/s", "50/min"]',
        f"{prefix}RELATION_TYPES": '{owner = "estate:address:owner"}',
        f"{prefix}MODIFIABLE": "calendar:address, estate:address:matching",
        f"{prefix}ACCEPT__SOURCES": '["/a", "/b"]',
        f"{prefix}TIMEOUTS__TOTAL": "2min",
        f"{prefix}COALESCE": "false",
    }

    connection = onoffice(load(file, environ))

    assert [str(quota) for quota in connection.quotas] == ["2/s", "50/min"]
    assert connection.relation_types == {"owner": "estate:address:owner"}
    assert {"calendar:address", "estate:address:matching"} == connection.modifiable
    assert connection.accept.sources == ("/a", "/b")
    assert (connection.timeouts.total, connection.coalesce) == (120.0, False)


def test_secret_that_looks_like_json_stays_text(file: Path) -> None:
    """A secret is never parsed, whatever it looks like."""
    name = "RELATION_WORKER_CONNECTIONS__ACME_ONOFFICE__TOKEN"

    settings = load(file, SECRETS | {name: "[1,2]"})

    assert onoffice(settings).token.get_secret_value() == "[1,2]"


def test_connection_from_environment_only() -> None:
    """A connection may come from the environment alone; underscores stand for its hyphens."""
    prefix = "RELATION_WORKER_CONNECTIONS__NEW_ONE__"
    environ = {f"{prefix}TARGET": "onoffice", f"{prefix}TOKEN": "abcdef", f"{prefix}SECRET": "ghijkl"}

    assert list(load(None, environ).connections) == ["new-one"]


def test_connection_whose_name_has_two_hyphens_in_a_row(tmp_path: Path) -> None:
    """A name that the file knows is found in a variable even where the variable could be cut elsewhere."""
    path = tmp_path / "settings.toml"
    path.write_text('[connections.a--b]\ntarget = "onoffice"\n')
    prefix = "RELATION_WORKER_CONNECTIONS__A__B__"

    settings = load(path, {f"{prefix}TOKEN": "abcdef", f"{prefix}SECRET": "ghijkl"})

    assert onoffice(settings, "a--b").token.get_secret_value() == "abcdef"


def test_empty_variable_is_not_set(file: Path) -> None:
    """An empty variable counts as none, as in `TOKEN=` of a compose file."""
    told = findings(file, SECRETS | {"RELATION_WORKER_CONNECTIONS__ACME_ONOFFICE__TOKEN": ""})

    assert list(told) == ["connections.acme-onoffice.token"]


def test_variables_that_are_not_ours() -> None:
    """Kubernetes' service variables and the name of the file and a test's failpoints are no options; other words are refused."""
    environ = {
        "RELATION_WORKER_SERVICE_HOST": "10.0.0.1",
        "RELATION_WORKER_PORT_8321_TCP": "tcp://10.0.0.1:8321",
        "RELATION_WORKER_CONFIG": "/etc/x.toml",
        FAILPOINTS: "before-ack=kill",
        "PATH": "/bin",
    }

    assert load(None, environ)
    told = findings(None, environ | {"RELATION_WORKER_BROKER_URL": "nats://x"})
    assert "did you mean RELATION_WORKER_BROKER__URL?" in told["RELATION_WORKER_BROKER_URL"]


def test_secrets_folder_is_often_shared(file: Path, tmp_path: Path) -> None:
    """Files that are not for us, folders and hidden entries are left alone; a typo in an option is told."""
    folder = tmp_path / "secrets"
    (folder / "..data").mkdir(parents=True)
    (folder / "sub.dir").mkdir()
    for name in ("other-app.token", "readme", ".hidden", "acme-onoffice.token", "acme-onoffice.secret"):
        (folder / name).write_text("value-of-it")
    environ = {"RELATION_WORKER_WORKER__SECRETS": str(folder)}

    assert onoffice(load(file, environ)).token.get_secret_value() == "value-of-it"
    (folder / "acme-onoffice.sekret").write_text("abc")
    told = findings(file, environ)
    assert "did you mean 'secret'?" in told["connections.acme-onoffice.sekret"]


@pytest.mark.parametrize(
    ("content", "said"), [(b"\xff", "is not UTF-8"), (b"x" * 70_000, "is larger than 65536 bytes")]
)
def test_secret_file_that_cannot_be_one(file: Path, tmp_path: Path, content: bytes, said: str) -> None:
    """A secret's file in another encoding or far too large is told, not used."""
    (tmp_path / "acme-onoffice.token").write_bytes(content)

    told = findings(file, SECRETS | {"RELATION_WORKER_WORKER__SECRETS": str(tmp_path)})

    assert said in told[str(tmp_path / "acme-onoffice.token")]


def test_missing_places_are_told(tmp_path: Path) -> None:
    """A file and a secrets folder that are not there are findings."""
    told = findings(tmp_path / "no.toml", {"RELATION_WORKER_WORKER__SECRETS": str(tmp_path / "none")})

    assert "No such file" in told[str(tmp_path / "no.toml")]
    assert "No such file" in told["worker.secrets"]


@pytest.mark.parametrize("content", [b"[worker", b"a = 1\na = 2", b"\xff", b"x = 2026-99-99", b"x = " + b"[" * 5000])
def test_file_that_is_no_toml(tmp_path: Path, content: bytes) -> None:
    """A damaged file is one finding with its name."""
    path = tmp_path / "settings.toml"
    path.write_bytes(content)

    assert [str(path)] == list(findings(path, {}))


def test_secret_in_the_file_is_refused_without_showing_it(file: Path) -> None:
    """A secret has no place in the file; the finding says where it belongs."""
    file.write_text(FILE + 'token = "very-secret"\n')

    told = findings(file, SECRETS | {"RELATION_WORKER_CONNECTIONS__ACME_ONOFFICE__TOKEN": ""})

    text = told["connections.acme-onoffice.token"]
    assert "acme-onoffice.token in the secrets folder" in text
    assert "RELATION_WORKER_CONNECTIONS__ACME_ONOFFICE__TOKEN" in text
    assert "very-secret" not in text


def test_secrets_are_seen_nowhere(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No secret is in a repr, a description, the masked tables or a log line of the settings."""
    environ = SECRETS | {
        "RELATION_WORKER_CONSOLE__TOKEN": "console-token-value",
        "RELATION_WORKER_BROKER__CREDENTIALS__PASSWORD": "broker-password-value",
        "RELATION_WORKER_JOURNAL__PASSWORD": "journal-password-value",
    }
    settings = load(file, environ)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").info("%s %r", settings, settings.connections)
    seen = f"{settings!r} {settings} {settings.describe()} {settings.masked()} {caplog.text} {settings.tree!r}"

    assert set(environ.values()) == settings.secrets()
    assert not [value for value in environ.values() if value in seen]
    described = {one.key: one.value for one in settings.describe()}
    assert described["connections.acme-onoffice.token"] == "***"
    assert described["connections.acme-onoffice.extended_claim"] is None
    assert described["journal.password"] == "***"


def test_journal_address_has_the_password_for_the_driver_only() -> None:
    """The password is put into the address where the driver asks, and nowhere else."""
    values = {"journal": {"url": "postgresql://worker@db:5432/relations?sslmode=require", "password": "p@ss/w:rd"}}
    settings = build(values)

    expected = "postgresql://worker:p%40ss%2Fw%3Ard@db:5432/relations?sslmode=require"
    assert expected == settings.journal.address()
    assert "p@ss" not in repr(settings)


def test_described_values_are_plain_json(file: Path) -> None:
    """Whatever an option is made of, it is described by text, numbers, lists and tables."""

    def is_plain(value: Any) -> bool:
        if isinstance(value, dict):
            return all(isinstance(key, str) and is_plain(inner) for key, inner in value.items())
        if isinstance(value, list):
            return all(map(is_plain, value))
        return value is None or isinstance(value, bool | int | float | str)

    settings = load(file, SECRETS)

    assert all(is_plain(one.value) for one in settings.describe())
    assert is_plain(settings.masked())
    described = {one.key: one.value for one in settings.describe()}
    assert described["connections.acme-onoffice.quotas"] == ["4/s", "100/min"]
