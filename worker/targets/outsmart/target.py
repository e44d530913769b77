"""One connection's knowledge of OutSmart."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from schemas.relation import Link, Party
from worker.sending.wire import Request, Response
from worker.targets.base import Course, Exchange, Step, Task
from worker.targets.options import account
from worker.targets.outsmart.calls import NOBODY, find, request
from worker.targets.outsmart.courses import course
from worker.targets.outsmart.mapping import VERSION
from worker.targets.outsmart.reading import read
from worker.targets.outsmart.settings import OutSmartSettings


class OutSmart:
    """Customers of a field service, known by their number (contract.md 3.3)."""

    name = "outsmart"
    kind: Literal["link", "party"] = "party"
    mapping = VERSION

    def __init__(self, settings: OutSmartSettings) -> None:
        self._settings = settings

    def identity(self) -> tuple[str, str]:
        return urlsplit(self._settings.base_url).netloc, account(self._settings.token)

    def keyless(self, data: Link | Party) -> bool:  # noqa: ARG002 -- every record here has its number
        return False

    def course(self, task: Task) -> Course:
        return course(task, self._settings)

    def probe(self) -> Step:
        return find(NOBODY)

    def exchange(self, now: datetime) -> Exchange | None:  # noqa: ARG002 -- tokens do not age
        return None

    def forget_session(self) -> None:
        """Do nothing: both tokens travel with every call."""

    def request(self, steps: Sequence[Step], now: datetime) -> Request:  # noqa: ARG002 -- nothing is signed
        return request(steps, self._settings)

    def read(self, steps: Sequence[Step], response: Response) -> list[Any]:
        return read(steps, response, self._settings)
