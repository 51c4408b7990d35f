"""Rooms as consumers read them. Pure: from registers to typed rooms."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

from roomstate.state.registers import LIFE, AnyRegister, InfoValue, Key
from roomstate.state.view import View


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True)


class Seat(_Shown):
    index: int
    user_id: str | None
    locked: bool
    audio_disabled: bool
    video_disabled: bool
    updated_at: int
    """occurred_at of the webhook that says so, ms since the epoch; so in each class here."""


class Admin(_Shown):
    user_id: str
    updated_at: int


class Member(_Shown):
    user_id: str
    cause: str | None
    """Why the member is online: Enter, HeartbeatRecover, …; an open set."""
    updated_at: int


class Folded(_Shown):
    """What a room was put together from, as it was at an earlier moment."""

    records: int
    """How many of its log's records were looked at."""
    since: int
    """ms since the epoch, in whole hours. Records of webhooks that came before were dropped by the retention:
    what only they said is missing."""


class Room(_Shown):
    sdk_app_id: str
    room_id: str
    status: Literal["live", "ended"]
    started_at: int | None
    """ms since the epoch; None where the CreateRoom of this life was not received."""
    ended_at: int | None
    """ms since the epoch; None while the room is live."""
    owner: str | None
    info: dict[str, InfoValue]
    metadata: dict[str, str]
    seats: list[Seat]
    """By index; empty seats too, as far as any webhook named them."""
    admins: list[Admin]
    """By user_id."""
    member_count: int | None = None
    """How many members are online; None unless asked for. Who they are is a list of its own."""
    folded: Folded | None = None
    """Set where the room is shown as it was at an earlier moment."""


class RoomSummary(_Shown):
    """A room in a list. Each field is that of `Room`."""

    sdk_app_id: str
    room_id: str
    status: Literal["live", "ended"]
    started_at: int | None
    ended_at: int | None
    owner: str | None
    info: dict[str, InfoValue]


class Presence(_Shown):
    """What a user is in a room."""

    online: bool
    cause: str | None
    """Why the user came or went; an open set."""
    updated_at: int | None
    """None where no webhook said whether the user is online."""
    is_owner: bool
    is_admin: bool
    seats: list[int]
    """The indexes of the seats that the user has."""


class Whereabouts(_Shown):
    """A room that a user is online in."""

    room_id: str
    started_at: int | None
    cause: str | None
    updated_at: int
    is_owner: bool
    is_admin: bool
    seats: list[int]


def show_room(
    sdk_app_id: str,
    room_id: str,
    held: Mapping[Key, AnyRegister],
    *,
    member_count: int | None = None,
    folded: Folded | None = None,
) -> Room | None:
    """A room from its registers, but for members; None where it has no life: no webhook named it."""
    if LIFE not in held:
        return None
    view = View(held)
    keys: defaultdict[str, list[Key]] = defaultdict(list)
    for key in held:
        keys[key.kind].append(key)
    metadata = ((str(key.name), view.metadata(str(key.name))) for key in sorted(keys["metadata"]))
    return Room(
        sdk_app_id=sdk_app_id,
        room_id=room_id,
        status="ended" if view.life.is_ended else "live",
        started_at=view.life.shown_started_at,
        ended_at=view.ended_at,
        owner=view.owner,
        info=view.info,
        metadata={name: value for name, value in metadata if value is not None},
        seats=[seat for key in sorted(keys["seat"]) if (seat := show_seat(view, key))],
        admins=[admin for key in sorted(keys["admin"]) if (admin := show_admin(view, key))],
        member_count=member_count,
        folded=folded,
    )


def summarise(sdk_app_id: str, room_id: str, view: View) -> RoomSummary:
    """A room from its life and its info alone."""
    return RoomSummary(
        sdk_app_id=sdk_app_id,
        room_id=room_id,
        status="ended" if view.life.is_ended else "live",
        started_at=view.life.shown_started_at,
        ended_at=view.ended_at,
        owner=view.owner,
        info=view.info,
    )


def show_members(held: Mapping[Key, AnyRegister]) -> list[Member]:
    """Who is online, by user_id, from all registers of a room."""
    view = View(held)
    members = (show_member(view, key) for key in sorted(key for key in held if key.kind == "member"))
    return [member for member in members if member is not None]


def show_presence(held: Mapping[Key, AnyRegister], user_id: str) -> Presence:
    """What a user is, from a room's life, info and seats, and what it holds of the user."""
    view = View(held)
    member, version = view.member(user_id), view.version(Key("member", user_id))
    taken = (key.name for key in held if key.kind == "seat" and view.seat(int(key.name)).user_id == user_id)
    return Presence(
        online=member.online,
        cause=member.cause,
        updated_at=version.occurred_at if version else None,
        is_owner=view.owner == user_id,
        is_admin=view.is_admin(user_id),
        seats=sorted(map(int, taken)),
    )


def show_seat(view: View, key: Key) -> Seat | None:
    """A seat as readers see it; None where there is none to see. So the two below."""
    version = view.version(key)
    if version is None:
        return None
    seat = view.seat(int(key.name))
    return Seat(
        index=int(key.name),
        user_id=seat.user_id,
        locked=seat.locked,
        audio_disabled=seat.audio_disabled,
        video_disabled=seat.video_disabled,
        updated_at=version.occurred_at,
    )


def show_admin(view: View, key: Key) -> Admin | None:
    version, user_id = view.version(key), str(key.name)
    if version is None or not view.is_admin(user_id):
        return None
    return Admin(user_id=user_id, updated_at=version.occurred_at)


def show_member(view: View, key: Key) -> Member | None:
    version, user_id = view.version(key), str(key.name)
    member = view.member(user_id)
    if version is None or not member.online:
        return None
    return Member(user_id=user_id, cause=member.cause, updated_at=version.occurred_at)
