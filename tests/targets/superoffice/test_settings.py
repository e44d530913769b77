from base64 import b64decode, b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from pydantic import ValidationError

from tests.targets.superoffice.vendor import (
    APPLICATION,
    entity,
    partner,
    settings,
    tenant,
    token,
)
from tests.targets.walk import task, walked
from worker.targets.superoffice.target import SuperOffice


class TestSettings:
    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"customer_id": None}, "customer_id is required"),
            ({"customer_id": "12345"}, "customer_id"),
            ({"environment": "onsite"}, "environment onsite needs base_url"),
            ({"environment": "onsite", "customer_id": None, "base_url": "https://x.example"}, "onsite allows basic"),
            ({"auth": "basic"}, "auth basic is for environment onsite"),
            ({"auth": "ticket"}, "auth ticket needs ticket, app_token"),
            ({"auth": "cookie"}, "auth"),
            (
                {"test_previous": True, "patch_format": "merge_patch", "auth": "bearer", "access_token": "x"},
                "test_previous needs",
            ),
            ({"private_key": "-----BEGIN"}, "must be an RSA private key"),
            ({"private_key": "<RSAKeyValue><Modulus>x</Modulus></RSAKeyValue>"}, "must be an RSA private key"),
            ({"token_certificate": "x"}, "must be a certificate"),
        ],
    )
    def test_refused(self, options: dict[str, Any], words: str) -> None:
        """What cannot work is refused with words that say what would."""
        with pytest.raises(ValidationError, match=words):
            settings(**options)

    def test_xml_key(self) -> None:
        """A key may be given in the XML that SuperOffice hands out."""
        numbers = APPLICATION.private_numbers()
        parts = {
            "Modulus": numbers.public_numbers.n,
            "Exponent": numbers.public_numbers.e,
            "P": numbers.p,
            "Q": numbers.q,
            "DP": numbers.dmp1,
            "DQ": numbers.dmq1,
            "InverseQ": numbers.iqmp,
            "D": numbers.d,
        }
        inner = "".join(
            f"<{name}>{b64encode(value.to_bytes((value.bit_length() + 7) // 8, 'big')).decode()}</{name}>"
            for name, value in parts.items()
        )
        target = SuperOffice(
            settings(app_token="a", system_user_token="t", private_key=f"<RSAKeyValue>{inner}</RSAKeyValue>")
        )

        walk = walked(target, task(partner("created")), [tenant(), token(), entity()])

        text, signature = walk.bodies[1]["SignedSystemToken"].rsplit(".", 1)
        APPLICATION.public_key().verify(b64decode(signature), text.encode(), PKCS1v15(), SHA256())
