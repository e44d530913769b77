"""Every general option, its default and its limits."""

from typing import Any

import pytest

from worker.settings import SettingsError, build

DAY = 86_400.0
DEFAULTS: dict[str, Any] = {
    "worker.instance": "main",
    "worker.secrets": None,
    "worker.max_event_bytes": 1_048_576,
    "worker.unknown_fields": "refuse",
    "worker.type_prefix": "",
    "worker.shutdown_grace": 30.0,
    "worker.lease": 10.0,
    "worker.memory": 67_108_864,
    "broker.url": "embedded",
    "broker.folder": "relation-worker-broker",
    "broker.server": None,
    "broker.credentials.file": None,
    "broker.credentials.nkey": None,
    "broker.credentials.token": None,
    "broker.credentials.user": None,
    "broker.credentials.password": None,
    "broker.tls": None,
    "broker.sync_interval": 1.0,
    "broker.max_age": 30 * DAY,
    "broker.max_bytes": None,
    "broker.replicas": 1,
    "journal.url": "sqlite:///relation-worker.db",
    "journal.password": None,
    "journal.keep": 30 * DAY,
    "console.host": "127.0.0.1",
    "console.port": 8321,
    "console.token": None,
    "console.read_only_token": None,
    "console.enabled": True,
    "console.names": [],
    "console.operators": {},
    "log.level": "info",
    "log.format": "auto",
    "tracing.endpoint": None,
}
COMMON = {
    "enabled": True,
    "accept.sources": ["*"],
    "accept.subjects": ["*"],
    "window": 1000,
    "coalesce": True,
    "max_attempts": 8,
    "give_up_after": DAY,
    "backoff.base": 1.0,
    "backoff.cap": 300.0,
    "timeouts.connect": 5.0,
    "timeouts.first_byte": 30.0,
    "timeouts.idle": 15.0,
    "timeouts.total": 60.0,
    "look_before_create": "in_doubt",
    "look_after": 5.0,
    "look_attempts": 3,
    "unsupported_fields": "drop",
    "on_missing": "create",
    "on_missing_delete": "applied",
    "on_missing_record": "dead_letter",
    "on_taken": "dead_letter",
}
ONOFFICE = COMMON | {
    "target": "onoffice",
    "strict": False,
    "base_url": "https://api.onoffice.de/api/stable/api.php",
    "quotas": ["5/s"],
    "in_flight": 2,
    "batch": 25,
    "token": "***",
    "secret": "***",
    "extended_claim": None,
    "relation_types": {},
    "modifiable": [
        "address:contact:address",
        "address:estate:contacted",
        "address:estate:matching",
        "address:estate:offer",
        "calendar:address",
        "estate:address:interested",
        "estate:address:matching",
        "user:address:birthday",
    ],
    "replace_order": "delete_first",
}
OUTSMART = COMMON | {
    "target": "outsmart",
    "strict": False,
    "base_url": "https://www.werkbonapp.nl/openapi/8/",
    "quotas": ["2/s"],
    "in_flight": 1,
    "batch": 50,
    "token": "***",
    "software_token": "***",
    "update_style": "read",
    "blank_absent": False,
    "key_from": "customer_number",
    "on_delete": "delete",
    "on_renumber": "dead_letter",
    "country_format": "code",
    "country_names": {},
    "languages": {},
    "debtor_types": {},
    "vat_format": "prefixed",
    "house_number_separator": " ",
    "time_zone": "Europe/Amsterdam",
    "count_check": "verify",
    "free_fields": {},
    "free_field_key": "val_value_{number}",
}
SILVASOFT = COMMON | {
    "target": "silvasoft",
    "strict": True,
    "base_url": "https://rest-api.silvasoft.nl/rest/",
    "quotas": ["2/s", "50/min", "15/h"],
    "in_flight": 1,
    "batch": 1,
    "api_key": "***",
    "username": "it@acme.example",
    "on_existing_number": "abort",
    "on_existing_name": "abort",
    "on_existing_email": "omit",
    "existing_same_number": "update",
    "existing_other_number": "dead_letter",
    "on_delete": "dead_letter",
    "find_by": ["number", "email"],
    "blank_absent": False,
    "default_roles": ["customer"],
    "sex_values.male": "Man",
    "sex_values.female": "Vrouw",
    "person_update_email": "contact",
}
SUPEROFFICE = COMMON | {
    "target": "superoffice",
    "strict": False,
    "base_url": None,
    "quotas": ["8/s"],
    "in_flight": 4,
    "batch": 1,
    "environment": "online",
    "customer_id": "Cust12345",
    "auth": "bearer",
    "access_token": "***",
    "relation_types": {},
    "patch_format": "json_patch",
    "test_previous": False,
    "native_relation_id": "refuse",
    "accept_language": None,
    "language": None,
    "culture": None,
    "time_zone": None,
}
GIVEN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"target": "onoffice", "token": "abcd", "secret": "efgh"}, ONOFFICE),
    ({"target": "outsmart", "token": "abcd", "software_token": "efgh"}, OUTSMART),
    ({"target": "silvasoft", "api_key": "abcd", "username": "it@acme.example"}, SILVASOFT),
    (
        {"target": "superoffice", "auth": "bearer", "access_token": "abcd", "customer_id": "Cust12345"},
        SUPEROFFICE,
    ),
]


