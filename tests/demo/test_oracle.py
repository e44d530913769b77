import pytest

from worker.demo.oracle import Shown, mismatches

CREATED = {"kind": "create", "key": "77", "changed": ["Comment"]}
UPDATED = {"kind": "update", "key": "77", "changed": ["Comment"]}
AGAIN = {"kind": "update", "key": "77", "changed": []}
LIVE = {("/crm", "a"): "77"}


def told(effect: str, remote_id: str | None = "77", subject: str = "a") -> dict[str, object]:
    about = {"source": "/crm", "subject": subject}
    return {"type": "relation.applied", "data": {"event": about, "effect": effect, "remote_id": remote_id}}


def test_agreement_has_no_mismatch() -> None:
    """Changes that the results tell, once each, in a vendor and a journal that show them, agree."""
    results = [told("created"), told("updated")]

    assert mismatches("superoffice", results, Shown([CREATED, UPDATED, AGAIN], ["77"]), LIVE) == []


@pytest.mark.parametrize(
    ("effects", "records"),
    [
        ([CREATED], ["77"]),
        ([CREATED, UPDATED, UPDATED], ["77"]),
        ([CREATED, CREATED, UPDATED], ["77"]),
        ([CREATED, UPDATED, {**CREATED, "key": "78"}], ["77", "78"]),
        ([CREATED, UPDATED], []),
    ],
    ids=["missing", "doubled update", "doubled create", "of nobody", "gone"],
)
def test_disagreement_is_found(effects: list[dict[str, object]], records: list[str]) -> None:
    """A change that is missing, doubled or nobody's, and a record that is gone, are mismatches."""
    results = [told("created"), told("updated")]

    assert mismatches("superoffice", results, Shown(effects, records), LIVE)


def test_journal_is_held_against_the_results() -> None:
    """A relation that the journal takes for deleted and the results for live is a mismatch."""
    shown = Shown([CREATED], ["77"])

    assert mismatches("superoffice", [told("created")], shown, {("/crm", "a"): None})


def test_replaced_pairs_of_onoffice_are_told_apart() -> None:
    """A replaced link is one deletion of the pair that went and one creation of the pair that came."""
    before, after = "estate:address:owner/1/2", "estate:address:owner/1/3"
    results = [told("created", before), told("replaced", after)]
    effects = [
        {"kind": "create", "key": before, "changed": []},
        {"kind": "delete", "key": before, "changed": []},
        {"kind": "create", "key": after, "changed": []},
    ]

    assert mismatches("onoffice", results, Shown(effects, [after]), {("/crm", "a"): after}) == []
    assert mismatches("onoffice", results, Shown(effects[:2], []), {("/crm", "a"): after})
