"""What the target tells of itself, and what no number names."""

from tests.targets.silvasoft.vendor import BASE, KEY, event, person, silvasoft, unnumbered
from tests.targets.walk import NOW, failure, task, walked
from worker.targets.registry import TARGETS
from worker.targets.silvasoft.settings import SilvasoftSettings


def test_the_target_says_who_it_is() -> None:
    """Identity tells accounts apart without giving the key away; a probe is a small read; there is no session."""
    target = TARGETS["silvasoft"].target(SilvasoftSettings(target="silvasoft", api_key=KEY, username="u"))
    host, account = target.identity()
    assert (host, len(account)) == ("rest-api.silvasoft.nl", 16)
    assert target.identity() != silvasoft(api_key="other").identity()
    assert (target.name, target.kind, target.mapping) == ("silvasoft", "party", "silvasoft/1")
    probe = target.request([target.probe()], NOW)
    assert (probe.method, probe.url, probe.params) == ("GET", f"{BASE}listrelations/", (("Limit", "1"),))
    assert target.exchange(NOW) is None
    target.forget_session()


def test_keyless_is_what_no_number_names() -> None:
    """Only a party without a number leaves no trace before its first call."""
    target = silvasoft()
    assert target.keyless(task(unnumbered(email="a@b.example")).data)
    assert not target.keyless(task(person()).data)
    assert not target.keyless(task(unnumbered(native={"silvasoft": {"CustomerNumber": 5}})).data)
    link = {"kind": "link", "relation_type": "a:b", "parents": [{"record_id": 1}], "children": [{"record_id": 2}]}
    assert not target.keyless(task(event("created", link)).data)
    assert failure(walked(target, task(event("created", link)))).reason == "unsupported"
