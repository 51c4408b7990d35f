"""How long there is left to answer."""

import time
from collections.abc import Callable

BUDGET_S = 1.8
"""From the first line of the handler to its last. Tencent waits 2 s (72210): see `aws`."""
MARGIN_S = 0.2
"""What is left of an invocation to report and to return."""


class OutOfTime(Exception):
    """What was to be done might not be done in time, so it was not begun."""


class Deadline:
    """A moment by which all has to be done.

    Args:
        seconds: from now.
        clock: seconds, ever growing.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends_at = clock() + seconds

    @classmethod
    def of_invocation(cls, remaining_ms: int) -> "Deadline":
        """The end of an invocation that has `remaining_ms` left."""
        return cls(remaining_ms / 1000 - MARGIN_S)

    @classmethod
    def of_answer(cls, remaining_ms: int) -> "Deadline":
        """The moment to answer Tencent by, in an invocation that has `remaining_ms` left."""
        return cls(min(BUDGET_S, remaining_ms / 1000 - MARGIN_S))

    def earlier(self, seconds: float) -> "Deadline":
        """The moment that leaves so much for something else."""
        return Deadline(self._ends_at - seconds - self._clock(), self._clock)

    def require(self, seconds: float) -> None:
        """Go on only where there is so much left.

        Raises:
            OutOfTime: there is less.
        """
        if self._ends_at - self._clock() < seconds:
            raise OutOfTime
