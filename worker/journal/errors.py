"""What can go wrong with the journal, said to those who can mend it."""

from collections.abc import Sequence


class JournalError(Exception):
    """The journal could not be opened, read or written; its text says what to do."""


class JournalAwayError(JournalError):
    """The database does not answer or cannot serve us now; waiting may mend it."""


class UnkeptError(JournalError):
    """No database holds this value, however often it is tried; what we write ourselves never has one."""


class LeaseLostError(JournalError):
    """Somebody else works this by now, so nothing was written."""


class TakenError(JournalError):
    """The remote id belongs to another live relation of the connection, so nothing was written."""


class UnderWayError(JournalError):
    """These letters are being replayed, so nothing was written."""

    def __init__(self, letters: Sequence[str]) -> None:
        super().__init__(f"{len(letters)} dead letters are being replayed, so nothing was written")
        self.letters = tuple(letters)


class LetterClosedError(JournalError):
    """A letter that was to be resolved was closed by somebody else meanwhile, so nothing was written."""
