"""Trying again."""

import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from roomstate.aws.deadline import OutOfTime
from roomstate.tencent.errors import Unavailable

ATTEMPTS = 5
"""Tries of one thing within one invocation."""
FIRST_PAUSE_S = 0.025
"""At most; it doubles each time."""

T = TypeVar("T")

# From the system, since environments started from one snapshot hold the same seed.
_random = random.SystemRandom()


def pauses() -> Iterator[int]:
    """The numbers of `ATTEMPTS` tries, with a random pause between two of them."""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(_random.uniform(0, FIRST_PAUSE_S * 2 ** (attempt - 1)))
        yield attempt


def persist(attempt: Callable[[int], T], again_on: tuple[type[Exception], ...], given_up: str) -> T:
    """Try until it succeeds, `ATTEMPTS` times at most, or until it says that time is up.

    Args:
        attempt: gets the number of the try, from 0. It raises OutOfTime where there is no time for it.
        again_on: what is worth another try; anything else is raised as it is.
        given_up: the message for the sender when all was in vain.

    Raises:
        Unavailable: caused by the last failure; by OutOfTime only where nothing was tried.
    """
    failure: Exception | None = None
    for number in pauses():
        try:
            return attempt(number)
        except OutOfTime as error:
            failure = failure or error
            break
        except again_on as error:
            failure = error
    raise Unavailable(given_up) from failure
