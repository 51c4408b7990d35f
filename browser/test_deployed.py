"""The same page over a deployed table."""

from playwright.sync_api import Page, expect

from browser.world import NOW, World
from local.aws.embedded import TABLE_NAME
from tests.payloads import create, destroy, seat, seats


def test_a_deployed_table_is_looked_at_and_nothing_is_sent(world: World, page: Page) -> None:
    # GIVEN
    world.stop()
    world.start(deployed=True)
    world.happens(
        create("room", NOW - 9_000, MaxSeatCount=4),
        seats("room", seat(1, "ann"), at=NOW - 8_000),
        create("other", NOW - 7_000),
    )
    # WHEN
    page.goto(world.look_at("room"))
    # THEN the table is named, there is no receiver, and nothing to send with
    head = page.get_by_role("banner")
    expect(head).to_contain_text(f"Table{TABLE_NAME}read-only")
    expect(page.get_by_text("Send a webhook", exact=True)).to_be_hidden()
    expect(page.get_by_role("list", name="Seats")).to_contain_text("ann")
    # AND what is counted are the webhooks that are shown
    expect(page.get_by_role("list", name="Webhooks by outcome")).to_have_text("2 applied0 stale")
    # WHEN a room ends
    world.happens(destroy("other", NOW))
    # THEN it is shown so, as it was seen before
    expect(page.get_by_role("list", name="Ended").get_by_role("button")).to_contain_text("other")
    expect(page.get_by_role("list", name="Rooms that live").get_by_role("button")).to_have_count(1)


def test_a_table_without_rooms_says_what_can_be_done(world: World, page: Page) -> None:
    world.stop()
    world.start(deployed=True)
    world.happens(create("room", NOW - 9_000), destroy("room", NOW))
    page.goto(world.look_at())
    expect(page.get_by_text("No room of this app lives now.")).to_be_visible()
    # AND a room that ended is found by its id
    page.get_by_role("searchbox").fill("room")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator("#room").get_by_text("ended", exact=True)).to_be_visible()
    expect(page.locator("li.webhook")).to_have_count(2)
