"""Which of two events of one relation is the older one."""

from collections.abc import Iterable

from worker.journal.rows import RelationState


def earlier(one: str | None, other: str | None) -> bool | None:
    """Say whether sequence `one` comes before `other`; None where the two cannot be compared.

    Digits are compared as integers of any size, other words by code point; one of each is not comparable.
    """
    if one is None or other is None or is_number(one) != is_number(other):
        return None
    if is_number(one):
        return digits(one) < digits(other)
    return one < other


def is_number(sequence: str) -> bool:
    """Say whether all of it are decimal digits of ASCII."""
    return sequence.isascii() and sequence.isdigit()


def digits(sequence: str) -> tuple[int, str]:
    """Return what orders integers written in digits, without making an integer of hostile length."""
    significant = sequence.lstrip("0")
    return (len(significant), significant)


def is_stale(sequence: str | None, position: int, applied: RelationState | None) -> bool:
    """Say whether something newer than this is applied already."""
    if applied is None:
        return False
    before = earlier(sequence, applied.sequence)
    return position < applied.position if before is None else before


def latest(sequences: Iterable[str | None]) -> str | None:
    """Return the sequence that comes after all others; of two that are equal or do not compare, the later one."""
    last: str | None = None
    for sequence in sequences:
        if sequence is not None and (last is None or not earlier(sequence, last)):
            last = sequence
    return last
