from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.merge import merged
from schemas.relation import Link, LinkCreated, LinkDeleted, Operation, Party, PartyCreated, PartyDeleted
from tests.schemas.examples import FULL_PARTY, LINK, ORGANIZATION, PERSON, accepted

Values = dict[str, Any]
TWO = [{"record_id": 1}, {"record_id": 2}]
PATCH: Values = {"kind": "party", "party_type": "person"}


def folded(first: Operation, earlier: Values, second: Operation, later: Values) -> Values | None:
    """Return the fields of the two as one, None where they do not fold."""
    both = merged(accepted(first, earlier), accepted(second, later))
    return None if both is None else both.model_dump(exclude_unset=True, mode="json")


def patched(first: Values, second: Values) -> Values | None:
    """Return two patches of a person as one, without what both name."""
    both = folded("update", {**PATCH, **first}, "update", {**PATCH, **second})
    return None if both is None else {name: value for name, value in both.items() if name not in PATCH}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"note": "a"}, {"email": "a@b"}, {"note": "a", "email": "a@b"}),
        ({"note": "a"}, {"note": None}, {"note": None}),
        ({"note": None}, {"note": "a"}, {"note": "a"}),
        ({"note": None}, {"status": "a"}, {"note": None, "status": "a"}),
        ({"address": {"city": "A"}}, {"address": {"street": None}}, {"address": {"city": "A", "street": None}}),
        ({"address": {"city": "A"}}, {"address": None}, {"address": None}),
        (
            {"contacts": [{"family_name": "A"}]},
            {"contacts": [{"family_name": "B"}]},
            {"contacts": [{"family_name": "B"}]},
        ),
        ({"free_fields": {"1": 1, "2": 2}}, {"free_fields": {"2": None}}, {"free_fields": {"1": 1, "2": None}}),
        (
            {"native": {"outsmart": {"a": 1}}},
            {"native": {"outsmart": {"b": 2}}},
            {"native": {"outsmart": {"a": 1, "b": 2}}},
        ),
        (
            {"address": {"house_number": "7", "house_number_suffix": "a"}},
            {"address": {"house_number": "9"}},
            {"address": {"house_number": "9", "house_number_suffix": None}},
        ),
        (
            {"given_name": "A", "family_name": "B", "honorific_prefix": "Dhr."},
            {"given_name": "C", "family_name": "D"},
            {"given_name": "C", "family_name": "D"},
        ),
        ({"note": "a", "complete": True}, {"status": "b"}, {"note": "a", "complete": True, "status": "b"}),
        ({"note": "a"}, {"status": "b", "complete": True}, {"status": "b", "complete": True}),
        ({"remote_id": "7"}, {"status": "b", "complete": True}, {"remote_id": "7", "status": "b", "complete": True}),
    ],
)
def test_patches(first: Values, second: Values, expected: Values) -> None:
    """Two patches merge by RFC 7396 with each null kept; complete data replace what was before."""
    assert patched(first, second) == expected


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"address": None}, {"address": {"city": "A"}}),
        ({"native": {"outsmart": {"a": None}}}, {"native": {"outsmart": {"a": {"b": 1}}}}),
        ({"customer_number": "1"}, {"customer_number": "2"}),
        ({"remote_id": "1"}, {"remote_id": "2"}),
        ({}, {"party_type": "organization"}),
    ],
)
def test_patches_that_do_not_fold(first: Values, second: Values) -> None:
    """Two patches that one call cannot bring stay two."""
    assert patched(first, second) is None


def test_created_takes_patches() -> None:
    """A patch onto created data leaves a created event, without nulls."""
    both = merged(accepted("create", FULL_PARTY), accepted("update", {**PATCH, "note": None, "address": {"city": "B"}}))

    assert isinstance(both, PartyCreated)
    assert both.note is None
    assert both.address is not None
    assert (both.address.city, both.address.street) == ("B", "Kade")


def test_created_takes_complete_data() -> None:
    """Complete data onto created data are a created event of their own."""
    both = merged(accepted("create", FULL_PARTY), accepted("update", {**PERSON, "complete": True}))

    assert isinstance(both, PartyCreated)
    assert both.model_fields_set == set(PERSON)


def test_created_link_takes_patches() -> None:
    """A link that was never sent was nothing before, whatever the patch says."""
    later: Values = {"kind": "link", "children": [{"record_id": 9}], "previous": {"children": [{"record_id": 8102}]}}
    both = merged(accepted("create", LINK), accepted("update", later))

    assert isinstance(both, LinkCreated)
    assert both.previous is None
    assert both.model_dump(exclude_unset=True, mode="json") == {**LINK, "children": [{"record_id": 9}]}


@pytest.mark.parametrize(
    ("first", "earlier", "second", "later"),
    [
        ("create", ORGANIZATION, "update", {"kind": "party", "party_type": "organization", "name": None}),
        ("create", PERSON, "update", {**PATCH, "remote_id": "7"}),
        ("create", {**LINK, "children": TWO}, "update", {"kind": "link", "parents": TWO}),
        ("update", {"kind": "link", "children": TWO}, "update", {"kind": "link", "parents": TWO}),
        ("delete", {"kind": "link"}, "create", LINK),
        ("delete", {"kind": "link"}, "update", {"kind": "link"}),
        ("create", LINK, "create", LINK),
        ("update", {"kind": "link"}, "create", LINK),
        ("create", LINK, "delete", {"kind": "party"}),
        ("create", {**PERSON, "customer_number": "1"}, "delete", {"kind": "party", "customer_number": "2"}),
    ],
)
def test_pairs_that_do_not_fold(first: Operation, earlier: Values, second: Operation, later: Values) -> None:
    """What the contract does not name, or would break a rule as one, stays two."""
    assert folded(first, earlier, second, later) is None


