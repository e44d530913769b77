"""A replay by real processes over real sockets, ended by a power cut half way."""

from collections import Counter

import pytest

from tests.faults.events import Made, event, super_office
from tests.faults.house import House
from worker.dead_letters.document import Terms
from worker.dead_letters.service import DeadLetters
from worker.intake.decode import Decoder
from worker.journal.journal import Journal
from worker.journal.letters import Filter
from worker.sending.quota import Quota
from worker.settings import load

LETTERS = 60
VENDOR = "superoffice"
MEND = ({"op": "replace", "path": "/data/relation_type", "value": "holding"},)


def refused(number: int) -> Made:
    """Return a create of which the connection does not know the type yet."""
    return event("created", f"{VENDOR}-{number}", 1, VENDOR, super_office(number, 1) | {"relation_type": "tying"})


@pytest.mark.process
async def test_killed_half_way_each_effect_is_there_once() -> None:
    """A worker killed at half of a replay finishes it after its restart; the vendor saw each create once."""
    async with House("replay killed") as house:
        await house.vendors.slow(0.05)
        await house.start()
        await house.publish([refused(number) for number in range(LETTERS)])
        await house.settled()
        journal = await Journal.open(house.journal_url)
        connections = load(house.folder / "worker.toml", {}).connections
        service = DeadLetters(journal, connections, Decoder(), 2**20)
        (cause,) = await service.groups()
        assert (cause.group.reason, cause.group.count) == ("unmappable", LETTERS)
        assert (await house.vendors.ask(VENDOR))["effects"] == 0

        wanted, terms = Filter(fingerprints=[cause.group.fingerprint]), Terms("mended", MEND, rate=Quota(15, 1.0))
        look = await service.rehearse(wanted, terms, most=1)
        assert (look.letters, look.shown[0].verdict) == (LETTERS, "send")
        plan = (await service.plan(wanted, terms, "ann")).id
        await service.apply(plan, "ann")

        async def has_come(ended: int) -> bool:
            return (await service.progress(plan)).ended >= ended

        await house.until(lambda: has_come(LETTERS // 2), "half of the replay")
        await house.worker.kill()
        assert (await service.progress(plan)).view.state == "running"
        await house.start()
        await house.until(lambda: has_come(LETTERS), "the end of the replay")

        async def is_finished() -> bool:
            return (await service.progress(plan)).view.state == "finished"

        await house.until(is_finished, "the end of the plan")
        progress = await service.progress(plan)
        effects = await house.vendors.effects(VENDOR)
        await journal.close()
        assert house.problems == []
        assert progress.counts == {"applied": LETTERS}
        assert Counter(each["fields"]["Comment"] for each in effects) == {
            super_office(number, 1)["comment"]: 1 for number in range(LETTERS)
        }
        assert not house.complaints()
