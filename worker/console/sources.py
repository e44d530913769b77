"""What the console is given to look at and to steer; it builds nothing of this itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from worker.brokers.base import Broker
from worker.console.access import Access, Visitor
from worker.console.board import Board
from worker.console.flow import Flow
from worker.dead_letters.service import DeadLetters
from worker.delivery.connection import Connection
from worker.intake.decode import Decoder
from worker.journal.journal import Journal
from worker.settings import Settings
from worker.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Sources:
    """The worker as the console sees it; `unready` names what does not answer now, never a target."""

    settings: Settings
    version: str
    journal: Journal
    broker: Broker
    connections: Mapping[str, Connection]
    decoder: Decoder
    dead_letters: DeadLetters
    metrics: Metrics
    flow: Flow
    now: Callable[[], datetime]
    unready: Callable[[], list[str]]
    is_draining: Callable[[], bool]


SOURCES = web.AppKey("sources", Sources)
ACCESS = web.AppKey("access", Access)
BOARD = web.AppKey("board", Board)
VISITOR = web.RequestKey("visitor", Visitor)
