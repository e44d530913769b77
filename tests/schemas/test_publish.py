import json
from pathlib import Path
from typing import Any

import pytest

from schemas.party import Party
from schemas.publish import DIALECT, FOLDER, documents, write, written


def test_no_drift() -> None:
    """The files in the repository are what the models say; `python -m schemas.publish` writes them anew."""
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}

    assert kept == {name: written(schema) for name, schema in documents().items()}


def test_written_files(tmp_path: Path) -> None:
    """Writing makes the folder and one file for each document."""
    write(tmp_path / "v1")

    assert {path.name for path in (tmp_path / "v1").iterdir()} == set(documents())


@pytest.mark.parametrize("name", sorted(documents()))
def test_identity(name: str) -> None:
    """Each document names its dialect, and an identity of its own."""
    schema = documents()[name]

    assert schema["$schema"] == DIALECT
    assert schema["$id"].startswith(("urn:relation-worker:relation:1", "urn:relation-worker:result:1"))
    assert len({each["$id"] for each in documents().values()}) == len(documents())


@pytest.mark.parametrize("name", sorted(documents()))
def test_references(name: str) -> None:
    """Every reference leads to a definition beside it or to another document."""
    schema = documents()[name]
    identities = {each["$id"] for each in documents().values()}
    definitions = {f"#/$defs/{key}" for key in schema.get("$defs", {})}

    assert references(schema) <= identities | definitions


def references(value: Any) -> set[str]:
    """Return every `$ref` in a schema."""
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    own = {value["$ref"]} if "$ref" in value else set()
    return own.union(*map(references, value.values()))


def test_operations() -> None:
    """What an operation requires, refuses or leaves unread stands in its schema."""
    created, updated, deleted = (documents()[f"party.{word}.json"] for word in ("created", "updated", "deleted"))

    assert created["required"] == updated["required"] == ["kind", "party_type"]
    assert deleted["required"] == ["kind"]
    assert set(Party.model_fields) - set(created["properties"]) == {"remote_id", "complete"}
    assert set(updated["properties"]) == set(Party.model_fields)
    assert created["properties"]["name"]["anyOf"][1] == updated["properties"]["name"]["anyOf"][1] == {"type": "null"}
    assert updated["properties"]["customer_number"]["type"] == "string"
    assert list(deleted["properties"]["email"]) == ["description"]


def test_every_field_is_described() -> None:
    """Every field of every document says what it means."""
    for name, schema in documents().items():
        for model in (schema, *schema.get("$defs", {}).values()):
            for field, said in model.get("properties", {}).items():
                assert field == "data" or said.get("description"), (name, field)


def test_files_are_readable() -> None:
    """The files are JSON with sorted-out words, not escapes."""
    for name in documents():
        assert json.loads((FOLDER / name).read_text(encoding="utf-8"))["$id"]
