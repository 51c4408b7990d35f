"""What readers see differently once registers are written: the changes."""

from collections.abc import Callable, Iterator, Mapping

from roomstate.state.changes import (
    AdminChange,
    Change,
    MemberChange,
    RoomCleared,
    RoomLifeChange,
    RoomMetadataChange,
    RoomOwnerChange,
    RoomUpdate,
    SeatFlagChange,
    SeatUserChange,
)
from roomstate.state.life import Life
from roomstate.state.registers import Key
from roomstate.state.view import View


def compare(key: Key, before: View, after: View) -> Iterator[Change]:
    """The changes of one register."""
    return _COMPARE[key.kind](key, before, after)


def _compare_seats(key: Key, before: View, after: View) -> Iterator[Change]:
    index = int(key.name)
    old, new = before.seat(index), after.seat(index)
    if old.user_id != new.user_id:
        yield SeatUserChange(
            type="seat.occupied" if new.user_id is not None else "seat.vacated",
            index=index,
            before=old.user_id,
            after=new.user_id,
        )
    if old.locked != new.locked:
        yield SeatFlagChange(
            type="seat.locked" if new.locked else "seat.unlocked",
            index=index,
            before=old.locked,
            after=new.locked,
        )
    if old.audio_disabled != new.audio_disabled:
        yield SeatFlagChange(
            type="seat.audio_disabled" if new.audio_disabled else "seat.audio_enabled",
            index=index,
            before=old.audio_disabled,
            after=new.audio_disabled,
        )
    if old.video_disabled != new.video_disabled:
        yield SeatFlagChange(
            type="seat.video_disabled" if new.video_disabled else "seat.video_enabled",
            index=index,
            before=old.video_disabled,
            after=new.video_disabled,
        )


def _compare_admins(key: Key, before: View, after: View) -> Iterator[Change]:
    user_id = str(key.name)
    old, new = before.is_admin(user_id), after.is_admin(user_id)
    if old != new:
        yield AdminChange(
            type="admin.added" if new else "admin.removed", user_id=user_id, before=old, after=new
        )


def _compare_members(key: Key, before: View, after: View) -> Iterator[Change]:
    user_id = str(key.name)
    old, new = before.member(user_id), after.member(user_id)
    if old.online != new.online:
        yield MemberChange(
            type="member.online" if new.online else "member.offline",
            user_id=user_id,
            cause=new.cause,
            before=old.online,
            after=new.online,
        )


def _compare_metadata(key: Key, before: View, after: View) -> Iterator[Change]:
    name = str(key.name)
    old, new = before.metadata(name), after.metadata(name)
    if old != new:
        yield RoomMetadataChange(
            type="room.metadata_set" if new is not None else "room.metadata_deleted",
            key=name,
            before=old,
            after=new,
        )


def _compare_rooms(_: Key, before: View, after: View) -> Iterator[Change]:
    if before.owner != after.owner:
        yield RoomOwnerChange(type="room.owner_changed", before=before.owner, after=after.owner)
    old, new = before.info, after.info
    differing = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    if differing:
        yield RoomUpdate(
            type="room.updated",
            before={name: old[name] for name in differing if name in old},
            after={name: new[name] for name in differing if name in new},
        )


def _compare_lives(_: Key, before: View, after: View) -> Iterator[Change]:
    was, now = before.life, after.life
    began, begins = was.shown_started_at, now.shown_started_at
    if begins is not None and begins != began and not now.is_ended:
        yield RoomLifeChange(type="room.created", before=began, after=begins)
    if now.is_ended and not was.is_ended:
        yield RoomLifeChange(type="room.ended", before=None, after=now.ended_at)
    if now.alive_at != was.alive_at:
        yield RoomLifeChange(type="room.revived", before=was.ended_at, after=None)
    # Of a room that nobody had heard of, there was nothing to clear.
    if was != Life() and now.void_until is not None and now.void_until != was.void_until:
        yield RoomCleared(type="room.cleared", before=was.void_until, after=now.void_until)


_COMPARE: Mapping[str, Callable[[Key, View, View], Iterator[Change]]] = {
    "life": _compare_lives,
    "room": _compare_rooms,
    "seat": _compare_seats,
    "admin": _compare_admins,
    "member": _compare_members,
    "metadata": _compare_metadata,
}
