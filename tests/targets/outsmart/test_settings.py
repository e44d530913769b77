"""The options of a connection to OutSmart, and their defaults."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.targets.outsmart.vendor import BASE, SOFTWARE, outsmart
from worker.targets.outsmart.settings import OutSmartSettings
from worker.targets.registry import TARGETS


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../etc/passwd"),
        ("free_field_key", "val"),
        ("free_fields", {"51": "x"}),
        ("token", "a b\n"),
        ("debtor_types", {"boss": "x"}),
    ],
)
def test_an_option_that_cannot_be_meant_stops_the_start(option: str, value: Any) -> None:
    """Options are checked when they are read, without showing a secret."""
    with pytest.raises(ValidationError) as caught:
        outsmart(**{option: value})
    assert SOFTWARE not in str(caught.value)


def test_the_defaults_are_those_of_the_contract() -> None:
    """Base URL, quota, ceiling and batch as the contract's table gives them."""
    settings = OutSmartSettings(target="outsmart", token="t", software_token="s")
    assert (settings.base_url, [str(one) for one in settings.quotas], settings.in_flight, settings.batch) == (
        BASE,
        ["2/s"],
        1,
        50,
    )
    assert TARGETS["outsmart"].settings is OutSmartSettings
