import pytest

from tests.targets.superoffice.vendor import (
    buried,
    entity,
    link,
    partner,
    refused,
    system_user,
    tenant,
    token,
    went,
)
from tests.targets.walk import answer, task, walked
from worker.errors import (
    AddressError,
    ClosedError,
    RateLimitedError,
    RetryableError,
    UnauthorizedError,
    UnknownOutcomeError,
)
from worker.sending.wire import Response
from worker.targets.base import Applied


class TestSignals:
    @pytest.mark.parametrize(
        ("status", "reason"),
        [(400, "rejected"), (409, "conflict"), (418, "unexpected_answer"), (301, "unexpected_answer")],
    )
    def test_buried(self, status: int, reason: str) -> None:
        """What never passes is buried for its reason."""
        assert buried(went(link("updated", comment="x"), [refused(status)], "78")) == reason

    @pytest.mark.parametrize("kind", ["SoValidationException", "System.ArgumentException", "InvalidEntity"])
    def test_content(self, kind: str) -> None:
        """A 500 that names the content is tried once more, then rejected."""
        end = went(partner("updated"), [refused(500, kind)], "78").end

        assert isinstance(end, RetryableError)
        assert (end.reason, end.most) == ("rejected", 2)

    @pytest.mark.parametrize("reply", [refused(500), refused(503), answer(b"<html>", 502), answer(b"<html>", 200)])
    def test_unknown(self, reply: Response) -> None:
        """Server errors and what is no JSON leave the outcome open."""
        assert isinstance(went(link("updated", comment="x"), [reply], "78").end, UnknownOutcomeError)

    @pytest.mark.parametrize(
        ("reply", "kind"),
        [
            (refused(429), RateLimitedError),
            (refused(503, retry_after="5"), RateLimitedError),
            (refused(405), AddressError),
        ],
    )
    def test_paused(self, reply: Response, kind: type[ClosedError]) -> None:
        """What is about us pauses, and the step comes again."""
        walk = went(partner("created"), [reply, entity()])

        assert [type(pause) for pause in walk.pauses] == [kind]
        assert walk.end == Applied("created", "78")

    def test_post_404(self) -> None:
        """A create that finds no resource has the wrong address."""
        assert [type(pause) for pause in went(partner("created"), [refused(404), entity()]).pauses] == [AddressError]

    def test_wrong_host(self) -> None:
        """A moved tenant is asked for once and the call repeated; again wrong, it pauses."""
        moved = went(
            partner("created"),
            [answer(b"Wrong subdomain", 421), tenant(endpoint="https://online9.superoffice.com/Cust12345"), entity()],
        )
        lost = went(partner("created"), [answer(b"", 421), tenant(), answer(b"", 421), entity()])

        assert moved.requests[-1].url == "https://online9.superoffice.com/Cust12345/api/v1/Relation"
        assert moved.pauses == []
        assert moved.end == Applied("created", "78")
        assert [type(pause) for pause in lost.pauses] == [AddressError]

    @pytest.mark.parametrize("status", [401, 403])
    def test_renewed(self, status: int) -> None:
        """A session that ran out is renewed once, and only the log-in is asked for."""
        walk = walked(
            system_user(),
            task(partner("created")),
            [tenant(), token("7T:old"), refused(status), token("7T:new"), entity()],
        )

        assert [one.headers.get("Authorization") for one in walk.requests] == [
            None,
            None,
            "SOTicket 7T:old",
            None,
            "SOTicket 7T:new",
        ]
        assert walk.end == Applied("created", "78")

    def test_still_refused(self) -> None:
        """Refused with a fresh session, 401 pauses and 403 buries."""
        closed = walked(
            system_user(), task(partner("created")), [tenant(), token(), refused(401), token(), refused(401), entity()]
        )
        forbidden = walked(
            system_user(), task(partner("created")), [tenant(), token(), refused(403), token(), refused(403)]
        )

        assert [type(pause) for pause in closed.pauses] == [UnauthorizedError]
        assert buried(forbidden) == "forbidden"

    def test_nothing_to_renew(self) -> None:
        """A standing ticket that is refused pauses at once."""
        walk = went(partner("created"), [refused(401), entity()])

        assert [type(pause) for pause in walk.pauses] == [UnauthorizedError]
        assert buried(went(partner("created"), [refused(403)])) == "forbidden"
