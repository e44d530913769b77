from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.targets.walk import Walk, first_step, task, walked_over
from worker.errors import RateLimitedError, RejectedError, RetryableError, TargetError, UnauthorizedError
from worker.sandbox.faults import Fault
from worker.sandbox.outsmart import OutSmart, OutSmartOptions
from worker.sandbox.sandbox import Limits, Sandbox
from worker.sandbox.server import Running, running
from worker.sandbox.silvasoft import Silvasoft, SilvasoftOptions
from worker.sending.gate import Gate
from worker.sending.http.transport import Transport
from worker.sending.quota import Quota
from worker.sending.wire import Request, Response, Send
from worker.targets.base import Applied, Known, Step, Target
from worker.targets.options import Timeouts
from worker.targets.registry import TARGETS

ADDRESS = {
    "street": "Kade",
    "house_number": "7",
    "house_number_suffix": "a",
    "postal_code": "9711AB",
    "city": "Groningen",
}
ORGANIZATION = {"party_type": "organization"}
NOORD = {
    **ORGANIZATION,
    "customer_number": "C-1",
    "name": "Noord",
    "address": ADDRESS,
    "note": "hond",
    "free_fields": {"3": "A", "4": "B"},
}
JET = {
    "party_type": "person",
    "customer_number": "5012",
    "given_name": "Jet",
    "family_name": "Visser",
    "email": "jet@example.org",
    "address": {**ADDRESS, "country_code": "NL"},
}
# Words that would do harm if they ever stood outside of a value.
HOSTILE = ["true&delete_all=true", "C&key=name", "x#y", "a/../DeleteEntity", "%26entity%3Dproject", "Ü ✓", "a+b c"]


@pytest.fixture
async def send() -> AsyncIterator[Send]:
    """Send with the product's own transport, behind an open gate."""
    transport = Transport()
    transport.trust("http://127.0.0.1/")
    gate = Gate([Quota(10_000, 1.0)], 4, fresh=True)

    async def sent(request: Request) -> Response:
        slot = await gate.slot()
        try:
            return await transport.send(request, slot, Timeouts())
        finally:
            slot.release()

    yield sent
    gate.close()
    await transport.close()


def connected(vendor: Running, **options: Any) -> Target:
    entry = TARGETS[vendor.name]
    return entry.target(entry.settings.model_validate({**vendor.settings, **options}))


def event(verb: str, data: Mapping[str, Any], subject: str = "s-1") -> dict[str, Any]:
    return {"id": f"e-{subject}", "type": f"relation.{verb}", "subject": subject, "data": {"kind": "party", **data}}


def applied(walk: Walk) -> Applied:
    assert isinstance(walk.end, Applied), (walk.end, walk.pauses)
    return walk.end


def kinds(vendor: Running) -> list[str]:
    return [effect.kind for effect in vendor.sandbox.effects.all()]


@pytest.mark.parametrize("omitted", ["keep", "blank"])
async def test_a_patch_loses_nothing_whatever_outsmart_does_with_omitted_fields(send: Send, omitted: Any) -> None:
    """A patch is merged with what was read, so that a vendor that blanks omitted fields blanks none."""
    async with running(Sandbox(OutSmart(OutSmartOptions(omitted=omitted)))) as vendor:
        target = connected(vendor)
        assert applied(await walked_over(send, target, task(event("created", NOORD)))).effect == "created"
        patch = {
            **ORGANIZATION,
            "telephone": "050",
            "address": {"house_number": "9"},
            "free_fields": {"4": None, "5": "C"},
        }
        assert applied(await walked_over(send, target, task(event("updated", patch), "C-1"))).effect == "updated"
        (record,) = vendor.sandbox.state().values()
        assert (record["name"], record["remark"], record["phone_number"], record["house_number"]) == (
            "Noord",
            "hond",
            "050",
            "9",
        )
        free = record["FreeFields"]
        assert (free["val_value_3"], free.get("val_value_4") or "", free["val_value_5"]) == ("A", "", "C")


@pytest.mark.parametrize("store_good", [False, True])
async def test_one_bad_record_of_an_array_costs_the_others_nothing(send: Send, *, store_good: bool) -> None:
    """A refused array names nobody; halved, the good records are stored once more at most and the bad one is rejected."""
    async with running(Sandbox(OutSmart(OutSmartOptions(store_good=store_good)))) as vendor:
        target = connected(vendor)
        vendor.sandbox.spoil(Fault(kind="refuse", contains="C-3", code=1301, message="name missing"))
        events = [event("created", {**NOORD, "customer_number": f"C-{one}"}, f"s-{one}") for one in range(1, 6)]
        steps = [first_step(target, one) for one in events]
        refused = await halved(send, target, steps)
        assert sorted(vendor.sandbox.state()) == ["C-1", "C-2", "C-4", "C-5"]
        assert {number: str(error) for number, error in refused.items()} == {"C-3": "OutSmart 1301: name missing"}
        assert all(isinstance(error, RejectedError) for error in refused.values())


