"""A simulated Tencent, what we hold of it by its webhooks, and the way between the two."""

from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import Any, Protocol

from local.tencent_cloud.caller import App
from local.tencent_cloud.cloud import Direct, SimulatedTencent
from local.tencent_cloud.rooms import MAX_LISTED, Room
from roomstate.reconcile.answers import Answers, Command, Product, RoomInfoAnswer
from roomstate.reconcile.ask import ask
from roomstate.reconcile.compare import Comparison, compare
from roomstate.reconcile.held import Held, hold, void_until
from roomstate.reconcile.rest import Administrator, TencentApi
from roomstate.state.decide import decide
from roomstate.state.registers import (
    Admin,
    AnyRegister,
    Key,
    Member,
    Metadata,
    Seat,
    Version,
)
from tests.payloads import APP, Payload, webhook

SECRET_KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
START = 1_700_000_000_123
"""ms; when a world begins."""
QUIET_MS = 61_000
"""Longer than Live's cache, the margin and the clocks' difference together."""

Registers = dict[Key, AnyRegister]


class Living(Protocol):
    """Where rooms live, and their webhooks may come: `World`, and `table.Tabled`."""

    tencent: SimulatedTencent

    @property
    def now(self) -> int: ...

    def wait(self, ms: int) -> None: ...

    def deliver(self, *bodies: Payload) -> None: ...


class World:
    """Args:
    skew: ms by which our clock is ahead of Tencent's.
    """

    def __init__(self, skew: int = 0) -> None:
        self.now = START
        self.skew = skew
        self.tencent = SimulatedTencent(App(int(APP), SECRET_KEY), lambda: self.now)
        administrator = Administrator(int(APP), "administrator", SECRET_KEY)
        self.api = TencentApi(
            Direct(self.tencent),
            administrator,
            clock_s=lambda: self.our_time() / 1000,
            sleep=lambda s: self.wait(int(s * 1000)),
        )
        self.registers: dict[str, Registers] = {}
        self._event_ids = count()

    def our_time(self) -> int:
        return self.now + self.skew

    def wait(self, ms: int) -> None:
        self.now += ms

    def deliver(self, *bodies: Payload) -> None:
        """Webhooks reach us."""
        for body in bodies:
            arrived = webhook(body, received_at=self.our_time())
            assert arrived.unreadable is None
            for unit in arrived.units:
                assert unit.room_id is not None
                held = self.registers.setdefault(unit.room_id, {})
                held.update(decide(arrived.version, unit.assertions, held).writes)

    def deliver_all(self) -> None:
        self.deliver(*self.tencent.webhooks)

    def held(self, room_id: str) -> Held:
        return hold(self.registers.get(room_id, {}))

    def ask(
        self, room_id: str, product: Product | None = "live", meanwhile: Callable[[str], None] | None = None
    ) -> Answers:
        """Ask Tencent. `meanwhile` runs after each call, and gets the name of the command."""

        def call(command: Command, request: Mapping[str, Any]) -> dict[str, Any]:
            response = self.api.call(command, request)
            if meanwhile:
                meanwhile(command.name)
            return response

        return ask(call, room_id, product, self.our_time)

    def compare(self, room_id: str, product: Product | None = "live") -> Comparison:
        before = self.held(room_id)
        answers = self.ask(room_id, product)
        return compare(before, self.held(room_id), answers)

    def apply(self, room_id: str, comparison: Comparison) -> None:
        """Assert the differences, each group as one more webhook."""
        for dated in comparison.differences:
            held = self.registers.setdefault(room_id, {})
            version = Version(dated.occurred_at, f"reconciled {next(self._event_ids)}")
            held.update(decide(version, dated.assertions, held).writes)

    def reconcile(self, room_id: str, product: Product | None = "live") -> Comparison:
        comparison = self.compare(room_id, product)
        self.apply(room_id, comparison)
        return comparison


def facts(held: Held) -> dict[str, Any]:
    """What a reader sees of a room, by the name of the fact; only what is there."""
    if not held.live:
        return {}
    void = void_until(held.started_at, held.ended_at)
    seen: dict[str, Any] = {"live": True, "started (s)": (held.started_at or 0) // 1000}
    for key, register in held.facts.items():
        if register.occurred_at > void and not register.fact.is_tombstone:
            seen[f"{key.kind} {key.name}"] = _plain(register.fact)
    for name, field in held.fields.items():
        if field.occurred_at > void:
            seen[f"field {name}"] = field.value
    return seen


def _plain(fact: Seat | Admin | Member | Metadata) -> Any:
    match fact:
        case Seat():
            return fact
        case Metadata(value):
            return value
        case _:
            return True


def truth(room: Room | None) -> dict[str, Any]:
    """A room as it is, in the shape of `facts`, as far as Tencent's answers tell it."""
    if room is None:
        return {}
    seen: dict[str, Any] = {"live": True, "started (s)": room.created_at // 1000}
    for entry in room.seats:
        flags = (entry[f"Is{name}Disabled"] for name in ("Taken", "Audio", "Video"))
        seat = Seat(entry.get("Member_Account"), *flags)
        if not seat.is_tombstone:
            seen[f"seat {entry['Index']}"] = seat
    inside = room.admins if room.product == "live" else room.admins & set(room.members)
    seen |= {f"admin {user}": True for user in inside}
    seen |= {f"member {user}": True for user in room.members}
    seen |= {f"metadata {key}": value for key, value in room.metadata.items()}
    info = RoomInfoAnswer.model_validate(room.room_info()).asserted()
    return seen | {f"field {name}": value for name, value in info.items()}


def wrong(held: Held, room: Room | None) -> set[str]:
    """The facts in which we are wrong, as far as a reconciliation may find them.

    It never learns that a metadata key or a field is gone, whether the owner is an administrator, and who
    left a Live room of more members than are listed. Of a room's type it takes any spelling.
    """
    ours, theirs = facts(held), truth(room)
    if not room:
        return {name for name in ours if name == "live"}
    names = {name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)}
    unknowable = {"field room_type", f"admin {room.owner}"} & names
    unknowable |= {name for name in names - theirs.keys() if name.startswith(("metadata ", "field "))}
    if room.product == "live" and len(room.members) > MAX_LISTED:
        listed = _members(room.picture[::-1][:MAX_LISTED])
        unknowable |= {name for name in names if name.startswith("member ")} - listed
    return names - unknowable


def _members(users: Iterable[str]) -> set[str]:
    return {f"member {user}" for user in users}
