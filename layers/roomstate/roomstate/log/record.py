"""The record that each unit of a webhook leaves in the log."""

from functools import lru_cache
from typing import NamedTuple

from roomstate.state.changes import Change
from roomstate.state.registers import Assertion
from roomstate.state.webhook import Outcome, Webhook
from roomstate.tencent.decode import decode
from roomstate.tencent.delivery import Delivery


class LogRecord(NamedTuple):
    """One unit of a webhook, as it stands in the log."""

    sdk_app_id: str
    room_id: str | None
    event_id: str
    part: int
    """From 0; `event_id` and `part` together name a record."""
    parts: int
    command: str | None
    occurred_at: int
    received_at: int
    operator: str | None
    opt_platform: str | None
    outcome: Outcome
    reason: str | None
    """Why it is unreadable."""
    changes: tuple[Change, ...]
    payload: bytes
    """The body as it came, whole in each part."""
    expires_at: int
    """s since the epoch, when DynamoDB deletes it."""
    is_ours: bool = False
    """Made here, by asking Tencent. Any other may name a command of ours, and asserts nothing with it."""


def log_record(
    webhook: Webhook, part: int, changes: tuple[Change, ...], *, won: bool, expires_at: int
) -> LogRecord:
    """The record of one unit, once it is decided."""
    unit = webhook.units[part]
    return LogRecord(
        sdk_app_id=webhook.sdk_app_id,
        room_id=unit.room_id,
        event_id=webhook.event_id,
        part=part,
        parts=len(webhook.units),
        command=webhook.command,
        occurred_at=webhook.occurred_at,
        received_at=webhook.received_at,
        operator=webhook.operator,
        opt_platform=webhook.opt_platform,
        outcome=webhook.outcome(unit, won=won),
        reason=webhook.unreadable,
        changes=changes,
        payload=webhook.payload,
        expires_at=expires_at,
        is_ours=webhook.is_ours,
    )


def assertions_of(record: LogRecord) -> tuple[Assertion, ...]:
    """What a record's part of its webhook asserts: what it says itself, read again.

    A later version may cut webhooks into other parts. Then each part stands for all of them: all are of
    one room, and to assert a fact twice changes nothing.
    """
    units = decode_again(record).units
    if len(units) == record.parts:
        return units[record.part].assertions
    return tuple(assertion for unit in units for assertion in unit.assertions)


def decode_again(record: LogRecord) -> Webhook:
    """The webhook of a record, as it was received."""
    return _decode(delivery_of(record))


def delivery_of(record: LogRecord) -> Delivery:
    """What was delivered, as far as the log knows it."""
    return Delivery(
        sdk_app_id=record.sdk_app_id,
        body=record.payload,
        received_at=record.received_at,
        url_command=record.command,
        opt_platform=record.opt_platform,
        is_ours=record.is_ours,
    )


_decode = lru_cache(maxsize=1)(decode)
"""Once for all records of a webhook, which come one after another."""
