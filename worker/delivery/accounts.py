"""Sees at the start that every connection still means the account that it meant."""

from collections.abc import Mapping

from worker.journal.errors import JournalError
from worker.journal.identity import Identity
from worker.journal.journal import Journal
from worker.journal.rows import INTAKE
from worker.targets.base import Target


async def check(journal: Journal, targets: Mapping[str, Target]) -> None:
    """Store what is new; raise JournalError, with the commands that mend it, for what is repointed or gone."""
    wrong = [await gone(journal, targets), *[await repointed(journal, *each) for each in targets.items()]]
    found = [each for each in wrong if each]
    if found:
        raise JournalError("\n".join(found))


async def gone(journal: Journal, targets: Mapping[str, Target]) -> str:
    """Return what is wrong with connections that are not in the settings while events wait for them."""
    known = await journal.accounts.all()
    waiting = {name: each.live + each.replay for name, each in (await journal.backlog()).items()}
    names = [
        name
        for name, count in waiting.items()
        if count and name not in targets and name != INTAKE and not (name in known and known[name].retired_at)
    ]
    return "\n".join(
        f"{waiting[name]} events wait for {name}, which is not in the settings: put it back, or say what it is "
        f"called now (relation-worker connections rename {name} NEW), or that it is gone for good "
        f"(relation-worker connections retire {name})"
        for name in sorted(names)
    )


async def repointed(journal: Journal, name: str, target: Target) -> str:
    """Store a connection's account at first use; return what is wrong if it is another one by now."""
    host, account = target.identity()
    try:
        await journal.accounts.identify(name, Identity(target.name, host, account))
    except JournalError as error:
        return str(error)
    return ""
