"""What operators see of reconciling: a log line for each room that differed, and a few metrics.

Never an answer of Tencent's, never a URL. A room's name is there: whoever looks into it needs it.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aws_lambda_powertools import Logger, Metrics

from roomstate.aws.reads import TooMany
from roomstate.aws.refusals import NeverForwarded
from roomstate.aws.telemetry import count, describe
from roomstate.reconcile.accounts import NoAccount
from roomstate.reconcile.errors import NoAnswer
from roomstate.reconcile.names import NoRoom
from roomstate.reconcile.reconciler import Report
from roomstate.reconcile.worker import is_passing
from roomstate.state.registers import Assertion, RoomFacts

KINDS = ("life", "room", "seat", "admin", "member", "metadata")
CODES = frozenset(
    {
        *("60004", "60006", "60007", "60008", "60010", "60011", "60018", "60019", "60020", "60021"),
        *("100001", "100002", "100004", "100006", "100007", "100012", "100013", "100015", "100211"),
        *("no_account", "no_room", "too_many"),
        *(
            "timeout",
            "connection",
            "no_time",
            "too_slow",
            "too_large",
            "unreadable",
            "endless",
            "another_room",
        ),
    }
)
"""Tencent's ErrorCodes and our words that have a metric of their own. Each name costs money, so no code that
somebody answers makes one."""

_DONE_WITH = {NoAccount: "no_account", NoRoom: "no_room", TooMany: "too_many"}


def report_room(report: Report, logger: Logger, metrics: Metrics) -> None:
    """Log and count what became of a room."""
    count(metrics, "RoomsAsked")
    # Its average is the share of rooms about which not all was answered, which an alarm watches.
    count(metrics, "RoomsUnanswered", 1 if report.answers.failures else 0)
    differing = Counter(_kinds(assertion for group in report.differences for assertion in group.assertions))
    for kind in KINDS:
        if differing[kind]:
            count(metrics, f"{kind.title()}Differences", differing[kind])
    for failure in report.answers.failures:
        count_failure(failure.reason, metrics)
    drift = report.comparison.member_drift
    if drift is not None:
        count(metrics, "MemberDrift", abs(drift))
    facts: dict[str, Any] = {"sdk_app_id": report.sdk_app_id, "room_id": report.room_id}
    if report.answers.failures:
        facts["failures"] = [str(failure) for failure in report.answers.failures]
    if drift:
        facts["member_drift"] = drift
    if differing:
        logger.info("asserted what differed", extra={**facts, "differences": dict(differing)})
    elif any(not is_passing(failure) for failure in report.answers.failures):
        logger.warning("not all was answered", extra=facts)


@contextmanager
def reporting(named: Any, logger: Logger, metrics: Metrics) -> Iterator[None]:
    """Log and count why a room could not be reconciled.

    What another try would not change is done with: the next round asks again.
    """
    facts = {name: named.get(name) for name in ("sdk_app_id", "room_id")} if isinstance(named, dict) else {}
    try:
        yield
    except (NoAccount, NoRoom, TooMany) as reason:
        count_failure(_DONE_WITH[type(reason)], metrics)
        count(metrics, "RoomsUnanswered")
        logger.error("not reconciled: %s", reason, extra=facts)
    except NeverForwarded as reason:
        count(metrics, "NeverForwarded")
        logger.error("asserted, but EventBridge would never take it", extra=facts | {"cause": str(reason)})
    except Exception as error:
        count(metrics, "ReconcileUnfinished")
        logger.warning("not finished: it is tried again", extra={**facts, "cause": _cause(error)})
        raise


def count_failure(reason: str, metrics: Metrics) -> None:
    """Count a failure by its code."""
    count(metrics, "ReconcileFailures")
    named = "".join(word.title() for word in reason.split("_")) if reason in CODES else "Other"
    count(metrics, f"ReconcileFailures{named}")


def _cause(error: Exception) -> str:
    return str(error) if isinstance(error, NoAnswer) else describe(error)


def _kinds(assertions: Iterator[Assertion]) -> Iterator[str]:
    """The kind of each difference; each field of a room is one."""
    for key, fact in assertions:
        yield from [key.kind] * (len(fact.fields) if isinstance(fact, RoomFacts) else 1)
