"""Whatever is given as settings: they are made, or SettingsError is raised."""

from contextlib import suppress
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from worker.settings import SECTIONS, SettingsError, build, load
from worker.targets.options import secret_options
from worker.targets.registry import TARGETS

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**300, max_value=10**320)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["5/s", "10min", "64MiB", "https://x", "nats://u:p@h", "\x1b[0m", "true", "[1", "{}"])
    | st.just(datetime(2026, 1, 1))  # noqa: DTZ001 -- TOML has dates without a zone
    | st.just(date(2026, 1, 1))
    | st.just(time(1, 1))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def tables(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    keys = st.sampled_from([*names, "unknown", "\x1b"])
    return st.dictionaries(keys, VALUES, max_size=4)


def connection(target: str) -> st.SearchStrategy[dict[str, Any]]:
    names = sorted(TARGETS[target].settings.model_fields)
    return tables(names).map(lambda table: {"target": target} | table)


SECTION_TABLES = {name: tables(sorted(model.model_fields)) | VALUES for name, model in SECTIONS.items()}
CONNECTIONS = st.dictionaries(
    st.text(max_size=5) | st.sampled_from(["acme", "b-2", "worker"]),
    st.sampled_from(sorted(TARGETS)).flatmap(connection) | VALUES,
    max_size=3,
)
WHOLE = st.fixed_dictionaries({}, optional=SECTION_TABLES | {"connections": CONNECTIONS | VALUES, "x": VALUES})


@settings(max_examples=150, deadline=None)
@given(WHOLE)
def test_any_tables(values: dict[str, Any]) -> None:
    """Random tables make settings or SettingsError, and either can be shown."""
    told = shown(values)

    assert told
    assert told.replace("\n", "").isprintable()


def shown(values: dict[str, Any]) -> str:
    try:
        made = build(values)
    except SettingsError as error:
        return str(error)
    return ascii(f"{made!r} {made.describe()}")


NAMES = [f"{section}__{option}" for section, model in SECTIONS.items() for option in model.model_fields]
NAMES += [f"connections__acme__{option}" for option in TARGETS["onoffice"].settings.model_fields]


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        (st.sampled_from(NAMES) | st.text("aB_-.", max_size=12)).map(lambda name: f"RELATION_WORKER_{name.upper()}"),
        st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=12)
        | st.sampled_from(["[1,", '{"a": 1}', "5/s", "[" * 3000, "1" * 5000]),
        max_size=5,
    )
)
def test_any_environment(environ: dict[str, str]) -> None:
    """A random environment makes settings or SettingsError."""
    with suppress(SettingsError):
        load(None, environ)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60) | st.text("ab=[]{}\"'\n.,#-1:T", max_size=60).map(str.encode))
def test_any_file(tmp_path_factory: Any, content: bytes) -> None:
    """A random file makes settings or SettingsError."""
    path: Path = tmp_path_factory.getbasetemp() / "fuzz.toml"
    path.write_bytes(content)
    with suppress(SettingsError):
        load(path, {})


SECRET = "s3cr3t"
HIDDEN = sorted({(target, option) for target, each in TARGETS.items() for option in secret_options(each.settings)})
TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=8)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(HIDDEN), TEXTS, TEXTS, st.data())
def test_any_secret(hidden: tuple[str, str], before: str, after: str, data: st.DataObject) -> None:
    """Whatever a secret looks like and whatever stands beside it, nothing that people read holds it."""
    target, option = hidden
    secret = f"{before}{SECRET}{after}"
    beside = data.draw(connection(target))
    told = shown({"connections": {"acme": beside | {"target": target, option: secret}}})

    assert SECRET not in told


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(HIDDEN), st.binary(max_size=40))
def test_any_secret_file(tmp_path_factory: Any, hidden: tuple[str, str], content: bytes) -> None:
    """A secret file with any bytes makes settings or SettingsError, and is not shown."""
    folder: Path = tmp_path_factory.getbasetemp() / "any-secrets"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    target, option = hidden
    (folder / f"acme.{option}").write_bytes(SECRET.encode() + content)
    config = folder.parent / "any-secrets.toml"
    config.write_text(f"[worker]\nsecrets = '{folder}'\n[connections.acme]\ntarget = '{target}'\n")
    try:
        made = load(config, {})
        told = f"{made!r} {made.describe()}"
    except SettingsError as error:
        told = f"{error} {error!r}"

    assert SECRET not in told
