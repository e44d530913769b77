import pytest

from tests.targets.onoffice.vendor import (
    FINE,
    NOTHING,
    OWNER,
    UNKNOWN,
    actions,
    buried,
    link,
    meeting,
    onoffice,
    owner,
    records,
    refused,
    tied,
    verbs,
)
from tests.targets.walk import task, walked
from worker.errors import (
    PermanentError,
)
from worker.targets.base import Applied, Known
from worker.targets.onoffice.settings import MODIFIABLE, URN


class TestUpdate:
    KNOWN = "estate:address:owner/417/8102"

    def test_nothing_left(self) -> None:
        """An update of which nothing concerns onOffice costs no call."""
        assert Applied("unchanged", None, ("comment",)) == walked(onoffice(), task(link("updated", comment="x"))).end
        assert (
            Applied("unchanged", self.KNOWN, ("comment",))
            == walked(onoffice(), task(link("updated", comment="x"), self.KNOWN)).end
        )

    def test_deleted(self) -> None:
        """An update never brings back what was deleted."""
        walk = walked(onoffice(), task(owner("updated"), Known(self.KNOWN, deleted=True)))

        assert buried(walk) == "not_found"

    def test_unknown_link(self) -> None:
        """Where nobody knows which link is meant, the detail says what lacks."""
        walk = walked(onoffice(), task(link("updated", children=records(1))))

        assert buried(walk) == "not_found"
        assert "relation_type, parents" in str(walk.end)

    def test_doubtful(self) -> None:
        """After a replacement that was given up half done, what the journal says is looked up."""
        known = Known(self.KNOWN, doubtful=True)
        there = walked(onoffice(), task(owner("updated"), known), [tied(417, 8102)])
        gone = walked(onoffice(), task(owner("updated"), known), [NOTHING, FINE])

        assert Applied("unchanged", self.KNOWN) == there.end
        assert Applied("created", self.KNOWN) == gone.end

    def test_verified(self) -> None:
        """A link that the journal does not know is looked for, and made where it lacks."""
        there = walked(onoffice(), task(owner("updated")), [tied(417, 8102)])
        made = walked(onoffice(), task(owner("updated")), [NOTHING, FINE])
        half = walked(onoffice(), task(owner("updated", 417, 8102, 8103)), [tied(417, 8103), FINE])
        never = walked(onoffice(on_missing="dead_letter"), task(owner("updated")), [NOTHING])

        assert Applied("unchanged", self.KNOWN) == there.end
        assert Applied("created", self.KNOWN) == made.end
        assert Applied("updated", "estate:address:owner/417/8102,8103") == half.end
        assert actions(half)[1][1]["childid"] == [8102]
        assert buried(never) == "not_found"

    def test_journal_first(self) -> None:
        """The old link is the journal's, whatever `previous` says; what the event leaves out stays."""
        event = link("updated", children=records(8110), previous={"children": records(5)})

        walk = walked(onoffice(), task(event, self.KNOWN), [FINE, FINE])

        assert [(verb, sent["childid"]) for verb, sent in actions(walk)] == [("delete", 8102), ("create", [8110])]
        assert Applied("replaced", "estate:address:owner/417/8110") == walk.end

    def test_create_first(self) -> None:
        """The order of a replacement can be turned round."""
        walk = walked(
            onoffice(replace_order="create_first"), task(link("updated", children=records(1)), self.KNOWN), [FINE, FINE]
        )

        assert verbs(walk) == ["create", "delete"]

    def test_swapped(self) -> None:
        """Each step claims both ends: two relations that swap a pair would wait for each other for ever."""
        there = walked(onoffice(), task(link("updated", children=records(1)), self.KNOWN), [FINE, FINE])
        back = walked(
            onoffice(), task(link("updated", children=records(8102)), "estate:address:owner/417/1"), [FINE, FINE]
        )

        assert len({step.keys for step in (*there.steps, *back.steps)}) == 1

    def test_only_the_difference(self) -> None:
        """Pairs that stay are not touched."""
        event = link("updated", children=records(8102, 8104))

        walk = walked(onoffice(), task(event, "estate:address:owner/417/8102,8103"), [FINE, FINE])

        assert [(verb, sent["childid"]) for verb, sent in actions(walk)] == [("delete", 8103), ("create", [8104])]

    def test_other_type(self) -> None:
        """Another type is another link."""
        walk = walked(onoffice(), task(link("updated", relation_type="buyer"), self.KNOWN), [FINE, FINE])

        assert [sent["relationtype"] for _, sent in actions(walk)] == [URN + OWNER, URN + "estate:address:buyer"]
        assert Applied("replaced", "estate:address:buyer/417/8102") == walk.end

    def test_many_to_many(self) -> None:
        """An update must not make an n:n link out of the journal's and its own ends."""
        walk = walked(onoffice(), task(link("updated", children=records(1, 2)), "estate:address:owner/4,5/8"))

        assert buried(walk) == "unmappable"

    def test_second_half_refused(self) -> None:
        """A replacement whose second half is refused is known as half done."""
        walk = walked(onoffice(), task(link("updated", children=records(1)), self.KNOWN), [FINE, refused(80)])

        assert isinstance(walk.end, PermanentError)
        assert (walk.end.reason, walk.end.applied_in_part) == ("not_found", True)

    def test_first_half_refused(self) -> None:
        """A replacement whose first half is refused has changed nothing."""
        walk = walked(onoffice(), task(link("updated", children=records(1)), self.KNOWN), [refused(156)])

        assert isinstance(walk.end, PermanentError)
        assert (walk.end.reason, walk.end.applied_in_part) == ("forbidden", False)

    def test_refused_after_a_modify(self) -> None:
        """Pairs that stay and were given their status count as a part that is done."""
        event = meeting("updated", children=records(281, 282), confirmation_status="sent")
        untied = walked(onoffice(), task(event, "calendar:address/359/280,281"), [FINE, refused(156)])
        tied_on = walked(onoffice(), task(event, "calendar:address/359/281"), [FINE, refused(174)])
        first = walked(onoffice(), task(event, "calendar:address/359/281"), [refused(174)])

        ends = [walk.end for walk in (untied, tied_on, first)]
        assert [isinstance(end, PermanentError) and end.applied_in_part for end in ends] == [True, True, False]

    def test_refused_after_a_doubt(self) -> None:
        """What came and is found there after a cut is a part that is done, when what went cannot go."""
        target = onoffice(replace_order="create_first")

        walk = walked(
            target, task(link("updated", children=records(1)), self.KNOWN), [UNKNOWN, tied(417, 1), refused(174)]
        )

        assert isinstance(walk.end, PermanentError)
        assert (walk.end.reason, walk.end.applied_in_part) == ("forbidden", True)

    def test_replayed(self) -> None:
        """A replay of a half-done replacement does the half that lacks."""
        walk = walked(onoffice(), task(link("updated", children=records(1)), self.KNOWN), [refused(168), NOTHING, FINE])

        assert verbs(walk) == ["delete", "get", "create"]
        assert Applied("replaced", "estate:address:owner/417/1") == walk.end

    def test_replacement_in_doubt(self) -> None:
        """After a cut in the create what came is looked for before it is tied again."""
        event = link("updated", children=records(1))

        walk = walked(onoffice(), task(event, self.KNOWN), [FINE, UNKNOWN, tied(417, 1), refused(88), NOTHING])

        assert verbs(walk) == ["delete", "create", "get", "delete", "get"]
        assert (
            Applied("replaced", "estate:address:owner/417/1", warnings=("found after an unknown outcome",)) == walk.end
        )

    @pytest.mark.parametrize("kind", sorted(MODIFIABLE))
    def test_modifiable(self, kind: str) -> None:
        """The types of the older page are modified in place."""
        event = owner("updated", relation_type=kind, native={"onoffice": {"relationinfo": {"a": "b"}}})

        assert verbs(walked(onoffice(), task(event), [FINE])) == ["modify"]

    @pytest.mark.parametrize("code", [182, 199])
    def test_not_modifiable(self, code: int) -> None:
        """A status that cannot be changed is unsupported, or with `previous` the link is replaced."""
        status = {"confirmation_status": "sent"}
        plain = walked(onoffice(), task(meeting("updated", **status)), [refused(code)])
        known = walked(onoffice(modifiable=[]), task(meeting("updated", **status)))
        replaced = walked(
            onoffice(),
            task(meeting("updated", previous={"children": records(281)}, **status)),
            [refused(code), FINE, FINE],
        )

        assert "unsupported" == buried(plain) == buried(known)
        assert verbs(replaced) == ["modify", "delete", "create"]
        assert actions(replaced)[2][1]["relationinfo"] == {"statusTerminbestaetigung": "gesendet"}
        assert isinstance(replaced.end, Applied)
        assert replaced.end.effect == "replaced"

    def test_modify_of_nothing(self) -> None:
        """A link that is not there is created with its status, or buried."""
        event = meeting("updated", confirmation_status="sent")
        made = walked(onoffice(), task(event), [refused(180), FINE])

        assert verbs(made) == ["modify", "create"]
        assert Applied("created", "calendar:address/359/281") == made.end
        assert buried(walked(onoffice(on_missing="dead_letter"), task(event), [refused(180)])) == "not_found"

    @pytest.mark.parametrize("code", [88, 168])
    def test_modify_refused(self, code: int) -> None:
        """A modify that is refused is rejected."""
        assert (
            buried(walked(onoffice(), task(meeting("updated", confirmation_status="sent")), [refused(code)]))
            == "rejected"
        )

    def test_status_of_kept_pairs(self) -> None:
        """A status is given to the pairs that stay by a modify, to those that come by the create."""
        event = meeting("updated", children=records(281, 282), confirmation_status="sent")

        walk = walked(onoffice(), task(event, "calendar:address/359/280,281"), [FINE, FINE, FINE])

        assert [(verb, sent["childid"]) for verb, sent in actions(walk)] == [
            ("modify", [281]),
            ("delete", 280),
            ("create", [282]),
        ]

    def test_kept_pairs_not_modifiable(self) -> None:
        """Pairs that stay and cannot be modified need `previous`, and are then tied anew."""
        event = meeting("updated", children=records(281, 282), confirmation_status="sent")
        known = "calendar:address/359/281"

        assert buried(walked(onoffice(modifiable=[]), task(event, known))) == "unsupported"
        event["data"]["previous"] = {"children": records(281)}
        walk = walked(onoffice(modifiable=[]), task(event, known), [FINE, FINE])
        assert [(verb, sent["childid"]) for verb, sent in actions(walk)] == [("delete", 281), ("create", [281, 282])]

    def test_kept_pairs_missing(self) -> None:
        """Pairs that were to stay and are not there are tied with those that come."""
        event = meeting("updated", children=records(281, 282), confirmation_status="sent")

        walk = walked(onoffice(), task(event, "calendar:address/359/281"), [refused(180), FINE])

        assert [(verb, sent["childid"]) for verb, sent in actions(walk)] == [("modify", [281]), ("create", [281, 282])]

    def test_taken(self) -> None:
        """Neither the new link nor the one named as previous may be another relation's."""
        event = owner("updated", 417, 8110, previous={"children": records(8102)})

        assert buried(walked(onoffice(), task(event), owned=["estate:address:owner/417/8102"])) == "conflict"
        assert buried(walked(onoffice(), task(event), owned=["estate:address:owner/417/8110"])) == "conflict"
