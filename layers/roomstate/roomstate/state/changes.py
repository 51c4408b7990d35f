"""The normalized vocabulary: what a webhook changed, from comparing what was there with what is.

`before` and `after` are None where there was, or is, nothing.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from roomstate.state.registers import InfoValue


class _Change(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True)


class SeatUserChange(_Change):
    """Somebody takes a seat (or takes it over: `before` is who had it), or leaves it."""

    type: Literal["seat.occupied", "seat.vacated"]
    index: int
    before: str | None
    after: str | None


class SeatFlagChange(_Change):
    """A seat's lock, or the microphone or camera of whoever sits there."""

    type: Literal[
        "seat.locked",
        "seat.unlocked",
        "seat.audio_disabled",
        "seat.audio_enabled",
        "seat.video_disabled",
        "seat.video_enabled",
    ]
    index: int
    before: bool
    """Whether it was locked, or disabled."""
    after: bool


class AdminChange(_Change):
    type: Literal["admin.added", "admin.removed"]
    user_id: str
    before: bool
    """Whether the user was an administrator."""
    after: bool


class MemberChange(_Change):
    type: Literal["member.online", "member.offline"]
    user_id: str
    cause: str | None
    """Enter, Leave, HeartbeatInterrupt, HeartbeatRecover, Kicked, Expired, Reconciled; an open set."""
    before: bool
    """Whether the user was online in the room."""
    after: bool


class RoomLifeChange(_Change):
    """A room begins, ends, or shows that it lives after an end that was believed.

    `before` and `after` are ms since the epoch, as a room shows them: `started_at` for room.created,
    `ended_at` for the two others.
    """

    type: Literal["room.created", "room.ended", "room.revived"]
    before: int | None
    after: int | None


class RoomCleared(_Change):
    """Every fact of the room with `occurred_at` up to `after` is gone, without a change for each."""

    type: Literal["room.cleared"]
    before: int | None
    """Up to when facts were gone already, ms since the epoch."""
    after: int


class RoomUpdate(_Change):
    """The fields of the room's info that differ, by name."""

    type: Literal["room.updated"]
    before: dict[str, InfoValue]
    after: dict[str, InfoValue]


class RoomOwnerChange(_Change):
    type: Literal["room.owner_changed"]
    before: str | None
    after: str | None


class RoomMetadataChange(_Change):
    type: Literal["room.metadata_set", "room.metadata_deleted"]
    key: str
    before: str | None
    after: str | None


Change = Annotated[
    SeatUserChange
    | SeatFlagChange
    | AdminChange
    | MemberChange
    | RoomLifeChange
    | RoomCleared
    | RoomUpdate
    | RoomOwnerChange
    | RoomMetadataChange,
    Field(discriminator="type"),
]
