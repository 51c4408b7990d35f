"""Who uses the keyboard alone, and what the rules of accessibility say."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from browser.conftest import WIDE
from browser.world import NOW, World
from tests.payloads import seat, seats

PHONE = {"width": 375, "height": 800}


def press_until_focused(page: Page, wanted: str, key: str = "Tab") -> None:
    """Press a key until the element is focused that has such a text or label."""
    for _ in range(80):
        page.keyboard.press(key)
        told = page.evaluate("(document.activeElement.ariaLabel ?? '') + document.activeElement.textContent")
        if wanted in told:
            return
    raise AssertionError(f"{wanted} is not reached by {key}")


def test_everything_is_done_by_the_keyboard_alone(world: World, page: Page) -> None:
    # GIVEN
    world.samples()
    page.goto(world.look_at())
    expect(page.get_by_role("button", name="rid-123")).to_be_visible()
    # WHEN a room is opened, and the next one by the arrows
    press_until_focused(page, "rid-123")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="rid-123")).to_be_visible()
    # AND a moment is looked at
    press_until_focused(page, "The room as of")
    page.keyboard.press("Home")
    expect(page.get_by_text("from 1 webhook of its log")).to_be_visible()
    press_until_focused(page, "Back to now")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Live", exact=True)).to_be_visible()
    # AND a webhook is sent
    press_until_focused(page, "Send a webhook")
    page.keyboard.press("Enter")
    press_until_focused(page, "Send twice")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Answered 200 OK")).to_have_count(2)
    expect(page.locator("li.webhook").first).to_contain_text("CreateRoom")
    # AND a record is looked at, two lines down, and closed again
    press_until_focused(page, "CreateRoom")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("li.webhook").nth(2).get_by_role("region", name="Payload")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Payload")).to_have_count(0)
    # AND it goes on, and the focus was never lost
    press_until_focused(page, "go on", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Live", exact=True)).to_be_focused()


def test_focus_stays_where_it_is_while_webhooks_come(world: World, page: Page) -> None:
    world.happens(seats("room", seat(1, "ann"), at=NOW))
    page.goto(world.look_at("room"))
    first = page.locator("li.webhook").get_by_role("button").first
    first.focus()
    # WHEN
    world.happens(seats("room", seat(1, "bob"), at=NOW + 1))
    expect(page.locator("li.webhook")).to_have_count(2)
    # THEN it is still on the one that is now the second
    expect(page.locator("li.webhook").nth(1).get_by_role("button").first).to_be_focused()


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_rules_of_accessibility_hold(
    world: World, browser: Browser, scheme: str, viewport: dict[str, int]
) -> None:
    # GIVEN a page with everything on it: an outcome of each kind, an open record, a moment of the past
    world.samples()
    world.happens(seats("rid-123", seat(1, "ann"), seat(2, "x\u202ey", Audio=True), at=NOW))
    world.happens(seats("rid-123", seat(1, "bob"), at=NOW - 10_000))
    context = browser.new_context(color_scheme=scheme, viewport=viewport, reduced_motion="reduce")
    page = context.new_page()
    page.goto(world.look_at())
    expect(page.get_by_role("button", name="rid-123")).to_be_visible()
    check(page)
    page.goto(world.look_at("rid-123"))
    page.reload()
    expect(page.locator("li.webhook", has_text="stale")).to_contain_text("Lost to")
    page.locator("li.webhook").nth(3).get_by_role("button").first.click()
    page.get_by_role("button", name="Show the room as of then").click()
    expect(page.get_by_text("webhooks of its log")).to_be_visible()
    page.get_by_text("Send a webhook", exact=True).click()
    page.get_by_text("Where is a user?").click()
    page.get_by_text("Go to a moment").click()
    check(page)
    # AND nothing is wider than the screen
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    context.close()


def check(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
