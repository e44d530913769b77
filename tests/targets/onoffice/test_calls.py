from typing import Any

import orjson
import pytest

from tests.targets.onoffice.vendor import (
    OWNER,
    TOKEN,
    onoffice,
    probe_step,
)
from tests.targets.walk import NOW
from worker.targets.onoffice.calls import signature, whole
from worker.targets.onoffice.triple import Triple


class TestSigning:
    @pytest.mark.parametrize(
        ("verb", "resource", "expected"),
        [
            ("modify", "relation", "lVaIkxS9wFqok8YryZMVXuGHvwwzGWiyz90E0XN8LyY="),
            ("create", "relation", "khHt6l3UIhrXpCl+zaCanYJ9NQzkHR5e/dS0Z+BAtl4="),
            ("delete", "relation", "gMMlDn4NeXWR4cXKmcDokH/fyXNr8kcfErNvodFa2MQ="),
            ("get", "idsfromrelation", "LQkpDSOUAcPzaOiPZm1ahOCMeMnu67cLQEvfA4nG99s="),
        ],
    )
    def test_vectors(self, verb: Any, resource: Any, expected: str) -> None:
        """The signature of each verb is that of the test vectors."""
        action = whole(verb, "x", Triple(OWNER, (1,), (2,)), {})
        action = type(action)(verb, resource, "x", action.parameters, "")

        assert expected == signature(onoffice()._settings, action, 1760000000)

    def test_claim(self) -> None:
        """A marketplace user's claim goes inside the parameters, and nobody sees it."""
        target = onoffice(extended_claim='a"b7f')
        request = target.request([probe_step()], NOW)

        (action,) = orjson.loads(request.body or b"")["request"]["actions"]
        assert action["parameters"]["extendedclaim"] == 'a"b7f'
        shown = request.masked((request.body or b"").decode())
        assert not any(secret in shown for secret in ("b7f", TOKEN, action["hmac"]))

    def test_moment(self) -> None:
        """Each request is signed for the moment it is made for."""
        target = onoffice()
        later = NOW.replace(second=NOW.second + 1)

        first, second = (orjson.loads(target.request([probe_step()], when).body or b"") for when in (NOW, later))

        assert first["request"]["actions"][0]["hmac"] != second["request"]["actions"][0]["hmac"]
