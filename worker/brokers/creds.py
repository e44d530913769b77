"""A NATS creds file, which others may write anew at any moment."""

import re
from pathlib import Path

from nats.aio.client import RawCredentials

from worker.brokers.base import BrokerSetupError

# https://docs.nats.io/using-nats/developer/connecting/creds (read November 2026)
BLOCKS = {"JWT": "NATS USER JWT", "seed": "USER NKEY SEED"}


def whole(path: Path) -> RawCredentials:
    """Return what the file holds now; raises `BrokerSetupError` for one that is not whole.

    nats-py 2.16 looks for a JWT that is not there without end, and lets nothing else run meanwhile.
    """
    try:
        text = path.read_text(errors="replace")
    except OSError as error:
        raise BrokerSetupError(
            f"the creds file {path} cannot be read ({error.strerror}). Name it as file in [broker.credentials], "
            "and give us the right to read it."
        ) from error
    lacks = [what for what, name in BLOCKS.items() if not _block(name).search(text)]
    if lacks:
        raise BrokerSetupError(
            f"the creds file {path} is not whole: it holds no {' and no '.join(lacks)}. "
            "Write it anew, and put it in its place by renaming."
        )
    return RawCredentials(text)


def _block(name: str) -> re.Pattern[str]:
    return re.compile(rf"^-+BEGIN {name}-+\n[\w.-]+\n-+END {name}-+$", re.MULTILINE | re.ASCII)
