"""Hears of each member who goes offline, and logs it if the room is live and the member still away."""

import os
from logging import getLogger
from typing import Any

import boto3
from botocore.config import Config

from roomstate.kit import ForwardedWebhook, Reader

logger = getLogger(__name__)
logger.setLevel("INFO")


def make_reader() -> Reader | None:
    """None where no TABLE_NAME is set: the events alone count."""
    if not (table := os.environ.get("TABLE_NAME")):
        return None
    # A room is read by 17 queries at once.
    return Reader(boto3.client("dynamodb", config=Config(max_pool_connections=17)), table)


reader = make_reader()


def lambda_handler(event: dict[str, Any], _context: object) -> None:
    webhook = ForwardedWebhook.model_validate(event["detail"])
    # The rule lets an event through for one of its changes; the others come with it.
    gone = {change.user_id: change.cause for change in webhook.changes if change.type == "member.offline"}
    not_news = no_longer_away(webhook, gone)
    for user_id, cause in gone.items():
        if user_id not in not_news:
            logger.info("%s left room %s: %s", user_id, webhook.room_id, cause)


def no_longer_away(webhook: ForwardedWebhook, gone: dict[str, str | None]) -> set[str]:
    """Whom to pass over: all where the room has ended, else those who are back inside.

    Events come in no order, and more than once: only the table says how it is now.
    """
    if reader is None or webhook.room_id is None:
        return set()
    room = reader.room(webhook.sdk_app_id, webhook.room_id)
    if room is None or room.status == "ended":
        return set(gone)
    return {member.user_id for member in room.members}
