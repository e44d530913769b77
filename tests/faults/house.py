"""A broker, four vendors, a journal and a worker: real processes over real sockets."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import nats
import orjson
from nats.errors import Error as NatsError

from tests.brokers.servers import TestServer
from tests.faults.events import Made
from tests.faults.oracle import Evidence, judge
from tests.faults.row import Outcome, Row
from tests.faults.vendors import Vendors
from tests.faults.working import WorkerProcess
from worker.brokers.base import Publication
from worker.brokers.publisher import Publisher
from worker.brokers.results import results
from worker.brokers.streams import RELATIONS, RESULTS, StreamLimits, provision
from worker.journal.journal import Journal
from worker.journal.rows import State
from worker.targets.options import secret_options
from worker.targets.registry import TARGETS

LOOK = 0.05  # seconds between looks
LONGEST = 40.0  # seconds that the end is waited for

OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "onoffice": {"relation_types": {"owner": "estate:address:owner"}},
    "superoffice": {"relation_types": {"holding": 5}},
    "outsmart": {},
    "silvasoft": {"strict": False},
}
COMMON: Mapping[str, Any] = {
    "quotas": ["200/s"],
    "in_flight": 4,
    "look_after": "0.2s",
    "backoff": {"base": "0.05s", "cap": "0.5s"},
    "timeouts": {"connect": "1s", "first_byte": "1s", "idle": "1s", "total": "3s"},
}


class House:
    """One scenario's home; what it made up to now is `made`, by name."""

    def __init__(self, scenario: str, options: Mapping[str, Any] | None = None) -> None:
        self.row = Row(scenario)
        self.problems: list[str] = []
        self.made: dict[str, Made] = {}
        self.cut_off = False  # set by a test that kills, freezes or starves a worker that folds
        self.journal_url = ""
        self.broker: dict[str, Any] = {}
        self._options = {**COMMON, **(options or {})}
        self._stack = AsyncExitStack()
        self._workers: list[WorkerProcess] = []
        self.folder: Path
        self.server: TestServer
        self.vendors: Vendors
        self.worker: WorkerProcess

    async def __aenter__(self) -> Self:
        folder = TemporaryDirectory(prefix="relation-worker-faults-", ignore_cleanup_errors=True)
        self.folder = Path(self._stack.enter_context(folder))
        self.server = self._stack.enter_context(TestServer(self.folder / "nats"))
        self.vendors = await self._stack.enter_async_context(Vendors())
        self.journal_url = self.journal_url or f"sqlite:///{self.folder / 'journal.db'}"
        self.broker = {"url": self.server.url}
        await provided(self.server.url)
        self._stack.push_async_callback(self._end)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _end(self) -> None:
        for worker in self._workers:
            if worker.code is None:
                await worker.kill()

    # Acting

    def prepared(self, failpoints: str = "", *, module: str = "worker") -> WorkerProcess:
        """Return a worker that is not started yet."""
        config = self.folder / "worker.toml"
        config.write_text(toml(self.configuration()))
        log = self.folder / f"worker-{len(self._workers)}.log"
        self.worker = WorkerProcess(config, log, failpoints=failpoints, module=module)
        self._workers.append(self.worker)
        return self.worker

    async def start(self, failpoints: str = "", *, module: str = "worker") -> WorkerProcess:
        """Start a worker and wait until it works."""
        worker = self.prepared(failpoints, module=module)
        await worker.start()
        if worker.code is not None:
            self.problems.append(f"the worker ended at its start with {worker.code}: {worker.said()[-500:]}")
        return worker

    def configuration(self) -> dict[str, Any]:
        """Return the worker's settings."""
        secrets = self.folder / "secrets"
        secrets.mkdir(exist_ok=True)
        connections: dict[str, dict[str, Any]] = {}
        for name, settings in self.vendors.settings.items():
            hidden = set(secret_options(TARGETS[name].settings))
            for key in hidden & settings.keys():
                (secrets / f"{name}.{key}").write_text(settings[key])
            plain = {key: value for key, value in settings.items() if key not in hidden}
            connections[name] = {**self._options, **OPTIONS[name], **plain}
        return {
            "worker": {"shutdown_grace": "8s", "lease": "3s", "secrets": str(secrets)},
            "broker": self.broker,
            "journal": {"url": self.journal_url},
            "console": {"port": 0},
            "log": {"format": "json"},
            "connections": connections,
        }

    async def publish(self, made: Iterable[Made]) -> None:
        """Publish as any producer would, past all proxies."""
        made = list(made)
        self.made |= {each.name: each for each in made}
        async with Publisher(self.server.url) as publisher:
            await publisher.publish([Publication(f"relation.{each.word}", "", each.body) for each in made])

    async def recovered(self, since: float, effects: int) -> None:
        """Note how long after a fault's end the vendors saw their next change."""
        await self.until(lambda: self._has_more(effects), "the next change at a vendor")
        seconds = round(time.monotonic() - since, 2)
        self.row.recovery_seconds = max(seconds, self.row.recovery_seconds or 0.0)

    async def _has_more(self, effects: int) -> bool:
        return await self.vendors.count() > effects

    async def until(self, question: Callable[[], Awaitable[bool]], what: str, seconds: float = LONGEST) -> bool:
        """Wait until it is so; note it as a problem when it never is."""
        end = time.monotonic() + seconds
        while not await question():
            if time.monotonic() > end:
                self.problems.append(f"waited in vain for {what}")
                return False
            await asyncio.sleep(LOOK)
        return True

    # Looking

    async def told(self) -> int:
        """Return how many messages the stream of results holds."""
        return await self.messages(RESULTS)

    async def messages(self, stream: str) -> int:
        """Return how many messages a stream holds; 0 while the broker does not answer."""
        try:
            client = await nats.connect(self.server.url, allow_reconnect=False, connect_timeout=2)
        except (NatsError, OSError):
            return 0
        try:
            state = (await client.jetstream().stream_info(stream)).state
            return int(state.messages)
        except (NatsError, OSError):
            return 0
        finally:
            await client.close()

    async def results(self) -> list[dict[str, Any]]:
        """Return every result once, in the order in which they were told first."""
        count = await self.told()
        found: dict[str, dict[str, Any]] = {}
        if count:
            async with results(self.server.url) as told:
                async for body in told:
                    result = orjson.loads(body)
                    found.setdefault(result["id"], result)
                    count -= 1
                    if not count:
                        break
        return list(found.values())

    async def all_told(self) -> bool:
        """Whether everything that was made has a result."""
        return await self.told() >= len(self.made) and len(await self.results()) >= len(self.made)

    async def settled(self, seconds: float = LONGEST) -> None:
        """Wait until everything that was made has a result."""
        if not await self.until(self.all_told, "the results of all events", seconds):
            results = await self.results()
            names = {(result["data"].get("event") or {}).get("id") for result in results}
            lack = sorted(self.made.keys() - names)[:5]
            self.problems.append(f"{len(results)} of {len(self.made)} results; e.g. {', '.join(lack)} lack")

    async def verdict(self) -> Outcome:
        """Stop the worker and hold everything against everything."""
        for worker in self._workers:
            if worker.code is None and (code := await worker.stop()):
                self.problems.append(f"the worker ended with {code}")
        heard = await self.results()
        self.count(heard)
        self.problems += self.complaints()
        journal = await Journal.open(self.journal_url)
        try:
            for vendor in self.vendors.settings:
                self.problems += judge(self.row, await self._evidence(vendor, heard, journal))
            waiting = await self._waiting(journal)
        finally:
            await journal.close()
        self.row.lost += len(self.made) - len(heard) - waiting
        reasons = Counter(each["data"]["reason"] for each in heard if each["data"]["outcome"] == "dead_lettered")
        return Outcome(self.row, self.problems, dict(reasons))

    async def counts(self) -> dict[tuple[str, State], int]:
        """Return how many deliveries the journal holds, by connection and state."""
        journal = await Journal.open(self.journal_url)
        try:
            return dict(await journal.counts())
        finally:
            await journal.close()

    def complaints(self) -> list[str]:
        """Return what no worker may ever say."""
        said = {log.name: log.read_text(errors="replace") for log in self.folder.glob("worker-*.log")}
        return [f"{name} holds a traceback" for name, text in said.items() if "Traceback" in text]

    def count(self, heard: Iterable[Mapping[str, Any]]) -> None:
        """Count outcomes."""
        self.row.runs = self.row.runs or 1
        self.row.produced = len(self.made)
        for result in heard:
            outcome = result["data"]["outcome"]
            setattr(self.row, outcome, getattr(self.row, outcome) + 1)

    async def _waiting(self, journal: Journal) -> int:
        counts = await journal.counts()
        held = sum(count for (_, state), count in counts.items() if state in {"waiting", "sent"})
        return held + await self.messages(RELATIONS)

    async def _evidence(self, vendor: str, heard: Iterable[Mapping[str, Any]], journal: Journal) -> Evidence:
        states = await journal.relations(vendor)
        return Evidence(
            vendor,
            [each for each in heard if each.get("connection") == vendor],
            await self.vendors.effects(vendor),
            await self.vendors.ask(vendor, "state"),
            {(each.source, each.subject): None if each.deleted else each.remote_id for each in states},
            self.cut_off,
        )


async def provided(url: str) -> None:
    """Make the streams, as an operator may before the first worker starts."""
    client = await nats.connect(url)
    await provision(client.jetstream(), StreamLimits(), owned=False, tell=lambda _: None)
    await client.close()


def toml(tables: Mapping[str, Any], path: str = "") -> str:
    """Write nested tables; JSON's texts, numbers and lists are TOML's as well."""
    plain = {key: value for key, value in tables.items() if not isinstance(value, Mapping)}
    nested = {key: value for key, value in tables.items() if isinstance(value, Mapping)}
    lines = [f"[{path}]"] if path else []
    lines += [f"{key} = {orjson.dumps(value).decode()}" for key, value in plain.items()]
    lines += [toml(value, f"{path}.{key}" if path else key) for key, value in nested.items()]
    return "\n".join(lines) + "\n"
