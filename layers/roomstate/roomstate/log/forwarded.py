"""What consumers get from EventBridge: the contract. Its JSON Schema is in `schemas/`.

    from roomstate.kit import ForwardedWebhook

    def lambda_handler(event, context):
        webhook = ForwardedWebhook.model_validate(event["detail"])
        for change in webhook.changes: ...

Delivery is at least once and in no order: `event_id` and `part` tell repeats apart.
"""

from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from roomstate.log.record import LogRecord
from roomstate.state.changes import Change
from roomstate.state.webhook import Outcome
from roomstate.tencent.body import parse
from roomstate.tencent.errors import Unreadable

SCHEMA_VERSION = 1
"""Goes up when a consumer that reads the version before could not read this one."""


class ForwardedWebhook(BaseModel):
    """The detail of an event: one record of the log."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    schema_version: Literal[1] = 1
    sdk_app_id: str
    room_id: str | None
    """None: it concerns no room."""
    event_id: str
    """The same for every delivery of a webhook."""
    part: int
    """From 0. A webhook that names many registers, or several rooms, comes in parts."""
    parts: int
    command: str | None
    """CallbackCommand; None where there was none to read."""
    occurred_at: int
    """ms since the epoch, by Tencent's clock."""
    received_at: int
    """ms since the epoch, by ours."""
    operator: str | None
    opt_platform: str | None
    outcome: Outcome
    reason: str | None
    """Why it is unreadable."""
    changes: tuple[Change, ...]
    payload: dict[str, Any] | None
    """The body, parsed."""
    payload_omitted: Literal["too_large", "unreadable"] | None
    """Why there is no payload. It is in the log, as it came."""


def forwarded(record: LogRecord) -> ForwardedWebhook:
    """The event of a record."""
    try:
        payload, omitted = _parsed(record.payload), None
    except Unreadable:
        payload, omitted = None, "unreadable"
    return ForwardedWebhook.model_validate(
        {
            **{name: getattr(record, name) for name in _TAKEN_OVER},
            "payload": payload,
            "payload_omitted": omitted,
        }
    )


@lru_cache(maxsize=1)
def _parsed(payload: bytes) -> dict[str, Any]:
    """Once for all records of a webhook, which come one after another and have the same payload."""
    return parse(payload)


def without_payload(webhook: ForwardedWebhook) -> ForwardedWebhook:
    """The event without its payload, where it is too large with it."""
    return webhook.model_copy(update={"payload": None, "payload_omitted": "too_large"})


_TAKEN_OVER = ForwardedWebhook.model_fields.keys() - {"schema_version", "payload", "payload_omitted"}