def test_deletion_finds_what_is_there() -> None:
    """A deletion looks for the relation where the earlier event leaves it, or found it."""
    moved: Values = {"kind": "link", "children": [{"record_id": 2}], "previous": {"children": [{"record_id": 1}]}}
    named: Values = {"kind": "link", "relation_type": "owner", "children": [{"record_id": 2}]}
    both = merged(accepted("update", moved), accepted("delete", named))

    assert isinstance(both, LinkDeleted)
    assert both.model_dump(exclude_unset=True, mode="json") == {**named, "children": [{"record_id": 1}]}


def test_deletion_takes_the_number() -> None:
    """A deletion without a number takes that of the event before it."""
    both = merged(accepted("create", FULL_PARTY), accepted("delete", {"kind": "party"}))

    assert isinstance(both, PartyDeleted)
    assert both.model_dump(exclude_unset=True) == {"kind": "party", "customer_number": "5012"}


END = st.integers(1, 4).map(lambda number: [{"record_id": number}])
ENDS = {"relation_type": st.sampled_from(["owner", "buyer"]), "parents": END, "children": END}
LINK_PATCH = st.fixed_dictionaries(
    {"kind": st.just("link")},
    optional={
        **ENDS,
        "comment": st.sampled_from(["a", None]),
        "direction": st.sampled_from(["forward", "reversed"]),
        "previous": st.fixed_dictionaries({}, optional=ENDS),
    },
)
KEY = ("relation_type", "parents", "children")


def shown_before(patch: Values, name: str) -> Any:
    """Return what the target shows before a patch, as far as it says (contract.md 3.1: old)."""
    return patch.get("previous", {}).get(name, patch.get(name))


@given(LINK_PATCH, LINK_PATCH)
def test_previous_is_what_the_target_shows(first: Values, second: Values) -> None:
    """What the fold says was there before is what the earlier event says, and only then the later."""
    both = folded("update", first, "update", second)
    assert both is not None

    for name in KEY:
        known = shown_before(first, name)
        assert shown_before(both, name) == (shown_before(second, name) if known is None else known)
        assert both.get(name) == second.get(name, first.get(name))
    assert ("previous" in both) >= ("previous" in first or "previous" in second)


TEXT = st.sampled_from([None, "a", "b"])
ADDRESS = st.fixed_dictionaries({}, optional={"city": TEXT, "street": TEXT, "postal_code": TEXT})
PARTY_PATCH = st.fixed_dictionaries(
    {},
    optional={
        "note": TEXT,
        "status": TEXT,
        "email": st.sampled_from([None, "a@b", "c@d"]),
        "address": st.none() | ADDRESS,
        "lead": st.none() | st.fixed_dictionaries({}, optional={"phase": TEXT, "score": st.integers(0, 3) | st.none()}),
        "free_fields": st.dictionaries(st.sampled_from(["1", "2", "50"]), st.none() | st.integers(0, 3)),
        "roles": st.lists(st.sampled_from(["customer", "supplier"]), min_size=1, max_size=2, unique=True),
        "active": st.booleans(),
    },
)


def applied(state: Any, patch: Any) -> Any:
    """Return what RFC 7396 makes of a state; written from its pseudocode, with plain dicts."""
    if not isinstance(patch, dict):
        return patch
    state = dict(state) if isinstance(state, dict) else {}
    for name, value in patch.items():
        if value is None:
            state.pop(name, None)
        else:
            state[name] = applied(state.get(name), value)
    return state


@given(PARTY_PATCH, PARTY_PATCH, PARTY_PATCH)
def test_one_patch_for_two(state: Values, first: Values, second: Values) -> None:
    """Whatever the target shows, the fold leaves it as the two patches would."""
    state = applied({}, state)
    both = patched(first, second)

    assert both is None or applied(state, both) == applied(applied(state, first), second)


@given(PARTY_PATCH, PARTY_PATCH)
def test_created_with_patch(first: Values, second: Values) -> None:
    """A created event with a patch worked in is the record that both would leave."""
    whole = applied({}, first)
    both = merged(accepted("create", {**PERSON, **whole}), accepted("update", {**PATCH, **second}))

    assert isinstance(both, PartyCreated)
    shown = {
        name: value for name, value in both.model_dump(exclude_unset=True, mode="json").items() if name not in PERSON
    }
    assert applied({}, shown) == applied(whole, second)


@given(PARTY_PATCH, PARTY_PATCH, PARTY_PATCH)
def test_folding_in_any_order(first: Values, second: Values, third: Values) -> None:
    """Three patches fold into the same, whichever two fold first."""
    left, right = patched(first, second), patched(second, third)
    if left is None or right is None:
        return
    ways = (patched(left, third), patched(first, right))

    assert None in ways or ways[0] == ways[1]


def test_operands_stay() -> None:
    """Folding changes neither event."""
    earlier, later = accepted("create", FULL_PARTY), accepted("update", {**PATCH, "address": {"city": "B"}})
    before = (earlier.model_dump(), later.model_dump())
    merged(earlier, later)

    assert (earlier.model_dump(), later.model_dump()) == before
    assert isinstance(earlier, Party | Link)
