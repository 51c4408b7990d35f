"""What is answered to whoever asks for one room by name: JSON. Pure."""

from typing import Any

from roomstate.log.facts import to_facts
from roomstate.reconcile.reconciler import Report

MAX_FACTS = 1_000
"""Of a group that are shown. A function's answer takes 6 MB."""


def answer(report: Report) -> dict[str, Any]:
    """A report, to be read by a person or a program."""
    groups = [
        {
            "occurred_at": group.occurred_at,
            "count": len(group.assertions),
            "facts": [fact.model_dump(mode="json") for fact in to_facts(group.assertions[:MAX_FACTS])],
        }
        for group in report.differences
    ]
    return {
        "sdk_app_id": report.sdk_app_id,
        "room_id": report.room_id,
        "product": report.answers.product,
        "asked_at": report.answers.asked_at,
        "is_gone": report.answers.is_gone,
        "differences": groups,
        "member_drift": report.comparison.member_drift,
        "failures": [
            {"command": failure.command, "code": failure.reason, "request_id": failure.request_id}
            for failure in report.answers.failures
        ],
        "event_ids": [record.event_id for record in report.records],
    }
