"""Hears of each member who goes offline, and logs it, unless the member is back or the room ended since."""

import os
from logging import getLogger
from typing import Any

import boto3

from roomstate.kit import ForwardedWebhook, Reader

logger = getLogger(__name__)
logger.setLevel("INFO")


def make_reader() -> Reader | None:
    """None where no TABLE_NAME is set: the events alone count."""
    table = os.environ.get("TABLE_NAME")
    return Reader(boto3.client("dynamodb"), table) if table else None


reader = make_reader()


def lambda_handler(event: dict[str, Any], _context: object) -> None:
    webhook = ForwardedWebhook.model_validate(event["detail"])
    # The rule lets an event through for one of its changes; the others come with it.
    for change in webhook.changes:
        if change.type == "member.offline" and is_news(webhook, change.user_id):
            logger.info("%s left room %s: %s", change.user_id, webhook.room_id, change.cause)


def is_news(webhook: ForwardedWebhook, user_id: str) -> bool:
    """Whether the user is still away, and the room did not end after that.

    Events come in no order, and more than once: only the table says how it is now. It is asked when the room
    ended, not whether it lives: with its creation lost, a room reads as ended while people are in it.
    """
    if reader is None or webhook.room_id is None:
        return True
    ended_at = reader.ended_at(webhook.sdk_app_id, webhook.room_id)
    if ended_at is not None and ended_at >= webhook.occurred_at:
        return False
    presence = reader.member(webhook.sdk_app_id, webhook.room_id, user_id)
    return presence is None or not presence.online