async def halved(send: Send, target: Target, steps: list[Step]) -> dict[str, TargetError]:
    """Send an array, and its halves when it is refused as a whole; return the errors of those that were alone."""
    response = await send(target.request(steps, datetime.now(UTC)))
    try:
        target.read(steps, response)
    except TargetError as error:
        if len(steps) == 1:
            return {steps[0].body.record["debtor_number"]: error}
        middle = len(steps) // 2
        return {**await halved(send, target, steps[:middle]), **await halved(send, target, steps[middle:])}
    return {}


async def test_a_delete_hits_one_record_whatever_an_event_holds(send: Send) -> None:
    """Numbers made to break out of the query are created, read and deleted one by one, and nobody else goes."""
    async with running(Sandbox(OutSmart())) as vendor:
        target = connected(vendor)
        for number in ("BYSTANDER", *HOSTILE):
            walk = await walked_over(send, target, task(event("created", {**NOORD, "customer_number": number}, number)))
            assert applied(walk).remote_id == number
        for left, number in enumerate(HOSTILE, 1):
            walk = await walked_over(
                send, target, task(event("updated", {**ORGANIZATION, "status": "x"}, number), number)
            )
            assert applied(walk).effect == "updated"
            walk = await walked_over(send, target, task(event("deleted", {}, number), number))
            assert applied(walk).effect == "deleted"
            assert len(vendor.sandbox.state()) == 1 + len(HOSTILE) - left
        assert list(vendor.sandbox.state()) == ["BYSTANDER"]


async def test_outsmart_moves_a_record_to_its_new_number(send: Send) -> None:
    """Renumbering leaves one record, with everything that the old one held."""
    async with running(Sandbox(OutSmart())) as vendor:
        target = connected(vendor, on_renumber="replace")
        await walked_over(send, target, task(event("created", NOORD)))
        walk = await walked_over(
            send, target, task(event("updated", {**ORGANIZATION, "customer_number": "C-9"}), "C-1")
        )
        assert applied(walk) == Applied("replaced", "C-9")
        ((number, record),) = vendor.sandbox.state().items()
        assert (number, record["remark"]) == ("C-9", "hond")


async def test_outsmart_keeps_a_deactivated_record(send: Send) -> None:
    """Deactivating posts the whole record with active 0; deleting what is not there is absent."""
    async with running(Sandbox(OutSmart())) as vendor:
        target = connected(vendor, on_delete="deactivate")
        assert applied(await walked_over(send, target, task(event("deleted", {}), "C-1"))).effect == "absent"
        await walked_over(send, target, task(event("created", NOORD)))
        assert applied(await walked_over(send, target, task(event("deleted", {}), "C-1"))).effect == "deactivated"
        assert str(vendor.sandbox.state()["C-1"]["active"]) == "0"


async def test_a_look_before_create_sees_its_own_record(send: Send) -> None:
    """What was posted compares equal to what is read: no second write."""
    async with running(Sandbox(OutSmart())) as vendor:
        target = connected(vendor, look_before_create="always")
        assert applied(await walked_over(send, target, task(event("created", NOORD)))).effect == "created"
        assert applied(await walked_over(send, target, task(event("created", NOORD)))).effect == "existed"
        assert kinds(vendor) == ["create"]


@pytest.mark.parametrize("page", ["seed", "current"])
async def test_a_repeated_create_is_ours_on_either_page_of_silvasoft(send: Send, page: Any) -> None:
    """With a number and ABORT a repeat returns our own relation, by whichever page the vendor matches."""
    async with running(Sandbox(Silvasoft(SilvasoftOptions(page=page)))) as vendor:
        target = connected(vendor)
        first = applied(await walked_over(send, target, task(event("created", JET))))
        again = applied(await walked_over(send, target, task(event("created", JET), in_doubt=True)))
        assert (first.effect, again.effect) == ("created", "created")
        assert first.remote_id == again.remote_id
        assert kinds(vendor) == ["create"]


async def test_silvasoft_keeps_two_people_of_one_name_apart(send: Send) -> None:
    """ABORT returns the namesake: a conflict, nothing changed; CONTINUE on the name makes the second person."""
    other = {**JET, "customer_number": "6001", "email": "jet2@example.org"}
    async with running(Sandbox(Silvasoft())) as vendor:
        target = connected(vendor)
        await walked_over(send, target, task(event("created", JET)))
        before = vendor.sandbox.state()
        end = (await walked_over(send, target, task(event("created", other, "s-2")))).end
        assert isinstance(end, RejectedError)
        assert (end.reason, vendor.sandbox.state()) == ("conflict", before)
        freer = connected(vendor, on_existing_name="continue")
        assert applied(await walked_over(send, freer, task(event("created", other, "s-2")))).effect == "created"
        assert len(vendor.sandbox.state()) == 2


