"""The promise that no patch does harm."""

import json
import traceback
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dead_letters.house import LINK, NOW, House, document, received
from worker.dead_letters.document import Terms, patch_of
from worker.dead_letters.errors import DeadLetterError, PatchError
from worker.dead_letters.patching import KEPT, Patcher, changes
from worker.intake.decode import Decoder
from worker.journal.letters import Filter
from worker.journal.rows import Received

PATCHER = Patcher(Decoder(), 2**20)
PATHS = [
    "",
    "/",
    "/data",
    "/data/parents",
    "/data/parents/0",
    "/data/parents/-",
    "/data/parents/x",
    "/data/kind/y",
    "/id",
]
WORDS = ["add", "remove", "replace", "move", "copy", "test", "turn"]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3), lambda v: st.lists(v, max_size=2)
)
operations = st.fixed_dictionaries(
    {"op": st.sampled_from(WORDS), "path": st.sampled_from(PATHS)},
    optional={"from": st.sampled_from(PATHS) | values, "value": values},
)


@given(st.lists(operations, min_size=1, max_size=4))
def test_any_patch_applies_or_is_refused(patch: list[dict[str, Any]]) -> None:
    """Whatever the operations, the result is the same event, valid, or the patch is refused; the original stays."""
    came = received(1, document(1, "cust-1"))
    with suppress(DeadLetterError):
        given_patch = patch_of(json.dumps(patch))
        patched = PATCHER.patched(came, given_patch)
        assert {name: patched.after.get(name) for name in KEPT} == {name: patched.before.get(name) for name in KEPT}
        assert patched.decoded.event.id == "e-1"
    assert orjson.loads(came.body) == document(1, "cust-1")


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        ({"op": "test", "path": "/data/comment", "value": "else"}, "test /data/comment"),
        ({"op": "test", "path": "/data", "value": 1}, "test /data"),
        ({"op": "replace", "path": "/data/nope/x", "value": 1}, "replace /data/nope/x"),
        ({"op": "add", "path": "/data/comment/x", "value": 1}, "add /data/comment/x"),
        ({"op": "copy", "from": "/data/nope", "path": "/data/x"}, "copy /data/x"),
    ],
)
def test_refusal_tells_nothing_of_the_event(operation: dict[str, Any], told: str) -> None:
    """Which operation does not apply is told, and nothing of what the event holds."""
    came = received(1, document(1, "cust-1", data=LINK | {"comment": "jet@example.org"}))

    with pytest.raises(PatchError) as caught:
        PATCHER.patched(came, patch_of(orjson.dumps([operation])))

    assert str(caught.value) == f"the patch does not apply: {told}"
    assert "jet@example.org" not in "".join(traceback.format_exception(caught.value))


def test_size_is_bounded() -> None:
    """A patch cannot make an event larger than what intake takes."""
    came = received(1, document(1, "cust-1"))
    patch = patch_of(orjson.dumps([{"op": "add", "path": "/data/comment", "value": "x" * 2000}]))

    with suppress(PatchError):
        Patcher(Decoder(), 1500).patched(came, patch)
        raise AssertionError("it is too large")


def test_only_what_a_patch_changes_is_measured() -> None:
    """An event that nobody changes is whole whatever the bound is by now, in either mode; a changed one is held to it."""
    event = document(1, "cust-1")
    attributes = {name: value for name, value in event.items() if name != "data"}
    headers = tuple((f"ce-{name}", value) for name, value in attributes.items())
    binary = Received("RELATIONS", 1, event["type"], NOW, headers, orjson.dumps(event["data"]))
    patcher = Patcher(Decoder(), 100)

    for came in (received(1, event), binary):
        assert patcher.patched(came, ()).after == event
        with pytest.raises(PatchError, match="the changed event is larger"):
            patcher.patched(came, patch_of(b'[{"op": "add", "path": "/data/comment", "value": "x"}]'))


async def test_what_intake_finds_too_large_stays_so(house: House) -> None:
    """A letter that intake does not take for its size is not taken again without a patch; a rehearsal says so."""
    letter = await house.bury_at_intake(1, document(1, "cust-1", padding="x" * 2**20))

    (told,) = (await house.service.rehearse(Filter(ids=[letter]), Terms("again"))).shown
    assert told.verdict == "refused"
    assert "larger than 1048576 bytes" in told.detail


def test_copies_cannot_grow_without_bound() -> None:
    """Copies of what holds them are refused as soon as they are too much."""
    wide = [{"op": "copy", "from": "/data", "path": f"/data/x{number}"} for number in range(100)]
    deep = [{"op": "copy", "from": "/data", "path": "/data" + "/x" * number} for number in range(1, 100)]

    for patch in (wide, deep):
        with pytest.raises(PatchError):
            PATCHER.patched(received(1, document(1, "cust-1")), patch_of(orjson.dumps(patch)))


def test_changes_are_told_member_by_member() -> None:
    """What differs is told by path, with names written as a JSON Pointer writes them."""
    before = {"a": {"y": 1, "x": 1}, "b": {"c/d": 1, "e~f": [1, 2]}, "g": 1}
    after = {"a": {"x": 1, "y": 1}, "b": {"c/d": 2, "e~f": [1]}, "h": 1}

    assert changes(before, after) == [
        {"path": "/b/c~1d", "before": 1, "after": 2},
        {"path": "/b/e~0f", "before": [1, 2], "after": [1]},
        {"path": "/g", "before": 1},
        {"path": "/h", "after": 1},
    ]


def test_what_json_tells_apart_is_a_change() -> None:
    """A number that becomes true is a change, and so is what clears a field: an absent member that becomes null."""
    assert changes({"a": 1, "b": [0], "c": None}, {"a": True, "b": [False], "d": None}) == [
        {"path": "/a", "before": 1, "after": True},
        {"path": "/b", "before": [0], "after": [False]},
        {"path": "/c", "before": None},
        {"path": "/d", "after": None},
    ]
