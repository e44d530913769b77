"""One connection's knowledge of onOffice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from schemas.relation import Link, Party
from worker.sending.wire import Request, Response
from worker.targets.base import Course, Exchange, Step, Task
from worker.targets.onoffice import calls, courses, reading
from worker.targets.onoffice.calls import Ask
from worker.targets.onoffice.mapping import APPOINTMENT, VERSION
from worker.targets.onoffice.settings import OnOfficeSettings
from worker.targets.onoffice.triple import Triple
from worker.targets.options import account


class OnOffice:
    """Links between records of onOffice enterprise (contract.md 3.1)."""

    name = "onoffice"
    kind: Literal["link", "party"] = "link"
    mapping = VERSION

    def __init__(self, settings: OnOfficeSettings) -> None:
        self._settings = settings

    def identity(self) -> tuple[str, str]:
        return urlsplit(self._settings.base_url).netloc, account(self._settings.token)

    def keyless(self, data: Link | Party) -> bool:  # noqa: ARG002 -- the triple is a key whatever the event says
        return False

    def course(self, task: Task) -> Course:
        return courses.course(self._settings, task)

    def probe(self) -> Step:
        """Look at some appointment's addresses: whether it exists does not matter."""
        action = calls.look("probe", Triple(APPOINTMENT, (1,), (1,)))
        return Step(Ask((action,), probe=True), "actions")

    def exchange(self, now: datetime) -> Exchange | None:  # noqa: ARG002 -- each request is signed by itself
        return None

    def forget_session(self) -> None:
        """Do nothing: there is no session, the next request is signed anew anyway."""

    def request(self, steps: Sequence[Step], now: datetime) -> Request:
        return calls.request(self._settings, steps, now)

    def read(self, steps: Sequence[Step], response: Response) -> list[Any]:
        return reading.read(self._settings, steps, response)
