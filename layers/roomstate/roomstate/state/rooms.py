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
    members: list[Member]
    """Those online, by user_id."""


def show_room(sdk_app_id: str, room_id: str, held: Mapping[Key, AnyRegister]) -> Room | None:
    """A room from all its registers; None where it has no life: no webhook named it."""
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
        members=[member for key in sorted(keys["member"]) if (member := show_member(view, key))],
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
