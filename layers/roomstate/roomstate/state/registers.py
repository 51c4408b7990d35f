"""Registers: one fact of a room each, kept with the version of the webhook that asserted it.

A webhook *asserts* facts. An assertion wins over a smaller version and loses to any other, so a
register holds the assertion with the greatest version, whatever their order and however often each
arrives: join is commutative, associative and idempotent.

Nothing is ever deleted by a webhook. A removal is a fact like any other (a *tombstone*), so that a
late "add" loses to it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from roomstate.state.life import Life, LifeFact

InfoValue = bool | int | str | list[int] | list[str] | None


class Version(NamedTuple):
    """When a fact was asserted, and by which webhook. Compared in that order."""

    occurred_at: int
    """ms since the epoch, by Tencent's clock."""
    event_id: str


class Key(NamedTuple):
    """Which register of a room."""

    kind: Literal["life", "room", "seat", "admin", "member", "metadata"]
    name: str | int = ""
    """Seat: its index, from 0. Admin, member: the user id. Metadata: the key. Life, room: empty."""


LIFE = Key("life")
"""When the room began and ended."""
ROOM = Key("room")
"""Its owner and its info."""


class Seat(NamedTuple):
    """The state of one seat. The defaults are those of a seat that no webhook has named."""

    user_id: str | None = None
    locked: bool = False
    audio_disabled: bool = False
    video_disabled: bool = False

    @property
    def is_tombstone(self) -> bool:
        return self == Seat()

    @property
    def shows_somebody(self) -> bool:
        return self.user_id is not None


class Admin(NamedTuple):
    """Whether a user is an administrator."""

    present: bool

    @property
    def is_tombstone(self) -> bool:
        return not self.present

    @property
    def shows_somebody(self) -> bool:
        return self.present


class Member(NamedTuple):
    """Whether a user is in the room."""

    online: bool
    cause: str | None = None
    """Why: Enter, Leave, HeartbeatInterrupt, HeartbeatRecover, Kicked, Expired, Reconciled; an open set."""

    @property
    def is_tombstone(self) -> bool:
        return not self.online

    @property
    def shows_somebody(self) -> bool:
        return self.online


class Metadata(NamedTuple):
    """What a metadata key holds."""

    value: str | None
    """None: deleted."""

    @property
    def is_tombstone(self) -> bool:
        return self.value is None

    @property
    def shows_somebody(self) -> bool:
        return False


class RoomFacts(NamedTuple):
    """What one webhook asserts of the room's owner and info: any of these."""

    fields: Mapping[str, InfoValue] = MappingProxyType({})
    """`owner` and the room's info, by snake_case name. None is a value: no owner."""

    @property
    def shows_somebody(self) -> bool:
        return False


Fact = LifeFact | Seat | Admin | Member | Metadata | RoomFacts
Assertion = tuple[Key, Fact]


class Register(NamedTuple):
    """A seat, an admin, a member or a metadata key."""

    version: Version
    fact: Seat | Admin | Member | Metadata


class Field(NamedTuple):
    """One field of a room."""

    version: Version
    value: InfoValue


class RoomRegister(NamedTuple):
    """The room's owner and info: each field with its own version."""

    fields: Mapping[str, Field] = MappingProxyType({})


AnyRegister = Life | Register | RoomRegister


def join(
    register: AnyRegister | None, version: Version, fact: Seat | Admin | Member | Metadata | RoomFacts
) -> Register | RoomRegister | None:
    """The register after an assertion, or None if the assertion loses and changes nothing."""
    if isinstance(fact, RoomFacts):
        assert register is None or isinstance(register, RoomRegister)
        return _join_room(register, version, fact)
    assert register is None or isinstance(register, Register)
    if register is not None and version <= register.version:
        return None
    return Register(version, fact)


def _join_room(room: RoomRegister | None, version: Version, facts: RoomFacts) -> RoomRegister | None:
    known = room.fields if room else {}
    won = {
        name: Field(version, value)
        for name, value in facts.fields.items()
        if name not in known or version > known[name].version
    }
    return RoomRegister({**known, **won}) if won else None
