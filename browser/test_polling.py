"""What is asked of the server, when, and what the page makes of a server that is slow, down or gone."""

from collections.abc import Callable
from threading import Event

import pytest
from playwright.sync_api import BrowserContext, Page, Response, Route, expect

from browser.world import NOW, World
from tests.payloads import create, destroy, seat, seats

UNAVAILABLE = {"error": {"code": "unavailable", "message": "The table cannot be read at present."}}
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def is_304(response: Response) -> bool:
    return bool(response.status == 304)


@pytest.fixture
def room(world: World, page: Page) -> Page:
    """A page with a room that rests, and that has all it wants to have."""
    world.happens(create("room", NOW - 1_000), seats("room", seat(1, "ann"), at=NOW))
    page.goto(world.look_at("room"))
    expect(page.get_by_role("list", name="Seats")).to_contain_text("ann")
    expect(page.get_by_text("0 online")).to_be_visible()
    return page


class TestWhereNothingChanges:
    def test_it_asks_once_a_second_and_is_answered_304(self, world: World, room: Page) -> None:
        # GIVEN it has begun to ask in turns
        with room.expect_response(is_304):
            pass
        world.requests.clear()
        began = room.evaluate("performance.now()")
        # WHEN it has asked six times more
        for _ in range(6):
            with room.expect_response(is_304):
                pass
        # THEN each was answered with nothing, and a second lay between
        statuses = [status for _, status in world.requests]
        assert statuses == [304] * 6
        assert room.evaluate("performance.now()") - began > 5_000
        assert {path for path, _ in world.requests} == {"/v1/log", "/v1/room", "/console/rooms"}

    def test_it_asks_nothing_while_it_is_hidden(self, world: World, room: Page) -> None:
        # GIVEN a page whose time is ours, hidden
        room.clock.install()
        room.reload()
        expect(room.get_by_role("list", name="Seats")).to_contain_text("ann")
        with room.expect_response(is_304):
            pass
        room.evaluate(HIDE, True)
        world.requests.clear()
        # WHEN an hour passes
        room.clock.run_for(3_600_000)
        # THEN it asked nothing until it is seen again, and then at once
        assert world.requests == []
        with room.expect_response(is_304):
            room.evaluate(HIDE, False)

    def test_it_does_not_search_rooms_over_and_over(self, world: World, room: Page) -> None:
        """A filter looks through up to 2,000 rooms, and each is read."""
        room.get_by_role("searchbox").fill("no such room")
        expect(room.get_by_text("No room matches.")).to_be_visible()
        world.requests.clear()
        for _ in range(4):
            with room.expect_response(is_304):
                pass
        assert {path for path, _ in world.requests} == {"/v1/log", "/v1/room"}

    def test_it_asks_only_for_the_list_while_it_is_paused(self, world: World, room: Page) -> None:
        room.get_by_role("button", name="Live", exact=True).click()
        with room.expect_response(is_304):
            pass
        world.requests.clear()
        for _ in range(2):
            with room.expect_response(is_304):
                pass
        assert {path for path, _ in world.requests} == {"/console/rooms"}


