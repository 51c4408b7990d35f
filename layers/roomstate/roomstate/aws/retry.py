"""Trying again."""

import random
from collections.abc import Callable, Iterator
from typing import TypeVar

from roomstate.aws.deadline import Deadline, OutOfTime
from roomstate.tencent.errors import Unavailable

ATTEMPTS = 5
"""Tries of one thing within one invocation, by default."""
FIRST_PAUSE_S = 0.025
"""At most; it doubles each time."""
MAX_PAUSE_S = 0.4

T = TypeVar("T")

# From the system, since environments started from one snapshot share a seed.
_random = random.SystemRandom()


def jitter(seconds: float) -> float:
    """A random time up to that many seconds, so that what failed together is not retried together."""
    return _random.uniform(0, seconds)


def tries(deadline: Deadline, call_s: float, attempts: int = ATTEMPTS) -> Iterator[int]:
    """The numbers of the tries, from 0, with a random pause between two of them.

    Args:
        deadline: a pause ends so early that the next try can still be begun before it, if it ever could.
        call_s: how long a try may take.
        attempts: how many there are.
    """
    for attempt in range(attempts):
        if attempt:
            deadline.pause(jitter(min(FIRST_PAUSE_S * 2 ** (attempt - 1), MAX_PAUSE_S)), before=call_s)
        yield attempt


def persist(
    attempt: Callable[[int], T],
    numbers: Iterator[int],
    again_on: tuple[type[Exception], ...],
    given_up: str,
) -> T:
    """Try until it succeeds, until `numbers` end, or until it says that time is up.

    Args:
        attempt: gets the number of the try. It raises OutOfTime where there is no time for it.
        numbers: of the `tries`.
        again_on: what is worth another try; anything else is raised as it is.
        given_up: the message for the sender when all was in vain.

    Raises:
        Unavailable: caused by the last failure; by OutOfTime only where nothing was tried.
    """
    failure: Exception | None = None
    for number in numbers:
        try:
            return attempt(number)
        except OutOfTime as error:
            failure = failure or error
            break
        except again_on as error:
            failure = error
    raise Unavailable(given_up) from failure
