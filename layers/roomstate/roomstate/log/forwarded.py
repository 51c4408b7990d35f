"""What consumers get from EventBridge: the contract. Its JSON Schema is in `schemas/`.

    from roomstate.kit import ForwardedWebhook

    def lambda_handler(event, context):
        webhook = ForwardedWebhook.model_validate(event["detail"])
        for change in webhook.changes: ...

Delivery is at least once and in no order: `event_id` and `part` tell repeats apart.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, WithJsonSchema

from roomstate.log.facts import AnyFact, to_facts
from roomstate.log.record import LogRecord, assertions_of, decode_again
from roomstate.state.changes import Change
from roomstate.state.webhook import Outcome
from roomstate.tencent.body import parse

SCHEMA_VERSION: Literal[2] = 2
"""Goes up when a consumer that reads the version before could not read this one."""


class ForwardedWebhook(BaseModel):
    """The detail of an event: one record of the log."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    schema_version: Annotated[Literal[1, 2], WithJsonSchema({"const": SCHEMA_VERSION})] = SCHEMA_VERSION
    """Version 1 had no `facts`; events of it may still come from an archive."""
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
    """What a reader saw change when it was stored."""
    facts: tuple[AnyFact, ...] = ()
    """What it asserts of the room, whatever became of it; its version is (`occurred_at`, `event_id`)."""
    payload: dict[str, Any] | None
    """The body, parsed."""
    payload_omitted: Literal["too_large", "unreadable"] | None
    """Why there is no payload. `too_large` for EventBridge: the event, or an integer in it. The log has it,
    as it came."""


def forwarded(record: LogRecord) -> ForwardedWebhook:
    """The event of a record."""
    payload, omitted = _payload(record)
    return ForwardedWebhook.model_validate(
        {
            **{name: getattr(record, name) for name in _TAKEN_OVER},
            "facts": to_facts(assertions_of(record)),
            "payload": payload,
            "payload_omitted": omitted,
        }
    )


def without_payload(webhook: ForwardedWebhook) -> ForwardedWebhook:
    """The event without its payload, where it is too large with it."""
    return webhook.model_copy(update={"payload": None, "payload_omitted": "too_large"})


def _payload(record: LogRecord) -> tuple[Mapping[str, Any] | None, str | None]:
    """A record's body, parsed, or why it is left out."""
    document = decode_again(record).document
    if document is None:
        return None, "unreadable"
    return (document, None) if _fits(record.payload) else (None, "too_large")


@lru_cache(maxsize=1)
def _fits(body: bytes) -> bool:
    """Whether EventBridge takes what a body holds. Few bodies need the walk, and a webhook's records one."""
    return _MANY_DIGITS.search(body) is None or _is_taken(parse(body))


def _is_taken(value: Any) -> bool:
    """Whether EventBridge takes a value: an integer has at most 64 bits there."""
    match value:
        case int():
            return -(2**63) <= value < 2**63
        case dict():
            return all(map(_is_taken, value.values()))
        case list():
            return all(map(_is_taken, value))
        case _:
            return True


_MANY_DIGITS = re.compile(rb"[0-9]{19}")
"""2 to the 63rd has 19."""
_TAKEN_OVER = ForwardedWebhook.model_fields.keys() - {
    "schema_version",
    "facts",
    "payload",
    "payload_omitted",
}
