"""The keys of SuperOffice's system user flow, and what is done with them; loaded only for it, it weighs 10 MB."""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPrivateNumbers,
    RSAPublicKey,
    RSAPublicNumbers,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

PARTS = ("Modulus", "Exponent", "D", "P", "Q", "DP", "DQ", "InverseQ")


def private_key(text: str) -> RSAPrivateKey:
    """Return an RSA key given as PEM or as the XML in which SuperOffice hands it out; raises ValueError.

    https://docs.superoffice.com/en/api/authentication/online/auth-application/sign-system-user-token.html,
    read 2026-01
    """
    try:
        key = _from_xml(text) if "<RSAKeyValue" in text else load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The cause would show what was read.
        raise ValueError("must be an RSA private key without a password: PEM, or RSAKeyValue XML") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("must be an RSA key")  # noqa: TRY004 -- pydantic reports only ValueError
    return key


def public_key(text: str) -> RSAPublicKey:
    """Return the RSA key of a certificate or public key in PEM; raises ValueError."""
    try:
        if "BEGIN CERTIFICATE" in text:
            key = load_pem_x509_certificate(text.encode()).public_key()
        else:
            key = load_pem_public_key(text.encode())  # type: ignore[assignment] # a wider union, told apart below
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("must be a certificate or a public key in PEM") from None
    if not isinstance(key, RSAPublicKey):
        raise ValueError("must hold an RSA key")  # noqa: TRY004 -- pydantic reports only ValueError
    return key


def signed(text: str, key: str) -> str:
    """Return our signature over a text, in base64."""
    return b64encode(private_key(key).sign(text.encode(), PKCS1v15(), SHA256())).decode()


def claims(token: Any, certificate: str | None) -> dict[str, Any]:
    """Return what a JWT says; its signature is checked with a certificate only. Raises ValueError: what is wrong."""
    # The vendor's own sample ignores the expiry: we read the token once, in the moment it comes.
    options: Any = {
        "verify_signature": certificate is not None,
        "verify_exp": False,
        "verify_aud": False,
        "verify_nbf": False,
        "verify_iat": False,
    }
    try:
        key = "" if certificate is None else public_key(certificate)
        said: dict[str, Any] = jwt.decode(token, key, algorithms=["RS256"], options=options)
    except jwt.PyJWTError as error:
        raise ValueError(type(error).__name__) from None
    return said


def _from_xml(text: str) -> RSAPrivateKey:
    n, e, d, p, q, dmp1, dmq1, iqmp = (_number(text, part) for part in PARTS)
    return RSAPrivateNumbers(p, q, d, dmp1, dmq1, iqmp, RSAPublicNumbers(e, n)).private_key()


def _number(text: str, part: str) -> int:
    found = re.search(rf"<{part}>([^<]+)</{part}>", text)
    if found is None:
        raise ValueError(part)
    try:
        return int.from_bytes(b64decode("".join(found[1].split()), validate=True), "big")
    except Base64Error:
        raise ValueError(part) from None
