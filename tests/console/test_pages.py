"""Every page, as a person sees it."""

import pytest

from tests.console.house import MARK, VENDOR_TOKEN, House, event, unmappable, words


async def test_overview(house: House) -> None:
    """The overview says in a sentence how things stand, and shows figures, quotas and the last hour."""
    await house.publish(event("1"), event("2"), unmappable("3"))
    await house.enter()
    page = await house.page("/")

    assert "1 dead letter waits for a decision." in words(page)
    assert "3 deliveries settled" in words(page)
    assert 'aria-label="The last hour: 3 deliveries settled, at most 3 in a minute"' in page
    assert "calls of the quota 500/s used" in page
    assert '<rect class="bad"' in page
    assert VENDOR_TOKEN not in page


async def test_live_overview(house: House) -> None:
    """The overview's stream sends each part once, and again when it has changed."""
    await house.enter()
    async with house.session.get(f"{house.url}/live") as stream:
        assert stream.content_type == "text/event-stream"
        first = await stream.content.readuntil(b"\n\n")
        assert b'"figures-acme"' in first
        await house.publish(event("1"))
        while b"1 delivery settled" not in await stream.content.readuntil(b"\n\n"):
            pass


async def test_groups_and_lists(house: House) -> None:
    """Causes come with count and what to do; lists can be narrowed, and paged through."""
    await house.publish(*(unmappable(str(number)) for number in range(3)))
    await house.enter()
    groups = words(await house.page("/dead"))

    assert "3 dead letters, 1 cause." in groups
    assert "Nothing was sent. Complete the connection's tables or patch the value, then replay." in groups
    listed = words(await house.page("/dead/letters?reason=unmappable&connection=acme&operation=create&subject="))
    assert "3 open dead letters." in listed
    assert "cust-0 create unmappable" in listed
    assert "0 open dead letters." in words(await house.page("/dead/letters?subject=nobody"))
    assert "0 open dead letters." in words(await house.page("/dead/letters?since=2099-01-01T00:00"))
    first = await house.page("/dead/letters?most=2")
    assert "after=" in first
    after = first.partition("after=")[2].partition('"')[0]
    assert "cust-0" in words(await house.page(f"/dead/letters?most=2&after={after}"))


@pytest.mark.parametrize(
    "path",
    [
        "/dead/letters?reason=no-such",
        "/dead/letters?status=abc",
        "/dead/letters?since=yesterday",
        "/dead/letters?state=lost",
        "/dead/letters?most=0",
        "/dead/letters?most=\u0665",
        "/audit?before=x",
    ],
)
async def test_wrong_queries(house: House, path: str) -> None:
    """A query that makes no sense is told so, on a page for people."""
    await house.enter()
    async with house.session.get(house.url + path) as got:
        assert got.status in {400, 422}
        assert "<h1>" in await got.text()


@pytest.mark.parametrize(
    "path",
    [
        "/dead/letters/no-such",
        "/plans/no-such",
        "/plans/no-such/live",
        "/relations?key=nobody",
        "/relations",
        "/events?id=nothing",
        "/find?key=nothing",
        "/static/../server.py",
        "/nowhere",
    ],
)
async def test_unknown(house: House, path: str) -> None:
    """What is not there is a page that says so."""
    await house.enter()
    async with house.session.get(house.url + path) as got:
        assert got.status == 404
        assert "<h1>" in await got.text()


async def test_case_file(house: House) -> None:
    """A case file tells what came, what was tried when, what to do, and in which plans it was."""
    await house.publish(unmappable("1"))
    letter = (await house.letters())["e-1"]
    await house.tell("/api/plans", {"select": {"ids": [letter]}, "why": "to see it there"}, status=201)
    await house.enter()
    case = words(await house.page(f"/dead/letters/{letter}"))

    assert "OutSmart needs a value for address.street" in case
    for said in ("Received RELATIONS 1", "Attempt 1", "Buried unmappable", "Replay", "to see it there", "planned"):
        assert said in case
    assert '"customer_number":"1"' in case
    assert "Nothing was sent." in case
    assert letter in case


async def test_last_call_shows_no_secret(house: House) -> None:
    """What was called is shown with its answer, and its secrets masked."""
    await house.publish(event("1"), event("2", note="x"))
    secrets = house.worker.settings.secrets()
    await house.enter()
    for path in ("/", "/dead", "/dead/letters", "/audit", "/plans", "/relations?key=cust-1", "/events?id=e-1"):
        page = await house.page(path)
        assert not [secret for secret in secrets if len(secret) > 4 and secret in page]


async def test_relation_with_its_history(house: House) -> None:
    """A relation is told as each connection shows it, with all that happened to it; so is an event."""
    await house.publish(event("1"))
    await house.enter()
    relation = words(await house.page("/relations?key=cust-1"))
    assert "acme live" in relation
    assert "e-1 create" in relation
    assert "applied created" in relation
    found = words(await house.page("/events?id=e-1&source=/crm"))
    assert "about cust-1 , from /crm" in found
    assert "applied created" in found
    await house.page("/events?id=e-1&source=/other", status=404)


async def test_find_leads_there(house: House) -> None:
    """The search finds relations, events, dead letters and plans by their names."""
    await house.publish(event("1"), unmappable("2"))
    letter = (await house.letters())["e-2"]
    plan = (await house.tell("/api/plans", {"select": {"ids": [letter]}, "why": "x"}, status=201))["id"]
    await house.enter()
    for key, path in (
        ("cust-1", "/relations"),
        ("e-1", "/events"),
        (letter, f"/dead/letters/{letter}"),
        (plan, f"/plans/{plan}"),
    ):
        async with house.session.get(f"{house.url}/find", params={"key": f" {key} "}) as got:
            assert (got.status, got.url.path) == (200, path)
    assert "What are you looking for?" in await house.page("/find?key=")


async def test_hostile_event_data_is_text(house: House) -> None:
    """Whatever an event holds is shown as text, on every page on which it turns up."""
    hostile = unmappable(MARK[:60], subject=MARK, name=MARK) | {"id": MARK}
    applied = event("2", subject=MARK + "2", name=MARK) | {"id": MARK + "2"}
    await house.publish(hostile, applied)
    letter = (await house.letters())[MARK]
    terms = {"select": {"subjects": [MARK]}, "why": MARK, "patch": [MEND_NAME]}
    plan = (await house.tell("/api/plans", terms, status=201))["id"]
    await house.tell("/api/connections/acme/pause", {"why": MARK})
    await house.enter()
    for path, query in (
        ("/", {}),
        ("/dead", {}),
        ("/dead/letters", {"subject": MARK}),
        (f"/dead/letters/{letter}", {}),
        ("/plans", {}),
        ("/plans/new", {"subject": MARK, "why": MARK, "patch": MARK}),
        (f"/plans/{plan}", {}),
        ("/relations", {"key": MARK + "2"}),
        ("/events", {"id": MARK + "2"}),
        ("/events", {"id": MARK + "3"}),
        ("/find", {"key": MARK + "4"}),
        ("/audit", {"said": MARK}),
    ):
        async with house.session.get(house.url + path, params=query) as got:
            page = await got.text()
            assert got.status in {200, 404}, page
            assert "<script>window" not in page
            assert "<img" not in page
            assert page.count("<script") == 1


MEND_NAME = {"op": "replace", "path": "/data/name", "value": MARK}
