"""`make screenshot`: the picture of the console in the README."""

import io
import logging
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from browser.chromium import launch
from browser.world import running
from local.aws.gateway import HOST
from tests.payloads import admins, create, members, seat, seats, set_metadata

SIZE = {"width": 1280, "height": 800}


def main(path: Path) -> None:
    now = time.time_ns() // 1_000_000
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # A function's stdout is its log.
    with redirect_stdout(io.StringIO()), running() as world, sync_playwright() as playwright:
        world.url = f"http://{HOST}:3000"
        world.start()
        world.happens(
            create("book-club", now - 2_400_000, RoomName="Book club", MaxSeatCount=8, Owner_Account="noor"),
            create("late-night-radio", now - 5_000_000, RoomName="Late night radio", MaxSeatCount=4),
            seats("late-night-radio", seat(0, "kai"), seat(1, "lena"), at=now - 4_900_000),
            create(
                "morning-show",
                now - 600_000,
                RoomName="The morning show",
                MaxSeatCount=6,
                Owner_Account="ann",
            ),
            members("morning-show", "Online", "ann", "bob", "carla", "dmitri", "emeka", at=now - 580_000),
            seats("morning-show", seat(0, "ann"), seat(1, "bob"), at=now - 560_000),
            seats(
                "morning-show", seat(2, "carla", Video=True), seat(3, "dmitri", Audio=True), at=now - 300_000
            ),
            admins("morning-show", "add", "bob", at=now - 240_000),
            set_metadata("morning-show", at=now - 200_000, topic="elections"),
            seats("morning-show", seat(4, None, Taken=True), seat(5), at=now - 180_000),
            members("morning-show", "Offline", "emeka", at=now - 90_000, cause="HeartbeatInterrupt"),
            seats("morning-show", seat(1, "carla"), seat(2), at=now - 20_000),
            seats("morning-show", seat(1, "bob", Audio=True), at=now - 65_000),
        )
        browser = launch(playwright)
        page = browser.new_page(viewport=SIZE)
        page.goto(world.look_at("morning-show"))
        expect(page.locator("li.webhook", has_text="stale")).to_contain_text("Lost to")
        expect(page.get_by_text("4 online")).to_be_visible()
        page.screenshot(path=path)
        browser.close()
        world.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
