"""Reconciliation of what is stored: through the table, its log, and a race with what comes meanwhile."""

from collections.abc import Mapping
from copy import deepcopy
from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.aws.embedded import empty_table
from local.tencent_cloud.faults import FAULTS, Edited
from roomstate.aws.deadline import Deadline, OutOfTime
from roomstate.aws.reads import TooMany
from roomstate.log.fold import fold
from roomstate.reconcile import reconciler
from roomstate.reconcile.answers import Product
from roomstate.state.life import Life
from roomstate.state.registers import AnyRegister, Key, RoomRegister, Seat
from roomstate.state.view import View
from tests.converging import lasting
from tests.payloads import AN_HOUR, APP, Ticking
from tests.reconcile.table import Tabled
from tests.reconcile.test_healing import R, fates, gaps, happen, live_through, products, skews, steps
from tests.reconcile.world import QUIET_MS, World, wrong

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TestHealing:
    @settings(max_examples=20)
    @given(
        product=products,
        skew=skews,
        history=st.lists(st.tuples(steps, gaps, fates), min_size=1, max_size=9),
        swept=st.booleans(),
    )
    def test_after_quiet_one_reconciliation_heals_whatever_was_lost(
        self, dynamodb: "DynamoDBClient", product: Product, skew: int, history: list[Any], swept: bool
    ) -> None:
        # GIVEN a room of which any webhooks were lost, doubled and late, and then quiet; swept or not
        empty_table()
        world = Tabled(dynamodb, skew=skew)
        live_through(world, product, history)
        if swept:
            world.sweep(R)
        world.wait(QUIET_MS)
        # WHEN it is reconciled
        world.reconcile(R)
        # THEN we hold what is true, and there is nothing left to find
        assert wrong(world.held(R), world.tencent.rooms.get(R)) == set()
        world.wait(1_000)
        assert world.reconcile(R).differences == ()
        # AND readers see it so
        room = world.reader.room(APP, R)
        assert (room is not None and room.status == "live") == (R in world.tencent.rooms)
        # AND the log, folded, is what the table holds
        log = list(world.reader.records(APP, R))
        if not swept:
            assert lasting(fold(log)) == lasting(world.reader.registers(APP, R))

    def test_a_room_of_1001_members(self, dynamodb: "DynamoDBClient") -> None:
        # GIVEN a room of which no webhook of a member came
        world = Tabled(dynamodb)
        world.tencent.create("live", "r", "owner")
        world.deliver(*world.tencent.webhooks)
        users = [f"user{n:04}" for n in range(1_001)]
        world.tencent.enter("r", *users)
        world.wait(QUIET_MS)
        # WHEN
        report = world.reconcile()
        # THEN all are in, but for the one that Live does not list
        assert wrong(world.held(), world.tencent.rooms["r"]) == set()
        assert len(world.members()) == 1_000
        assert report.comparison.member_drift == 1
        assert all(record.outcome == "applied" for record in report.records)


class TestProduct:
    def test_a_room_whose_product_nobody_told_is_asked_for_in_both(self, dynamodb: "DynamoDBClient") -> None:
        # GIVEN a Room of which only a seat is known
        world = Tabled(dynamodb)
        world.tencent.create("room", "r", "owner", seats=1)
        world.tencent.seat("r", 0, "ann")
        world.deliver(world.tencent.webhooks[-1])
        world.tencent.enter("r", "ann")
        world.wait(QUIET_MS)
        # WHEN
        report = world.reconcile()
        # THEN
        assert report.answers.product == "room"
        assert wrong(world.held(), world.tencent.rooms["r"]) == set()

    def test_a_room_whose_product_is_known_is_asked_for_in_that_one(self, dynamodb: "DynamoDBClient") -> None:
        world = Tabled(dynamodb)
        world.tencent.create("room", "r", "owner")
        world.deliver(*world.tencent.webhooks)
        world.wait(QUIET_MS)
        world.reconcile()
        commands = [command for _, command in world.tencent.calls]
        assert commands == ["get_room_info", "get_seat_list", "get_room_member_list"]

    @pytest.mark.parametrize(("first", "then"), [("live", "room"), ("room", "live")])
    def test_a_room_whose_id_has_gone_over_to_the_other_product(
        self, dynamodb: "DynamoDBClient", first: Product, then: Product
    ) -> None:
        # GIVEN a room that ended, and began anew in the other product, and no webhook told of either
        world = Tabled(dynamodb)
        world.tencent.create(first, "r", "owner", seats=1)
        world.tencent.enter("r", "ghost")
        world.deliver(*world.tencent.webhooks)
        world.wait(QUIET_MS)
        world.tencent.destroy("r")
        world.tencent.create(then, "r", "owner", seats=1)
        world.tencent.enter("r", "ann")
        world.wait(QUIET_MS)
        # WHEN
        report = world.reconcile()
        # THEN
        assert report.answers.product == then
        assert world.members() == ["ann"]


