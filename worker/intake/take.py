"""Takes a drained batch: read, routed, committed; then, and only then, it may be acked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.cloudevent import Event
from schemas.dead_letter import dead_letter_id, intake_letter_id
from schemas.result import intake_result_id
from worker.brokers.base import Message
from worker.errors import CrashedError, InvalidMessageError, UnsupportedError, WorkerError
from worker.intake.decode import Decoded, Decoder
from worker.intake.route import UNKNOWN, Routed, Routes
from worker.journal.journal import Journal
from worker.journal.rows import INTAKE, Delivery, Received, Settled
from worker.outcome.case_file import letter
from worker.outcome.ending import Burial, Effort, Origin
from worker.outcome.result import Teller

Born = tuple[Delivery, Settled]
Fresh = list[tuple[Delivery, Event]]


@dataclass(slots=True)
class Batch:
    """What a drained batch comes to."""

    deliveries: list[Delivery]
    born_settled: list[Born]
    events: dict[int, tuple[Message, Event]]
    untraced: int = 0


class Take:
    """Gives each message its position, and each of its connections a delivery, in one transaction."""

    def __init__(
        self,
        journal: Journal,
        decoder: Decoder,
        routes: Routes,
        teller: Teller,
        *,
        position: int,
        now: Callable[[], datetime],
        offer: Callable[[str, Fresh], None],
        settled: Callable[[Sequence[Settled]], None],
        received: Callable[[str, int], None],
    ) -> None:
        self._journal = journal
        self._decoder = decoder
        self._routes = routes
        self._teller = teller
        self._position = position
        self._now = now
        self._offer = offer
        self._settled = settled
        self._received = received

    async def __call__(self, messages: Sequence[Message]) -> None:
        """Commit one batch, in broker order."""
        batch = Batch([], [], {})
        for message in messages:
            self.read(batch, message, self.next_position())
        taken = await self._journal.take(batch.deliveries, batch.born_settled)
        self.hand_on(batch, taken.fresh)
        self._settled(taken.settled)
        reused = [self.reused(batch, position) for position in taken.reused]
        if reused:
            self._settled((await self._journal.take([], reused)).settled)
        seen = len(taken.duplicates)
        self._received("duplicate", seen)
        self._received("taken", len(batch.events) - len(reused) - seen)
        self._received("refused", len(messages) - len(batch.events) + len(reused))
        self._received("untraced", batch.untraced)

    def next_position(self) -> int:
        """Return the next place in broker order; every letter of intake has one of its own."""
        self._position += 1
        return self._position

    def read(self, batch: Batch, message: Message, position: int) -> None:
        """Turn one message into deliveries or letters."""
        try:
            decoded = self._decoder.decode(message)
        except InvalidMessageError as error:
            batch.born_settled.append(self.letter(message, error, None))
        except Exception as bug:  # noqa: BLE001 -- nothing in an event can stop intake
            crash = CrashedError(f"A bug of ours while reading it: {type(bug).__name__}.")
            batch.born_settled.append(self.letter(message, crash, None))
        else:
            batch.events[position] = (message, decoded.event)
            batch.untraced += bool(decoded.ignored)
            self.route(batch, message, decoded, position)

    def route(self, batch: Batch, message: Message, decoded: Decoded, position: int) -> None:
        """Give an event's connections their deliveries; what none takes becomes a letter."""
        routed: Routed = self._routes.route(decoded.event)
        for name in routed.unknown:
            error = InvalidMessageError(f"{UNKNOWN}{name}", reason="unroutable")
            batch.born_settled.append(self.letter(message, error, name))
        if routed.is_nobody:
            error = InvalidMessageError("No connection takes it.", reason="unroutable")
            batch.born_settled.append(self.letter(message, error, None))
        for connection in routed.connections:
            batch.deliveries.append(self.delivery(message, decoded, connection, position))
        for connection in routed.unsupported:
            batch.born_settled.append(self.unsupported(message, decoded, connection, position))

    def delivery(self, message: Message, decoded: Decoded, connection: str, position: int) -> Delivery:
        """Return the row of one event at one connection."""
        event = decoded.event
        return Delivery(
            connection=connection,
            position=position,
            source=event.source,
            subject=event.subject,
            event_id=event.id,
            digest=decoded.digest,
            operation=event.operation,
            received=received(message),
        )

    def letter(self, message: Message, error: WorkerError, name: str | None) -> Born:
        """Return a letter of intake: it concerns no connection and exists once."""
        position = self.next_position()
        attributes = self._decoder.attributes(message)
        origin = Origin(None, None, "", None, None, received(message), attributes)
        now = self._now()
        letter_id = intake_letter_id(message.stream, message.stream_created, message.stream_sequence, name)
        effort, burial = Effort(), Burial(error)
        result_id = intake_result_id(letter_id, 0)
        kept, result = letter(self._teller, origin, effort, burial, now, position, letter_id, result_id)
        row = Delivery(
            connection=INTAKE,
            position=position,
            source=attributes.get("source", ""),
            subject=attributes.get("subject", ""),
            event_id=attributes.get("id", ""),
            digest=b"",
            operation="create",
            received=received(message),
        )
        return row, Settled(INTAKE, position, "dead_lettered", 0, 0, now, result, letter=kept)

    def unsupported(self, message: Message, decoded: Decoded, connection: str, position: int) -> Born:
        """Return a delivery that is buried at birth: its target does not know this kind of relation."""
        event, now = decoded.event, self._now()
        target = self._routes.target_of(connection)
        error = UnsupportedError(f"{target} has no relations of kind {event.kind}.", reason="unsupported")
        origin = Origin(connection, target, "", event.operation, event, received(message), {})
        effort, burial = Effort(), Burial(error)
        letter_id = dead_letter_id(connection, event.source, event.id)
        result_id = self._teller.event_id(origin, effort, burial)
        kept, result = letter(self._teller, origin, effort, burial, now, position, letter_id, result_id)
        row = self.delivery(message, decoded, connection, position)
        return row, Settled(connection, position, "dead_lettered", 0, 0, now, result, letter=kept)

    def reused(self, batch: Batch, position: int) -> Born:
        """Return the letter of an event whose identifier was used for other data before."""
        message, _ = batch.events[position]
        error = InvalidMessageError(
            "identifier used twice: this source and id came with other data", reason="malformed"
        )
        return self.letter(message, error, None)

    def hand_on(self, batch: Batch, fresh: Sequence[Delivery]) -> None:
        """Offer what is committed to its connections, with the event that was read already."""
        offered: dict[str, Fresh] = {}
        for row in fresh:
            offered.setdefault(row.connection, []).append((row, batch.events[row.position][1]))
        for connection, rows in offered.items():
            self._offer(connection, rows)


def received(message: Message) -> Received:
    """Return a message as the journal keeps it."""
    return Received(
        stream=message.stream,
        stream_sequence=message.stream_sequence,
        subject=message.subject,
        received_at=message.received_at,
        headers=tuple(message.headers),
        body=message.body,
    )
