"""What reconciliation is for: whatever was lost, we hold in the end what is true; and it never harms."""

from collections.abc import Callable
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from roomstate.reconcile.answers import Product
from roomstate.reconcile.compare import Comparison, compare
from roomstate.state.registers import Register, RoomFacts, RoomRegister
from tests.reconcile.world import QUIET_MS, Living, Registers, World, wrong

R = "r/1"
USERS = ["ann", "bob", "cat", "144115233775727695"]
users = st.sampled_from(USERS)
products = st.sampled_from(cast("list[Product]", ["live", "room"]))
skews = st.integers(-5_000, 5_000)
gaps = st.sampled_from([0, 1, 400, 1_000, 3_000, 9_000, 11_000, 20_000, 45_000, 120_000])
"""ms between two things that happen."""
fates = st.sampled_from(["comes", "comes", "lost", "lost", "twice", "late"])

Step = tuple[str, Any]
steps = st.one_of(
    st.tuples(st.just("create"), st.integers(0, 3)),
    st.tuples(st.just("destroy"), st.none()),
    st.tuples(st.sampled_from(["enter", "leave", "enter", "appoint", "dismiss", "own"]), users),
    st.tuples(
        st.just("seat"),
        st.tuples(st.integers(0, 2), st.one_of(st.none(), users), st.booleans(), st.booleans()),
    ),
    st.tuples(st.just("name"), st.sampled_from(["a", "b"])),
    st.tuples(st.just("set"), st.tuples(st.sampled_from("kl"), st.sampled_from("xy"))),
    st.tuples(st.just("delete"), st.sampled_from("kl")),
)


def happen(world: Living, product: Product, step: Step) -> None:
    """One thing happens in the room, where it can."""
    tencent, (what, how) = world.tencent, step
    room = tencent.rooms.get(R)
    if room is None:
        if what != "destroy":
            # Two lives that begin within one second are one to whoever asks: CreateTime is in seconds.
            world.wait(1)
            infos = [body["RoomInfo"] for body in tencent.webhooks if "RoomInfo" in body]
            while world.now // 1000 in {info.get("CreateTime") for info in infos}:
                world.wait(100)
            tencent.create(product, R, "ann", how if isinstance(how, int) else 2, RoomName="a")
        return
    can = {
        "create": False,
        "appoint": product == "live" or how in room.members,
        "seat": what == "seat" and how[0] < len(room.seats),
        "set": product == "live",
        "delete": product == "live",
    }
    actions: dict[str, Callable[[], None]] = {
        "destroy": lambda: tencent.destroy(R),
        "enter": lambda: tencent.enter(R, how),
        "leave": lambda: tencent.leave(R, how),
        "appoint": lambda: tencent.appoint(R, how),
        "dismiss": lambda: tencent.dismiss(R, how),
        "own": lambda: tencent.change_owner(R, how),
        "seat": lambda: tencent.seat(R, how[0], how[1], Taken=how[2], Audio=how[3]),
        "name": lambda: tencent.update(R, RoomName=how, CoverURL=""),
        "set": lambda: tencent.set_metadata(R, **{how[0]: how[1]}),
        "delete": lambda: tencent.delete_metadata(R, how),
    }
    if can.get(what, True):
        actions[what]()


def live_through(world: Living, product: Product, history: list[tuple[Step, int, str]]) -> None:
    """A history happens, and its webhooks come, or do not. Those that are late come at its end."""
    late: list[Any] = []
    for step, gap, fate in history:
        world.wait(gap)
        sent = len(world.tencent.webhooks)
        happen(world, product, step)
        for body in world.tencent.webhooks[sent:]:
            match fate:
                case "comes":
                    world.deliver(body)
                case "twice":
                    world.deliver(body, body)
                case "late":
                    late.append(body)
    world.deliver(*reversed(late))


def newer(registers: Registers, comparison: Comparison) -> set[str]:
    """The registers, and the room's fields, that are newer than what is asserted of them."""
    found = set()
    for dated in comparison.differences:
        for key, fact in dated.assertions:
            register = registers.get(key)
            if isinstance(register, Register) and register.version.occurred_at > dated.occurred_at:
                found.add(repr((key, register)))
            if isinstance(register, RoomRegister) and isinstance(fact, RoomFacts):
                for name in fact.fields.keys() & register.fields.keys():
                    if register.fields[name].version.occurred_at > dated.occurred_at:
                        found.add(repr((name, register.fields[name])))
    return found


histories = st.lists(st.tuples(steps, gaps, fates), min_size=1, max_size=16)


@settings(max_examples=600)
@given(product=products, asked_as=st.booleans(), skew=skews, history=histories)
def test_after_quiet_one_reconciliation_heals_whatever_was_lost(
    product: Product, asked_as: bool, skew: int, history: list[tuple[Step, int, str]]
) -> None:
    # GIVEN a room of which any webhooks were lost, doubled and late, and then quiet
    world = World(skew)
    live_through(world, product, history)
    world.wait(QUIET_MS)
    # WHEN it is reconciled, with its product known or not
    world.reconcile(R, product if asked_as else None)
    # THEN we hold what is true
    assert wrong(world.held(R), world.tencent.rooms.get(R)) == set()
    # AND there is nothing left to find
    world.wait(1_000)
    assert world.compare(R, product).differences == ()


@settings(max_examples=600)
@given(
    product=products,
    skew=skews,
    history=histories,
    recent=st.lists(st.tuples(steps, gaps), max_size=10),
    data=st.data(),
)
def test_at_any_moment_it_harms_nothing_that_is_right(
    product: Product,
    skew: int,
    history: list[tuple[Step, int, str]],
    recent: list[tuple[Step, int]],
    data: st.DataObject,
) -> None:
    """The same room, with and without a reconciliation that races with what happens."""
    # GIVEN a room with losses of long ago; since then all webhooks come, at once or late
    world = World(skew)
    live_through(world, product, history)
    world.wait(QUIET_MS)
    late: list[Any] = []

    def go_on(step: Step) -> None:
        sent = len(world.tencent.webhooks)
        happen(world, product, step)
        for body in world.tencent.webhooks[sent:]:
            if data.draw(st.booleans()):
                world.deliver(body)
            else:
                late.append(body)

    asked_after = data.draw(st.integers(0, len(recent)))
    for step, gap in recent[:asked_after]:
        world.wait(gap)
        go_on(step)

    # WHEN it is reconciled while things happen between the calls, and before the differences are asserted
    meanwhile = [step for step, _ in recent[asked_after:]]
    turns = data.draw(st.lists(st.booleans(), min_size=8, max_size=8))

    def between(_: str) -> None:
        world.wait(30)
        if meanwhile and turns and turns.pop():
            go_on(meanwhile.pop(0))

    before = world.held(R)
    answers = world.ask(R, product, between)
    comparison = compare(before, world.held(R), answers)
    for step in meanwhile:
        go_on(step)
    untouched = world.registers.get(R, {}).copy()
    world.apply(R, comparison)

    # THEN nothing is touched that is newer than what is asserted
    assert newer(untouched, comparison) <= newer(world.registers.get(R, {}), comparison)
    # AND when all webhooks have come, what would be right without it is right
    room = world.tencent.rooms.get(R)
    with_it = World(skew)
    with_it.now, with_it.registers = world.now, {R: dict(world.registers.get(R, {}))}
    without = World(skew)
    without.now, without.registers = world.now, {R: untouched}
    for one in (with_it, without):
        one.deliver(*late)
    assert wrong(with_it.held(R), room) <= wrong(without.held(R), room)
