"""How a link is replaced where onOffice cannot change it: untie and tie."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from schemas.result import Effect
from worker.errors import PermanentError, RejectedError, UnsupportedError
from worker.targets.base import Owners, Step
from worker.targets.onoffice.codes import LINK_UNKNOWN, says
from worker.targets.onoffice.errand import Errand, in_part
from worker.targets.onoffice.mapping import Wish
from worker.targets.onoffice.triple import Pair, Triple
from worker.targets.policy import FOUND_AFTERWARDS

Calls = Generator[Step | Owners, Any, None]


@dataclass(slots=True)
class Swap:
    """What goes from the old link, and what comes into the new one."""

    old: Triple
    new: Triple
    gone: frozenset[Pair]
    come: frozenset[Pair]

    @property
    def kept(self) -> frozenset[Pair]:
        return self.new.pairs - self.come

    @property
    def is_renewal(self) -> bool:
        """Whether pairs are untied to be tied again."""
        return self.old.tail == self.new.tail and not self.gone.isdisjoint(self.come)


def replace(
    errand: Errand, wanted: Wish, old: Triple, new: Triple
) -> Generator[Step | Owners, Any, tuple[Effect, tuple[str, ...]]]:
    """Untie what went, tie what came; equal links are untied and tied whole.

    What is refused after something else was done makes the error one of `applied_in_part`.
    """
    errand.claims = old.keys | new.keys  # at once: two that swap a pair would each wait for what the other has
    stays = old.tail == new.tail and old.keys != new.keys
    common = old.pairs & new.pairs if stays else frozenset[Pair]()
    swap = Swap(old, new, old.pairs - common, new.pairs - common)
    done, warnings = False, tuple[str, ...]()
    if wanted.info and swap.kept:
        done = yield from _change_kept(errand, wanted, swap)
    if errand.task.in_doubt and swap.come and not swap.is_renewal:
        there = yield from errand.look(Triple.of(new.tail, swap.come))
        swap.come -= there
        done |= bool(there)
        warnings = () if swap.come else (FOUND_AFTERWARDS,)
    yield from _halves(errand, wanted, swap, done=done)
    return "replaced", warnings


def _change_kept(errand: Errand, wanted: Wish, swap: Swap) -> Generator[Step | Owners, Any, bool]:
    """Give the pairs that stay their status, first, because nothing is changed yet if that is refused.

    Return False when they cannot be given it in place, and are tied anew.
    """
    kept = Triple.of(swap.new.tail, swap.kept)
    try:
        yield from errand.modify(kept, wanted.info)
    except UnsupportedError:
        if wanted.previous is None:
            raise
        swap.gone, swap.come = swap.old.pairs, swap.new.pairs
    except RejectedError as error:
        if not says(error, LINK_UNKNOWN):
            raise
        swap.come = swap.new.pairs
    else:
        return True
    return False


def _halves(errand: Errand, wanted: Wish, swap: Swap, *, done: bool) -> Calls:
    """Untie and tie, in the order that is set; `done`: something was changed before."""
    first_untie = errand.settings.replace_order == "delete_first" or swap.is_renewal
    for untie in (first_untie, not first_untie):
        pairs = swap.gone if untie else swap.come
        if not pairs:
            continue
        try:
            if untie:
                yield from errand.remove(swap.old.tail, pairs)
            else:
                yield from errand.add(swap.new.tail, pairs, wanted.info)
        except PermanentError as error:
            raise in_part(error, done=done) from error
        done = True
