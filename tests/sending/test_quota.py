import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.sending.quota import Quota


@pytest.mark.parametrize(
    ("text", "calls", "seconds"),
    [
        ("2/s", 2, 1.0),
        ("50/min", 50, 60.0),
        ("15/h", 15, 3600.0),
        ("50/2s", 50, 2.0),
        ("100/d", 100, 86400.0),
        ("5/0.5s", 5, 0.5),
        ("10/15min", 10, 900.0),
    ],
)
def test_reads_and_writes_the_forms_of_the_settings(text: str, calls: int, seconds: float) -> None:
    """Each form is read, and written as it was."""
    quota = Quota.parse(text)

    assert Quota(calls, seconds) == quota
    assert text == str(quota)


@pytest.mark.parametrize(
    "text", ["", "2", "0/s", "-1/s", "2/0s", "2/x", "2/ s", "1e3/s", "2/s/s", "2/999999999d", "٢/s"]
)
def test_refuses_what_is_no_quota(text: str) -> None:
    """Anything else is a ValueError, as settings expect."""
    with pytest.raises(ValueError, match="quota"):
        Quota.parse(text)


@given(st.integers(1, 1_000_000), st.integers(1, 31_622_400_000))
def test_survives_the_round_trip(calls: int, milliseconds: int) -> None:
    """What is written is read back as the same quota: it is a key in the journal."""
    quota = Quota(calls, milliseconds / 1000)

    assert quota == Quota.parse(str(quota))
