"""Registers: one fact of a room each, kept with the version of the webhook that asserted it.

A webhook *asserts* facts. An assertion wins over a smaller version and loses to any other, so a
register is the greatest of all assertions made to it, whatever their order and however often each
arrives: join is commutative, associative and idempotent.

Nothing is ever deleted by a webhook. A removal is a fact like any other (a *tombstone*), so that a
late "add" loses to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

InfoValue = bool | int | str | list[int] | list[str] | None


class Version(NamedTuple):
    """When a fact was asserted, and by which webhook. Compared in that order."""

    occurred_at: int
    """ms since the epoch, by Tencent's clock."""
    event_id: str


class Key(NamedTuple):
    """Which register of a room."""

    kind: Literal["room", "seat", "admin", "member", "metadata"]
    name: str | int = ""
    """Seat: its index, from 0. Admin, member: the user id. Metadata: the key. Room: empty."""


ROOM = Key("room")


@dataclass(frozen=True, slots=True)
class Seat:
    """One seat as it is. The default is what a seat is that nobody has heard of."""

    user_id: str | None = None
    locked: bool = False
    audio_disabled: bool = False
    video_disabled: bool = False

    @property
    def is_tombstone(self) -> bool:
        return self == Seat()


@dataclass(frozen=True, slots=True)
class Admin:
    """Whether a user is an administrator."""

    present: bool

    @property
    def is_tombstone(self) -> bool:
        return not self.present


@dataclass(frozen=True, slots=True)
class Member:
    """Whether a user is in the room."""

    online: bool
    cause: str | None = None
    """Why: Enter, Leave, HeartbeatInterrupt, HeartbeatRecover, Kicked, Expired; an open set."""

    @property
    def is_tombstone(self) -> bool:
        return not self.online


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a metadata key holds."""

    value: str | None
    """None: deleted."""

    @property
    def is_tombstone(self) -> bool:
        return self.value is None


@dataclass(frozen=True, slots=True)
class RoomFacts:
    """What one webhook asserts of the room itself: any of these."""

    created: bool = False
    ended: bool = False
    fields: Mapping[str, InfoValue] = field(default_factory=dict)
    """`owner` and the room's info, by snake_case name. None is a value: no owner."""


Fact = Seat | Admin | Member | Metadata | RoomFacts
Assertion = tuple[Key, Fact]


@dataclass(frozen=True, slots=True)
class Register:
    """A seat, an admin, a member or a metadata key."""

    version: Version
    fact: Seat | Admin | Member | Metadata


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a room."""

    version: Version
    value: InfoValue


@dataclass(frozen=True, slots=True)
class RoomRegister:
    """The room: each field with its own version, started_at and ended_at only growing."""

    started_at: int | None = None
    """occurred_at of the last CreateRoom, ms."""
    ended_at: int | None = None
    """occurred_at of the last DestroyRoom, ms. The watermark: every fact of the room that is not
    later is void."""
    fields: Mapping[str, Field] = field(default_factory=dict)

    @property
    def is_ended(self) -> bool:
        """A CreateRoom that is not later than the DestroyRoom is void like any other fact."""
        return self.ended_at is not None and self.ended_at >= (self.started_at or 0)


AnyRegister = Register | RoomRegister


def join(register: AnyRegister | None, version: Version, fact: Fact) -> AnyRegister | None:
    """The register after an assertion, or None where the assertion loses and changes nothing."""
    if isinstance(fact, RoomFacts):
        assert register is None or isinstance(register, RoomRegister)
        return _join_room(register, version, fact)
    assert register is None or isinstance(register, Register)
    if register is not None and version <= register.version:
        return None
    return Register(version, fact)


def _join_room(room: RoomRegister | None, version: Version, facts: RoomFacts) -> RoomRegister | None:
    before = room or RoomRegister()
    now = version.occurred_at
    won = {
        name: Field(version, value)
        for name, value in facts.fields.items()
        if name not in before.fields or version > before.fields[name].version
    }
    after = RoomRegister(
        started_at=_later(before.started_at, now) if facts.created else before.started_at,
        ended_at=_later(before.ended_at, now) if facts.ended else before.ended_at,
        fields={**before.fields, **won},
    )
    return None if after == before else after


def _later(known: int | None, asserted: int) -> int:
    return asserted if known is None else max(known, asserted)