async def test_silvasoft_shows_a_create_with_changed_data(send: Send) -> None:
    """A create on an existing number changes nothing by itself; the PUT that follows does."""
    async with running(Sandbox(Silvasoft())) as vendor:
        target = connected(vendor)
        await walked_over(send, target, task(event("created", JET)))
        moved = {**JET, "address": {**ADDRESS, "city": "Assen", "country_code": "NL"}}
        assert applied(await walked_over(send, target, task(event("created", moved)))).effect == "updated"
        (relation,) = vendor.sandbox.state().values()
        assert relation["Address_City"] == "Assen"


@pytest.mark.parametrize("empty", ["list", "object"])
async def test_silvasoft_finds_by_number_and_by_email(send: Send, empty: Any) -> None:
    """Updates of unknown relations find theirs; what is not there is created or not found."""
    async with running(Sandbox(Silvasoft(SilvasoftOptions(empty=empty)))) as vendor:
        target = connected(vendor)
        made = applied(await walked_over(send, target, task(event("created", JET)))).remote_id
        names = {"party_type": "person", "given_name": "Jet", "family_name": "Visser"}
        by_number = {"party_type": "person", "customer_number": "5012", "telephone": "050"}
        by_email = {**names, "email": "jet@example.org", "telephone": "051"}
        for data in (by_number, by_email):
            assert applied(await walked_over(send, target, task(event("updated", data)))) == Applied("updated", made)
        nobody = await walked_over(send, target, task(event("updated", {**by_number, "customer_number": "9"})))
        assert isinstance(nobody.end, RejectedError)
        assert nobody.end.reason == "not_found"
        gone = await walked_over(send, target, task(event("updated", by_number), Known("999")))
        assert isinstance(gone.end, RejectedError)
        assert gone.end.reason == "not_found"


async def test_silvasoft_deactivates(send: Send) -> None:
    """A deactivated relation is no customer any more."""
    async with running(Sandbox(Silvasoft())) as vendor:
        target = connected(vendor, on_delete="deactivate")
        made = applied(await walked_over(send, target, task(event("created", JET)))).remote_id
        walk = await walked_over(send, target, task(event("deleted", {"customer_number": "5012"})))
        assert applied(walk) == Applied("deactivated", made)
        (relation,) = vendor.sandbox.state().values()
        assert (relation["IsCustomer"], relation["IsOther"]) == (False, True)


async def test_silvasoft_tells_its_two_401_apart(send: Send) -> None:
    """The hour's quota pauses for a time, wrong credentials until somebody helps."""
    async with running(Sandbox(Silvasoft(), Limits.of("1/h", hint="none"))) as vendor:
        target = connected(vendor)
        await walked_over(send, target, task(event("created", JET)))
        (pause,) = (await walked_over(send, target, task(event("created", JET)))).pauses
        assert isinstance(pause, RateLimitedError)
        assert pause.seconds
        assert pause.seconds <= 3660
    async with running(Sandbox(Silvasoft())) as vendor:
        (pause,) = (await walked_over(send, connected(vendor, api_key="wrong"), task(event("created", JET)))).pauses
        assert isinstance(pause, UnauthorizedError)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="reset", applied="first", times=1),
        Fault(kind="cut", times=1),
        Fault(kind="answer", status=500, applied="first", times=1),
    ],
)
async def test_a_silvasoft_create_without_a_number_is_not_doubled(send: Send, fault: Fault) -> None:
    """The answer to a create is lost: the look by e-mail and name finds it, and one relation stays one."""
    async with running(Sandbox(Silvasoft())) as vendor:
        target = connected(vendor)
        vendor.sandbox.spoil(fault)
        anonymous = {name: value for name, value in JET.items() if name != "customer_number"}
        walk = await walked_over(send, target, task(event("created", anonymous)))
        assert (applied(walk).effect, walk.restarts) == ("created", 1)
        assert kinds(vendor) == ["create"]


async def test_an_outsmart_post_without_an_answer_is_repeated(send: Send) -> None:
    """An upsert whose answer was lost is retryable as it is, and leaves one record."""
    async with running(Sandbox(OutSmart())) as vendor:
        target = connected(vendor)
        vendor.sandbox.spoil(Fault(kind="html", status=200, times=1))
        assert isinstance((await walked_over(send, target, task(event("created", NOORD)))).end, RetryableError)
        vendor.sandbox.spoil(Fault(kind="reset", applied="first", times=1))
        for _ in range(2):
            walk = await walked_over(send, target, task(event("created", NOORD)))
        assert applied(walk).effect == "created"
        assert len(vendor.sandbox.state()) == 1
