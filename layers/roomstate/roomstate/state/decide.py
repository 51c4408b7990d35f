"""What a unit of a webhook does to the registers it names. Pure: no clock, no I/O."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from roomstate.state.changes import (
    AdminChange,
    Change,
    MemberChange,
    RoomLifeChange,
    RoomMetadataChange,
    RoomOwnerChange,
    RoomUpdate,
    SeatFlagChange,
    SeatUserChange,
)
from roomstate.state.registers import (
    ROOM,
    Admin,
    AnyRegister,
    Assertion,
    InfoValue,
    Key,
    Member,
    Metadata,
    Register,
    RoomRegister,
    Seat,
    Version,
    join,
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a unit does to the registers it asserts."""

    writes: Mapping[Key, AnyRegister]
    """The registers whose assertion won, as they are to be."""
    changes: tuple[Change, ...]
    """What a reader sees differently. May be empty: not every win shows."""


def decide(
    version: Version,
    assertions: tuple[Assertion, ...],
    registers: Mapping[Key, AnyRegister],
) -> Decision:
    """Join each assertion with its register, and compare what a reader sees before and after.

    `registers` holds the register of every assertion, and the room's, as far as they exist: the
    room's `ended_at` voids what is not later, so a change is judged by it.
    """
    writes: dict[Key, AnyRegister] = {}
    for key, fact in assertions:
        joined = join(registers.get(key), version, fact)
        if joined is not None:
            writes[key] = joined
    before = View(registers)
    after = View({**registers, **writes})
    changes = [change for key in writes for change in _COMPARE[key.kind](key, before, after)]
    return Decision(writes, tuple(changes))


class View:
    """Registers as readers see them: what the watermark voids is not there."""

    def __init__(self, registers: Mapping[Key, AnyRegister]) -> None:
        room = registers.get(ROOM)
        self.room = room if isinstance(room, RoomRegister) else RoomRegister()
        self._registers = registers

    def seat(self, index: int) -> Seat:
        fact = self._fact(Key("seat", index))
        return fact if isinstance(fact, Seat) else Seat()

    def is_admin(self, user_id: str) -> bool:
        fact = self._fact(Key("admin", user_id))
        return isinstance(fact, Admin) and fact.present

    def member(self, user_id: str) -> Member:
        fact = self._fact(Key("member", user_id))
        return fact if isinstance(fact, Member) else Member(online=False)

    def metadata(self, key: str) -> str | None:
        fact = self._fact(Key("metadata", key))
        return fact.value if isinstance(fact, Metadata) else None

    @property
    def started_at(self) -> int | None:
        return None if self.room.is_ended else self.room.started_at

    @property
    def owner(self) -> str | None:
        owner = self._fields().get("owner")
        return owner if isinstance(owner, str) else None

    @property
    def info(self) -> dict[str, InfoValue]:
        return {name: value for name, value in self._fields().items() if name != "owner"}

    def version(self, key: Key) -> Version | None:
        """Of the fact that is there, if any."""
        register = self._register(key)
        return register.version if register else None

    def _fields(self) -> dict[str, InfoValue]:
        return {
            name: field.value for name, field in self.room.fields.items() if not self._is_void(field.version)
        }

    def _is_void(self, version: Version) -> bool:
        return self.room.ended_at is not None and version.occurred_at <= self.room.ended_at

    def _register(self, key: Key) -> Register | None:
        register = self._registers.get(key)
        if not isinstance(register, Register) or self._is_void(register.version):
            return None
        return register

    def _fact(self, key: Key) -> Seat | Admin | Member | Metadata | None:
        register = self._register(key)
        return register.fact if register else None


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
    if after.started_at is not None and before.started_at != after.started_at:
        yield RoomLifeChange(type="room.created", before=before.room.started_at, after=after.started_at)
    # A DestroyRoom that arrives after the next CreateRoom moves the watermark, but ends nothing.
    ended_at = after.room.ended_at
    if ended_at is not None and after.room.is_ended and not before.room.is_ended:
        yield RoomLifeChange(type="room.ended", before=before.room.ended_at, after=ended_at)
        return  # owner and info go with the room
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


_COMPARE: Mapping[str, Callable[[Key, View, View], Iterator[Change]]] = {
    "room": _compare_rooms,
    "seat": _compare_seats,
    "admin": _compare_admins,
    "member": _compare_members,
    "metadata": _compare_metadata,
}
