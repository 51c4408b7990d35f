"""A webhook as decoded, the units it is stored in, and the record each unit leaves in the log."""

from dataclasses import dataclass
from typing import Literal

from roomstate.changes import Change
from roomstate.registers import Assertion, Version

Outcome = Literal["applied", "stale", "observed", "unreadable"]
"""applied     at least one assertion won (changes may still be empty)
stale       every assertion lost to a newer version; state untouched
observed    bears no state, or is unknown
unreadable  authentic, but not decodable as its command: kept whole
"""


@dataclass(frozen=True, slots=True)
class Unit:
    """What is stored in one transaction: facts of one room, or a record alone."""

    room_id: str | None
    assertions: tuple[Assertion, ...] = ()


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook, decoded."""

    sdk_app_id: str
    command: str | None
    """CallbackCommand by the name it is recorded under. None: there was none to read."""
    event_id: str
    """32 hexadecimal digits; the same for every delivery of the webhook."""
    occurred_at: int
    """ms since the epoch, by Tencent's clock where the body has a time, else `received_at`."""
    received_at: int
    """ms since the epoch, by our clock."""
    operator: str | None
    opt_platform: str | None
    payload: bytes
    """The body as it came."""
    units: tuple[Unit, ...]
    """At least one."""
    unreadable: str | None = None
    """Why it could not be decoded, for the sender."""
    is_blocking: bool = False
    """Tencent waits for our consent (pages 72210, 74347)."""
    is_misnamed: bool = False
    """The URL names another command than the body, which wins."""

    @property
    def version(self) -> Version:
        return Version(self.occurred_at, self.event_id)

    def outcome(self, unit: Unit, *, won: bool) -> Outcome:
        if self.unreadable is not None:
            return "unreadable"
        if not unit.assertions:
            return "observed"
        return "applied" if won else "stale"


@dataclass(frozen=True, slots=True)
class LogRecord:
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
    )
