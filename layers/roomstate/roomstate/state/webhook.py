"""A webhook as decoded, and the units it is stored in."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from roomstate.state.registers import Assertion, Version

Outcome = Literal["applied", "stale", "observed", "unreadable"]
"""applied     at least one assertion won (changes may still be empty)
stale       every assertion lost to a newer version; state untouched
observed    bears no state, or is unknown
unreadable  authentic, but not decodable as its command: kept whole
"""


class Unit(NamedTuple):
    """What is stored in one transaction: facts of one room, or a record alone."""

    room_id: str | None
    assertions: tuple[Assertion, ...] = ()


class Webhook(NamedTuple):
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
    document: Mapping[str, Any] | None
    """The body, parsed; None where it is no JSON object."""
    units: tuple[Unit, ...]
    """At least one."""
    unreadable: str | None = None
    """Why it could not be decoded, for the sender."""
    is_blocking: bool = False
    """Tencent waits for our consent (pages 72210, 74347)."""
    is_ours: bool = False
    """Made here, by asking Tencent."""
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
