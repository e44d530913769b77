from typing import get_args

from schemas.dead_letter import ACTIONS, DeadLettered, Reason, dead_letter_id, intake_letter_id
from tests.schemas.test_result import APPLIED

DEAD_LETTERED = {
    **{name: value for name, value in APPLIED.items() if name not in {"effect", "warnings"}},
    "outcome": "dead_lettered",
    "absorbed": [],
    "dead_letter_id": "0f5b8d7e-3f0a-5a39-a6a5-0f4f5a4f9c77",
    "reason": "not_found",
    "detail": "onOffice 80: unknown record (or no right to it).",
    "action": "Create what lacks, or set on_missing, then replay.",
    "error": "RejectedError",
    "fingerprint": "9c0f4be1a77d2e35",
    "applied_in_part": False,
    "maybe_applied": False,
    "message": {
        "stream": "RELATIONS",
        "stream_sequence": 10417,
        "subject": "relation.created.link",
        "received_at": "2026-03-02T08:19:59.400Z",
    },
    "original": {
        "mode": "structured",
        "headers": {},
        "body": "{}",
        "size": 2,
        "sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "cut": False,
    },
    "last_call": {
        "method": "POST",
        "url": "https://api.onoffice.de/api/stable/api.php",
        "request": "{}",
        "status": 200,
        "headers": {"content-type": "application/json"},
        "response": "{}",
        "seconds": 0.4,
    },
    "tries": [
        {
            "at": "2026-03-02T08:19:59.600Z",
            "waited_seconds": 0.2,
            "calls": 1,
            "verdict": "bury",
            "status": 200,
            "message": "80",
        }
    ],
}


def test_actions() -> None:
    """Each of the 17 reasons says what to do about it."""
    assert list(ACTIONS) == list(get_args(Reason))
    assert len(ACTIONS) == 17
    assert all(action.endswith(".") for action in ACTIONS.values())


def test_example() -> None:
    """The contract's example of a dead letter is one."""
    read = DeadLettered.model_validate(DEAD_LETTERED)

    assert read.model_dump(mode="json")["original"] == DEAD_LETTERED["original"]
    assert read.tries[0].verdict == "bury"


def test_letters_of_deliveries() -> None:
    """A letter's id hangs on connection, source and id alone."""
    assert dead_letter_id("acme", "/crm", "e-1") == "8b052e5a-3d31-5d7c-895c-9d0b307d9393"
    assert dead_letter_id("acme", "/crm", "e-1") != dead_letter_id("acme", "/cr", "me-1")


def test_letters_of_intake() -> None:
    """A letter of intake hangs on the message's place in the broker, and the unknown name."""
    place = ("RELATIONS", "2026-03-02T08:00:00Z", 7)
    letters = {
        intake_letter_id(*place),
        intake_letter_id(*place, "acme"),
        intake_letter_id(*place, ""),
        intake_letter_id("RELATIONS", "2026-03-02T08:00:01Z", 7),
        dead_letter_id("RELATIONS", "2026-03-02T08:00:00Z", "7"),
    }

    assert len(letters) == 5
    assert intake_letter_id(*place) in letters
