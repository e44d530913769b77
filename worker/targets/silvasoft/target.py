"""One connection's knowledge of Silvasoft."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from schemas.relation import Link, Party
from worker.sending.wire import Request, Response
from worker.targets.base import Course, Exchange, Step, Task
from worker.targets.options import account
from worker.targets.silvasoft import calls
from worker.targets.silvasoft.courses import course
from worker.targets.silvasoft.field import NUMBER
from worker.targets.silvasoft.mapping import VERSION
from worker.targets.silvasoft.reading import read
from worker.targets.silvasoft.settings import SilvasoftSettings


class Silvasoft:
    """Customers and suppliers in a book-keeping (contract.md 3.4)."""

    name = "silvasoft"
    kind: Literal["link", "party"] = "party"
    mapping = VERSION

    def __init__(self, settings: SilvasoftSettings) -> None:
        self._settings = settings

    def identity(self) -> tuple[str, str]:
        return urlsplit(self._settings.base_url).netloc, account(self._settings.api_key)

    def keyless(self, data: Link | Party) -> bool:
        """Say so of a party without a number: nothing but a look could find it."""
        if not isinstance(data, Party):
            return False
        native = (data.native or {}).get("silvasoft") or {}
        return data.customer_number is None and NUMBER not in native

    def course(self, task: Task) -> Course:
        return course(task, self._settings)

    def probe(self) -> Step:
        return calls.probe()

    def exchange(self, now: datetime) -> Exchange | None:  # noqa: ARG002 -- a key does not age
        return None

    def forget_session(self) -> None:
        """Do nothing: the key travels with every call."""

    def request(self, steps: Sequence[Step], now: datetime) -> Request:  # noqa: ARG002 -- nothing is signed
        return calls.request(steps, self._settings)

    def read(self, steps: Sequence[Step], response: Response) -> list[Any]:
        return read(steps, response, self._settings)
