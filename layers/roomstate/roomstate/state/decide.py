"""What a unit of a webhook does to the registers it names. Pure: no clock, no I/O."""

from collections.abc import Mapping
from typing import NamedTuple

from roomstate.state.changes import Change
from roomstate.state.compare import compare
from roomstate.state.life import Life, LifeFact, join_life
from roomstate.state.registers import LIFE, AnyRegister, Assertion, Key, Version, join
from roomstate.state.view import View


class Decision(NamedTuple):
    """What a unit does to the registers of its room."""

    writes: Mapping[Key, AnyRegister]
    """The registers that change, with their new values."""
    changes: tuple[Change, ...]
    """What a reader sees differently. May be empty: not every win shows."""
    won: bool
    """Whether any assertion won. The first webhook of a room writes the room's life even if none did."""


NOTHING = Decision({}, (), won=False)


def decide(
    version: Version,
    assertions: tuple[Assertion, ...],
    registers: Mapping[Key, AnyRegister],
) -> Decision:
    """Join each assertion with its register, and compare what a reader sees before and after.

    `registers` holds the room's life and the register of every assertion, as far as they exist.
    """
    if not assertions:
        return NOTHING
    known = registers.get(LIFE)
    assert known is None or isinstance(known, Life)
    asserted = dict(assertions).get(LIFE)
    assert asserted is None or isinstance(asserted, LifeFact)
    life = join_life(known, version.occurred_at, asserted)
    if life.is_ended and life.is_contradicted_by(version.occurred_at) and _shows_somebody(assertions):
        life = life._replace(alive_at=version.occurred_at)
    won = _join_all(version, assertions, registers, life)

    moved = _marks(life) != _marks(known or Life())
    writes: dict[Key, AnyRegister] = {LIFE: life, **won} if moved or known is None else {**won}
    before, after = View(registers), View({**registers, **writes})
    changes = tuple(change for key in writes for change in compare(key, before, after))
    return Decision(writes, changes, won=moved or bool(won))


def _marks(life: Life) -> tuple[int | None, ...]:
    """All of it but when the room was first seen, which only orders lists."""
    return life.started_at, life.ended_at, life.alive_at


def _shows_somebody(assertions: tuple[Assertion, ...]) -> bool:
    return any(not isinstance(fact, LifeFact) and fact.shows_somebody for _, fact in assertions)


def _join_all(
    version: Version,
    assertions: tuple[Assertion, ...],
    registers: Mapping[Key, AnyRegister],
    life: Life,
) -> dict[Key, AnyRegister]:
    """The registers whose assertion won. What is void wins nothing: nobody would ever see it."""
    won: dict[Key, AnyRegister] = {}
    if life.voids(version.occurred_at):
        return won
    for key, fact in assertions:
        if isinstance(fact, LifeFact):
            continue
        joined = join(registers.get(key), version, fact)
        if joined is not None:
            won[key] = joined
    return won
