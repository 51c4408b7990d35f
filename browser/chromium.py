"""The Chromium of this machine. None is downloaded."""

import os
import shutil

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def launch(playwright: Playwright) -> Browser:
    """Start it.

    Raises:
        FileNotFoundError: there is none on the PATH.
    """
    found = [path for name in NAMES if (path := shutil.which(name))]
    if not found:
        raise FileNotFoundError(f"There is none of {', '.join(NAMES)} on the PATH.")
    # A container may have no rights to give to a sandbox, and only our own page is shown in it.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=found[0], args=arguments)
