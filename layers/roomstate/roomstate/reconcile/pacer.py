"""How often a process calls Tencent: at most so many times a second with each command.

No page says whether Tencent counts by command, by app or both, nor what burst it takes (63404). So each
command is paced by itself, for all apps together, and never in bursts.
"""

import time

from roomstate.aws.deadline import Clock, Deadline
from roomstate.reconcile.errors import Unreachable
from roomstate.reconcile.rest import CALL_S, Connection


def turn(last: float | None, now: float, interval: float) -> float:
    """When the next call may be made, s: now, or so long after the last one."""
    return now if last is None else max(now, last + interval)


class Pacer:
    """Lets the calls of one process through, one after another.

    Args:
        calls_per_second: with one command.
    """

    def __init__(self, calls_per_second: float, clock: Clock = time) -> None:
        self._interval = 1 / calls_per_second
        self._clock = clock
        self._last: dict[str, float] = {}

    def wait(self, command: str, until: Deadline) -> bool:
        """Return when the command may be called; or False at once, where it might not be over by then."""
        now = self._clock.monotonic()
        at = turn(self._last.get(command), now, self._interval)
        if until.earlier(CALL_S + at - now).is_over():
            return False
        self._last[command] = at
        if at > now:
            self._clock.sleep(at - now)
        return True


class Paced(Connection):
    """A connection whose calls wait for their turn, and are not begun where there is no time left.

    Args:
        connection: that makes them.
        until: when the last one has to be over.
    """

    def __init__(self, connection: Connection, pacer: Pacer, until: Deadline) -> None:
        self._connection = connection
        self._pacer = pacer
        self._until = until

    def post(self, command: str, target: str, body: bytes) -> tuple[int, bytes]:
        if not self._pacer.wait(command, self._until):
            raise Unreachable(command, "no_time")
        return self._connection.post(command, target, body)
