"""What operators see of a webhook: one log line and a few metrics. Never its body, never its URL."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit

from roomstate.catalogue import COMMANDS
from roomstate.errors import ErrorCode, Refused
from roomstate.receiver import Receipt
from roomstate.webhook import Webhook


def report(receipt: Receipt, logger: Logger, metrics: Metrics) -> None:
    """Log and count what became of a request."""
    webhook, refused = receipt.webhook, receipt.refused
    for name in _counts(receipt):
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=1)
    if webhook is not None and webhook.command is not None and webhook.command not in COMMANDS:
        _count_unknown(webhook.command)
    facts = _facts(webhook)
    if refused is None:
        logger.info("stored", extra=facts)
    elif refused.code is ErrorCode.UNAVAILABLE:
        logger.error(str(refused), extra=facts | {"cause": _kind(refused)})
    else:
        logger.warning(str(refused), extra=facts)


def _counts(receipt: Receipt) -> list[str]:
    names = [record.outcome.title() for record in receipt.records]
    if receipt.refused is not None and receipt.refused.code is not ErrorCode.UNREADABLE:
        names.append(receipt.refused.code.name.title().replace("_", ""))
    if receipt.webhook is not None and receipt.webhook.is_misnamed:
        names.append("Misnamed")
    return names


def _count_unknown(command: str) -> None:
    # A dimension is ASCII. Who is authentic may name what they like; it is only counted.
    name = command.encode("ascii", "replace").decode()
    with single_metric(name="UnknownCommand", unit=MetricUnit.Count, value=1) as metric:
        metric.add_dimension(name="command", value=name)


def _facts(webhook: Webhook | None) -> dict[str, Any]:
    if webhook is None:
        return {}
    return {
        "command": webhook.command,
        "event_id": webhook.event_id,
        "occurred_at": webhook.occurred_at,
        "parts": len(webhook.units),
    }


def _kind(refused: Refused) -> str | None:
    """The kind of the cause, without its text: some quote what was to be written."""
    cause = refused.__cause__
    code = getattr(cause, "response", {}).get("Error", {}).get("Code")
    return code or (type(cause).__name__ if cause else None)
