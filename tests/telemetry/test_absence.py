"""Absences, and how often they are said."""

from worker.telemetry.absence import Absence


class Clock:
    """Time that passes when it is told to."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def away(seconds: int, every: float = 1.0) -> list[str]:
    """Return what is said of so long an absence that is noticed so often."""
    said: list[str] = []
    clock = Clock()
    absence = Absence(said.append, clock)
    for _ in range(int(seconds / every)):
        absence("The journal cannot write")
        absence("Leases may run out")
        clock.now += every
    absence.over("The journal answers again")
    return said


def test_short_absence() -> None:
    """What was noticed by many is said once when it begins, and once with its length when it is over."""
    assert away(4) == ["The journal cannot write", "The journal answers again, after 4 s"]


def test_long_absence() -> None:
    """An absence that lasts is said again at growing distance, in the end once a minute."""
    said = away(600)

    assert said[1] == "The journal cannot write (for 5 s by now)"
    assert len(said) == 2 + 4 + 8  # begin and end; after 5, 15, 35, 75 s; once a minute
    assert said[-1] == "The journal answers again, after 600 s"


def test_nothing_was_away() -> None:
    """Who was not away is not welcomed back."""
    said: list[str] = []

    Absence(said.append).over("The journal answers again")

    assert said == []


def test_flapping_is_said_seldom() -> None:
    """What comes and goes each second is said no more often than what stays away; after a rest it is news again."""
    said: list[str] = []
    clock = Clock()
    absence = Absence(said.append, clock)
    for _ in range(600):
        absence("away")
        clock.now += 0.5
        absence.over("back")
        clock.now += 0.5
    assert len(said) < 40

    said.clear()
    clock.now += 61
    absence("away")
    assert said == ["away"]


def test_new_reason_is_said_at_once() -> None:
    """Who alone notices says another reason at once, whatever figures it holds; and of too many no more."""
    said: list[str] = []
    clock = Clock()
    absence = Absence(said.append, clock, reasons=3)
    absence("lost")
    for port in range(3):
        clock.now += 1
        absence(f"nobody listens at port {port}")
    assert said == ["lost", "nobody listens at port 0 (for 1 s by now)"]

    for word in ("not trusted", "too old", "not there"):
        absence(word)
    assert said[2:] == ["not trusted (for 3 s by now)"]
