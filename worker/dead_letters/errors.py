"""Why something that a person asked for is not done; then nothing is changed."""


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
    """A line of an import is damaged."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(f"line {line}: {text}; nothing was imported")
        self.line = line
