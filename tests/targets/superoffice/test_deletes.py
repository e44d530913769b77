import pytest

from tests.targets.superoffice.vendor import (
    GONE,
    buried,
    called,
    entity,
    link,
    partner,
    refused,
    rows,
    went,
)
from tests.targets.walk import answer
from worker.errors import (
    AddressError,
)
from worker.targets.base import Applied, Known


class TestDelete:
    def test_known(self) -> None:
        """A link is deleted by its id."""
        walk = went(link("deleted"), [GONE], "78")

        assert called(walk) == ["DELETE Relation/78"]
        assert walk.steps[0].repeatable
        assert walk.end == Applied("deleted")

    def test_absent(self) -> None:
        """A link that is not there is absent, or not found where the connection wants that."""
        assert went(link("deleted"), [refused(404)], "78").end == Applied("absent")
        assert buried(went(link("deleted"), [refused(404)], "78", on_missing_delete="dead_letter")) == "not_found"
        assert went(link("deleted"), []).end == Applied("absent")
        assert went(link("deleted"), [], Known("78", deleted=True)).end == Applied("absent")
        assert went(link("deleted", relation_type="unknown here", remote_id="78"), [refused(404)]).end == Applied(
            "absent"
        )
        assert buried(went(link("deleted", relation_type="unknown here"), [])) == "unmappable"

    def test_doubt(self) -> None:
        """After a doubt, gone means done."""
        walk = went(link("deleted"), [refused(404)], "78", in_doubt=True, on_missing_delete="dead_letter")

        assert walk.end == Applied("deleted", warnings=("found gone after an unknown outcome",))

    def test_nothing_named(self) -> None:
        """A delete of nobody knows what made no call, so that even after a doubt nothing of it was done."""
        event = link("deleted", relation_type="partner", parents=[{"record_id": 12}])

        assert went(event, [], in_doubt=True).end == Applied("absent")
        assert went(link("deleted"), [], in_doubt=True).end == Applied("absent")
        assert buried(went(event, [], in_doubt=True, on_missing_delete="dead_letter")) == "not_found"

    def test_found(self) -> None:
        """A link that the journal does not know is found by its ends, or named by the event."""
        assert called(went(partner("deleted"), [rows(78), entity(), GONE])) == [
            "GET Relation",
            "GET Relation/78",
            "DELETE Relation/78",
        ]
        assert called(went(link("deleted", remote_id="78"), [GONE])) == ["DELETE Relation/78"]
        assert buried(went(link("deleted", remote_id="78"), [], owned=["78"])) == "conflict"
        assert buried(went(link("deleted", remote_id="78"), [], "77")) == "conflict"

    @pytest.mark.parametrize(("in_doubt", "effect"), [(False, "absent"), (True, "deleted")])
    def test_look_alike(self, in_doubt: bool, effect: str) -> None:
        """When the very link that journal or event name is gone, another one between its ends is left alone."""
        known = went(partner("deleted"), [refused(404)], "78", in_doubt=in_doubt)
        named = went(partner("deleted", remote_id="78"), [refused(404)], in_doubt=in_doubt)

        assert called(known) == called(named) == ["DELETE Relation/78"]
        assert isinstance(known.end, Applied)
        assert known.end == named.end
        assert known.end.effect == effect

    def test_taken(self) -> None:
        """A link that is taken over to be deleted is told with its id, which the other relation then lets go."""
        named = link("deleted", remote_id="78")

        assert went(named, [GONE], owned=["78"], on_taken="take_over").end == Applied("deleted", "78", take_over=True)
        assert went(named, [refused(404)], owned=["78"], on_taken="take_over").end == Applied("absent")
        assert went(named, [refused(404)], in_doubt=True, owned=["78"], on_taken="take_over").end == Applied(
            "deleted", "78", warnings=("found gone after an unknown outcome",), take_over=True
        )

    def test_page(self) -> None:
        """A 404 that is no SuperOffice's answer means that the address is wrong, and deletes nothing silently."""
        walk = went(link("deleted"), [answer(b"<html>not here</html>", 404), GONE], "78")

        assert [type(pause) for pause in walk.pauses] == [AddressError]
