"""Every change by form, as a person makes it."""

import re

import orjson
import pytest

from tests.console.house import MEND, House, event, unmappable, words


async def test_pause_and_resume(house: House) -> None:
    """A connection is paused for a reason, which everybody reads, and resumed."""
    await house.publish(event("1"))
    secret = await house.enter()
    assert "why: must be" in words(await house.post("/connections/acme/pause", 422, form=secret, why=" "))
    paused = words(await house.post("/connections/acme/pause", form=secret, why="audit at ours", seconds="1h"))

    assert "Paused. What waits keeps its place" in paused
    assert "acme is paused by console (127.0.0.1): audit at ours" in paused
    assert "Resume acme" in paused
    assert "Resumed." in words(await house.post("/connections/acme/resume", form=secret))
    assert (await house.ask("/api/connections/acme"))["state"] == "at work"
    actions = [(one["action"], one["who"]) for one in await house.ask("/api/audit")]
    assert actions == [("resume", "console (127.0.0.1)"), ("pause", "console (127.0.0.1)")]
    assert "audit at ours" in words(await house.page("/audit"))
    await house.post("/connections/nobody/pause", 404, form=secret, why="x")


async def test_pause_while_no_worker_has_it(house: House) -> None:
    """A pause of a connection that nobody works is written down for the next one."""
    await house.publish(event("1"))
    secret = await house.enter()
    await house.worker.journal.release("acme")
    assert "holds from the next start" in words(await house.post("/connections/acme/pause", form=secret, why="later"))


async def test_plan_rehearsed_applied_watched(house: House) -> None:
    """A group is planned with a change, rehearsed, applied, watched to its end, and gone."""
    await house.publish(*(unmappable(str(number)) for number in range(5)))
    secret = await house.enter()
    fields = {"form": secret, "reason": "unmappable", "why": "addresses came", "patch": orjson.dumps([MEND]).decode()}
    rehearsed = words(await house.post("/plans", 200, **fields, do="rehearse"))

    assert "Nothing was sent, and nothing was changed." in rehearsed
    assert "5 would be sent" in rehearsed
    assert '/data/address nothing { "street": "Kade"' in rehearsed
    assert '"street": "Kade"' in rehearsed
    assert await house.ask("/api/plans") == []

    async with house.session.post(f"{house.url}/plans", data=fields) as got:
        plan = got.url.path
        assert "Planned. Nothing is sent until you apply it." in words(await got.text())
    applied = words(await house.post(f"{plan}/apply", form=secret))
    assert "Applied. The canary goes first." in applied
    async with house.session.get(f"{house.url}{plan}/live") as stream:
        while b">finished<" not in await stream.content.readuntil(b"\n\n"):
            pass
    assert "5 applied" in words(await house.page(plan))
    assert "addresses came" in words(await house.page("/plans"))
    assert "No dead letters." in words(await house.page("/dead"))
    again = words(await house.post(f"{plan}/apply", 409, form=secret))
    assert "a plan is applied once" in again


async def test_plan_held_and_cancelled(house: House) -> None:
    """A running plan can be held, gone on with and cancelled; what was not under way stays."""
    await house.publish(unmappable("1"))
    secret = await house.enter()
    await house.tell("/api/connections/acme/pause", {"why": "so that nothing moves"})
    async with house.session.post(
        f"{house.url}/plans", data={"form": secret, "connection": "acme", "why": "x", "canary": "0", "rate": "1/s"}
    ) as got:
        plan = got.url.path
    await house.post(f"{plan}/apply", form=secret)
    assert "Paused. What is under way ends" in words(await house.post(f"{plan}/pause", form=secret))
    assert "Going on." in words(await house.post(f"{plan}/resume", form=secret))
    assert "Cancelled." in words(await house.post(f"{plan}/cancel", form=secret))
    assert "is for plans that are" in words(await house.post(f"{plan}/cancel", 409, form=secret))
    await house.post("/plans/no-such/apply", 404, form=secret)


