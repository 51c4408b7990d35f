"""Rooms by their names: as messages of the queue, and as whoever asks for one names it. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from roomstate.tencent.wire import identifier

MAX_APP_DIGITS = 10


class NoRoom(ValueError):
    """What was to be reconciled names no room."""

    def __init__(self) -> None:
        super().__init__('Name a room: {"sdk_app_id": "1400000001", "room_id": "rid-123"}.')


def to_message(sdk_app_id: str, room_id: str) -> str:
    """A room as the text of a message."""
    return json.dumps({"sdk_app_id": sdk_app_id, "room_id": room_id})


def from_message(message: str) -> Any:
    """What a message holds; None where it is no JSON."""
    try:
        return json.loads(message)
    except (ValueError, RecursionError):
        return None


def room_of(named: Any) -> tuple[str, str]:
    """The app and the room that a document names.

    Raises:
        NoRoom: it names none.
    """
    if not isinstance(named, Mapping):
        raise NoRoom
    try:
        app, room = identifier(named.get("sdk_app_id")), identifier(named.get("room_id"))
    except ValueError:
        raise NoRoom from None
    if not (app.isascii() and app.isdecimal() and len(app) <= MAX_APP_DIGITS):
        raise NoRoom
    return app, room
