"""Rooms from the queue, and rooms that are asked for by name."""

from typing import Any

from roomstate.aws.deadline import Deadline
from roomstate.reconcile.errors import Busy, NoAnswer, Unreachable
from roomstate.reconcile.names import room_of
from roomstate.reconcile.reconciler import Reconciler, Report


class Unanswered(Exception):
    """Tencent was too busy, or out of reach, for all to be asked. What it did answer is asserted."""


class Worker:
    """Reconciles rooms by their names.

    Args:
        forwards: whether what is asserted is forwarded, so that a try that broke off between storing and
            forwarding is to be made up for.
    """

    def __init__(self, reconciler: Reconciler, *, forwards: bool) -> None:
        self._reconciler = reconciler
        self._forwards = forwards

    def reconcile(self, named: Any, deadline: Deadline) -> Report:
        """Reconcile the room that a document names.

        Raises:
            NoRoom: it names none.
            Exception: as of `Reconciler.reconcile`.
        """
        return self._reconciler.reconcile(*room_of(named), deadline)

    def make_up(self, named: Any, since: int, deadline: Deadline) -> None:
        """Forward again what earlier tries of a message asserted, the first of which began then (ms)."""
        if self._forwards:
            self._reconciler.forward_again(*room_of(named), since, deadline)


def check(report: Report) -> None:
    """Raise Unanswered where asking again soon may bring more."""
    missing = [failure for failure in report.answers.failures if is_passing(failure)]
    if missing:
        raise Unanswered(str(missing[0]))


def is_passing(failure: NoAnswer) -> bool:
    """Whether the same question may be answered soon. A list too long for its time is as long then."""
    return isinstance(failure, Busy | Unreachable) and failure.reason != "too_slow"
