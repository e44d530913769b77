from base64 import b64decode
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from tests.targets.superoffice.vendor import (
    APPLICATION,
    CLAIM,
    SECRETS,
    VENDOR_PEM,
    entity,
    partner,
    settings,
    system_user,
    tenant,
    token,
    went,
)
from tests.targets.walk import NOW, answer, task, walked
from worker.errors import (
    UnauthorizedError,
)
from worker.sending.wire import Response
from worker.targets.superoffice.target import SuperOffice


class TestLogin:
    def test_system_user(self) -> None:
        """The system user's token is signed with the minute, and its ticket kept for six hours."""
        target = system_user()

        walk = walked(target, task(partner("created")), [tenant(), token(), entity()])

        request = walk.requests[1]
        assert (request.method, request.url) == (
            "POST",
            "https://online.superoffice.com/Login/api/PartnerSystemUser/Authenticate",
        )
        body = walk.bodies[1]
        text, signature = body["SignedSystemToken"].rsplit(".", 1)
        assert text == "Worker-system.user.202510090853"
        APPLICATION.public_key().verify(b64decode(signature), text.encode(), PKCS1v15(), SHA256())
        assert {name: body[name] for name in ("ApplicationToken", "ContextIdentifier", "ReturnTokenType")} == {
            "ApplicationToken": "app-token",
            "ContextIdentifier": "Cust12345",
            "ReturnTokenType": "JWT",
        }
        assert walk.requests[2].headers["Authorization"] == "SOTicket 7T:fresh"
        assert walk.requests[2].headers["SO-AppToken"] == "app-token"
        shown = request.masked((request.body or b"").decode())
        assert not any(secret in shown for secret in (*SECRETS, signature))

    def test_early(self) -> None:
        """The session is renewed a few minutes before it runs out."""
        target = system_user()
        walked(target, task(partner("created")), [tenant(minutes=1440), token(), entity()])

        assert target.exchange(NOW + timedelta(hours=5, minutes=54)) is None
        assert target.exchange(NOW + timedelta(hours=5, minutes=56)) is not None

    def test_forgotten(self) -> None:
        """A session that is forgotten without a reason begins from nothing."""
        target = system_user()
        walked(target, task(partner("created")), [tenant(), token(), entity()])

        target.forget_session()

        walk = walked(target, task(partner("created")), [tenant(), token(), entity()])
        assert len(walk.requests) == 3

    def test_on_its_way(self) -> None:
        """A call that is being made while the session is forgotten still goes out, in the old one."""
        target = system_user()
        walked(target, task(partner("created")), [tenant(), token("7T:old"), entity()])

        target.forget_session()

        assert target.exchange(NOW) is not None
        assert target.request([target.probe()], NOW).headers["Authorization"] == "SOTicket 7T:old"

    def test_certificate(self) -> None:
        """With SuperOffice's certificate a token of another signer is refused."""
        good = walked(
            system_user(token_certificate=VENDOR_PEM), task(partner("created")), [tenant(), token(), entity()]
        )
        bad = walked(
            system_user(token_certificate=VENDOR_PEM),
            task(partner("created")),
            [tenant(), token(key=APPLICATION), token(), entity()],
        )

        assert good.pauses == []
        assert [type(pause) for pause in bad.pauses] == [UnauthorizedError]

    @pytest.mark.parametrize(
        "reply",
        [
            answer({"IsSuccessful": False, "Token": None, "ErrorMessage": "bad app-token"}),
            answer({"IsSuccessful": True, "Token": "not.a.jwt"}),
            answer({"IsSuccessful": True, "Token": None}),
            answer({}),
            token(""),
            token("7T:a\nb"),
            token(**{f"{CLAIM}ctx": "Cust99"}),
            answer({"Message": "no"}, 400),
            answer(b"", 401),
        ],
    )
    def test_refused(self, reply: Response) -> None:
        """A log-in that fails pauses, and says nothing secret."""
        walk = walked(system_user(), task(partner("created")), [tenant(), reply, token(), entity()])

        assert [type(pause) for pause in walk.pauses] == [UnauthorizedError]
        assert "app-token" not in str(walk.pauses[0])

    def test_refresh_token(self) -> None:
        """An access token is fetched with the refresh token, and again before it expires."""
        target = SuperOffice(
            settings(
                auth="refresh_token",
                client_id="me",
                client_secret="s3&cret",
                refresh_token="RT:1/2",
                redirect_uri="https://us.example/back",
                environment="sod",
            )
        )

        walk = walked(
            target,
            task(partner("created")),
            [
                tenant(minutes=1440),
                answer({"token_type": "Bearer", "access_token": "8A:x", "expires_in": 3600}),
                entity(),
            ],
        )

        request = walk_request = walk.requests[1]
        assert request.url == "https://sod.superoffice.com/login/common/oauth/tokens"
        assert parse_qs((walk_request.body or b"").decode()) == {
            "grant_type": ["refresh_token"],
            "client_id": ["me"],
            "client_secret": ["s3&cret"],
            "refresh_token": ["RT:1/2"],
            "redirect_uri": ["https://us.example/back"],
        }
        assert "RT%3A1" not in request.masked((request.body or b"").decode())
        assert "s3%26cret" not in request.masked((request.body or b"").decode())
        assert walk.requests[2].headers["Authorization"] == "Bearer 8A:x"
        assert target.exchange(NOW + timedelta(minutes=54)) is None
        assert target.exchange(NOW + timedelta(minutes=56)) is not None

    def test_refresh_refused(self) -> None:
        """A refresh token that is not accepted pauses with the vendor's word for it."""
        target = SuperOffice(
            settings(auth="refresh_token", client_id="me", client_secret="cs-1", refresh_token="RT-1", redirect_uri="u")
        )
        fresh = answer({"access_token": "8A:x", "expires_in": "soon"})

        walk = walked(
            target, task(partner("created")), [tenant(), answer({"error": "invalid_grant"}, 400), fresh, entity()]
        )

        assert [str(pause) for pause in walk.pauses] == ["SuperOffice log-in: HTTP 400 (invalid_grant)"]

    def test_bearer(self) -> None:
        """A standing access token goes out as it is."""
        target = SuperOffice(settings(auth="bearer", access_token="8A:Cust12345.abc"))

        walk = walked(target, task(partner("created")), [tenant(), entity()])

        assert walk.requests[1].headers["Authorization"] == "Bearer 8A:Cust12345.abc"

    def test_languages(self) -> None:
        """The options for language, culture and zone go out as headers."""
        walk = went(
            partner("created"),
            [entity()],
            accept_language="en",
            language="no",
            culture="en-US",
            time_zone="W. Europe Standard Time",
        )

        assert {
            name: walk.requests[0].headers[name]
            for name in ("Accept-Language", "SO-Language", "SO-Culture", "SO-TimeZone")
        } == {
            "Accept-Language": "en",
            "SO-Language": "no",
            "SO-Culture": "en-US",
            "SO-TimeZone": "W. Europe Standard Time",
        }
