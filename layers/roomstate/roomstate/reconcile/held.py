"""What we hold of one room, as a comparison takes it. Pure.

A narrow shape of its own: how rooms are stored may change, and a comparison does not care.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from roomstate.state.life import Life
from roomstate.state.registers import (
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
)
from roomstate.state.view import View


@dataclass(frozen=True, slots=True)
class HeldFact:
    """A seat, an admin, a member or a metadata key; tombstones too."""

    fact: Seat | Admin | Member | Metadata
    occurred_at: int
    """ms since the epoch: when the register was last asserted. So below."""


@dataclass(frozen=True, slots=True)
class HeldField:
    """A field of the room's info, or its owner."""

    value: InfoValue
    occurred_at: int


@dataclass(frozen=True, slots=True)
class Held:
    """One room, read at one moment. The default is a room that no webhook ever named."""

    live: bool = False
    """Whether readers see it as live."""
    started_at: int | None = None
    """ms, of the last CreateRoom."""
    ended_at: int | None = None
    """ms, of the last DestroyRoom."""
    seen_at: int | None = None
    """ms: the newest moment at which the room was there, by what is held beside its facts and its start.
    A room that only gifts and messages have named has no facts."""
    facts: Mapping[Key, HeldFact] = field(default_factory=dict)
    """Whole: what is not in it is not held. What the watermark voids may be in it."""
    fields: Mapping[str, HeldField] = field(default_factory=dict)

    @property
    def life(self) -> tuple[bool, int | None, int | None]:
        return self.live, self.started_at, self.ended_at


def void_until(started_at: int | None, ended_at: int | None) -> int:
    """The watermark, ms: what is not later is void. Before all time where nothing is."""
    until = Life(started_at=started_at, ended_at=ended_at).void_until
    return -1 if until is None else until


def hold(registers: Mapping[Key, AnyRegister]) -> Held:
    """A room as the table has it, from all of its registers."""
    life, room = View(registers).life, registers.get(ROOM, RoomRegister())
    assert isinstance(room, RoomRegister)
    facts = {
        key: HeldFact(register.fact, register.version.occurred_at)
        for key, register in registers.items()
        if isinstance(register, Register)
    }
    # Somebody was in the room when the end arrived late: the sweep notes it only then.
    lives = any(
        one.fact.shows_somebody and life.is_contradicted_by(one.occurred_at) for one in facts.values()
    )
    return Held(
        live=bool(registers) and (not life.is_ended or lives),
        started_at=life.started_at,
        ended_at=life.ended_at,
        seen_at=max(life.first_seen_at or 0, life.alive_at or 0) if registers else None,
        facts=facts,
        fields={name: HeldField(one.value, one.version.occurred_at) for name, one in room.fields.items()},
    )