class TestRace:
    """Webhooks that arrive while Tencent is asked, and while the differences are asserted."""

    @settings(max_examples=20)
    @given(
        product=products,
        history=st.lists(st.tuples(steps, gaps, fates), min_size=1, max_size=8),
        meanwhile=st.lists(steps, max_size=8),
        turns=st.lists(st.booleans(), min_size=6, max_size=6),
    )
    def test_nothing_is_undone_that_is_newer(
        self,
        dynamodb: "DynamoDBClient",
        product: Product,
        history: list[Any],
        meanwhile: list[Any],
        turns: list[bool],
    ) -> None:
        # GIVEN a room with losses of long ago
        empty_table()
        world = Tabled(dynamodb)
        live_through(world, product, history)
        world.wait(QUIET_MS)
        told = len(world.tencent.webhooks)

        def go_on(_: str = "") -> None:
            world.wait(30)
            if meanwhile and turns and turns.pop():
                sent = len(world.tencent.webhooks)
                happen(world, product, meanwhile.pop(0))
                world.deliver(*world.tencent.webhooks[sent:])

        class Interrupted:
            """Stores, and lets something happen before."""

            def record(self, *args: Any) -> Any:
                go_on()
                return world.store.record(*args)

        # WHEN it is reconciled while things happen, between the calls and between the assertions
        world.meanwhile = go_on
        world.reconciler = world.worker(Interrupted())
        world.reconcile(R)
        # THEN of what the webhooks told meanwhile, all is as if nobody had asked
        alone = World()
        alone.now = world.now
        alone.deliver(*world.tencent.webhooks[told:])
        assert newest(alone.registers.get(R, {})) <= newest(world.reader.registers(APP, R))

    def test_what_comes_late_while_tencent_is_asked_is_left_alone(self, dynamodb: "DynamoDBClient") -> None:
        """It is older than the answers are dated, which may have been made before it."""
        # GIVEN a seat that ann had long ago; bob took it 15 s ago, and the webhook is late
        world = Tabled(dynamodb)
        world.tencent.create("live", "r", "owner", seats=1)
        world.tencent.seat("r", 0, "ann")
        world.deliver(*world.tencent.webhooks)
        world.wait(QUIET_MS)
        world.tencent.seat("r", 0, "bob")
        late = deepcopy(world.tencent.webhooks[-1])
        world.wait(15_000)
        # WHEN it comes while Tencent is asked, whose answer is older still
        stale = Edited(lambda answer: answer["Response"]["SeatList"][0].pop("Member_Account"))
        world.tencent.fail("get_seat_list", stale)
        world.meanwhile = lambda name: world.deliver(late) if name == "get_seat_list" else None
        report = world.reconcile()
        # THEN
        assert report.differences == ()
        assert world.held().facts[Key("seat", 0)].fact == Seat("bob")

    def test_two_workers_on_one_room(self, dynamodb: "DynamoDBClient") -> None:
        """No lock keeps them apart: each asserts what it finds, with versions of its own."""
        # GIVEN a room with a ghost, and two workers that both found it before either asserts
        world = Tabled(dynamodb)
        world.tencent.create("live", "r", "owner", seats=1)
        world.tencent.enter("r", "ghost")
        world.deliver(*world.tencent.webhooks)
        world.tencent.leave("r", "ghost")
        world.tencent.seat("r", 0, "ann")
        world.wait(QUIET_MS)
        both = Barrier(2)

        class Together:
            def record(self, *args: Any) -> Any:
                if not both.broken:
                    both.wait(30)
                return world.store.record(*args)

        workers = [world.worker(Together()) for _ in "ab"]
        # WHEN both assert at once
        failed: list[BaseException] = []

        def work(worker: Any) -> None:
            try:
                worker.reconcile(APP, "r", AN_HOUR)
            except BaseException as error:
                failed.append(error)

        threads = [Thread(target=work, args=(worker,)) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # THEN we hold what is true, readers saw each change once, and the log agrees with the table
        assert failed == []
        assert wrong(world.held(), world.tencent.rooms["r"]) == set()
        log = list(world.reader.records(APP, "r"))
        seen = [change.type for record in log if record.is_ours for change in record.changes]
        assert sorted(seen) == ["member.offline", "seat.occupied"]
        assert lasting(fold(log)) == lasting(world.reader.registers(APP, "r"))
        # AND there is nothing left to find
        world.wait(1_000)
        assert world.reconcile().differences == ()


class TestFailures:
    def test_what_was_answered_before_tencent_grew_busy_is_asserted(self, dynamodb: "DynamoDBClient") -> None:
        world = Tabled(dynamodb)
        world.tencent.create("live", "r", "owner", seats=1)
        world.deliver(*world.tencent.webhooks)
        world.tencent.seat("r", 0, "ann")
        world.wait(QUIET_MS)
        world.tencent.fail("get_member_list", FAULTS["60007"])
        report = world.reconcile()
        assert [str(failure.reason) for failure in report.answers.failures] == ["60007"]
        assert world.held().facts.keys() == {("seat", 0)}

    def test_a_room_that_is_too_large_is_left_alone(
        self, dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reconciler, "MAX_ITEMS", 3)
        world = Tabled(dynamodb)
        world.tencent.create("live", "r", "owner", seats=9)
        for index in range(4):
            world.tencent.seat("r", index, "ann")
        world.deliver(*world.tencent.webhooks)
        with pytest.raises(TooMany):
            world.reconcile()
        assert world.tencent.calls == []

    def test_a_room_is_not_begun_that_might_not_be_finished(self, dynamodb: "DynamoDBClient") -> None:
        world = Tabled(dynamodb)
        with pytest.raises(OutOfTime):
            world.reconcile(deadline=Deadline(reconciler.ROOM_S - 1, world.time))
        assert world.tencent.calls == []

    def test_calls_stop_early_enough_to_assert_what_was_answered(self, dynamodb: "DynamoDBClient") -> None:
        # GIVEN a Tencent that takes 6 s for each answer, and an invocation of 40 s
        world = Tabled(dynamodb, meanwhile=lambda _: world.wait(6_000))
        world.tencent.create("live", "r", "owner", seats=1)
        world.deliver(*world.tencent.webhooks)
        world.tencent.seat("r", 0, "ann")
        world.wait(QUIET_MS)
        # WHEN
        report = world.reconcile(deadline=Deadline(40, world.time))
        # THEN what is left unasked is told, and what was answered is asserted within the time
        assert [failure.reason for failure in report.answers.failures] == ["no_time"]
        assert [record.outcome for record in report.records] == ["applied"]

    def test_a_table_that_takes_too_long_ends_the_room_for_now(self, dynamodb: "DynamoDBClient") -> None:
        world = Tabled(dynamodb, time=Ticking())
        with pytest.raises(OutOfTime):
            world.reconcile(deadline=Deadline(reconciler.ROOM_S + 5, world.time))


class TestMakingUp:
    """A try that stored what it found, and died before it forwarded."""

    def test_what_it_asserted_goes_out_again_and_nothing_else(self, dynamodb: "DynamoDBClient") -> None:
        # GIVEN a room with a life that was missed, a ghost, and a record of long ago
        world = Tabled(dynamodb)
        world.tencent.create("live", "r", "owner")
        world.tencent.enter("r", "ghost")
        world.deliver(world.tencent.webhooks[-1])
        world.wait(QUIET_MS)
        world.reconcile()
        world.tencent.leave("r", "ghost")
        world.wait(30 * 60_000)
        world.tencent.destroy("r")
        world.tencent.create("live", "r", "owner")
        world.wait(20 * 60_000)
        # WHEN a first try stores and dies, and another makes up for it
        began = world.our_time()
        stored = world.reconcile().records
        world.wait(15 * 60_000)
        forwarded: list[Any] = []

        class Forwarding:
            def record(self, webhook: Any, deadline: Deadline) -> Any:
                records = world.store.record(webhook, deadline)
                forwarded.extend(records)
                return records

        again = world.worker(Forwarding())
        again.forward_again(APP, "r", began, AN_HOUR)
        # THEN the same records go out, those of the missed life too, and nothing is stored twice
        assert len(stored) >= 2
        assert sorted(map(repr, forwarded)) == sorted(map(repr, stored))


def newest(registers: Mapping[Key, AnyRegister]) -> set[str]:
    """All facts that are not void, each with its version."""
    life = View(registers).life
    found = {f"started {life.started_at}", f"ended {life.ended_at}"}
    for key, register in registers.items():
        facts: Mapping[Any, Any] = register.fields if isinstance(register, RoomRegister) else {"": register}
        found |= {
            repr((key, name, fact))
            for name, fact in facts.items()
            if not isinstance(fact, Life) and not life.voids(fact.version.occurred_at)
        }
    return found - {"started None", "ended None"}
