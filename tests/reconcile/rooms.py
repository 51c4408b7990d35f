"""A room as we hold it and as Tencent answers it, for tests of single rules."""

from collections.abc import Mapping
from typing import Any

from roomstate.reconcile.answers import Answers, Members, RoomInfoAnswer
from roomstate.reconcile.compare import Comparison, compare
from roomstate.reconcile.held import Held, HeldFact, HeldField
from roomstate.state.registers import InfoValue, Key

ASKED_AT = 1_700_000_100_500
ASKED = ASKED_AT - 10_000
MEMBERS_ASKED = ASKED_AT - 50_000
STARTED = 1_699_999_000_500
OLD = STARTED + 1_000
SEAT, ADMIN, MEMBER, METADATA = (
    Key("seat", 1),
    Key("admin", "bob"),
    Key("member", "ann"),
    Key("metadata", "k"),
)


def held(facts: Mapping[Key, Any] | None = None, at: int = OLD, **life: Any) -> Held:
    """A room that lives, with facts of one time."""
    registers = {key: HeldFact(fact, at) for key, fact in (facts or {}).items()}
    room: dict[str, Any] = {"live": True, "started_at": STARTED, "facts": registers}
    return Held(**room | life)


def fields(at: int = OLD, **values: InfoValue) -> dict[str, HeldField]:
    return {name: HeldField(value, at) for name, value in values.items()}


def info(**wire: Any) -> RoomInfoAnswer:
    return RoomInfoAnswer.model_validate({"RoomId": "r", **wire})


def live(**answers: Any) -> Answers:
    return Answers(ASKED_AT, "live", **answers)


def differences(one: Held, answers: Answers) -> dict[int, dict[Key, Any]]:
    """Of a room that did not move: what is asserted, by its time."""
    return by_time(compare(one, one, answers))


def by_time(comparison: Comparison) -> dict[int, dict[Key, Any]]:
    return {dated.occurred_at: dict(dated.assertions) for dated in comparison.differences}


def members(*users: str, count: int | None = None, pages: int = 1) -> Members:
    count = len(users) if count is None else count
    return Members(frozenset(users), count, count == len(users), pages)
