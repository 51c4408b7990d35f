"""Rooms of your own, kept from forwarded events alone. The rule, in words for any language:

- A record's facts have the version (`occurred_at`, `event_id`), compared in that order. Of each fact (a
  seat, an admin, a member, a metadata key, each field of the room) keep the greatest version, removals too.
- Of each room keep the greatest `occurred_at` of a fact that created it, and of one that ended it.
- Void is every fact up to the greater of: the end; 10 s and 1 ms before the creation. Drop what is void.
- A room has ended while its end is not before its creation, unless somebody was shown in it (online, seated,
  an administrator) more than 10 s after the end.

Any order of events and any repeats give the same rooms.
"""

from collections.abc import Mapping
from typing import Any

from roomstate.log.facts import to_assertions
from roomstate.log.forwarded import ForwardedWebhook
from roomstate.log.kept import Kept
from roomstate.state.registers import Version
from roomstate.state.rooms import Member, Room, show_members, show_room


class Replica:
    """Rooms, as of the events that were applied."""

    def __init__(self) -> None:
        self._rooms: dict[tuple[str, str], Kept] = {}

    def apply(self, record: ForwardedWebhook | Mapping[str, Any]) -> None:
        """Take one event's detail in, in any order and any number of times.

        Raises:
            pydantic.ValidationError: it is no detail of an event of roomstate's.
        """
        webhook = record if isinstance(record, ForwardedWebhook) else ForwardedWebhook.model_validate(record)
        if webhook.room_id is None or not webhook.facts:
            return
        room = self._rooms.setdefault((webhook.sdk_app_id, webhook.room_id), Kept())
        room.take(Version(webhook.occurred_at, webhook.event_id), to_assertions(webhook.facts))

    def room(self, sdk_app_id: str, room_id: str) -> Room | None:
        """A room as `Reader.room` shows it; None if no event named it."""
        room = self._rooms.get((sdk_app_id, room_id))
        return show_room(sdk_app_id, room_id, room.registers) if room else None

    def members(self, sdk_app_id: str, room_id: str) -> list[Member]:
        """All members online in a room, by user_id."""
        room = self._rooms.get((sdk_app_id, room_id))
        return show_members(room.registers) if room else []

    def rooms(self) -> list[Room]:
        """All rooms that any event named, ended ones too."""
        shown = (self.room(*name) for name in sorted(self._rooms))
        return [room for room in shown if room is not None]
