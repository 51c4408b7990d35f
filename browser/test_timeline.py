"""The log: what each webhook did, and what a stale one lost to."""

import json
from typing import Any

from playwright.sync_api import Locator, Page, expect

from browser.world import NOW, World
from roomstate.log.forwarded import forwarded
from roomstate.log.record import log_record
from tests.payloads import create, destroy, seat, seats, webhook


def row(page: Page, place: int) -> Locator:
    return page.locator("li.webhook").nth(place)


class TestTheSampleRun:
    def test_is_told_the_newest_first(self, world: World, page: Page) -> None:
        # GIVEN
        world.samples()
        # WHEN
        page.goto(world.look_at("rid-123"))
        # THEN each webhook has its time, its command, its outcome and its changes
        expect(page.locator("li.webhook")).to_have_count(19)
        oldest = row(page, 18)
        expect(oldest).to_contain_text("11:25:22.000")
        expect(oldest).to_contain_text("Live CreateRoom")
        expect(oldest).to_contain_text("applied")
        expect(oldest).to_contain_text("owner nobody→user3")
        taken = page.locator("li.webhook", has_text="SeatInfoChanged")
        expect(taken).to_contain_text("seat 1 empty→144115233775727695")
        expect(taken).to_contain_text("seat 2 lock open→locked")
        expect(page.locator("li.webhook", has_text="SendGift")).to_contain_text("observed")
        expect(page.get_by_text("26 December 2023")).to_be_visible()

    def test_has_times_in_utc_local_and_relative(self, world: World, page: Page) -> None:
        world.samples()
        page.goto(world.look_at("rid-123"))
        expect(row(page, 18)).to_contain_text("11:25:22.000")
        times = page.get_by_role("combobox", name="Times")
        times.select_option("relative")
        expect(row(page, 18)).to_contain_text("d ago")
        times.select_option("local")
        local = page.evaluate("new Date(1703589922000).toTimeString().slice(0, 8)")
        expect(row(page, 18)).to_contain_text(f"{local}.000")


class TestAStaleWebhook:
    def test_names_the_newer_one_that_it_lost_to(self, world: World, page: Page) -> None:
        # GIVEN ann has taken the seat from bob, and the older webhook comes late
        page.goto(world.look_at("room"))
        world.happens(seats("room", seat(1, "ann"), at=NOW), seats("room", seat(1, "bob"), at=NOW - 22_780))
        # WHEN
        stale = page.locator("li.webhook", has_text="stale")
        # THEN
        expect(stale).to_contain_text("Lost to Mic SeatInfoChanged of")
        expect(stale).to_contain_text("22.8 s newer")
        expect(stale.get_by_role("deletion")).to_have_text("bob")
        expect(page.get_by_role("list", name="Seats")).to_have_text("Seat 1annmic oncamera on")
        # AND it leads there
        stale.get_by_role("button", name="Mic SeatInfoChanged of").click()
        expect(row(page, 0)).to_have_class("webhook open")
        expect(row(page, 0)).to_contain_text("ann")

    def test_lost_to_one_that_is_not_loaded(self, world: World, page: Page) -> None:
        # GIVEN between the two came a thousand others
        world.happens(seats("room", seat(1, "ann"), at=NOW), seats("room", seat(1, "bob"), at=NOW - 30_000))
        world.log(seats("room", seat(2, f"user {n}"), at=NOW - 20_000 + n) for n in range(150))
        page.goto(world.look_at("room"))
        for _ in range(3):
            page.get_by_role("region", name="Webhooks").get_by_role("button", name="Older").click()
        # THEN it is found further on
        stale = page.locator("li.webhook", has_text="stale")
        expect(stale).to_contain_text("30.0 s newer")
        # AND it leads there
        stale.get_by_role("button", name="Mic SeatInfoChanged of").click()
        expect(page.locator("li.webhook.open")).to_contain_text("ann")

    def test_says_where_the_log_holds_the_newer_one_no_longer(self, world: World, page: Page) -> None:
        world.log([seats("room", seat(1, "bob"), at=NOW - 30_000)], won=False)
        world.happens(create("room", NOW - 31_000))
        page.goto(world.look_at("room"))
        stale = page.locator("li.webhook", has_text="stale")
        expect(stale).to_contain_text("seat 1: lost to a newer webhook that the log holds no longer")

    def test_lost_to_the_end_of_the_room(self, world: World, page: Page) -> None:
        world.happens(
            create("room", NOW - 9_000), destroy("room", NOW), seats("room", seat(1, "bob"), at=NOW - 1_000)
        )
        page.goto(world.look_at("room"))
        expect(page.locator("li.webhook", has_text="stale")).to_contain_text("Lost to Live DestroyRoom of")


