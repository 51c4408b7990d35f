"""Where what we hold differs from what Tencent answered, as assertions. Pure.

An answer has no time of its own. It is dated by the start of the first call, by our clock, less a margin,
and so loses to whatever is newer. What may be concluded, and nothing else:

    existence   100004 ends a room that we hold live, if all we know of it is older than the answer;
                a CreateTime later than our start is a life that we missed
    info        the fields that are there
    seats       the list is whole: who is not in it sits nowhere
    admins      the list is whole; but the owner is left out, since no page says whether he is in it
    metadata    the keys that are there
    members     who is listed is in the room; who is not is out of it only where as many are listed
                as Tencent counts

What moved while Tencent was asked is left alone: the answers may be from before it or from after.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from roomstate.reconcile.answers import Answers
from roomstate.reconcile.held import Held, HeldFact, HeldField, void_until
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
from roomstate.tencent.catalogue.own import CAUSE

MARGIN_MS = 10_000
"""How far Tencent's clock and ours may be apart, with the time a change may take to show in an answer."""
CACHE_MS = 40_000
"""Live's member list is a cache; so old may it be (page 66908)."""

Fact = Seat | Admin | Member | Metadata
_NOTHING: Mapping[str, Fact] = {
    "seat": Seat(),
    "admin": Admin(present=False),
    "member": Member(online=False, cause=CAUSE),
    "metadata": Metadata(None),
}
"""What a reader takes a register for that is not there."""