def test_general_defaults() -> None:
    """Every general option has the default of the table, and there is no other option."""
    assert {one.key: one.value for one in build({}).describe()} == DEFAULTS


@pytest.mark.parametrize(("given", "expected"), GIVEN, ids=[given["target"] for given, _ in GIVEN])
def test_defaults_of_a_connection(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """Every option of a connection has the default of the contract."""
    described = {one.key: one.value for one in build({"connections": {"a": given}}).describe()}
    found = {key.removeprefix("connections.a."): value for key, value in described.items() if key not in DEFAULTS}
    mine = {key: plain_order(value) for key, value in found.items() if key in expected}

    assert mine == {key: plain_order(value) for key, value in expected.items()}


def plain_order(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("section", "option", "value", "expected"),
    [
        ("worker", "memory", "2MiB", 2 * 2**20),
        ("worker", "memory", "10MB", 10**7),
        ("worker", "shutdown_grace", "2min", 120.0),
        ("worker", "type_prefix", "com.acme.", "com.acme."),
        ("worker", "lease", 15, 15.0),
        ("broker", "url", "nats://a:4222, tls://b:4222", "nats://a:4222, tls://b:4222"),
        ("broker", "max_bytes", "1GiB", 2**30),
        ("journal", "url", "postgresql://worker@db/relations", "postgresql://worker@db/relations"),
        ("journal", "keep", "7d", 7 * DAY),
        ("console", "port", 0, 0),
        ("tracing", "endpoint", "http://otel:4318/v1/traces", "http://otel:4318/v1/traces"),
    ],
)
def test_values_that_are_taken(section: str, option: str, value: object, expected: object) -> None:
    """Durations, sizes and addresses are read in each of their spellings."""
    assert build({section: {option: value}}).masked()[section][option] == expected


@pytest.mark.parametrize(
    ("section", "option", "value", "said"),
    [
        ("worker", "instance", "a b", "letters, digits"),
        ("worker", "instance", "", "letters, digits"),
        ("worker", "max_event_bytes", 0, "greater than 0"),
        ("worker", "max_event_bytes", True, "a size is"),
        ("worker", "max_event_bytes", "1 elephant", "a size is"),
        ("worker", "unknown_fields", "ignor", "did you mean 'ignore'?"),
        ("worker", "type_prefix", "com.acme", "end in a dot"),
        ("worker", "lease", "0s", "must be longer than 0"),
        ("worker", "lease", "soon", "a duration is"),
        ("worker", "shutdown_grace", float("nan"), "a duration is"),
        ("broker", "url", "http://x", 'must be "embedded"'),
        ("broker", "url", "nats://ok,nats://u:p@x", "credentials have no place"),
        ("broker", "url", "nats://x:99999", "Port out of range"),
        ("broker", "sync_interval", 0, "must be longer than 0"),
        ("journal", "url", "mysql://x", "must begin with"),
        ("journal", "url", "sqlite+aiosqlite:///x.db", "must begin with"),
        ("journal", "url", "sqlite://x.db", "path of a file"),
        ("journal", "url", "sqlite:///", "path of a file"),
        ("journal", "url", "postgresql://u:p@db/x", "journal.password"),
        ("journal", "url", "postgresql://db/x?password=p", "journal.password"),
        ("console", "port", 65536, "less than or equal to 65535"),
        ("console", "host", "", "at least 1"),
        ("console", "token", "with\nline end", "printable ASCII"),
        ("log", "level", "inf", "did you mean 'info'?"),
        ("log", "format", "xml", "'auto', 'json' or 'text'"),
        ("tracing", "endpoint", "otel:4318", "must begin with https://"),
        ("tracing", "endpoint", "http://u:p@otel", "credentials have no place"),
    ],
)
def test_values_that_are_refused(section: str, option: str, value: object, said: str) -> None:
    """A wrong value is told with its key and what is allowed."""
    with pytest.raises(SettingsError) as caught:
        build({section: {option: value}})

    (finding,) = caught.value.findings
    assert finding.key == f"{section}.{option}"
    assert said in finding.problem
