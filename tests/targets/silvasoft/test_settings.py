"""The options of a connection to Silvasoft, and their defaults."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.targets.silvasoft.vendor import BASE, KEY, silvasoft
from worker.targets.registry import TARGETS
from worker.targets.silvasoft.settings import SilvasoftSettings


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("number_pattern", "("),
        ("number_pattern", "^[0-9]+$"),
        ("username", "a@b.example\n"),
        ("api_key", ""),
        ("sex_values", {"other": "x"}),
        ("sex_values", {"male": ""}),
        ("find_by", ["name"]),
        ("on_existing_name", "omit"),
    ],
)
def test_an_option_that_cannot_be_meant_stops_the_start(option: str, value: Any) -> None:
    """Options are checked when they are read, without showing a secret."""
    with pytest.raises(ValidationError) as caught:
        silvasoft(**{option: value})
    assert KEY not in str(caught.value)


def test_the_defaults_are_those_of_the_contract() -> None:
    """Base URL, quotas, strictness and ceiling as the contract's table gives them."""
    settings = SilvasoftSettings(target="silvasoft", api_key="k", username="u")
    assert [str(one) for one in settings.quotas] == ["2/s", "50/min", "15/h"]
    assert (settings.base_url, settings.strict, settings.in_flight, settings.batch) == (BASE, True, 1, 1)
    assert TARGETS["silvasoft"].settings is SilvasoftSettings
