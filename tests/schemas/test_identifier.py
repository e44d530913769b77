import json
from uuid import uuid5

from hypothesis import given
from hypothesis import strategies as st

from schemas.identifier import NAMESPACE, identifier


@given(st.lists(st.text(st.characters(codec="utf-8")) | st.integers(0, 2**63), max_size=6))
def test_an_identifier_is_the_uuid_of_its_parts(parts: list[str | int]) -> None:
    """Whoever has the parts makes the same identifier with any library: UUIDv5 of their compact JSON."""
    name = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))

    assert identifier(*parts) == str(uuid5(NAMESPACE, name))
