"""What operators see of a webhook: its metrics, and in the same log line what became of it.

A webhook that was not simply stored has a line more, of the logger's, that says why. None ever has a body or
a URL.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics

from roomstate.aws.telemetry import count, describe
from roomstate.receive.receiver import Receipt
from roomstate.state.webhook import Webhook
from roomstate.tencent.catalogue import model_of
from roomstate.tencent.errors import BadSignature, TokensUnavailable, Unavailable, Unreadable

if TYPE_CHECKING:
    from roomstate.receive.redriver import Redriven

_LOOKS_LIKE_A_COMMAND = re.compile(r"[A-Za-z0-9]{1,32}\.[A-Za-z0-9_]{1,64}", re.ASCII)


def report(receipt: Receipt, request_id: str, logger: Logger, metrics: Metrics) -> None:
    """Log and count what became of a request.

    Args:
        receipt: what became of it.
        request_id: API Gateway's, by which the access log knows it.
        logger: gets what was not simply stored.
        metrics: get all others.
    """
    webhook, refused = receipt.webhook, receipt.refused
    for name, times in Counter(_counts(receipt)).items():
        count(metrics, name, times)
    facts = {"request_id": request_id, **_facts(webhook)}
    if receipt.parked is not None:
        facts |= {"cause": describe(receipt.parked), "message_id": receipt.message_id}
    match refused:
        case None if receipt.parked is None:
            _stored(facts, metrics)
        case None if isinstance(receipt.parked, TokensUnavailable):
            logger.warning("parked: its signature cannot be checked yet", extra=facts)
        case None:
            logger.warning("parked: it could not be stored and forwarded in time", extra=facts)
        case Unavailable():
            facts["queue"] = describe(refused)
            logger.error(str(refused), extra=facts)
        case _:
            logger.warning(str(refused), extra=facts)


@contextmanager
def reporting_redrive(message_id: str, logger: Logger, metrics: Metrics) -> Iterator[None]:
    """Log and count why a parked webhook could not be redriven.

    One that proves to be forged is done with.
    """
    try:
        yield
    except BadSignature as reason:
        count(metrics, "BadSignature")
        logger.warning("dropped: %s", reason, extra={"message_id": message_id})
    except Exception as error:
        count(metrics, "RedriveFailed")
        facts = {"message_id": message_id, "cause": describe(error)}
        logger.warning("still not stored and forwarded: it waits in the queue", extra=facts)
        raise


def report_redriven(redriven: "Redriven", message_id: str, logger: Logger, metrics: Metrics) -> None:
    """Log and count what became of a parked webhook that is stored now."""
    facts = {"message_id": message_id, **_facts(redriven.webhook)}
    if redriven.never is not None:
        count(metrics, "NeverForwarded")
        facts["cause"] = describe(redriven.never)
        logger.error("stored, but EventBridge would never take it: it is with the dead letters", extra=facts)
        return
    count(metrics, "Redriven")
    logger.info("stored", extra=facts)


def _stored(facts: dict[str, Any], metrics: Metrics) -> None:
    """Say so in the line of the metrics: a line more for each webhook would cost more than its storage."""
    metrics.metadata_set.update(facts, message="stored")


def _counts(receipt: Receipt) -> list[str]:
    names = [record.outcome.title() for record in receipt.records]
    if receipt.parked is not None and not isinstance(receipt.refused, Unavailable):
        names.append("Parked")
    if isinstance(receipt.parked, TokensUnavailable):
        names.append("TokensUnavailable")
    if receipt.refused is not None and not isinstance(receipt.refused, Unreadable):
        names.append(receipt.refused.code.name.title().replace("_", ""))
    if receipt.webhook is not None and receipt.webhook.is_misnamed:
        names.append("Misnamed")
    command = receipt.webhook.command if receipt.webhook is not None else None
    if command is not None and model_of(command) is None:
        names.append("UnknownCommand")  # all as one: each name would be a metric, which costs money
    return names


def _named(command: str) -> str:
    """A command's name for the log, where it looks like one of Tencent's: any other text may be anything."""
    return command if _LOOKS_LIKE_A_COMMAND.fullmatch(command) else "other"


def _facts(webhook: Webhook | None) -> dict[str, Any]:
    if webhook is None:
        return {}
    room_id = webhook.units[0].room_id
    return {
        **({"room_id": room_id} if room_id is not None else {}),
        "command": webhook.command and _named(webhook.command),
        "event_id": webhook.event_id,
        "occurred_at": webhook.occurred_at,
        "parts": len(webhook.units),
    }
