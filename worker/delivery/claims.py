"""Which record of the vendor is whose, while calls about it are under way."""

from worker.delivery.attempt import Attempt


class Claims:
    """Two relations may mean one record (equal customer numbers): the second waits for the first's outcome."""

    def __init__(self) -> None:
        self._holders: dict[str, Attempt] = {}
        self._waiting: dict[str, list[Attempt]] = {}

    def claim(self, attempt: Attempt, keys: frozenset[str]) -> bool:
        """Claim natural keys for an attempt until its end; False: it waits for another's."""
        for key in keys:
            holder = self._holders.get(key)
            if holder is not None and holder is not attempt:
                self._waiting.setdefault(key, []).append(attempt)
                return False
        for key in keys:
            self._holders[key] = attempt
        attempt.claimed |= keys
        return True

    def release(self, attempt: Attempt) -> list[Attempt]:
        """Give back all that an attempt has claimed; return those that waited for it."""
        if not attempt.claimed:
            return []
        freed: dict[int, Attempt] = {}
        for key in attempt.claimed:
            self._holders.pop(key, None)
            for each in self._waiting.pop(key, ()):
                freed[id(each)] = each
        attempt.claimed = frozenset()
        return list(freed.values())

    def clear(self) -> None:
        """Forget all."""
        self._holders.clear()
        self._waiting.clear()
