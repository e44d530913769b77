"""What is told when an event is given up on, and what to do about it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from schemas.identifier import identifier
from schemas.result import Count, Ended, Seconds, Told, is_none
from schemas.value import Moment

# contract.md 4.3: the closed set of why an event is given up on.
Reason = Literal[
    "malformed",
    "unknown_type",
    "invalid_data",
    "unroutable",
    "expired",
    "unsupported",
    "unmappable",
    "rejected",
    "not_found",
    "waits_for",
    "conflict",
    "ambiguous",
    "forbidden",
    "attempts_exhausted",
    "unknown_outcome",
    "unexpected_answer",
    "crashed",
]

ACTIONS: Mapping[Reason, str] = MappingProxyType(
    {
        "malformed": "Mend the producer. Discard the letter, or replay with a patch if an attribute lacks.",
        "unknown_type": "Update the worker if the type is newer than it, otherwise mend the producer.",
        "invalid_data": "Replay with a patch to the field that the detail names.",
        "unroutable": "Add the connection or correct its name, then replay.",
        "expired": "Discard as a rule; to send it after all, replay with a patch to expirytime.",
        "unsupported": "Do it by hand at the target, or choose an option that can (deactivate, replace).",
        "unmappable": "Nothing was sent. Complete the connection's tables or patch the value, then replay.",
        "rejected": "Read what the target says, patch accordingly, then replay.",
        "not_found": "Create what lacks, or set on_missing, then replay.",
        "waits_for": "Replay the letter that the detail names; this one comes along, in order.",
        "conflict": "Compare the two records and decide which is right, then replay or discard.",
        "ambiguous": "Remove the double at the target, or replay with a patch that gives remote_id.",
        "forbidden": "Grant our account the right at the target, then replay the group.",
        "attempts_exhausted": "Look at the attempts; replay when the target is well again.",
        "unknown_outcome": "Look at the target by hand; then replay, which looks first, or discard.",
        "unexpected_answer": "Report it: our mapping has a gap. Replay after the update.",
        "crashed": "Report it with the case file: it is a bug of ours. Replay after the fix.",
    }
)


def dead_letter_id(connection: str, source: str, event_id: str) -> str:
    """Return the id of a delivery's letter; a replay that fails again has the same (contract.md 4.4)."""
    return identifier(connection, source, event_id)


def intake_letter_id(stream: str, created: str, sequence: int, name: str | None = None) -> str:
    """Return the id of a letter of intake, one for a message, or for each unknown `name` in its target."""
    parts = (stream, created, sequence)
    return identifier(*parts) if name is None else identifier(*parts, name)


class Message(Told):
    """Where the input came from."""

    stream: str = Field(description="The broker's stream.")
    stream_sequence: Count = Field(description="The message's place in it.")
    subject: str = Field(description="The subject that it was published to.")
    received_at: Moment = Field(description="When the worker got it; RFC 3339, UTC.")


class Original(Told):
    """The exact input; its body as text, or in base64 where the bytes are none."""

    mode: Literal["structured", "binary"] = Field(description="How attributes and data travelled.")
    headers: Mapping[str, str] = Field(description="The message's headers, as they came.")
    body: str | None = Field(default=None, exclude_if=is_none, description="The body as text.")
    body_base64: str | None = Field(default=None, exclude_if=is_none, description="The body in base64.")
    size: Count = Field(description="Bytes of the whole body.")
    sha256: str = Field(description="SHA-256 of the whole body, in hexadecimal.")
    cut: bool = Field(description="True: only its beginning stands here; the case file has the whole.")


class LastCall(Told):
    """The last exchange with the target, every secret masked."""

    method: str = Field(description="HTTP method.")
    url: str = Field(description="What was called; at OutSmart without the query.")
    request: str = Field(description="The body that was sent, to 4 KiB.")
    status: int | None = Field(description="HTTP status; null: no answer came.")
    headers: Mapping[str, str] = Field(description="Headers of the answer.")
    response: str | None = Field(description="Body of the answer, to 4 KiB.")
    seconds: Seconds | None = Field(description="Seconds from send to last byte.")


class Try(Told):
    """One attempt."""

    at: Moment = Field(description="When it began; RFC 3339, UTC.")
    waited_seconds: Seconds = Field(description="Seconds of waiting before it.")
    calls: Count = Field(description="HTTP requests that it took.")
    verdict: str = Field(description="What its answer led to: retry, look, pause, bury.")
    status: int | None = Field(description="HTTP status of its last answer.")
    message: str = Field(description="What was wrong, in short.")


class DeadLettered(Ended):
    """An event that was given up on; it can be replayed."""

    outcome: Literal["dead_lettered"] = Field(description="How it ended.")
    absorbed: tuple[str, ...] = Field(description="Always empty: each event has a letter of its own.")
    dropped: tuple[str, ...] = Field(description="Fields that have no place at the target.")
    dead_letter_id: str = Field(description="The letter's id; a replay that fails again has the same.")
    reason: Reason = Field(description="Why, in one of 17 words.")
    detail: Annotated[str, Field(max_length=1000)] = Field(
        description="Why, for people: at most 1000 characters, without secrets."
    )
    action: str = Field(description="What to do about it.")
    error: str = Field(description="Class of the exception.")
    fingerprint: Annotated[str, Field(pattern="^[0-9a-f]{16}$")] = Field(
        description="16 hexadecimal digits, equal for letters of one cause."
    )
    applied_in_part: bool = Field(description="True: some of it is done at the target.")
    maybe_applied: bool = Field(description="True: it may have been done, nobody told us.")
    message: Message = Field(description="Where it came from.")
    original: Original = Field(description="The exact input, cut at 64 KiB.")
    last_call: LastCall | None = Field(description="The last exchange with the target; null: there was none.")
    tries: Annotated[tuple[Try, ...], Field(max_length=20)] = Field(description="The last 20 attempts.")
