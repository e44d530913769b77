"""A NATS operator with one account and one user, who come with a creds file."""

import base64
import os
import time
from typing import Any

import nkeys  # type: ignore[import-untyped] # it has no types
import orjson

ALL = -1
ACCOUNT = {"subs": ALL, "data": ALL, "payload": ALL, "imports": ALL, "exports": ALL, "wildcards": True, "conn": ALL}
STORAGE = {"mem_storage": ALL, "disk_storage": ALL, "streams": ALL, "consumer": ALL}
USER = {"pub": {}, "sub": {}, "subs": ALL, "data": ALL, "payload": ALL}

CONFIG = """
jetstream {{ sync_interval: 1s }}
operator: "{operator}"
system_account: {system_key}
resolver: MEMORY
resolver_preload {{ {account_key}: "{account}", {system_key}: "{system}" }}
"""

CREDS = """\
-----BEGIN NATS USER JWT-----
{jwt}
------END NATS USER JWT------

Keep this file to yourself.

-----BEGIN USER NKEY SEED-----
{seed}
------END USER NKEY SEED------
"""


class Party:
    """Somebody with a key, who vouches for others."""

    def __init__(self, prefix: int) -> None:
        self.seed: str = nkeys.encode_seed(os.urandom(32), prefix).decode()
        self._keys = nkeys.from_seed(self.seed.encode())
        self.key: str = self._keys.public_key.decode()

    def vouch(self, other: "Party", kind: str, **claims: Any) -> str:
        """Write a JWT of version 2 about somebody."""
        said = {"iss": self.key, "sub": other.key, "name": kind, "iat": int(time.time()), "jti": other.key}
        parts = {"typ": "JWT", "alg": "ed25519-nkey"}, said | {"nats": {"type": kind, "version": 2, **claims}}
        text = ".".join(_base64(orjson.dumps(part)) for part in parts)
        return f"{text}.{_base64(self._keys.sign(text.encode()))}"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Operator:
    """Founds an operator: `config` is what its server reads, `creds` what its one user shows."""

    def __init__(self) -> None:
        operator, user = Party(nkeys.PREFIX_BYTE_OPERATOR), Party(nkeys.PREFIX_BYTE_USER)
        account, system = Party(nkeys.PREFIX_BYTE_ACCOUNT), Party(nkeys.PREFIX_BYTE_ACCOUNT)
        self.config = CONFIG.format(
            operator=operator.vouch(operator, "operator", system_account=system.key),
            account=operator.vouch(account, "account", limits=ACCOUNT | STORAGE),
            system=operator.vouch(system, "account", limits=ACCOUNT),
            account_key=account.key,
            system_key=system.key,
        )
        self.seed = user.seed
        self.creds = CREDS.format(jwt=account.vouch(user, "user", **USER), seed=user.seed)
