"""One fault at one call to AWS, of the plan or of the worker: in the end all is healed, and all is told."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from roomstate.log.fold import fold
from roomstate.log.forwarded import forwarded
from roomstate.reconcile.answers import Product
from roomstate.reconcile.held import hold
from tests.converging import lasting
from tests.payloads import APP
from tests.receive.faults import FAULTS
from tests.reconcile.crash import Cloud, Plan, World, cloud
from tests.reconcile.world import wrong

R = "r"
PRODUCTS: tuple[Product, ...] = ("live", "room")
HERE = tuple(fault for fault in FAULTS if fault not in {"slow 0.5 s", "slow 1.25 s", "throttled"})
"""Nobody waits 2 s for the worker: one slow call is as good as another. And it asks no error for its name."""


@pytest.fixture(scope="module")
def one_cloud() -> Iterator[Cloud]:
    with cloud() as one:
        yield one


def live_through(world: World, product: Product) -> None:
    """A room with a ghost, and a seat that nobody told of; then a round, or two where the first failed."""
    world.tencent.create(product, R, "owner", seats=1)
    world.tencent.enter(R, "ghost")
    world.deliver(*world.tencent.webhooks)
    world.tencent.leave(R, "ghost")
    world.tencent.seat(R, 0, "ann")
    world.time.now += 120
    world.round()
    if not world.tencent.calls:
        world.time.now += 120
        world.round()


def check(world: World) -> None:
    registers = world.reader.registers(APP, R)
    assert wrong(hold(registers), world.tencent.rooms[R]) == set()
    log = list(world.reader.records(APP, R))
    assert lasting(fold(log)) == lasting(registers)
    # What was asserted was forwarded, all of it, as it stands in the log.
    ours = {record.event_id: forwarded(record) for record in log if record.is_ours}
    assert len(ours) >= 1
    assert world.forwarded == ours
    assert world.dead_letters() == []


def points(places: list[str]) -> list[int]:
    """The first and the last call of each place: the queries of a room's partitions are all alike."""
    first = {place: number for number, place in reversed(list(enumerate(places)))}
    last = {place: number for number, place in enumerate(places)}
    return sorted({*first.values(), *last.values()})


def test_the_calls_that_are_broken_are_all_that_the_functions_make(one_cloud: Cloud) -> None:
    untroubled = Plan()
    with one_cloud.world(untroubled) as world:
        live_through(world, "live")
    assert {*untroubled.places} == {
        *("plan dynamodb.Query", "plan sqs.GetQueueAttributes", "plan sqs.SendMessageBatch"),
        *(f"reconcile dynamodb.{call}" for call in ("Query", "BatchGetItem", "TransactWriteItems")),
        *("reconcile ssm.GetParameter", "reconcile eventbridge.PutEvents"),
    }


@pytest.mark.parametrize("fault", HERE)
def test_a_fault_at_any_call_loses_nothing(
    one_cloud: Cloud, fault: str, record_property: Callable[[str, Any], None]
) -> None:
    # GIVEN the calls that are made where nothing goes wrong
    product = PRODUCTS[HERE.index(fault) % 2]
    untroubled = Plan()
    with one_cloud.world(untroubled) as world:
        live_through(world, product)
        check(world)
    tried: Counter[tuple[str, str]] = Counter()
    for number in points(untroubled.places):
        # WHEN one of them goes wrong
        plan = Plan(fault, number)
        with one_cloud.world(plan) as world:
            live_through(world, product)
            # THEN
            check(world)
        tried.update(plan.hit)
    record_property("crash points", [(*point, count) for point, count in tried.items()])