@dataclass(frozen=True, slots=True)
class Dated:
    """Assertions that are to be made as of one moment. Never empty."""

    occurred_at: int
    """ms since the epoch."""
    assertions: tuple[Assertion, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    differences: tuple[Dated, ...] = ()
    """To be asserted in this order: the life that was missed comes before what is in it."""
    member_drift: int | None = None
    """Members that Tencent counts, less those that we hold online once the differences are asserted. None
    where its list was whole, or where it did not count."""


def compare(before: Held, after: Held, answers: Answers) -> Comparison:
    """The differences.

    Args:
        before: read before the first call began.
        after: read after the last call had ended.
        answers: of that room.
    """
    if before.life != after.life:
        return Comparison()
    asked = answers.asked_at - MARGIN_MS
    if answers.is_gone:
        return Comparison(_dated((asked, _end(after, asked))))
    created_at = _missed_life(after, answers)
    if created_at is None and not after.live:
        return Comparison()
    begun = () if created_at is None else ((LIFE, LifeFact(created=True)),)
    void = void_until(after.started_at if created_at is None else created_at, after.ended_at)
    compared = _Compared(before, after, answers, void)
    cached = CACHE_MS if answers.product == "live" else 0
    state, members = compared.state(asked), compared.members(asked - cached)
    groups = [(asked, state), (asked - cached, members)] if cached else [(asked, state + members)]
    return Comparison(_dated((created_at or 0, begun), *groups), compared.drift(members))


def _dated(*groups: tuple[int, tuple[Assertion, ...]]) -> tuple[Dated, ...]:
    return tuple(Dated(occurred_at, assertions) for occurred_at, assertions in groups if assertions)


def _end(held: Held, asked: int) -> tuple[Assertion, ...]:
    """100004 may be of a room that is not there yet, so all we know of ours must be older than the answer.

    What is not lived later than the answer tells. It is asked again soon.
    """
    if not held.live:
        return ()
    facts = (fact.occurred_at for fact in held.facts.values())
    fields = (field.occurred_at for field in held.fields.values())
    newest = max((held.started_at or 0, held.seen_at or 0, *facts, *fields))
    return ((LIFE, LifeFact(ended=True)),) if newest < asked else ()


def _missed_life(held: Held, answers: Answers) -> int | None:
    """When a life began whose CreateRoom never came, ms; None where there is none.

    CreateTime is in whole seconds, cut off: a life that began in the second of our last end began after it.
    """
    created_s = answers.info.create_time if answers.info else None
    if not created_s or created_s * 1000 > answers.asked_at + MARGIN_MS:
        return None
    if held.started_at is not None and created_s <= held.started_at // 1000:
        return None
    if held.ended_at is None or held.ended_at < created_s * 1000:
        return created_s * 1000
    return held.ended_at + 1 if held.ended_at // 1000 == created_s else None


@dataclass(frozen=True, slots=True)
class _Compared:
    before: Held
    after: Held
    answers: Answers
    void_until: int
    """The watermark, once a life that was missed is asserted."""

    def state(self, asked: int) -> tuple[Assertion, ...]:
        """All but the members."""
        wanted = {**self._seats(), **self._admins(), **self._metadata()}
        return *self._differing_fields(asked), *self._differing(wanted, asked)

    def members(self, asked: int) -> tuple[Assertion, ...]:
        if self.answers.members is None:
            return ()
        online = {Key("member", user): Member(True, CAUSE) for user in self.answers.members.listed}
        none = self._none("member") if self._tells_absence() else {}
        return tuple(self._differing({**none, **online}, asked))

    def drift(self, asserted: tuple[Assertion, ...]) -> int | None:
        members = self.answers.members
        if members is None or members.count is None or self._tells_absence():
            return None
        online = {key for key in self.after.facts if key.kind == "member" and _is_online(self._seen(key))}
        return members.count - len(online | {key for key, fact in asserted if _is_online(fact)})

    def _tells_absence(self) -> bool:
        """A list of several pages shifts under whoever reads it while members come and go."""
        members = self.answers.members
        if members is None or not members.is_whole:
            return False
        return members.pages == 1 or _of("member", self.before) == _of("member", self.after)

    def _seats(self) -> dict[Key, Fact]:
        if self.answers.seats is None:
            return {}
        return {**self._none("seat"), **{Key("seat", i): seat for i, seat in self.answers.seats.items()}}

    def _admins(self) -> dict[Key, Fact]:
        admins = self.answers.admins
        if admins is None:
            return {}
        named = {Key("admin", user): Admin(present) for user, present in admins.named.items()}
        wanted = {**(self._none("admin") if admins.is_whole else {}), **named}
        owners = self._owners()
        return {key: fact for key, fact in wanted.items() if key.name not in owners}

    def _owners(self) -> list[InfoValue]:
        """Who may be the owner while Tencent is asked."""
        told = self.answers.info.owner if self.answers.info else None
        before, after = (held.fields.get("owner") for held in (self.before, self.after))
        held = [owner.value for owner in (before, after) if owner] if told is None or before != after else []
        return [told, *held]

    def _metadata(self) -> dict[Key, Fact]:
        metadata = self.answers.metadata or {}
        return {Key("metadata", key): Metadata(value) for key, value in metadata.items()}

    def _none(self, kind: str) -> dict[Key, Fact]:
        """All that we hold of a kind, as not there."""
        return dict.fromkeys(_of(kind, self.after), _NOTHING[kind])

    def _differing(self, wanted: Mapping[Key, Fact], asked: int) -> Iterator[Assertion]:
        for key, fact in wanted.items():
            held = self.after.facts.get(key)
            may = self._may_assert(self.before.facts.get(key), held, asked)
            if may and not _alike(self._seen(key), fact):
                yield key, fact

    def _differing_fields(self, asked: int) -> Iterator[Assertion]:
        info = self.answers.info
        fields: dict[str, InfoValue] = {}
        for name, value in (info.asserted() if info else {}).items():
            held = self.after.fields.get(name)
            may = self._may_assert(self.before.fields.get(name), held, asked)
            if may and (held is None or self._is_void(held) or _is_other(name, held.value, value)):
                fields[name] = value
        if fields:
            yield ROOM, RoomFacts(fields=fields)

    def _may_assert(
        self, before: HeldFact | HeldField | None, after: HeldFact | HeldField | None, asked: int
    ) -> bool:
        """Whether an answer may speak: nothing moved, nothing is as new, and it is of the present life."""
        return before == after and (after is None or after.occurred_at < asked) and asked > self.void_until

    def _seen(self, key: Key) -> Fact:
        """What a reader sees."""
        held = self.after.facts.get(key)
        return _NOTHING[key.kind] if held is None or self._is_void(held) else held.fact

    def _is_void(self, held: HeldFact | HeldField) -> bool:
        return held.occurred_at <= self.void_until


def _of(kind: str, held: Held) -> dict[Key, HeldFact]:
    return {key: fact for key, fact in held.facts.items() if key.kind == kind}


def _is_online(fact: object) -> bool:
    return isinstance(fact, Member) and fact.online


def _alike(one: Fact, other: Fact) -> bool:
    """Why a member is in the room, or out of it, is no part of what Tencent answers."""
    if isinstance(one, Member) and isinstance(other, Member):
        return one.online == other.online
    return one == other


def _is_other(name: str, held: InfoValue, told: InfoValue) -> bool:
    """A room never changes its type, which webhooks and answers spell in two ways (60733, 60704)."""
    return name != "room_type" and held != told
