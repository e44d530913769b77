"""The published examples."""

import pytest

from schemas import examples
from schemas.cloudevent import event_model
from schemas.publish import RESULTS
from schemas.result import ResultAttributes
from schemas.rules import WORDS


@pytest.mark.parametrize("word", ["created", "updated", "deleted"])
@pytest.mark.parametrize("kind", ["link", "party"])
def test_events(word: str, kind: str) -> None:
    """Each example of an event is one that the contract takes."""
    operation = next(operation for operation, other in WORDS.items() if other == word)
    made = event_model(kind, operation).model_validate(examples.event(word, kind))

    assert (made.kind, made.type) == (kind, f"relation.{word}")


@pytest.mark.parametrize("outcome", sorted(RESULTS))
def test_results(outcome: str) -> None:
    """Each example of a result has the attributes and the data that results have."""
    told = examples.result(outcome)

    assert ResultAttributes.model_validate(told).type == f"relation.{outcome}"
    assert RESULTS[outcome][1].model_validate(told["data"]).model_dump()["outcome"] == outcome
