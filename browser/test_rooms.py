"""The head, and the list of rooms."""

import pytest
from playwright.sync_api import Page, expect

from browser.world import NOW, World
from local.tencent import SAMPLE_APP
from roomstate.state.life import Life
from roomstate.state.registers import LIFE
from tests.payloads import create, destroy, seat, seats

EMOJI = "\U0001f469\U0001f3fd\u200d\U0001f680 \u2764\ufe0f"
"""With a joiner and a selector, which belong to it."""
HOSTILE = [
    '<img src=x onerror="document.title=1">',
    "quotes ' \" ` & </script><script>document.title=2</script>",
    "\u202eright to left\u202c \u200bunseen \u0000 null",
    "ann\u200d\ufe0f\u034f\u3164\u2800\u00a0",
    EMOJI,
    "غرفة الأخبار 1",
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~!\"#$%&'()*+,-./",
    "  blanks   between  ",
]


class TestTheHead:
    def test_tells_apps_where_webhooks_go_and_how_they_came_out(self, world: World, page: Page) -> None:
        # GIVEN the sample run
        world.samples()
        # WHEN
        page.goto(world.look_at())
        # THEN
        expect(page.get_by_role("combobox", name="App")).to_have_value(SAMPLE_APP)
        expect(page.get_by_text(f"{world.url}/webhook", exact=True)).to_be_visible()
        outcomes = page.get_by_role("list", name="Webhooks by outcome")
        expect(outcomes).to_have_text("19 applied0 stale11 observed")
        # AND the URL can be copied
        page.get_by_role("button", name="Copy the receiver's URL").click()
        expect(page.get_by_role("button", name="Copy the receiver's URL")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == f"{world.url}/webhook"

    def test_follows_or_is_paused(self, world: World, page: Page) -> None:
        # GIVEN an open room
        world.happens(seats("room", seat(1, "ann"), at=NOW))
        page.goto(world.look_at("room"))
        expect(page.get_by_role("list", name="Seats")).to_contain_text("ann")
        # WHEN it is paused, and something happens that the counts tell of
        page.get_by_role("button", name="Live", exact=True).click()
        world.happens(seats("room", seat(1, "bob"), at=NOW + 1))
        expect(page.get_by_role("list", name="Webhooks by outcome")).to_contain_text("2 applied")
        # THEN the room is as it was
        expect(page.get_by_role("list", name="Seats")).to_contain_text("ann")
        # UNTIL it goes on
        page.get_by_role("button", name="Paused · go on").click()
        expect(page.get_by_role("list", name="Seats")).to_contain_text("bob")

    def test_shows_another_app(self, world: World, page: Page) -> None:
        # GIVEN two apps, one of which has a room
        world.stop()
        world.start((SAMPLE_APP, "1400000002"))
        world.happens(create("of the first", NOW))
        page.goto(world.look_at())
        expect(page.get_by_role("button", name="of the first")).to_be_visible()
        # WHEN
        page.get_by_role("combobox", name="App").select_option("1400000002")
        # THEN
        expect(page.get_by_role("button", name="of the first")).to_be_hidden()
        expect(page.get_by_text("No webhook has named a room yet")).to_be_visible()
        assert "app=1400000002" in page.url


class TestWhereThereIsNothing:
    def test_says_what_to_do_with_the_command(self, world: World, page: Page) -> None:
        page.goto(world.look_at())
        command = f"make send URL={world.url}/webhook"
        expect(page.get_by_text(command, exact=True)).to_be_visible()
        page.get_by_role("button", name="Copy the command").click()
        expect(page.get_by_role("button", name="Copy the command")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == command
        # UNTIL there is something
        world.happens(create("first", NOW))
        expect(page.get_by_role("button", name="first")).to_be_visible()
        expect(page.get_by_text(command, exact=True)).to_be_hidden()


class TestTheList:
    def test_has_rooms_that_live_then_those_that_ended(self, world: World, page: Page) -> None:
        # GIVEN
        world.samples()
        # WHEN
        page.goto(world.look_at())
        # THEN the one that lives comes with its seats and its start
        live = page.get_by_role("list", name="Rooms that live").get_by_role("button")
        expect(live).to_have_count(1)
        expect(live).to_contain_text("rid-123")
        expect(live).to_contain_text("1/16 seats")
        expect(live).to_contain_text("d ago")
        # AND those that ended are apart
        ended = page.get_by_role("list", name="Ended").get_by_role("button")
        expect(ended).to_have_count(2)
        expect(ended.first).to_contain_text("weekly sync #7")

    def test_follows_rooms_that_begin_and_end(self, world: World, page: Page) -> None:
        world.happens(create("older", NOW - 2_000))
        page.goto(world.look_at())
        live = page.get_by_role("list", name="Rooms that live").get_by_role("button")
        expect(live).to_have_count(1)
        # WHEN
        world.happens(create("newer", NOW - 1_000))
        # THEN
        expect(live).to_have_count(2)
        expect(live.first).to_contain_text("newer")
        # WHEN
        world.happens(destroy("newer", NOW))
        # THEN
        expect(live).to_have_count(1)
        expect(page.get_by_role("list", name="Ended").get_by_role("button")).to_contain_text("newer")

    def test_opens_a_room_and_keeps_it_in_the_address(self, world: World, page: Page) -> None:
        world.samples()
        page.goto(world.look_at())
        page.get_by_role("button", name="weekly sync #7").click()
        expect(page.get_by_role("heading", name="weekly sync #7")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="weekly sync #7")).to_be_visible()
        expect(page.get_by_role("button", name="weekly sync #7")).to_have_attribute("aria-current", "true")

    @pytest.mark.parametrize("room", HOSTILE, ids=range(len(HOSTILE)))
    def test_names_are_text_whatever_they_hold(self, world: World, page: Page, room: str) -> None:
        # GIVEN a room, a seat, an admin, a member, metadata and a room name of that name
        world.happens(
            {**create(room, NOW - 5_000, RoomName=room, Owner_Account=room)},
            seats(room, seat(1, room), at=NOW - 4_000),
            {
                "CallbackCommand": "Live.CallbackAfterSetMetadata",
                "RoomId": room,
                "Metadata": [{"Key": room, "Value": room}],
                "EventTime": NOW - 3_000,
            },
        )
        # WHEN
        page.goto(world.look_at())
        page.get_by_role("list", name="Rooms that live").get_by_role("button").click()
        # THEN it is there as it is, but for what cannot be seen, which is named
        shown = page.get_by_role("list", name="Seats").locator(".seat-user")
        expect(shown).to_be_visible()
        hidden = "" if room == EMOJI else "\u202e\u202c\u200b\u0000\u200d\ufe0f\u034f\u3164\u2800\u00a0"
        legible = "".join(f"U+{ord(c):04X}" if c in hidden else c for c in room)
        assert shown.text_content() == legible
        assert page.locator("#room-title").text_content() == legible
        # AND nothing became an element, or ran
        expect(page).to_have_title("roomstate")
        assert page.locator("main img, main script").count() == 0
        # AND its record is shown as it came
        page.get_by_role("button", name="SetMetadata").click()
        expect(page.get_by_role("region", name="Payload")).to_be_visible()
        assert page.locator("main img, main script").count() == 0


class TestAThousandRooms:
    @pytest.fixture(autouse=True)
    def _thousand(self, world: World) -> None:
        world.hold(
            (f"room {number:04}", LIFE, Life(first_seen_at=NOW, started_at=NOW - 1_000_000 + number))
            for number in range(1_000)
        )

    def test_come_in_pages(self, world: World, page: Page) -> None:
        page.goto(world.look_at())
        live = page.get_by_role("list", name="Rooms that live").get_by_role("button")
        expect(live).to_have_count(50)
        expect(live.first).to_contain_text("room 0999")
        # WHEN
        page.get_by_role("button", name="Older").first.click()
        # THEN
        expect(live.first).to_contain_text("room 0949")
        expect(live).to_have_count(50)
        # AND back
        page.get_by_role("button", name="Newer").first.click()
        expect(live.first).to_contain_text("room 0999")
        assert page.locator("body *").count() < 900

    def test_are_filtered_by_id_wherever_they_are(self, world: World, page: Page) -> None:
        page.goto(world.look_at())
        page.get_by_role("searchbox").fill("ROOM 0007")
        live = page.get_by_role("list", name="Rooms that live").get_by_role("button")
        expect(live).to_have_count(1)
        expect(live).to_contain_text("room 0007")
        # AND looked at
        live.click()
        expect(page.get_by_role("heading", name="room 0007")).to_be_visible()
        expect(live).to_have_attribute("aria-current", "true")
        # AND one that no list has is opened by its id
        page.get_by_role("searchbox").fill("never heard of")
        expect(page.get_by_text("No room matches.")).to_be_visible()
        page.get_by_role("searchbox").press("Enter")
        expect(page.get_by_text("No webhook of the app named the room.")).to_be_visible()
