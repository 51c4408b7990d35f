"""How long there is left: to answer, and until the invocation ends."""

import time
from typing import Protocol

BUDGET_S = 1.8
"""From the first line of the handler to its last. Tencent waits 2 s (72210): see `clients`."""
MARGIN_S = 0.2
"""Kept free at the end of an invocation, to report and to return."""


class OutOfTime(Exception):
    """A step was not begun, because it might not have finished in time."""


class Clock(Protocol):
    """What tells the time and lets it pass. The module `time` is one."""

    def monotonic(self) -> float:
        """Seconds, ever growing."""
        ...

    def sleep(self, seconds: float, /) -> None: ...


class Deadline:
    """A moment by which everything has to be done.

    Args:
        seconds: from now.
        clock: the system's, by default.
    """

    def __init__(self, seconds: float, clock: Clock = time) -> None:
        self._clock = clock
        self._ends_at = clock.monotonic() + seconds

    @classmethod
    def of_invocation(cls, remaining_ms: int, clock: Clock = time) -> "Deadline":
        """The end of an invocation that has `remaining_ms` left."""
        return cls(remaining_ms / 1000 - MARGIN_S, clock)

    @classmethod
    def of_answer(cls, remaining_ms: int, clock: Clock = time) -> "Deadline":
        """The moment to answer Tencent by, in an invocation that has `remaining_ms` left."""
        return cls(min(BUDGET_S, remaining_ms / 1000 - MARGIN_S), clock)

    def earlier(self, seconds: float) -> "Deadline":
        """An earlier deadline, which leaves that much time for something else."""
        return Deadline(self._left() - seconds, self._clock)

    def is_over(self) -> bool:
        """Whether that moment has passed."""
        return self._left() <= 0

    def require(self, seconds: float) -> None:
        """Go on only if at least that much time is left.

        Raises:
            OutOfTime: there is less.
        """
        if self._left() < seconds:
            raise OutOfTime

    def pause(self, seconds: float, *, before: float) -> None:
        """Wait, but leave `before` seconds for what comes next."""
        self._clock.sleep(max(0.0, min(seconds, self._left() - before)))

    def _left(self) -> float:
        return self._ends_at - self._clock.monotonic()
