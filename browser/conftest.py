"""A real Chromium, and what it looks at."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from browser.chromium import launch
from browser.world import World, running
from local.aws.embedded import empty_table

PATIENCE_MS = 30_000
"""For what comes at once, or at the next question, on a quiet machine. Nothing waits for it to pass."""
expect.set_options(timeout=PATIENCE_MS)

WIDE = {"width": 1440, "height": 900}

VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def anew() -> Iterator[World]:
    with running() as world:
        yield world


@pytest.fixture
def world(anew: World) -> Iterator[World]:
    """Nothing has happened in it."""
    empty_table()
    anew.start()
    yield anew
    anew.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=WIDE, reduced_motion="no-preference")
    context.set_default_timeout(PATIENCE_MS)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.add_init_script(VIOLATIONS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page in which nothing may go wrong: no error, and nothing that the policy forbids."""
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))

    def heard(message: ConsoleMessage) -> None:
        # An answer that is no success is logged as a resource that failed; the page says what it was.
        if message.type == "error" and "Failed to load resource" not in message.text:
            errors.append(message.text)

    page.on("console", heard)
    yield page
    assert errors == []
    assert page.evaluate("window.violations ?? []") == []


@pytest.fixture
def forget() -> Callable[[], None]:
    """Makes the table forget everything."""
    return empty_table
