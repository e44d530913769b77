"""One connection's knowledge of SuperOffice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from schemas.relation import Link, Party
from worker.sending.wire import Request, Response
from worker.targets.base import Course, Exchange, Step, Task
from worker.targets.options import account
from worker.targets.superoffice import calls, courses, reading
from worker.targets.superoffice.mapping import VERSION
from worker.targets.superoffice.session import Session
from worker.targets.superoffice.settings import SuperOfficeSettings


class SuperOffice:
    """Links between companies and persons of SuperOffice CRM (contract.md 3.2)."""

    name = "superoffice"
    kind: Literal["link", "party"] = "link"
    mapping = VERSION

    def __init__(self, settings: SuperOfficeSettings) -> None:
        self._settings = settings
        self._session = Session(settings)

    def identity(self) -> tuple[str, str]:
        """Return host and customer; onsite has no customer, there the user or the token tells accounts apart."""
        settings = self._settings
        user = SecretStr(settings.username) if settings.username else settings.ticket or settings.access_token
        host = urlsplit(settings.root).netloc
        return host, settings.customer_id or (account(user) if user else "")

    def keyless(self, data: Link | Party) -> bool:  # noqa: ARG002 -- RelationId is the server's, whatever the event says
        return True

    def course(self, task: Task) -> Course:
        return courses.course(self._settings, task)

    def probe(self) -> Step:
        return calls.probe()

    def exchange(self, now: datetime) -> Exchange | None:
        return self._session.exchange(now)

    def forget_session(self) -> None:
        self._session.forget()

    def request(self, steps: Sequence[Step], now: datetime) -> Request:  # noqa: ARG002 -- the session was renewed before
        (step,) = steps
        return calls.request(self._session, step.body)

    def read(self, steps: Sequence[Step], response: Response) -> list[Any]:
        (step,) = steps
        return [reading.read(self._session, step.body, response)]