Case = tuple[str, list[tuple[int, int, dict[str, Any]]], list[int]]

CASES: tuple[Case, ...] = (
    # which; the others: occurred_at, received_at, body; which of them it lost to
    (
        "what was there when it came",
        [(5_000, 1, seats("r", seat(1, "ann"))), (9_000, 9, seats("r", seat(1, "eve")))],
        [0],
    ),
    (
        "the newest of all",
        [(5_000, 1, seats("r", seat(1, "ann"))), (6_000, 2, seats("r", seat(1, "eve")))],
        [1],
    ),
    ("not what is of another seat", [(5_000, 1, seats("r", seat(2, "ann")))], []),
    ("not what is older", [(4_000, 1, seats("r", seat(1, "ann")))], []),
    ("the end of the very moment", [(4_500, 1, destroy("r"))], [0]),
    ("not a beginning that spares it", [(14_500, 1, create("r"))], []),
    ("a beginning that voids it", [(14_501, 1, create("r"))], [0]),
    ("what was received later, where there is no other", [(5_000, 7, seats("r", seat(1, "ann")))], [0]),
)


def test_what_a_webhook_lost_to(world: World, page: Page) -> None:
    """The rule itself, without a server."""

    def record(at: int, received_at: int, payload: dict[str, Any]) -> Any:
        one = webhook({**payload, "EventTime": at}, received_at=NOW + received_at)
        shown = forwarded(log_record(one, 0, (), won=True, expires_at=1))
        return json.loads(shown.model_dump_json())

    # GIVEN a webhook, received at 5, and others
    stale = record(4_500, 5, seats("r", seat(1, "bob")))
    cases = [[record(*other) for other in others] for _, others, _ in CASES]
    page.goto(f"{world.url}/console/lost.js")
    # WHEN
    found = page.evaluate(
        """async ([stale, cases]) => {
          const { lostTo } = await import("/console/lost.js");
          return cases.map((others) =>
            lostTo(stale, others).winners.map((winner) => others.indexOf(winner.record)));
        }""",
        [stale, cases],
    )
    # THEN
    assert dict(zip([name for name, _, _ in CASES], found, strict=True)) == {
        name: wanted for name, _, wanted in CASES
    }


class TestSelecting:
    def test_shows_record_and_payload_and_stops_the_following(self, world: World, page: Page) -> None:
        world.samples()
        page.goto(world.look_at("rid-123"))
        taken = page.locator("li.webhook", has_text="SeatInfoChanged")
        # WHEN
        taken.get_by_role("button").first.click()
        # THEN both are shown as JSON, with every digit
        expect(taken.get_by_role("region", name="Payload")).to_contain_text(
            '"Member_Account": 144115233775727695,'
        )
        expect(taken.get_by_role("region", name="Record")).to_contain_text('"outcome": "applied"')
        # AND what comes in is not followed
        world.happens(seats("rid-123", seat(3, "you"), at=NOW))
        expect(page.get_by_role("list", name="Webhooks by outcome")).to_contain_text("20 applied")
        expect(page.locator("li.webhook")).to_have_count(19)
        # UNTIL it goes on
        page.get_by_role("button", name="Paused · go on").click()
        expect(page.locator("li.webhook")).to_have_count(20)
        expect(page.get_by_role("region", name="Payload")).to_have_count(0)


class TestTenThousandWebhooks:
    def test_come_in_pages(self, world: World, page: Page) -> None:
        world.happens(create("room", NOW - 20_000))
        world.log(seats("room", seat(1, f"user {n}"), at=NOW - 10_000 + n) for n in range(10_000))
        page.goto(world.look_at("room"))
        expect(page.locator("li.webhook")).to_have_count(50)
        expect(row(page, 0).locator("time")).to_have_attribute("datetime", iso(page, NOW - 1))
        # WHEN
        page.get_by_role("region", name="Webhooks").get_by_role("button", name="Older").dblclick()
        # THEN it is turned once, as the page after that is not known yet
        expect(row(page, 0).locator("time")).to_have_attribute("datetime", iso(page, NOW - 51))
        expect(page.get_by_text("Page 2", exact=True)).to_be_visible()
        expect(page.locator("li.webhook")).to_have_count(50)
        expect(page.get_by_role("button", name="Paused · go on")).to_be_visible()
        assert page.locator("body *").count() < 1_200
        page.get_by_role("region", name="Webhooks").get_by_role("button", name="Newer").click()
        expect(row(page, 0).locator("time")).to_have_attribute("datetime", iso(page, NOW - 1))


def iso(page: Page, ms: int) -> str:
    found: str = page.evaluate(f"new Date({ms}).toISOString()")
    return found
