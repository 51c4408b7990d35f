"""The table's stream: which of its records tell that something of a room is void now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from roomstate.aws.items import read_register
from roomstate.aws.table import TTL_ATTRIBUTE
from roomstate.state.life import Life


@dataclass(frozen=True, slots=True)
class Due:
    """A room that is to be swept."""

    sdk_app_id: str
    room_id: str
    expired: Life | None = None
    """The room's last life, where its item has expired."""


def due(change: Mapping[str, Any]) -> Due | None:
    """The room that a change of a life item leaves to be swept, if any.

    Args:
        change: `dynamodb` of a stream record, with both images.
    """
    new, old = change.get("NewImage"), change.get("OldImage")
    item = new or old
    if item is None:
        return None
    room = item["sdk_app_id"]["S"], item["room_id"]["S"]
    before, after = _life(old), _life(new)
    if after is None:
        return Due(*room, expired=before)
    is_moved = after.void_until != (before or Life()).void_until
    # Whoever wrote a life that was to expire, for a late CreateRoom for instance, took its expiry away.
    is_kept = after.is_ended and TTL_ATTRIBUTE in (old or {}) and TTL_ATTRIBUTE not in item
    return Due(*room) if is_moved or is_kept else None


def _life(item: Mapping[str, Any] | None) -> Life | None:
    if item is None:
        return None
    _, life = read_register(item)
    assert isinstance(life, Life)
    return life
