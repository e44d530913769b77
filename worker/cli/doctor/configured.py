"""Checks of the settings themselves, as far as they can be used."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from worker.cli.doctor.finding import Finding
from worker.configuration.findings import Finding as Misfit
from worker.configuration.findings import SettingsError
from worker.settings import gathered, settled

if TYPE_CHECKING:
    from worker.configuration.sources import Tree
    from worker.settings import Settings

ROUNDS = 3  # what is taken out may bring to light what is wrong beside it
HOUR = 3600.0
# What the smallest plan allows, and so our default, and the largest; abuse may end in a block for good.
# https://developers.silvasoft.nl/ (read November 2026)
SMALLEST_PLAN, LARGEST_PLAN = 15, 1200


def configured(file: Path | None) -> "tuple[Settings | None, list[Finding]]":
    """Return what can be used of the settings, and everything that is wrong with them."""
    tree = gathered(file, os.environ)
    found: list[Finding] = []
    for _ in range(ROUNDS):
        try:
            read = settled(tree)
        except SettingsError as error:
            found += [misfit(each) for each in error.findings]
            tree.findings.clear()
            usable = [removed(tree, each) for each in error.findings]
            if not all(usable):
                return None, found
        else:
            name = str(file or "the environment")
            return read, found or [Finding("settings", name, "good", f"{len(read.connections)} connections")]
    return None, found


def misfit(one: Misfit) -> Finding:
    said = one.problem if one.value is None else f"{one.value}: {one.problem}"
    return Finding("settings", one.key, "bad", said, "mend it, then try `relation-worker config check`")


def removed(tree: "Tree", one: Misfit) -> bool:
    """Take out what is wrong, a connection as a whole, so that the rest can be looked at; False: it is no option."""
    first, _, rest = one.key.partition(".")
    name = rest.split(".")[0]
    values: Any = tree.values.get(first)
    if values is None:
        return one.origin is not None
    if name and isinstance(values, dict):
        values.pop(name, None)
    else:
        del tree.values[first]
    return True


def quotas(read: "Settings") -> Iterator[Finding]:
    """Hold the quotas against what the vendors' plans are known to allow."""
    for name, options in read.connections.items():
        told = ", ".join(map(str, options.quotas))
        hours = [quota for quota in options.quotas if quota.seconds == HOUR]
        if options.target != "silvasoft":
            yield Finding("quotas", name, "good", told)
        elif not hours:
            said = f"{told}: Silvasoft counts calls an hour, and none is set"
            yield Finding("quotas", name, "bad", said, f'add your plan\'s: connections.{name}.quotas = [..., "15/h"]')
        elif min(quota.calls for quota in hours) > LARGEST_PLAN:
            said = f"{told}: no plan of Silvasoft's allows more than {LARGEST_PLAN} calls an hour"
            yield Finding("quotas", name, "bad", said, f"set your plan's in connections.{name}.quotas")
        elif min(quota.calls for quota in hours) == SMALLEST_PLAN:
            said = f"{told}: the hour is the smallest plan's"
            mend = f"if your plan allows more, set it in connections.{name}.quotas"
            yield Finding("quotas", name, "note", said, mend)
        else:
            yield Finding("quotas", name, "good", f"{told}; see that the hour is your plan's")
