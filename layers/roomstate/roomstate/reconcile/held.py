"""What we hold of one room, as a comparison takes it. Pure.

A narrow shape of its own: how rooms are stored may change, and a comparison does not care.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from roomstate.state.registers import Admin, InfoValue, Key, Member, Metadata, Seat

CREATION_MS = 10_000
"""What was stamped at most so long before CreateRoom is of the life that it begins."""


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
    begun = -1 if started_at is None else started_at - CREATION_MS - 1
    return max(begun, -1 if ended_at is None else ended_at)
