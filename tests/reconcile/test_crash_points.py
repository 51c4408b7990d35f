"""One fault at one call to AWS, of the plan or of the worker: in the end all is healed, and all is told."""

from collections.abc import Iterator

import pytest

from roomstate.log.fold import fold
from roomstate.log.forwarded import forwarded
from roomstate.reconcile.held import hold
from tests.converging import lasting
from tests.payloads import APP
from tests.receive.faults import FAULTS
from tests.reconcile.crash import Cloud, Plan, World, cloud
from tests.reconcile.world import wrong

ROOMS = ("live", "room")


@pytest.fixture(scope="module")
def one_cloud() -> Iterator[Cloud]:
    with cloud() as one:
        yield one


def live_through(world: World) -> None:
    """A room of each product with a ghost, and seats that nobody told of; then a round, and another."""
    for product in ROOMS:
        world.tencent.create(product, product, "owner", seats=1)  # type: ignore[arg-type]
        world.tencent.enter(product, "ghost")
    world.deliver(*world.tencent.webhooks)
    for product in ROOMS:
        world.tencent.leave(product, "ghost")
        world.tencent.seat(product, 0, "ann")
    world.time.now += 120
    world.round()
    world.time.now += 120
    world.round()


def check(world: World) -> None:
    for room in ROOMS:
        registers = world.reader.registers(APP, room)
        assert wrong(hold(registers), world.tencent.rooms[room]) == set()
        log = list(world.reader.records(APP, room))
        assert lasting(fold(log)) == lasting(registers)
        # What was asserted was forwarded, all of it, as it stands in the log.
        ours = {record.event_id: forwarded(record) for record in log if record.is_ours}
        assert ours
        assert {event: one for event, one in world.forwarded.items() if one.room_id == room} == ours
    assert world.dead_letters() == []


def points(places: list[str]) -> list[int]:
    """The first and the last call of each place: the queries of a room's partitions are all alike."""
    first = {place: number for number, place in reversed(list(enumerate(places)))}
    last = {place: number for number, place in enumerate(places)}
    return sorted({*first.values(), *last.values()})


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_any_call_loses_nothing(
    one_cloud: Cloud, fault: str, record_property: pytest.FixtureRequest
) -> None:
    # GIVEN the calls that are made where nothing goes wrong
    untroubled = Plan()
    with one_cloud.world(untroubled) as world:
        live_through(world)
        check(world)
    tried = []
    for number in points(untroubled.places):
        # WHEN one of them goes wrong
        plan = Plan(fault, number)
        with one_cloud.world(plan) as world:
            live_through(world)
            # THEN
            check(world)
        tried += [(place, fault, 1) for place, fault in plan.hit]
    record_property("crash points", tried)  # type: ignore[operator]
