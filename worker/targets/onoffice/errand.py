"""The single things that a course has onOffice do."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

from worker.errors import PermanentError, RejectedError, TargetError, UnsupportedError
from worker.targets.base import Owners, Step, Task
from worker.targets.onoffice import calls
from worker.targets.onoffice.calls import Action
from worker.targets.onoffice.codes import MAYBE_GONE, MAYBE_THERE, says
from worker.targets.onoffice.mapping import Info
from worker.targets.onoffice.reading import Records, related
from worker.targets.onoffice.settings import OnOfficeSettings
from worker.targets.onoffice.triple import Pair, Triple


@dataclass(slots=True)
class Errand:
    """One delivery under way; its actions are numbered. `claims`: keys that each of its steps has beside its own."""

    settings: OnOfficeSettings
    task: Task
    asked: int = field(default=0)
    claims: frozenset[str] = frozenset()

    def identifier(self) -> str:
        """Return the next free-text name of an action, which onOffice gives back with its result."""
        self.asked += 1
        return f"{self.task.event.id}/{self.asked}"

    def look(self, *links: Triple) -> Generator[Step | Owners, Any, frozenset[Pair]]:
        """Return which pairs of the links are there."""
        actions = [calls.look(self.identifier(), link) for link in links]
        keys = frozenset[str]().union(*(link.keys for link in links))
        answers = _all((yield calls.step(actions, keys | self.claims)))
        return frozenset[Pair]().union(*map(_there, links, answers))

    def modify(self, link: Triple, info: Info) -> Generator[Step | Owners, Any, None]:
        """Change the status of all pairs of the link, where its type allows that."""
        if link.tail not in self.settings.modifiable:
            raise UnsupportedError(f"links of this type cannot be changed. {link}.", reason="unsupported")
        _all((yield calls.step([calls.whole("modify", self.identifier(), link, info)], link.keys | self.claims)))

    def add(self, tail: str, pairs: frozenset[Pair], info: Info) -> Generator[Step | Owners, Any, bool]:
        """Tie the pairs; return False when all of them turn out to be tied already."""
        try:
            yield from self._create(Triple.of(tail, pairs), info)
        except RejectedError as error:
            if not says(error, MAYBE_THERE):
                raise
            missing = pairs - (yield from self.look(Triple.of(tail, pairs)))
            if missing == pairs:
                raise
            if missing:
                yield from self._create(Triple.of(tail, missing), info)
            return bool(missing)
        return True

    def remove(self, tail: str, pairs: frozenset[Pair]) -> Generator[Step | Owners, Any, bool]:
        """Untie the pairs, as many a request as may be; return False when none of them was tied."""
        links = [Triple.of(tail, [pair]) for pair in sorted(pairs)]
        gone, doubtful = False, set[Pair]()
        for first in range(0, len(links), self.settings.batch):
            some = links[first : first + self.settings.batch]
            verdicts = zip(some, (yield from self._delete(some, done=gone)), strict=True)
            refused = {link: verdict for link, verdict in verdicts if isinstance(verdict, PermanentError)}
            gone |= len(refused) < len(some)
            for link, verdict in refused.items():
                if not says(verdict, MAYBE_GONE):
                    raise in_part(verdict, done=gone)
                doubtful |= link.pairs
        yield from self._check_gone(tail, doubtful, done=gone)
        return gone

    def _create(self, link: Triple, info: Info) -> Generator[Step | Owners, Any, None]:
        action = calls.whole("create", self.identifier(), link, info)
        _all((yield calls.step([action], link.keys | self.claims, repeatable=False)))

    def _delete(
        self, links: Iterable[Triple], *, done: bool
    ) -> Generator[Step | Owners, Any, tuple[Records | TargetError, ...]]:
        """Return a verdict a pair; the error of a single pair is one, too. `done`: others of them went before."""
        actions: list[Action] = [calls.single(self.identifier(), link) for link in links]
        keys = frozenset[str]().union(*(link.keys for link in links))
        try:
            verdicts: tuple[Records | TargetError, ...] = yield calls.step(actions, keys | self.claims)
        except PermanentError as error:
            if len(actions) > 1:
                raise in_part(error, done=done) from error
            return (error,)
        return verdicts

    def _check_gone(self, tail: str, pairs: set[Pair], *, done: bool) -> Generator[Step | Owners, Any, None]:
        """Raise `unsupported` when a pair that could not be deleted is still tied."""
        if not pairs:
            return
        link = Triple.of(tail, pairs)
        if (yield from self.look(link)) & pairs:
            error = UnsupportedError(f"onOffice does not delete it. {link}.", reason="unsupported")
            raise in_part(error, done=done)


def in_part(error: PermanentError, *, done: bool) -> PermanentError:
    """Return the error as that of a change of which half is done."""
    if not done or error.applied_in_part:
        return error
    return type(error)(error.detail, reason=error.reason, code=error.code, applied_in_part=True)


def _all(verdicts: Iterable[Any]) -> list[Records]:
    """Return the records of each action; raises the first error among them."""
    found = []
    for verdict in verdicts:
        if isinstance(verdict, TargetError):
            raise verdict
        found.append(verdict)
    return found


def _there(link: Triple, records: Records) -> frozenset[Pair]:
    if len(link.parents) == 1:
        shown = {(link.parents[0], child) for child in related(records, link.parents[0])}
    else:
        shown = {(parent, link.children[0]) for parent in related(records, link.children[0])}
    return link.pairs & shown
