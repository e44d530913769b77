"""What the target tells of itself, and what it has no place for."""

from tests.targets.outsmart.vendor import SOFTWARE, TOKEN, created, event, outsmart
from tests.targets.walk import NOW, failure, task, walked
from worker.targets.outsmart.settings import OutSmartSettings
from worker.targets.registry import TARGETS


def test_the_target_says_who_it_is() -> None:
    """Identity tells accounts apart without giving a token away; a probe is a read; there is no session."""
    target = TARGETS["outsmart"].target(
        OutSmartSettings.model_validate({"target": "outsmart", "token": TOKEN, "software_token": SOFTWARE})
    )
    host, account = target.identity()
    assert (host, len(account)) == ("www.werkbonapp.nl", 16)
    assert target.identity() != outsmart(token="other").identity()
    assert (target.name, target.kind, target.mapping) == ("outsmart", "party", "outsmart/1")
    assert target.request([target.probe()], NOW).method == "GET"
    assert target.exchange(NOW) is None
    target.forget_session()
    assert not target.keyless(task(created()).data)


def test_a_link_has_no_place() -> None:
    """A link that was sent here by name is unsupported."""
    link = {"kind": "link", "relation_type": "a:b", "parents": [{"record_id": 1}], "children": [{"record_id": 2}]}
    assert failure(walked(outsmart(), task(event("created", link)))).reason == "unsupported"
