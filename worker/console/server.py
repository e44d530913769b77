"""The console's server: starts, says where it is, stops."""

import time
from pathlib import Path

from aiohttp import web

from worker.console import guard, live
from worker.console.access import Access
from worker.console.board import Board
from worker.console.page import furnish
from worker.console.routes import routes
from worker.console.sources import ACCESS, BOARD, SOURCES, Sources

STATIC = Path(__file__).parent / "static"
LEAST_BODY = 4 * 2**20  # bytes: a patch, or an import of some hundred letters
FORM_BYTES = 64 * 2**10  # what form fields take beside a body
GRACE = 1.0  # seconds that answers under way have at the end


class ConsoleError(Exception):
    """The console cannot be reached where the settings want it; says what to do."""


class Console:
    """One console; the worker goes on without it."""

    def __init__(self, sources: Sources) -> None:
        section = sources.settings.console
        token = section.token.get_secret_value() if section.token else None
        read_only = section.read_only_token.get_secret_value() if section.read_only_token else None
        operators = {name: each.get_secret_value() for name, each in section.operators.items()}
        self.access = Access(token, read_only, time.time, operators)
        self.board = Board(sources.settings, sources.journal, sources.connections, sources.flow, time.monotonic)
        self.port = section.port
        self._host = section.host
        self._app = application(sources, self.access, self.board)
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=GRACE)

    @property
    def url(self) -> str:
        """Where the console is, without a token."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}/"

    @property
    def entrance(self) -> str:
        """Where to begin: with the token if it was made for this run, one of the settings' is never told."""
        return f"{self.url}?token={self.access.made}" if self.access.made else self.url

    async def start(self) -> None:
        """Listen; raises ConsoleError."""
        await self._runner.setup()
        try:
            site = web.TCPSite(self._runner, self._host, self.port)
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise ConsoleError(explained(error, self._host, self.port)) from error
        addresses = self._runner.addresses
        self.port = addresses[0][1] if addresses else self.port

    async def stop(self) -> None:
        """Listen no more; streams end at once."""
        await self._runner.cleanup()


def application(sources: Sources, access: Access, board: Board) -> web.Application:
    """Return the whole console, ready to be served."""
    largest = max(LEAST_BODY, sources.settings.worker.max_event_bytes + FORM_BYTES)
    before = [guard.answered, guard.right_host, guard.right_address, guard.known_visitor]
    app = web.Application(middlewares=before, client_max_size=largest)
    app[SOURCES], app[ACCESS], app[BOARD], app[live.STREAMS] = sources, access, board, set()
    furnish(app)
    app.on_response_prepare.append(guard.on_prepare)
    app.on_shutdown.append(live.end)
    app.add_routes(routes())
    app.router.add_static("/static/", STATIC)
    return app


def explained(error: OSError, host: str, port: int) -> str:
    """Return what is wrong and what to do about it."""
    why = error.strerror or type(error).__name__
    return (
        f"the console cannot listen on {host}:{port} ({why}); events are worked all the same. Set console.port "
        "to a free one (0: any), or console.enabled to false"
    )
