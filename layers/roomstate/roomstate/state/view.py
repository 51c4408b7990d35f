"""Registers as readers see them: what the watermark voids is not there."""

from collections.abc import Mapping

from roomstate.state.life import Life
from roomstate.state.registers import (
    LIFE,
    ROOM,
    Admin,
    AnyRegister,
    InfoValue,
    Key,
    Member,
    Metadata,
    Register,
    RoomRegister,
    Seat,
    Version,
)


class View:
    """Some or all registers of a room. Its life has to be among them, where it has one."""

    def __init__(self, registers: Mapping[Key, AnyRegister]) -> None:
        life, room = registers.get(LIFE), registers.get(ROOM)
        self.life = life if isinstance(life, Life) else Life()
        self._room = room if isinstance(room, RoomRegister) else RoomRegister()
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
    def owner(self) -> str | None:
        owner = self._fields().get("owner")
        return owner if isinstance(owner, str) else None

    @property
    def info(self) -> dict[str, InfoValue]:
        return {name: value for name, value in self._fields().items() if name != "owner"}

    @property
    def ended_at(self) -> int | None:
        return self.life.ended_at if self.life.is_ended else None

    def version(self, key: Key) -> Version | None:
        """Of the fact that is there, if any."""
        register = self._register(key)
        return register.version if register else None

    def _fields(self) -> dict[str, InfoValue]:
        return {
            name: field.value
            for name, field in self._room.fields.items()
            if not self.life.voids(field.version.occurred_at)
        }

    def _register(self, key: Key) -> Register | None:
        register = self._registers.get(key)
        if not isinstance(register, Register) or self.life.voids(register.version.occurred_at):
            return None
        return register

    def _fact(self, key: Key) -> Seat | Admin | Member | Metadata | None:
        register = self._register(key)
        return register.fact if register else None


def without_void(registers: Mapping[Key, AnyRegister]) -> dict[Key, AnyRegister]:
    """Registers without what is void: nothing of that will ever be seen again."""
    life = View(registers).life
    left = {key: _left_of(register, life) for key, register in registers.items()}
    return {key: register for key, register in left.items() if register is not None}


def _left_of(register: AnyRegister, life: Life) -> AnyRegister | None:
    match register:
        case Register(version):
            return None if life.voids(version.occurred_at) else register
        case RoomRegister(fields):
            left = {
                name: field for name, field in fields.items() if not life.voids(field.version.occurred_at)
            }
            return RoomRegister(left) if left else None
        case Life():
            return register
