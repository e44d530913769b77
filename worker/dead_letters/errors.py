"""Why something that a person asked for is not done; then nothing is changed."""

from collections.abc import Sequence


class DeadLetterError(Exception):
    """It cannot be done as it was asked; the text is one line for people, without secrets."""


class UnknownError(DeadLetterError):
    """There is no such letter or plan."""


class BoundlessError(DeadLetterError):
    """Everything was chosen, and nobody said that everything is meant."""


class PatchError(DeadLetterError):
    """The patch does not apply to a letter, or what it makes is no valid event."""


class StateError(DeadLetterError):
    """The plan, or the letter, is in a state that does not allow it."""


class DamagedError(DeadLetterError):
    """Lines of an import are damaged: their numbers, and what each lacks; `count` may be more than are told."""

    def __init__(self, lines: Sequence[tuple[int, str]], count: int) -> None:
        told = "; ".join(f"line {number}: {text}" for number, text in lines)
        rest = f"; and {count - len(lines)} more" if count > len(lines) else ""
        super().__init__(f"{told}{rest}; nothing was imported")
        self.lines = tuple(lines)
        self.count = count


def told(error: Exception) -> str:
    """Return why a letter stays; a bug's text may hold event data and is not told."""
    return str(error) if isinstance(error, DeadLetterError) else f"A bug of ours: {type(error).__name__}."
