"""What only a local console does: it sends webhooks. And where a user is."""

import html
import json
import socket
import time

import pytest
from playwright.sync_api import Page, expect
from werkzeug.wrappers import Request, Response

from browser.world import NOW, World
from local.aws.gateway import HOST, serve
from tests.payloads import admins, create, members, seat, seats


@pytest.fixture
def sending(world: World, page: Page) -> Page:
    """The form, opened."""
    page.goto(world.look_at())
    page.get_by_text("Send a webhook", exact=True).click()
    return page


def write(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Its body").fill(text)


class TestSending:
    def test_sends_a_sample(self, sending: Page) -> None:
        # WHEN
        sending.get_by_role("combobox", name="Sample").select_option(
            label="070 Mic.CallbackAfterSeatInfoChanged"
        )
        sending.get_by_role("button", name="Send", exact=True).click()
        # THEN it is told what came of it, and it leads to the room
        answer = sending.get_by_role("status").filter(has_text="Answered")
        expect(answer).to_contain_text("Answered 200 OK")
        expect(answer).to_contain_text("applied seat.occupied, seat.locked")
        answer.get_by_role("button", name="Show room rid-123").click()
        # AND no digit was lost
        expect(sending.get_by_role("list", name="Seats")).to_contain_text("144115233775727695")

    def test_sends_what_was_edited_late(self, world: World, sending: Page) -> None:
        # GIVEN somebody is on the seat
        world.happens(seats("room", seat(1, "ann"), at=time.time_ns() // 1_000_000))
        # WHEN a webhook that somebody else takes it comes a minute late
        write(sending, json.dumps(seats("room", seat(1, "bob"), at=None)))
        sending.get_by_role("radio", name="a minute ago (late)").check()
        sending.get_by_role("button", name="Send", exact=True).click()
        # THEN it has lost
        answer = sending.get_by_role("status").filter(has_text="Answered")
        expect(answer).to_contain_text("stale nothing changed")
        answer.get_by_role("button", name="Show room").click()
        expect(sending.get_by_role("list", name="Seats")).to_contain_text("ann")
        expect(sending.locator("li.webhook", has_text="stale")).to_contain_text("Lost to Mic SeatInfoChanged")

    def test_sends_twice_and_it_happens_once(self, sending: Page) -> None:
        write(sending, json.dumps(seats("room", seat(1, "ann"), at=NOW)))
        sending.get_by_role("radio", name="as written").check()
        sending.get_by_role("button", name="Send twice").click()
        answer = sending.get_by_role("status").filter(has_text="Answered")
        expect(answer.get_by_text("Answered 200 OK")).to_have_count(2)
        answer.get_by_role("button", name="Show room").click()
        expect(sending.locator("li.webhook")).to_have_count(1)

    def test_says_what_is_wrong(self, sending: Page) -> None:
        write(sending, '{"CallbackCommand": ')
        sending.get_by_role("button", name="Send", exact=True).click()
        expect(sending.get_by_text("This is not JSON")).to_be_visible()
        # AND sends it all the same
        sending.get_by_role("radio", name="as written").check()
        sending.get_by_role("button", name="Send", exact=True).click()
        expect(sending.get_by_text("unreadable", exact=True).first).to_be_visible()
        expect(sending.get_by_role("list", name="Webhooks by outcome")).to_contain_text("1 unreadable")

    @pytest.mark.parametrize("path", ["/console/send", "/webhook?SdkAppid=1400000001"])
    def test_no_other_site_sends_through_it(self, world: World, page: Page, path: str) -> None:
        # GIVEN another site, of this machine too, whose form posts to the console, and whose script does
        @Request.application
        def evil(_: Request) -> Response:
            return Response(EVIL.format(url=html.escape(world.url + path)), content_type="text/html")

        with socket.create_server((HOST, 0)) as listener, serve(evil, listener) as url:
            # WHEN a form posts, whose answer is a page, and a script, which does not get to see its answer
            for how, ends in (("form", "requestfinished"), ("script", "requestfailed")):
                page.goto(url)
                with page.expect_event(ends, lambda request: request.method == "POST"):
                    page.get_by_role("button", name=how).click()
        # THEN both came, and were refused
        came = [(asked, status) for asked, status in world.requests if asked == path.partition("?")[0]]
        assert came == [(path.partition("?")[0], 403)] * 2
        page.goto(world.look_at())
        expect(page.get_by_role("list", name="Webhooks by outcome")).to_have_text("0 applied0 stale")


EVIL = """<form action="{url}" method="post" enctype="text/plain">
<input name='{{"sdk_app_id": "1400000001", "body": "x' value='", "dated": "written", "twice": false}}'>
<button>form</button></form>
<button onclick="fetch('{url}', {{method: 'POST', mode: 'no-cors', body: '{{}}'}}).catch(() => 0)">
script</button>"""


class TestWhereAUserIs:
    def test_lists_the_rooms(self, world: World, page: Page) -> None:
        # GIVEN
        for room in ("first", "second"):
            world.happens(
                create(room, NOW - 9_000, Owner_Account="owen"), members(room, "Online", "ann", at=NOW)
            )
        world.happens(seats("second", seat(3, "ann"), at=NOW), admins("second", "add", "ann", at=NOW))
        page.goto(world.look_at())
        # WHEN
        page.get_by_text("Where is a user?").click()
        page.get_by_role("textbox", name="User id").fill("ann")
        page.get_by_role("button", name="Find").click()
        # THEN
        found = page.locator("#where li")
        expect(found).to_have_text(["first", "second administrator, on seat 3"])
        # AND a room is a click away
        found.get_by_role("button", name="second").click()
        expect(page.get_by_role("heading", name="second")).to_be_visible()

    def test_says_that_a_user_is_nowhere(self, world: World, page: Page) -> None:
        page.goto(world.look_at())
        page.get_by_text("Where is a user?").click()
        page.get_by_role("textbox", name="User id").fill("<b>nobody</b>")
        page.get_by_role("textbox", name="User id").press("Enter")
        expect(page.get_by_text("In no room.")).to_be_visible()
