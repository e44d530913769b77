import pytest

from tests.targets.onoffice.vendor import (
    FINE,
    NOTHING,
    actions,
    buried,
    link,
    onoffice,
    owner,
    refused,
    result,
    said,
    tied,
)
from tests.targets.walk import task, walked
from worker.errors import (
    PermanentError,
)
from worker.targets.base import Applied, Known


class TestDelete:
    KNOWN = "estate:address:owner/417/8102,8103"

    def test_one_action_a_pair(self) -> None:
        """Each pair is one action, with plain numbers."""
        walk = walked(onoffice(), task(link("deleted"), self.KNOWN), [said(result(), result())])

        assert [(sent["parentid"], sent["childid"]) for _, sent in actions(walk)] == [(417, 8102), (417, 8103)]
        assert Applied("deleted") == walk.end
        assert (walk.steps[0].weight, walk.steps[0].repeatable) == (2, True)

    def test_more_than_a_batch(self) -> None:
        """A delivery with more actions than a batch holds is spread over several requests."""
        known = "estate:address:owner/417/" + ",".join(map(str, range(1, 6)))

        walk = walked(
            onoffice(batch=2),
            task(link("deleted"), known),
            [said(result(), result()), said(result(), result()), said(result())],
        )

        assert [each.weight for each in walk.steps] == [2, 2, 1]
        assert Applied("deleted") == walk.end

    @pytest.mark.parametrize("code", [88, 168])
    def test_gone(self, code: int) -> None:
        """What could not be deleted is looked at: gone is well, there means that it cannot be."""
        one = "estate:address:owner/417/8102"
        gone = walked(onoffice(), task(link("deleted"), one), [refused(code), NOTHING])
        there = walked(onoffice(), task(link("deleted"), one), [refused(code), tied(417, 8102)])
        strict = walked(onoffice(on_missing_delete="dead_letter"), task(link("deleted"), one), [refused(code), NOTHING])

        assert Applied("absent") == gone.end
        assert buried(there) == "unsupported"
        assert buried(strict) == "not_found"

    def test_in_part(self) -> None:
        """Of several pairs one may be gone already, and one may be refused."""
        gone = walked(onoffice(), task(link("deleted"), self.KNOWN), [said(result(), result(168)), NOTHING])
        bad = walked(onoffice(), task(link("deleted"), self.KNOWN), [said(result(), result(174, "no right"))])

        assert Applied("deleted") == gone.end
        assert isinstance(bad.end, PermanentError)
        assert (bad.end.reason, bad.end.applied_in_part) == ("forbidden", True)

    def test_in_part_whatever_the_order(self) -> None:
        """A pair that went counts where it stands behind the refused one, and where the next request is refused."""
        known, three = task(link("deleted"), self.KNOWN), task(link("deleted"), self.KNOWN + ",8104")
        behind = walked(onoffice(), known, [said(result(174), result())]).end
        between = walked(onoffice(), three, [said(result(174), result(), result(156))]).end
        above = walked(onoffice(batch=2), three, [said(result(), result()), said(code=500, errorcode=5)]).end
        before = walked(onoffice(batch=2), three, [said(code=500, errorcode=5)]).end
        none = walked(onoffice(), known, [said(result(174), result(168))]).end

        ends = (behind, between, above, before, none)
        assert [isinstance(end, PermanentError) and end.applied_in_part for end in ends] == [True] * 3 + [False] * 2
        assert isinstance(between, PermanentError)
        assert between.code == "174"

    def test_unknown(self) -> None:
        """Without the journal the event's own link is deleted, unless it is another relation's."""
        walk = walked(onoffice(), task(owner("deleted")), [FINE])

        assert Applied("deleted") == walk.end
        assert buried(walked(onoffice(), task(owner("deleted")), owned=["estate:address:owner/417/8102"])) == "conflict"

    def test_taken(self) -> None:
        """A link that is taken over to be deleted is told with its id, which the other relation then lets go."""
        key, strange = "estate:address:owner/417/8102", onoffice(on_taken="take_over")
        walk = walked(strange, task(owner("deleted")), [FINE], owned=[key])
        doubt = walked(strange, task(owner("deleted"), in_doubt=True), [refused(168), NOTHING], owned=[key])
        absent = walked(strange, task(owner("deleted")), [refused(168), NOTHING], owned=[key])

        assert Applied("deleted", key, take_over=True) == walk.end
        assert Applied("deleted", key, warnings=("found gone after an unknown outcome",), take_over=True) == doubt.end
        assert Applied("absent") == absent.end

    def test_no_link_named(self) -> None:
        """A delete of nobody knows what has nothing to delete, and says so."""
        walk = walked(onoffice(), task(link("deleted")))

        assert Applied("absent", warnings=("no link named: relation_type, parents, children lack",)) == walk.end
        assert buried(walked(onoffice(on_missing_delete="dead_letter"), task(link("deleted")))) == "not_found"

    def test_again(self) -> None:
        """What was deleted before is not deleted again; after a doubt, gone means done."""
        twice = walked(onoffice(), task(link("deleted"), Known(self.KNOWN, deleted=True)))
        doubt = walked(
            onoffice(on_missing_delete="dead_letter"),
            task(link("deleted"), "estate:address:owner/1/2", in_doubt=True),
            [refused(168), NOTHING],
        )

        assert Applied("absent") == twice.end
        assert Applied("deleted", warnings=("found gone after an unknown outcome",)) == doubt.end
