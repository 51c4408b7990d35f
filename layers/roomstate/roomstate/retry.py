"""Trying again."""

import random
import time
from collections.abc import Iterator

ATTEMPTS = 5
"""Tries of one thing within one invocation."""
FIRST_PAUSE_S = 0.025
"""At most; it doubles each time."""


def pauses() -> Iterator[int]:
    """The numbers of `ATTEMPTS` tries, with a random pause between two of them."""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(random.uniform(0, FIRST_PAUSE_S * 2 ** (attempt - 1)))  # noqa: S311
        yield attempt