class TestAServerInTrouble:
    def test_that_went_away_and_came_back(self, world: World, room: Page) -> None:
        # WHEN
        world.stop()
        # THEN
        notice = room.get_by_role("status").filter(has_text="The server does not answer.")
        expect(notice).to_contain_text("Does make run still run?")
        # AND what was seen is still there
        expect(room.get_by_role("list", name="Seats")).to_contain_text("ann")
        # WHEN it is back, and something happened meanwhile
        world.start()
        world.happens(seats("room", seat(1, "bob"), at=NOW + 1))
        # THEN it recovers by itself
        expect(room.get_by_role("list", name="Seats")).to_contain_text("bob")
        expect(notice).to_be_hidden()

    def test_that_is_another_one_when_it_comes_back(
        self, world: World, room: Page, forget: Callable[[], None]
    ) -> None:
        # WHEN it is started again, and knows nothing
        world.stop()
        expect(room.get_by_text("The server does not answer.")).to_be_visible()
        forget()
        world.start()
        # THEN
        expect(room.get_by_text("No webhook of the app named the room.")).to_be_visible()

    def test_that_cannot_read_its_table(self, world: World, room: Page) -> None:
        with world.meddle(lambda path: (503, UNAVAILABLE) if path.startswith("/v1/") else None):
            expect(room.get_by_text("The table cannot be read at present. Trying again …")).to_be_visible()
            expect(room.get_by_role("list", name="Seats")).to_contain_text("ann")
        expect(room.get_by_text("The table cannot be read at present. Trying again …")).to_be_hidden()

    def test_that_is_slow(self, world: World, room: Page) -> None:
        answers = Event()

        def slow(path: str) -> None:
            if path == "/v1/log":
                answers.wait(30)

        with world.meddle(slow):
            # WHEN it does not answer for long
            expect(room.get_by_text("The server takes its time to answer …")).to_be_visible()
            # THEN what was seen is still there, and no second question waits behind the first
            expect(room.get_by_role("list", name="Seats")).to_contain_text("ann")
            answers.set()
            expect(room.get_by_text("The server takes its time to answer …")).to_be_hidden()

    def test_that_is_not_there_at_first(self, world: World, page: Page) -> None:
        """Nor all at once: the samples come later than the settings."""
        world.happens(seats("room", seat(1, "ann"), at=NOW))
        with world.meddle(lambda path: (503, UNAVAILABLE) if path == "/console/samples" else None):
            page.goto(world.look_at("room"))
            expect(page.get_by_text("The table cannot be read at present. Trying again …")).to_be_visible()
        expect(page.get_by_role("list", name="Seats")).to_contain_text("ann")
        expect(page.get_by_text("Send a webhook", exact=True)).to_be_visible()

    def test_that_answers_what_is_no_json(self, world: World, room: Page) -> None:
        with world.meddle(lambda _: (502, "not JSON of ours")):
            expect(room.get_by_text("The server answered 502.")).to_be_visible()
        expect(room.get_by_text("The server answered 502.")).to_be_hidden()

    def test_a_late_answer_is_not_shown_for_another_room(self, world: World, room: Page) -> None:
        # GIVEN a second room, whose answer comes at last, when the first is looked at again
        world.happens(seats("slow", seat(1, "somebody else"), at=NOW))
        held: list[Route] = []
        room.route("**/v1/room?*room_id=slow*", lambda route: held.append(route))  # noqa: PLW0108  it takes attributes
        room.get_by_role("list", name="Rooms that live").get_by_role("button", name="slow").click()
        expect(room.locator("li.webhook")).to_have_count(1)
        room.get_by_role("list", name="Rooms that live").get_by_role("button", name="room").click()
        expect(room.get_by_role("list", name="Seats")).to_contain_text("ann")
        # WHEN
        for route in held:
            route.continue_()
        with room.expect_response(is_304):
            pass
        # THEN
        expect(room.get_by_role("list", name="Seats")).to_contain_text("ann")


class TestMoreTroubles:
    def test_two_tabs_look_at_two_rooms(self, world: World, room: Page, context: BrowserContext) -> None:
        world.happens(seats("other", seat(1, "olga"), at=NOW))
        second = context.new_page()
        second.goto(world.look_at("other"))
        expect(second.get_by_role("list", name="Seats")).to_contain_text("olga")
        expect(room.get_by_role("list", name="Seats")).to_contain_text("ann")
        world.happens(seats("other", seat(1, "otto"), at=NOW + 1), seats("room", seat(1, "alan"), at=NOW + 1))
        expect(second.get_by_role("list", name="Seats")).to_contain_text("otto")
        expect(room.get_by_role("list", name="Seats")).to_contain_text("alan")

    def test_a_browser_whose_clock_is_off_shows_how_long_ago_by_the_server(
        self, world: World, page: Page
    ) -> None:
        # GIVEN a browser that is a week behind, and a room that began half a day ago
        world.happens(create("room", NOW - 12 * 3_600_000 - 1_000_000))
        page.clock.install(time=(NOW - 7 * 86_400_000) / 1000)
        # WHEN
        page.goto(world.look_at("room"))
        # THEN
        expect(page.get_by_role("list", name="Rooms that live")).to_contain_text("12 h ago")

    def test_a_room_that_is_destroyed_and_begun_again_is_followed(self, world: World, room: Page) -> None:
        world.happens(destroy("room", NOW + 1))
        expect(room.locator("#room").get_by_text("ended", exact=True)).to_be_visible()
        world.happens(create("room", NOW + 2), seats("room", seat(7, "new"), at=NOW + 3))
        expect(room.get_by_role("list", name="Seats")).to_have_text("Seat 7newmic oncamera on")
