"""Starts sandboxes on loopback ports, in the running loop."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage

from worker.sandbox.admin import PREFIX, Admin
from worker.sandbox.exchange import Vendor
from worker.sandbox.onoffice import OnOffice
from worker.sandbox.outsmart import OutSmart
from worker.sandbox.sandbox import Sandbox
from worker.sandbox.silvasoft import Silvasoft
from worker.sandbox.superoffice import SuperOffice

VENDORS: Mapping[str, Callable[[], Vendor]] = {
    "onoffice": OnOffice,
    "superoffice": SuperOffice,
    "outsmart": OutSmart,
    "silvasoft": Silvasoft,
}
LARGEST_BODY = 64 << 20
# Calls that hang on purpose never end by themselves.
PATIENCE = 0.1


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that answers at `root`; `settings` is what a connection to it needs, secrets included."""

    name: str
    root: str
    sandbox: Sandbox = field(repr=False)
    settings: Mapping[str, str] = field(repr=False)

    @property
    def base_url(self) -> str:
        return self.settings["base_url"]


def server(sandbox: Sandbox) -> "web.Server":
    """Return the vendor as a server of aiohttp's, with its admin door.

    Without aiohttp's router: a vendor reads its own paths, and a call costs a sixth less.
    """
    admin = Admin(sandbox)

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith(PREFIX):
            return await admin.handle(request)
        return await sandbox.handle(request)

    # A client that leaves ends its call here too, as it does at a vendor that has not begun to write.
    return web.Server(handle, request_factory=request_of, handler_cancellation=True, access_log=None)


def request_of(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: "web.RequestHandler",
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=LARGEST_BODY)


@asynccontextmanager
async def running(
    sandbox: Sandbox,
    name: str | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Running]:
    """Serve one sandbox; port 0 takes a free one."""
    runner = web.ServerRunner(server(sandbox), shutdown_timeout=PATIENCE)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, ssl_context=tls, reuse_address=True)
        await site.start()
        taken = runner.addresses[0][1]
        root = f"{'https' if tls else 'http'}://{host}:{taken}"
        yield Running(name or sandbox.vendor.name, root, sandbox, sandbox.vendor.settings(root))
    finally:
        await runner.cleanup()


@asynccontextmanager
async def sandboxes(
    *chosen: str | Sandbox | tuple[str, Sandbox],
    host: str = "127.0.0.1",
    ports: Mapping[str, int] | None = None,
) -> AsyncIterator[Mapping[str, Running]]:
    """Serve any of the four, by name or as made ready; without arguments all four.

    A pair names a sandbox, so that two of one vendor can run side by side.
    """
    async with AsyncExitStack() as stack:
        found: dict[str, Running] = {}
        for name, sandbox in named(chosen or tuple(VENDORS)):
            if name in found:
                raise ValueError(f"two sandboxes are called {name!r}; give one another name")
            port = (ports or {}).get(name, 0)
            found[name] = await stack.enter_async_context(running(sandbox, name, host=host, port=port))
        yield found


def named(chosen: Iterable[str | Sandbox | tuple[str, Sandbox]]) -> Iterable[tuple[str, Sandbox]]:
    for each in chosen:
        if isinstance(each, tuple):
            yield each
        elif isinstance(each, Sandbox):
            yield each.vendor.name, each
        else:
            yield each, Sandbox(VENDORS[each]())


def serve(
    *chosen: str | Sandbox | tuple[str, Sandbox],
    host: str = "127.0.0.1",
    ports: Mapping[str, int] | None = None,
    started: Callable[[Mapping[str, Running]], None],
) -> None:
    """Serve until interrupted; `started` is told addresses and credentials."""

    async def until_interrupted() -> None:
        async with sandboxes(*chosen, host=host, ports=ports) as found:
            started(found)
            await asyncio.Event().wait()

    asyncio.run(until_interrupted())
