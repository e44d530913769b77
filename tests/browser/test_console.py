"""The console in a real browser, as an operator uses it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from playwright.async_api import Browser, Page, expect

from tests.console.house import MARK, MEND, TOKEN, House, event, unmappable

pytestmark = pytest.mark.browser


@asynccontextmanager
async def visit(browser: Browser, house: House, **looks: Any) -> AsyncIterator[tuple[Page, list[str]]]:
    """Log in by the printed address; what the browser complains about, or pops up, is put down."""
    context = await browser.new_context(**looks)
    page, trouble = await context.new_page(), list[str]()
    page.on("console", lambda said: trouble.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("dialog", lambda dialog: trouble.append(dialog.message))
    await page.goto(f"{house.url}/?token={TOKEN}")
    yield page, trouble
    await context.close()


async def test_from_group_to_replay(browser: Browser, house: House) -> None:
    """An operator goes from the overview to a group, plans its replay, rehearses, applies and watches it finish."""
    await house.publish(event("1"), *(unmappable(str(number)) for number in range(2, 12)))
    async with visit(browser, house) as (page, trouble):
        assert TOKEN not in page.url
        await page.get_by_role("link", name="10 dead letters wait for a decision.").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("10 dead letters, 1 cause.")
        await page.get_by_role("link", name="A sample").click()
        await expect(page.get_by_text("Nothing was sent. Complete the connection")).to_be_visible()
        await page.go_back()
        await page.get_by_role("link", name="Replay…").click()
        await page.get_by_label("Why").fill("the addresses came")
        await page.get_by_label("Change").fill(orjson.dumps([MEND]).decode())
        await page.get_by_role("button", name="Dry run").click()
        await expect(page.get_by_text("10 would be sent")).to_be_visible()
        await expect(page.locator(".shown pre").first).to_contain_text('"street": "Kade"')
        await page.get_by_role("button", name="Make the plan").click()
        await expect(page.get_by_role("status")).to_contain_text("Nothing is sent until you apply it")
        await page.get_by_role("button", name="Apply to 10 letters").click()
        await expect(page.locator(".progress .state")).to_have_text("finished", timeout=30_000)
        await expect(page.locator(".progress .far")).to_contain_text("10 of 10 letters")
        await page.get_by_role("link", name="Dead letters").first.click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("No dead letters.")
        assert trouble == []


async def test_discard_and_undo(browser: Browser, house: House) -> None:
    """A letter is discarded for a reason, found among the discarded, and brought back."""
    await house.publish(unmappable("1"))
    async with visit(browser, house) as (page, trouble):
        await page.goto(f"{house.url}/dead")
        await page.get_by_role("link", name="A sample").click()
        await page.get_by_text("Discard…").click()
        await page.get_by_label("Why it can be given up").fill("a test account")
        await page.get_by_role("button", name="Discard", exact=True).click()
        await expect(page.get_by_role("status")).to_contain_text("For a day this can be undone")
        await page.goto(f"{house.url}/dead/letters?state=discarded")
        await page.get_by_role("link", name="cust-1").click()
        await page.get_by_role("button", name="Bring back").click()
        await expect(page.get_by_role("status")).to_have_text("Brought back.")
        await expect(page.get_by_text("Discard…")).to_be_visible()
        assert trouble == []


async def test_letters_by_file(browser: Browser, house: House) -> None:
    """Letters are exported by a link; a damaged file is refused line by line, a good one is taken in."""
    await house.publish(unmappable("1"), unmappable("2"))
    async with visit(browser, house) as (page, trouble):
        await page.goto(f"{house.url}/dead/letters")
        async with page.expect_download() as coming:
            await page.get_by_role("link", name="Export").click()
        good = await asyncio.to_thread(Path.read_bytes, await (await coming.value).path())
        assert good.count(b"\n") == 2
        await page.get_by_role("link", name="Causes").click()
        await page.get_by_role("link", name="Import").click()
        await page.get_by_label("File").set_input_files({"name": "bad", "mimeType": "", "buffer": good + b"{damaged"})
        await page.get_by_role("button", name="Import").click()
        await expect(page.get_by_role("alert")).to_contain_text("Line 3 is not JSON")
        await page.get_by_label("File").set_input_files({"name": "good", "mimeType": "", "buffer": good})
        await page.get_by_role("button", name="Import").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Nothing new in it.")
        await expect(page.locator("main")).to_contain_text("2 letters were known here and are left as they are.")
        assert [text for text in trouble if "422" not in text] == []


async def test_pause_seen_live_and_resume(browser: Browser, house: House) -> None:
    """A pause is told on every screen without loading anew; resuming ends it."""
    await house.publish(event("1"))
    async with visit(browser, house) as (page, trouble), visit(browser, house) as (other, _):
        await page.locator("summary", has_text="Pause").click()
        await page.get_by_label("Why").fill("the vendor asked us to")
        await page.get_by_label("For how long").select_option("1 hour")
        await page.get_by_role("button", name="Pause acme").click()
        await expect(page.get_by_text("Paused. What waits keeps its place")).to_be_visible()
        await expect(other.locator(".needs")).to_contain_text("the vendor asked us to")
        await expect(other.get_by_role("button", name="Resume acme")).to_be_visible()
        await page.get_by_role("button", name="Resume acme").click()
        await expect(page.get_by_role("status")).to_have_text("Resumed.")
        await expect(other.locator("h1")).to_contain_text("All is well.")
        assert trouble == []


async def test_hostile_event_data_does_not_run(browser: Browser, house: House) -> None:
    """Whatever an event, a reason or a patch holds, nothing of it runs, on no page."""
    hostile = unmappable("1", subject=MARK, name=MARK) | {"id": MARK}
    applied = event("2", subject=MARK + "2", name=MARK) | {"id": MARK + "2"}
    await house.publish(hostile, applied)
    letter = (await house.letters())[MARK]
    patch = [{"op": "replace", "path": "/data/name", "value": MARK}]
    plan = await house.tell("/api/plans", {"select": {"subjects": [MARK]}, "why": MARK, "patch": patch}, 201)
    await house.tell("/api/connections/acme/pause", {"why": MARK})
    async with visit(browser, house) as (page, trouble):
        for path in (
            "/",
            "/dead/letters",
            f"/dead/letters/{letter}",
            "/plans",
            f"/plans/{plan['id']}",
            "/audit",
        ):
            await page.goto(house.url + path)
            await expect(page.locator("main")).to_contain_text("window.owned")
        await page.get_by_role("searchbox").fill(MARK + "2")
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text(MARK + "2")
        await page.goto(house.url)
        await expect(page.locator("[data-part=figures-acme]")).to_contain_text("window.owned")
        assert await page.evaluate("window.owned") is None
        assert await page.locator("main img").count() == 0
        assert trouble == []


async def test_without_javascript(browser: Browser, house: House) -> None:
    """Everything that changes something works by form alone."""
    await house.publish(unmappable("1"))
    async with visit(browser, house, java_script_enabled=False) as (page, _):
        await page.locator("summary", has_text="Pause").click()
        await page.get_by_label("Why").fill("no script here")
        await page.get_by_role("button", name="Pause acme").click()
        await page.get_by_role("button", name="Resume acme").click()
        await page.goto(f"{house.url}/dead")
        await page.get_by_role("link", name="Replay…").click()
        await page.get_by_label("Why").fill("as it is")
        await page.get_by_role("button", name="Make the plan").click()
        await page.get_by_role("button", name="Cancel the plan").click()
        await expect(page.locator(".progress .state")).to_have_text("cancelled")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_narrow_screens_and_keyboards(browser: Browser, house: House, scheme: str) -> None:
    """At phone width nothing sticks out, light or dark; the first key leads past the navigation."""
    await house.publish(event("1"), unmappable("2", subject="very-long-" * 20))
    letter = (await house.letters())["e-2"]
    looks = {"viewport": {"width": 390, "height": 800}, "color_scheme": scheme}
    async with visit(browser, house, **looks) as (page, trouble):
        for path in (
            "/",
            "/dead",
            "/dead/letters",
            f"/dead/letters/{letter}",
            "/plans/new?connection=acme",
            "/audit",
            "/dead/import",
        ):
            await page.goto(house.url + path)
            assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == "Skip to the content"
        await page.keyboard.press("/")
        assert await page.evaluate("document.activeElement.id") == "find"
        bright = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert (int(bright.removeprefix("rgb(").partition(",")[0]) > 128) == (scheme == "light")
        assert trouble == []
