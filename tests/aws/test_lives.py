"""A life in two copies: a webhook reads one, and whatever becomes of the other, nothing is lost."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from local.aws.embedded import TABLE_NAME
from roomstate.aws.items import read_register, read_registers
from roomstate.aws.lists import rooms_listed_live
from roomstate.aws.lives import write_life
from roomstate.aws.reader import Reader
from roomstate.aws.reads import Reads
from roomstate.aws.store import Store
from roomstate.aws.table import life_copy, life_keys
from roomstate.state.life import Life
from roomstate.sweep.stream import Due, due
from roomstate.sweep.sweeper import Sweeper
from roomstate.tencent.errors import Unavailable
from tests.aws.test_store import Interposed, contents, empty_table, together
from tests.converging import lasting
from tests.copies import FIRST, SECOND, assert_same_copies, copies, lose, reading
from tests.histories import ROOMS, histories
from tests.payloads import AN_HOUR, APP, Payload, create, destroy, members, seat, seats, update, webhook

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BOTH = [FIRST, SECOND]


def life(dynamodb: "DynamoDBClient") -> Life:
    """What both copies say, which has to be the same."""
    assert_same_copies(copies(dynamodb))
    _, found = read_register(copies(dynamodb)[FIRST])
    assert isinstance(found, Life)
    return found


def deliver(store: Store, *payloads: Payload) -> None:
    for payload in payloads:
        store.record(webhook(payload), AN_HOUR)


class TestAWebhook:
    @pytest.mark.parametrize("copy", BOTH)
    def test_reads_one_copy_and_does_not_write_it(
        self, copy: int, dynamodb: "DynamoDBClient", store: Store
    ) -> None:
        # GIVEN a room
        deliver(store, create("r"))
        asked: list[Any] = []
        client: Any = Interposed(
            dynamodb,
            batch_get_item=lambda **call: asked.append(call["RequestItems"][TABLE_NAME]["Keys"]),
            transact_write_items=lambda **call: asked.append(call["TransactItems"]),
        )
        # WHEN somebody sits down
        deliver(Store(client, TABLE_NAME, 90), reading(copy, seats("r", seat(1, "ann"), at=2_000)))
        # THEN that is a read of two items, and a write of two: the life is not among these
        [read, written] = asked
        assert len(read) == len(written) == 2
        assert life_keys(APP, "r")[copy].item() in read

    def test_reads_either_as_often(self) -> None:
        ids = [webhook(seats("r", seat(1, "ann"), at=at)).event_id for at in range(1_000)]
        assert 400 < sum(life_copy(event_id, 0) for event_id in ids) < 600
        assert {life_copy(ids[0], part) for part in range(2)} == {0, 1}

    @pytest.mark.parametrize("copy", BOTH)
    def test_that_begins_or_ends_a_room_writes_both(
        self, copy: int, dynamodb: "DynamoDBClient", store: Store, reader: Reader
    ) -> None:
        deliver(store, reading(copy, create("r", 20_000)))
        assert life(dynamodb).started_at == 20_000
        # AND the index has the room once
        assert list(rooms_listed_live(Reads(dynamodb, TABLE_NAME), APP)) == ["r"]
        assert [room.room_id for room in reader.rooms(APP).rooms] == ["r"]
        deliver(store, reading(copy, destroy("r", 60_000)))
        assert life(dynamodb).ended_at == 60_000
        assert list(rooms_listed_live(Reads(dynamodb, TABLE_NAME), APP)) == []


class TestACopyThatIsNotThere:
    """A table of before there were two, or one of which DynamoDB's TTL deleted a copy."""

    @pytest.mark.parametrize(
        "meets", [update("r", 70_000, RoomName="late"), create("r", 80_000), destroy("r", 90_000)]
    )
    @pytest.mark.parametrize("lost", BOTH)
    def test_is_back_after_a_webhook_that_meets_it(
        self, lost: int, meets: Payload, dynamodb: "DynamoDBClient", store: Store
    ) -> None:
        # GIVEN
        deliver(store, create("r", 20_000), destroy("r", 60_000))
        lose(dynamodb, lost)
        client: Any = Interposed(dynamodb)
        # WHEN a webhook misses it
        [record] = Store(client, TABLE_NAME, 90).record(webhook(reading(lost, meets)), AN_HOUR)
        # THEN it is stored by the second try
        assert client.calls == ["batch_get_item", "transact_write_items"] * 2
        assert record.outcome == "applied"
        # AND both copies are there, with all that was known
        now = life(dynamodb)
        assert (now.started_at or 0) >= 20_000
        assert (now.ended_at or 0) >= 60_000

    @pytest.mark.parametrize("lost", BOTH)
    def test_is_back_after_the_life_is_written(
        self, lost: int, dynamodb: "DynamoDBClient", store: Store
    ) -> None:
        # WHEN the webhook reads the other one
        deliver(store, create("r", 20_000))
        lose(dynamodb, lost)
        deliver(store, reading(1 - lost, destroy("r", 60_000)))
        # THEN
        assert life(dynamodb) == Life(20_000, 20_000, 60_000)

    @pytest.mark.parametrize("lost", BOTH)
    def test_does_not_hinder_who_reads_the_other(
        self, lost: int, dynamodb: "DynamoDBClient", store: Store
    ) -> None:
        deliver(store, create("r", 20_000))
        lose(dynamodb, lost)
        client: Any = Interposed(dynamodb)
        deliver(Store(client, TABLE_NAME, 90), reading(1 - lost, seats("r", seat(1, "ann"), at=30_000)))
        assert client.calls == ["batch_get_item", "transact_write_items"]

    def test_leaves_a_life_as_new_where_neither_is_there(
        self, dynamodb: "DynamoDBClient", store: Store
    ) -> None:
        deliver(store, create("r", 20_000), destroy("r", 60_000))
        for copy in BOTH:
            lose(dynamodb, copy)
        deliver(store, members("r", "Online", "ann", at=90_000))
        assert life(dynamodb) == Life(first_seen_at=90_000)


