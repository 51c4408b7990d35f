"""The facts that a webhook asserts, as consumers get them: what it says, whatever became of it.

Changes say what a commit made a reader see. A fact that is asserted again changes nothing, and still gets
younger: who keeps rooms of his own by events needs the facts, with the webhook's `occurred_at` and
`event_id` as their version. See `replica`.
"""

from collections.abc import Iterable
from typing import Annotated, Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field

from roomstate.state.life import LifeFact
from roomstate.state.registers import (
    LIFE,
    ROOM,
    Admin,
    Assertion,
    InfoValue,
    Key,
    Member,
    Metadata,
    RoomFacts,
    Seat,
)


class _Asserted(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True)


class SeatFact(_Asserted):
    """One seat's whole state."""

    kind: Literal["seat"] = "seat"
    index: int
    user_id: str | None
    locked: bool
    audio_disabled: bool
    video_disabled: bool


class AdminFact(_Asserted):
    kind: Literal["admin"] = "admin"
    user_id: str
    present: bool


class MemberFact(_Asserted):
    kind: Literal["member"] = "member"
    user_id: str
    online: bool
    cause: str | None
    """Enter, Leave, HeartbeatInterrupt, HeartbeatRecover, Kicked, Expired, Reconciled; an open set."""


class MetadataFact(_Asserted):
    kind: Literal["metadata"] = "metadata"
    key: str
    value: str | None
    """None: deleted."""


class RoomFact(_Asserted):
    """The room itself: whether this creates or ends it, and the fields that are named."""

    kind: Literal["room"] = "room"
    created: bool
    ended: bool
    fields: dict[str, InfoValue]
    """`owner`, and the room's info by snake_case name. Each field is a fact of its own."""


AnyFact = Annotated[SeatFact | AdminFact | MemberFact | MetadataFact | RoomFact, Field(discriminator="kind")]


def to_facts(assertions: Iterable[Assertion]) -> tuple[AnyFact, ...]:
    """Assertions of one room as facts: what they say of the room itself is one fact, and comes first."""
    life, fields = LifeFact(), {}
    facts: list[AnyFact] = []
    names_the_room = False
    for key, fact in assertions:
        match fact:
            case LifeFact():
                life, names_the_room = fact, True
            case RoomFacts():
                fields, names_the_room = dict(fact.fields), True
            case Seat(user_id, locked, audio_disabled, video_disabled):
                facts.append(
                    SeatFact(
                        index=int(key.name),
                        user_id=user_id,
                        locked=locked,
                        audio_disabled=audio_disabled,
                        video_disabled=video_disabled,
                    )
                )
            case Admin(present):
                facts.append(AdminFact(user_id=str(key.name), present=present))
            case Member(online, cause):
                facts.append(MemberFact(user_id=str(key.name), online=online, cause=cause))
            case Metadata(value):
                facts.append(MetadataFact(key=str(key.name), value=value))
            case _:
                assert_never(fact)
    if names_the_room:
        facts.insert(0, RoomFact(created=life.created, ended=life.ended, fields=fields))
    return tuple(facts)


def to_assertions(facts: Iterable[AnyFact]) -> tuple[Assertion, ...]:
    """Facts as assertions again."""
    assertions: list[Assertion] = []
    for fact in facts:
        match fact:
            case RoomFact(created=created, ended=ended, fields=fields):
                if created or ended:
                    assertions.append((LIFE, LifeFact(created, ended)))
                if fields:
                    assertions.append((ROOM, RoomFacts(fields)))
            case SeatFact():
                seat = Seat(fact.user_id, fact.locked, fact.audio_disabled, fact.video_disabled)
                assertions.append((Key("seat", fact.index), seat))
            case AdminFact():
                assertions.append((Key("admin", fact.user_id), Admin(fact.present)))
            case MemberFact():
                assertions.append((Key("member", fact.user_id), Member(fact.online, fact.cause)))
            case MetadataFact():
                assertions.append((Key("metadata", fact.key), Metadata(fact.value)))
            case _:
                assert_never(fact)
    return tuple(assertions)
