"""The facts of one room, gathered from assertions that come in any order and any number of times."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from roomstate.state.life import Life, LifeFact, join_life
from roomstate.state.registers import LIFE, AnyRegister, Assertion, Key, Version, join
from roomstate.state.view import without_void


@dataclass(slots=True)
class Kept:
    """One room's facts, without what is void."""

    life: Life = field(default_factory=Life)
    facts: dict[Key, AnyRegister] = field(default_factory=dict)
    shown_at: int | None = None
    """When somebody was last shown in the room, whatever became of them."""

    def take(self, version: Version, assertions: Iterable[Assertion]) -> None:
        """Take in what one webhook says."""
        said = LifeFact()
        facts: list[Assertion] = []
        for key, fact in assertions:
            if isinstance(fact, LifeFact):
                said = fact
                continue
            if fact.shows_somebody:
                self.shown_at = max(self.shown_at or 0, version.occurred_at)
            facts.append((key, fact))
        known, void_until = self.life != Life(), self.life.void_until
        self.life = join_life(self.life if known else None, version.occurred_at, said)
        if self.life.void_until != void_until:
            self.facts = without_void({**self.facts, LIFE: self.life})
            del self.facts[LIFE]
        if self.life.voids(version.occurred_at):
            return
        for key, fact in facts:
            assert not isinstance(fact, LifeFact)
            if (joined := join(self.facts.get(key), version, fact)) is not None:
                self.facts[key] = joined

    @property
    def registers(self) -> dict[Key, AnyRegister]:
        """What they come to. Empty where nothing was said."""
        if self.life == Life():
            return {}
        contradicted = self.life.is_contradicted_by(self.shown_at)
        return {**self.facts, LIFE: self.life._replace(alive_at=self.shown_at if contradicted else None)}
