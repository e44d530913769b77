from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import generate_latest

from worker.telemetry.tally import Tallies

BOUNDS = (0.1, 1.0, 5.0)


@given(st.lists(st.floats(0.0, 10.0) | st.sampled_from(BOUNDS), max_size=20))
def test_a_scraper_sees_the_librarys_own_histogram(amounts: list[float]) -> None:
    """Buckets, count and sum are those that the library would show."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    tallies = Tallies("took_seconds", "How long.", ("who",), BOUNDS)
    ours.register(tallies)
    tally = tallies.of("acme")
    histogram = Histogram("took_seconds", "How long.", ("who",), registry=theirs, buckets=BOUNDS).labels("acme")
    for amount in amounts:
        tally.observe(amount)
        histogram.observe(amount)

    expected = [line for line in generate_latest(theirs).splitlines() if b"_created" not in line]
    assert generate_latest(ours).splitlines() == expected


def test_a_tally_is_the_same_whenever_it_is_asked_for() -> None:
    """Who asks again for the same labels counts on."""
    tallies = Tallies("took_seconds", "How long.", ("who",), BOUNDS)

    assert tallies.of("acme") is tallies.of("acme")
    assert tallies.of("acme") is not tallies.of("other")