async def test_what_is_wrong_with_a_plan_is_told_beside_the_form(house: House) -> None:
    """A patch that does not apply, an invalid rate, an empty choice: told, with what was written still there."""
    await house.publish(unmappable("1"))
    secret = await house.enter()
    for fields, status, said in (
        ({"connection": "acme", "why": ""}, 422, "why: must be at least 1 characters"),
        ({"connection": "acme", "why": "kept", "patch": "{"}, 422, "The patch is not JSON, at character 2."),
        ({"connection": "acme", "why": "kept", "patch": "{}"}, 422, "patch: must be an array"),
        ({"connection": "acme", "why": "kept", "patch": '[{"op": "x"}]'}, 422, "has no path"),
        ({"connection": "acme", "why": "kept", "patch": REPLACE_ID}, 422, "a patch may not change id"),
        ({"connection": "acme", "why": "kept", "patch": BREAK_TYPE}, 422, "no valid event"),
        ({"connection": "acme", "why": "kept", "rate": "fast"}, 422, "is no quota"),
        ({"connection": "acme", "why": "kept", "share": "x"}, 422, "share: must be a number"),
        ({"connection": "acme", "why": "kept", "canary": "nan"}, 422, "canary: must be a number"),
        ({"why": "kept"}, 422, "Nothing is chosen by"),
        ({"connection": "other", "why": "kept"}, 404, "No open dead letter is chosen by this."),
        ({"id": "no-such", "why": "kept"}, 404, "no-such"),
    ):
        page = await house.post("/plans", status, form=secret, **fields)
        assert said in words(page)
        assert fields["why"] in page
    assert await house.ask("/api/plans") == []


REPLACE_ID = '[{"op": "replace", "path": "/id", "value": "e-2"}]'
BREAK_TYPE = '[{"op": "replace", "path": "/data/party_type", "value": "club"}]'


async def test_discard_and_undo_one(house: House) -> None:
    """A letter is discarded for a reason, and brought back."""
    await house.publish(unmappable("1"))
    letter = f"/dead/letters/{(await house.letters())['e-1']}"
    secret = await house.enter()
    assert "asks for a reason" in words(await house.post(f"{letter}/discard", 422, form=secret, why=" "))
    gone = words(await house.post(f"{letter}/discard", form=secret, why="a test account"))

    assert "Discarded by console (127.0.0.1)" in gone
    assert "a test account" in gone
    assert "No dead letters." in words(await house.page("/dead"))
    await house.post(f"{letter}/discard", 404, form=secret, why="twice")
    assert "Brought back." in words(await house.post(f"{letter}/undo", form=secret))
    assert "1 dead letter, 1 cause." in words(await house.page("/dead"))
    await house.post(f"{letter}/undo", 404, form=secret)


async def test_discard_and_undo_many(house: House) -> None:
    """What a selection chooses is discarded at once; everything only when that is said."""
    await house.publish(*(unmappable(str(number)) for number in range(3)))
    secret = await house.enter()
    assert "Nothing is chosen by" in words(await house.post("/dead/discard", 422, form=secret, why="x"))
    discarded = words(await house.post("/dead/discard", form=secret, why="x", subject="cust-1"))
    assert "1 discarded dead letter." in discarded
    assert len(await house.letters()) == 2
    await house.post("/dead/discard", form=secret, why="x", everything="yes")
    assert await house.letters() == {}
    assert "Nothing is chosen by" in words(await house.post("/dead/undo", 422, form=secret))
    assert "Brought back 3 letters." in words(await house.post("/dead/undo", form=secret, reason="unmappable"))
    assert len(await house.letters()) == 3


@pytest.mark.parametrize("query", ["", "reason=unmappable", "reason=unmappable&until=2099-01-01T00:00"])
async def test_discarding_is_of_what_was_seen(house: House, query: str) -> None:
    """What is buried after the page was made is not discarded with what the page showed; the next page says how many."""
    await house.publish(unmappable("1"))
    secret = await house.enter()
    page = await house.page(f"/dead/letters?{query}")
    await house.publish(unmappable("2"))
    fields = dict(HIDDEN.findall(page.partition('action="/dead/discard"')[2]))
    assert fields["form"] == secret
    assert "Discard 1 letter" in words(page)
    confirmed = {} if query else {"everything": "yes"}
    gone = words(await house.post("/dead/discard", 200, why="a test account", **fields, **confirmed))

    assert "Discarded 1 letter. For a day this can be undone." in gone
    assert "1 discarded dead letter." in gone
    assert list(await house.letters()) == ["e-2"]
    await house.post("/dead/discard", 422, form=secret, why="x", seen=fields["seen"])
    await house.post("/dead/discard", 422, form=secret, why="x", reason="unmappable", seen="yesterday")


HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