@pytest.mark.parametrize("knows_more", BOTH)
@pytest.mark.parametrize("reads", BOTH)
def test_copies_that_differ_come_to_one_that_knows_what_either_knew(
    reads: int, knows_more: int, dynamodb: "DynamoDBClient", store: Store
) -> None:
    """Whoever writes one alone is no code of ours, but it must not stop a room."""
    # GIVEN
    deliver(store, create("r", 20_000))
    before = copies(dynamodb)[1 - knows_more]
    deliver(store, destroy("r", 60_000))
    dynamodb.put_item(TableName=TABLE_NAME, Item=before)
    # WHEN the life is written
    deliver(store, reading(reads, create("r", 90_000)))
    # THEN
    assert life(dynamodb) == Life(20_000, 90_000, 60_000)


class TestAnEndedLifeThatIsToExpire:
    @pytest.mark.parametrize("reads", BOTH)
    @pytest.mark.parametrize("lost", BOTH)
    @pytest.mark.parametrize(
        "late",
        [update("r", 70_000, RoomName="late"), members("r", "Offline", "ann", at=70_000)],
        ids=["info", "leaves"],
    )
    def test_is_whole_again_and_dated_again_after_any_webhook(
        self, late: Payload, lost: int, reads: int, dynamodb: "DynamoDBClient", store: Store, reader: Reader
    ) -> None:
        # GIVEN a room that ended and was swept, and one copy of whose life has expired
        sweeper = Sweeper(dynamodb, TABLE_NAME, lambda: 1_000)
        deliver(store, create("r", 20_000), destroy("r", 60_000))
        sweeper.sweep(Due(APP, "r"), AN_HOUR)
        lose(dynamodb, lost)
        before, _ = copies(dynamodb)
        # WHEN a late webhook comes, that shows nobody, whichever it reads
        deliver(store, reading(reads, late))
        # THEN readers see the room as it was: ended
        assert life(dynamodb) == Life(20_000, 20_000, 60_000)
        room = reader.room(APP, "r")
        assert room is not None
        assert room.status == "ended"
        # AND the stream tells the sweep, which dates both copies
        after, _ = copies(dynamodb)
        images = {"OldImage": before, "NewImage": after}
        told = due({name: image for name, image in images.items() if image is not None})
        assert told == Due(APP, "r")
        sweeper.sweep(told, AN_HOUR)
        life(dynamodb)
        assert all("expires_at" in copy for copy in copies(dynamodb))

    def test_costs_no_second_read_while_it_is_not_dated(
        self, dynamodb: "DynamoDBClient", store: Store
    ) -> None:
        deliver(store, create("r", 20_000), destroy("r", 60_000))
        client: Any = Interposed(dynamodb)
        deliver(Store(client, TABLE_NAME, 90), members("r", "Offline", "ann", at=61_000))
        assert client.calls == ["batch_get_item", "transact_write_items"]


