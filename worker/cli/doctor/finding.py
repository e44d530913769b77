"""What the doctor finds, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["good", "note", "warning", "bad"]
Check = Literal["settings", "broker", "streams", "journal", "clock", "credentials", "quotas"]
MOST_SKEW = 60.0  # seconds; onOffice's signatures and everybody's tokens bear less than five minutes


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `mend` says what to do where it is not good."""

    check: Check
    about: str
    verdict: Verdict
    said: str
    mend: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "check": self.check,
            "about": self.about,
            "verdict": self.verdict,
            "said": self.said,
            "mend": self.mend or None,
        }


def is_well(findings: Iterable[Finding]) -> bool:
    """Say whether a worker can work with this."""
    return all(each.verdict != "bad" for each in findings)


def clocks(about: str, ahead: float | None) -> Finding:
    """Return what is to be said of a clock that ours is so many seconds ahead of; None: it says no time."""
    if ahead is None:
        return Finding("clock", about, "note", "it tells no time")
    if abs(ahead) <= MOST_SKEW:
        return Finding("clock", about, "good", f"within {max(2.0, abs(ahead)):.0f} s of ours")
    way = "ahead of" if ahead > 0 else "behind"
    said = f"this machine's clock is {abs(ahead):.0f} s {way} its"
    mend = "set this machine's clock (timedatectl set-ntp true); if others agree with ours, tell whoever runs theirs"
    return Finding("clock", about, "bad", said, mend)
