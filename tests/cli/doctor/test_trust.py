"""Whose certificates are believed at a vendor: the system's, and those that the environment names."""

import asyncio
import os
import ssl
import sys
from pathlib import Path

import orjson
import pytest

from tests.certificates import Authority
from tests.faults.house import toml
from tests.sending.hostile import answer, request, serving

pytestmark = pytest.mark.process


async def vendor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as OutSmart does where there is nothing."""
    while True:
        await request(reader)
        writer.write(answer(b'{"code": 200, "messages": [], "response": []}'))
        await writer.drain()


async def credentials(folder: Path, url: str, **environment: str) -> tuple[str, str]:
    """Let the doctor call a vendor; return the verdict and what it said."""
    connection = {"target": "outsmart", "base_url": url}
    (folder / "worker.toml").write_text(toml({"connections": {"acme": connection}}))
    names = {f"RELATION_WORKER_CONNECTIONS__ACME__{each}": "secret" for each in ("TOKEN", "SOFTWARE_TOKEN")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "worker", "doctor", "--json", "--config", str(folder / "worker.toml")),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **names, **environment},
    )
    told, _ = await process.communicate()
    (found,) = (each for each in orjson.loads(told)["findings"] if each["check"] == "credentials")
    return found["verdict"], found["said"]


async def test_an_authority_of_our_own(tmp_path: Path) -> None:
    """A vendor whose authority nobody knows is not called; named in SSL_CERT_FILE it is believed."""
    authority = Authority(tmp_path / "authority")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.vouched("vendor"))

    async with serving(vendor, tls) as url:
        refused = await credentials(tmp_path, f"{url}/openapi/8/")
        believed = await credentials(tmp_path, f"{url}/openapi/8/", SSL_CERT_FILE=str(authority.file))

    assert refused[0] == "bad"
    assert "its certificate is not valid" in refused[1]
    assert believed == ("good", "address and credentials are right")