class TestTwoAtOnce:
    """One reads the first copy, one the second, before either has written."""

    BEFORE: tuple[Callable[["DynamoDBClient"], Any], ...] = (
        lambda _: None,
        lambda dynamodb: lose(dynamodb, FIRST),
        lambda dynamodb: lose(dynamodb, SECOND),
    )

    @pytest.mark.parametrize("before", BEFORE, ids=["both copies", "no first", "no second"])
    @pytest.mark.parametrize("begins", BOTH)
    def test_lose_neither_the_beginning_nor_the_end(
        self, begins: int, before: Callable[..., Any], dynamodb: "DynamoDBClient", store: Store
    ) -> None:
        deliver(store, members("r", "Online", "ann", at=1_000))
        before(dynamodb)
        together(
            dynamodb,
            reading(begins, create("r", 20_000)),
            reading(1 - begins, destroy("r", 60_000)),
            reading(begins, destroy("r", 40_000)),
            reading(1 - begins, create("r", 10_000)),
        )
        assert life(dynamodb) == Life(1_000, 20_000, 60_000)

    @pytest.mark.parametrize("begins", BOTH)
    def test_agree_on_a_room_that_is_new(self, begins: int, dynamodb: "DynamoDBClient") -> None:
        together(dynamodb, reading(begins, create("r", 20_000)), reading(1 - begins, destroy("r", 60_000)))
        now = life(dynamodb)
        assert (now.started_at, now.ended_at) == (20_000, 60_000)

    @pytest.mark.parametrize("reads", BOTH)
    def test_and_an_end_that_comes_between_read_and_write_is_seen(
        self, reads: int, dynamodb: "DynamoDBClient", store: Store
    ) -> None:
        # GIVEN an end that comes by the other copy while ours is on its way
        deliver(store, create("r", 20_000))
        ends = [reading(1 - reads, destroy("r", 60_000))]
        client: Any = Interposed(
            dynamodb, transact_write_items=lambda **_: deliver(store, ends.pop()) if ends else None
        )
        # WHEN
        deliver(Store(client, TABLE_NAME, 90), reading(reads, create("r", 90_000)))
        # THEN
        assert client.calls == ["batch_get_item", "transact_write_items"] * 2
        assert life(dynamodb) == Life(20_000, 90_000, 60_000)


class TestWhoIsNoWebhook:
    @pytest.mark.parametrize("lost", [None, *BOTH])
    def test_writes_both_copies(self, lost: int | None, dynamodb: "DynamoDBClient", store: Store) -> None:
        deliver(store, create("r", 20_000))
        if lost is not None:
            lose(dynamodb, lost)
        read = Reads(dynamodb, TABLE_NAME).get(life_keys(APP, "r"))
        assert write_life(dynamodb, TABLE_NAME, (APP, "r"), Life(1, 2, 3), read, expires_at=4)
        assert life(dynamodb) == Life(1, 2, 3)
        assert {copy["expires_at"]["N"] for copy in copies(dynamodb)} == {"4"}

    def test_writes_neither_where_a_webhook_was_quicker(
        self, dynamodb: "DynamoDBClient", store: Store
    ) -> None:
        deliver(store, create("r", 20_000))
        read = Reads(dynamodb, TABLE_NAME).get(life_keys(APP, "r"))
        deliver(store, destroy("r", 60_000))
        assert not write_life(dynamodb, TABLE_NAME, (APP, "r"), Life(1, 2, 3), read)
        assert life(dynamodb) == Life(20_000, 20_000, 60_000)

    def test_is_told_where_dynamodb_fails(self, dynamodb: "DynamoDBClient") -> None:
        cancelled = dynamodb.exceptions.TransactionCanceledException

        def conflict(**_: Any) -> None:
            reasons: Any = {"Error": {"Code": "x"}, "CancellationReasons": [{"Code": "TransactionConflict"}]}
            raise cancelled(reasons, "TransactWriteItems")

        client: Any = Interposed(dynamodb, transact_write_items=conflict)
        with pytest.raises(cancelled):
            write_life(client, TABLE_NAME, (APP, "r"), Life(1), {})


@settings(max_examples=60)
@given(history=histories, data=st.data())
def test_a_copy_that_is_lost_at_any_time_loses_nothing(
    dynamodb: "DynamoDBClient", store: Store, history: list[Payload], data: st.DataObject
) -> None:
    # GIVEN what a history comes to
    empty_table(dynamodb)
    deliver(store, *history)
    expected = {room: lasting(held) for room, held in contents(dynamodb)[1].items()}
    # WHEN it comes in another order, some of it again, and now and then DynamoDB loses one of two copies,
    # between webhooks and within them, or throttles
    empty_table(dynamodb)
    to_come = data.draw(st.permutations(history + data.draw(st.lists(st.sampled_from(history)))))
    losses = st.tuples(st.sampled_from(ROOMS), st.sampled_from(BOTH))
    mishaps = data.draw(st.lists(st.one_of(losses, losses, st.just("throttled"), st.none()), max_size=40))

    def go_wrong(**_: Any) -> None:
        match mishaps.pop() if mishaps else None:
            case "throttled":
                raise ClientError({"Error": {"Code": "ThrottlingException"}}, "any")
            case (room, copy) if None not in copies(dynamodb, room):
                lose(dynamodb, copy, room)

    client: Any = Interposed(dynamodb, batch_get_item=go_wrong, transact_write_items=go_wrong)
    while to_come:
        with suppress(Unavailable):  # it is delivered again
            deliver(Store(client, TABLE_NAME, 90), to_come[-1])
            to_come.pop()
    # THEN what is left of the copies knows all
    left: dict[str, list[Any]] = {}
    for page in dynamodb.get_paginator("scan").paginate(TableName=TABLE_NAME):
        for item in page["Items"]:
            if "kind" in item:
                left.setdefault(item["room_id"]["S"], []).append(item)
    assert {room: lasting(read_registers(items)) for room, items in left.items()} == expected
    # AND once each room is named to either copy, both are there
    for room in left:
        deliver(store, *(reading(copy, update(room, 1, RoomName="late")) for copy in BOTH))
    contents(dynamodb)
