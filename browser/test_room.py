"""A room: seats, people, and what changed a moment ago; and the room as it was."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browser.world import NOW, World
from roomstate.state.life import Life
from roomstate.state.registers import LIFE, Key, Member, Register, Version
from tests.payloads import admins, change_owner, create, destroy, members, seat, seats, set_metadata

VERSION = Version(NOW, "0" * 32)


def seat_of(page: Page, index: int) -> Any:
    return page.get_by_role("list", name="Seats").get_by_role("listitem").nth(index)


class TestARoom:
    def test_shows_all_that_is_known(self, world: World, page: Page) -> None:
        # GIVEN
        world.happens(
            create("room", NOW - 9_000, RoomName="the name", MaxSeatCount=4, Owner_Account="owen"),
            seats("room", seat(0, "ann", Audio=True), seat(1, "bob", Video=True), at=NOW - 8_000),
            seats("room", seat(2, None, Taken=True), seat(3), at=NOW - 8_000),
            admins("room", "add", "adam", at=NOW - 7_000),
            members("room", "Online", "ann", "bob", "mia", at=NOW - 6_000),
            set_metadata("room", at=NOW - 5_000, colour="blue"),
        )
        # WHEN
        page.goto(world.look_at("room"))
        # THEN who sits where, with microphone, camera and lock
        expect(seat_of(page, 0)).to_have_text("Seat 0annmic offcamera on")
        expect(seat_of(page, 1)).to_have_text("Seat 1bobmic oncamera off")
        expect(seat_of(page, 2)).to_have_text("Seat 2emptylocked")
        expect(seat_of(page, 3)).to_have_text("Seat 3empty")
        # AND the rest
        room = page.locator("#room")
        expect(room.locator("dl").first).to_contain_text("Ownerowen")
        expect(room.get_by_text("live", exact=True)).to_be_visible()
        expect(page.get_by_role("list", name="Administrators")).to_have_text("adam")
        expect(page.get_by_role("list", name="Members online").get_by_role("listitem")).to_have_text(
            ["ann", "bob", "mia"]
        )
        expect(room.get_by_text("3 online")).to_be_visible()
        expect(room.get_by_text("blue", exact=True)).to_be_visible()
        expect(room.get_by_text("the name", exact=True)).to_be_visible()

    def test_marks_what_changed_a_moment_ago(self, world: World, page: Page) -> None:
        world.happens(seats("room", seat(0, "ann"), seat(1, "bob"), at=NOW))
        page.goto(world.look_at("room"))
        expect(seat_of(page, 1)).to_contain_text("bob")
        expect(page.locator(".changed")).to_have_count(0)
        # WHEN
        world.happens(seats("room", seat(1, "eve"), at=NOW + 1))
        # THEN that seat alone is marked
        expect(seat_of(page, 1)).to_contain_text("eve")
        expect(seat_of(page, 1)).to_have_class("seat taken changed")
        expect(page.locator(".changed")).to_have_count(1)

    def test_says_that_it_ended(self, world: World, page: Page) -> None:
        world.happens(create("room", NOW - 2_000), seats("room", seat(0, "ann"), at=NOW - 1_000))
        page.goto(world.look_at("room"))
        expect(seat_of(page, 0)).to_contain_text("ann")
        # WHEN
        world.happens(destroy("room", NOW))
        # THEN
        room = page.locator("#room")
        expect(room.get_by_text("ended", exact=True)).to_be_visible()
        expect(room.get_by_text("No webhook has named a seat.")).to_be_visible()


class TestTenThousandMembers:
    def test_come_in_pages_with_their_count(self, world: World, page: Page) -> None:
        # GIVEN
        member = Register(VERSION, Member(True, "Enter"))
        registers = (("room", Key("member", f"user {number:05}"), member) for number in range(10_000))
        world.hold([("room", LIFE, Life(first_seen_at=NOW, started_at=NOW - 1_000)), *registers])
        # WHEN
        page.goto(world.look_at("room"))
        # THEN
        listed = page.get_by_role("list", name="Members online").get_by_role("listitem")
        expect(page.get_by_text("10,000 online")).to_be_visible()
        expect(listed).to_have_count(50)
        expect(listed.first).to_have_text("user 00000")
        # WHEN
        page.get_by_role("button", name="More").click()
        # THEN
        expect(listed.first).to_have_text("user 00050")
        expect(listed).to_have_count(50)
        page.get_by_role("button", name="Back", exact=True).click()
        expect(listed.first).to_have_text("user 00000")
        assert page.locator("body *").count() < 900


class TestTheSlider:
    @pytest.fixture(autouse=True)
    def _story(self, world: World, page: Page) -> None:
        world.happens(
            create("room", NOW - 5_000, Owner_Account="owen"),
            seats("room", seat(0, "ann"), at=NOW - 4_000),
            members("room", "Online", "mia", at=NOW - 3_000),
            seats("room", seat(0, "bob"), at=NOW - 2_000),
            change_owner("room", "olga", at=NOW - 1_000),
        )
        page.goto(world.look_at("room"))
        expect(seat_of(page, 0)).to_contain_text("bob")

    def test_shows_the_room_as_it_was_webhook_by_webhook(self, page: Page) -> None:
        slider = page.get_by_role("slider", name="The room as of")
        people = page.get_by_role("list", name="Members online")
        room = page.locator("#room")
        expect(room.locator("dl").first).to_contain_text("olga")
        # WHEN it is moved back, by the keyboard, to the moment of the fourth, and of the second webhook
        slider.focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        expect(room.locator("dl").first).to_contain_text("owen")
        expect(seat_of(page, 0)).to_contain_text("bob")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        # THEN
        expect(seat_of(page, 0)).to_contain_text("ann")
        expect(people).to_contain_text("Nobody.")
        expect(page.get_by_text("from 2 webhooks of its log")).to_be_visible()
        # AND it is said that this is not now
        expect(page.get_by_role("button", name="Paused · go on")).to_be_visible()
        # WHEN
        page.get_by_role("button", name="Back to now").click()
        # THEN
        expect(seat_of(page, 0)).to_contain_text("bob")
        expect(people).to_contain_text("mia")
        expect(page.get_by_role("button", name="Live", exact=True)).to_be_visible()
        expect(slider).to_have_attribute("aria-valuetext", "Now")

    def test_goes_to_a_moment(self, page: Page) -> None:
        page.get_by_text("Go to a moment").click()
        # WHEN
        moment = page.evaluate(f"new Date({NOW - 3_500}).toISOString().slice(0, -1)")
        page.get_by_label("Go to this moment (UTC)").fill(moment)
        page.get_by_role("button", name="Go", exact=True).click()
        # THEN the room is shown as of then, and its log up to then
        expect(seat_of(page, 0)).to_contain_text("ann")
        expect(page.locator("li.webhook")).to_have_count(2)

    def test_is_moved_from_the_log(self, page: Page) -> None:
        page.locator("li.webhook").nth(3).get_by_role("button").first.click()
        page.get_by_role("button", name="Show the room as of then").click()
        expect(seat_of(page, 0)).to_contain_text("ann")
        # AND what came later is shown as later
        expect(page.locator("li.webhook.later")).to_have_count(3)

    def test_says_why_a_moment_cannot_be_shown(self, world: World, page: Page) -> None:
        # GIVEN a log that is too long to be put together
        why = {"error": {"code": "too_many", "message": "The room's log is too long to be folded."}}
        with world.meddle(lambda path: (422, why) if path in ("/v1/room", "/v1/members") else None):
            # WHEN
            page.get_by_role("slider", name="The room as of").focus()
            page.keyboard.press("Home")
            # THEN
            expect(page.get_by_text("The room's log is too long to be folded.")).to_be_visible()
        # AND it goes on from there
        page.get_by_role("button", name="Back to now").click()
        expect(seat_of(page, 0)).to_contain_text("bob")
