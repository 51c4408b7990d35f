"""The store: what is written, once, and by whom first. `make e2e` runs it on a second DynamoDB too."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from local.aws import embedded
from local.aws.embedded import TABLE_NAME
from roomstate.aws.deadline import Deadline
from roomstate.aws.items import read_record, read_register
from roomstate.aws.reader import Reader
from roomstate.aws.retry import ATTEMPTS
from roomstate.aws.store import Busy, Store
from roomstate.log.fold import fold
from roomstate.log.record import LogRecord
from roomstate.state.life import Life
from roomstate.state.registers import LIFE, AnyRegister, Key, Register, Seat
from roomstate.state.rooms import show_members, show_room
from roomstate.tencent.errors import Unavailable
from tests.converging import lasting
from tests.copies import assert_same_copies
from tests.histories import ROOMS, histories
from tests.payloads import (
    AN_HOUR,
    APP,
    Payload,
    Time,
    admins,
    create,
    destroy,
    members,
    seat,
    seats,
    update,
    webhook,
)
from tests.reading import members_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def contents(
    dynamodb: "DynamoDBClient",
) -> tuple[dict[str, list[LogRecord]], dict[str, dict[Key, AnyRegister]]]:
    """The log and the registers of every room, as they are in the table. Each life has two equal copies."""
    logs: dict[str, list[LogRecord]] = {}
    held: dict[str, dict[Key, AnyRegister]] = {}
    pages = dynamodb.get_paginator("scan").paginate(TableName=TABLE_NAME)
    items = [item for page in pages for item in page["Items"]]
    assert_same_copies(items)
    for item in items:
        room = item["room_id"]["S"]
        if "kind" in item:
            key, register = read_register(item)
            held.setdefault(room, {})[key] = register
        else:
            logs.setdefault(room, []).append(read_record(item))
    return logs, held


def empty_table(dynamodb: "DynamoDBClient") -> None:
    """Delete every item, in whichever DynamoDB it is."""
    if "EMULATOR_URL" not in os.environ:
        embedded.empty_table()
        return
    for page in dynamodb.get_paginator("scan").paginate(TableName=TABLE_NAME, ProjectionExpression="pk, sk"):
        for key in page["Items"]:
            dynamodb.delete_item(TableName=TABLE_NAME, Key=key)


def together(dynamodb: "DynamoDBClient", *payloads: Payload) -> list[Any]:
    """Deliver in as many threads, which have all read before any has written. Gives each one's record."""
    barrier = threading.Barrier(len(payloads))
    waited = threading.local()

    def wait_once(**_: Any) -> None:
        if not getattr(waited, "done", False):
            waited.done = True
            barrier.wait(timeout=60)

    def deliver(payload: Payload) -> Any:
        client: Any = Interposed(dynamodb, transact_write_items=wait_once)
        [record] = Store(client, TABLE_NAME, 90).record(webhook(payload), AN_HOUR)
        return record

    with ThreadPoolExecutor(len(payloads)) as pool:
        return list(pool.map(deliver, payloads))


class Interposed:
    """A client that lets a test in before a call."""

    def __init__(self, client: Any, **before: Callable[..., None]) -> None:
        self._client = client
        self._before = before
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if name in ("exceptions", "meta", "get_paginator"):
            return call

        def interposed(**kwargs: Any) -> Any:
            self.calls.append(name)
            if name in self._before:
                self._before[name](**kwargs)
            return call(**kwargs)

        return interposed


class TestOneWebhook:
    def test_leaves_a_record_and_its_registers(
        self, store: Store, reader: Reader, dynamodb: "DynamoDBClient"
    ) -> None:
        # WHEN a webhook is recorded
        arrived = webhook(seats("r", seat(1, "ann")))
        [record] = store.record(arrived, AN_HOUR)
        # THEN it is in the log, and its register in the table
        assert (record.outcome, [change.type for change in record.changes]) == ("applied", ["seat.occupied"])
        assert list(reader.records(APP, "r")) == [record]
        held = contents(dynamodb)[1]["r"]
        assert held == {
            LIFE: Life(first_seen_at=1_000),
            Key("seat", 1): Register(arrived.version, Seat("ann")),
        }

    def test_delivered_twice_leaves_one_record_with_its_first_outcome(
        self, store: Store, reader: Reader
    ) -> None:
        arrived = webhook(seats("r", seat(1, "ann")))
        first = store.record(arrived, AN_HOUR)
        again = store.record(
            webhook(seats("r", seat(1, "ann")), received_at=arrived.received_at + 5), AN_HOUR
        )
        assert again == first
        assert list(reader.records(APP, "r")) == list(first)

    def test_older_than_what_is_there_is_stale_and_changes_nothing(
        self, store: Store, reader: Reader
    ) -> None:
        store.record(webhook(seats("r", seat(1), at=2_000)), AN_HOUR)
        [record] = store.record(webhook(seats("r", seat(1, "ann"), at=1_000)), AN_HOUR)
        assert (record.outcome, record.changes) == ("stale", ())
        shown = reader.seat(APP, "r", 1)
        assert shown is not None
        assert (shown.user_id, shown.updated_at) == (None, 2_000)

    def test_naming_nothing_is_observed(self, store: Store, reader: Reader) -> None:
        [record] = store.record(webhook(members("r", "Online")), AN_HOUR)
        assert record.outcome == "observed"
        assert reader.room(APP, "r") is None

    def test_unreadable_is_kept_whole(self, store: Store, reader: Reader) -> None:
        [record] = store.record(webhook(b"\xff\xfe not JSON"), AN_HOUR)
        assert (record.outcome, record.reason) == ("unreadable", "The body is not UTF-8.")
        assert [kept.payload for kept in reader.records(APP, None)] == [b"\xff\xfe not JSON"]

    def test_of_a_thousand_members_brings_them_all_in(self, store: Store, reader: Reader) -> None:
        # WHEN a webhook names more registers than one transaction takes
        users = [f"user-{n:04}" for n in range(1_000)]
        records = store.record(webhook(members("r", "Online", *users)), AN_HOUR)
        # THEN each part is in the log, and every member in the room
        assert [(record.part, record.parts) for record in records] == [(n, 11) for n in range(11)]
        assert len(list(reader.records(APP, "r"))) == 11
        assert [member.user_id for member in members_of(reader, "r")] == users

    def test_is_two_calls(self, dynamodb: "DynamoDBClient") -> None:
        client = Interposed(dynamodb)
        Store(client, TABLE_NAME, 90).record(webhook(seats("r", seat(1, "ann"))), AN_HOUR)  # type: ignore[arg-type]
        assert client.calls == ["batch_get_item", "transact_write_items"]


class TestAtTheSameTime:
    """Threads that have all read before any has written."""

    def test_one_webhook_twice(self, dynamodb: "DynamoDBClient", reader: Reader) -> None:
        payload = seats("r", seat(1, "ann"))
        first, second = together(dynamodb, payload, payload)
        assert first == second
        assert list(reader.records(APP, "r")) == [first]

    def test_two_webhooks_on_one_seat(self, dynamodb: "DynamoDBClient", reader: Reader) -> None:
        # WHEN ann takes a seat and bob takes it over, at once
        ann, bob = seats("r", seat(1, "ann"), at=1_000), seats("r", seat(1, "bob"), at=2_000)
        records = together(dynamodb, ann, bob)
        # THEN bob has it, each has a record, and the log tells one of the two possible stories
        shown = reader.seat(APP, "r", 1)
        assert shown is not None
        assert shown.user_id == "bob"
        assert len(list(reader.records(APP, "r"))) == 2
        told = [[(change.before, change.after) for change in record.changes] for record in records]
        assert told in ([[(None, "ann")], [("ann", "bob")]], [[], [(None, "bob")]])

    def test_eight_webhooks_on_one_room(self, dynamodb: "DynamoDBClient", reader: Reader) -> None:
        payloads = [admins("r", "add" if n % 2 else "delete", "ann", at=1_000 + n) for n in range(4)]
        payloads += [destroy("r", at=500 + n) for n in range(4)]
        together(dynamodb, *payloads)
        assert len(list(reader.records(APP, "r"))) == 8
        assert reader.admin(APP, "r", "ann") is not None
        life = contents(dynamodb)[1]["r"][LIFE]
        assert isinstance(life, Life)
        assert life.ended_at == 503

    def test_two_webhooks_on_two_fields_of_a_room(
        self, dynamodb: "DynamoDBClient", store: Store, reader: Reader
    ) -> None:
        # GIVEN a room, WHEN two of its fields are updated at once
        store.record(webhook(create("r", 500, RoomName="old", CoverURL="old")), AN_HOUR)
        together(dynamodb, update("r", RoomName="new"), update("r", CoverURL="new"))
        # THEN neither update is lost
        room = reader.room(APP, "r")
        assert room is not None
        assert room.info == {"room_name": "new", "cover_url": "new"}


class TestInterference:
    def test_a_register_written_meanwhile_is_read_again(
        self, dynamodb: "DynamoDBClient", store: Store
    ) -> None:
        # GIVEN somebody who writes the seat between our read and our write, once
        rivals = [seats("r", seat(1, "rival"), at=500)]

        def interfere(**_: Any) -> None:
            if rivals:
                store.record(webhook(rivals.pop()), AN_HOUR)

        client = Interposed(dynamodb, transact_write_items=interfere)
        # WHEN ours is recorded
        [record] = Store(client, TABLE_NAME, 90).record(webhook(seats("r", seat(1, "ann"))), AN_HOUR)  # type: ignore[arg-type]
        # THEN the second round knows who sat there
        assert [(change.before, change.after) for change in record.changes] == [("rival", "ann")]
        assert client.calls == ["batch_get_item", "transact_write_items"] * 2

    def test_a_life_that_parts_of_one_webhook_wrote_is_told_apart(
        self, dynamodb: "DynamoDBClient", store: Store
    ) -> None:
        # GIVEN a webhook of two parts, the first of which has begun the room
        crowd = webhook(members("r", "Online", *(f"u{number}" for number in range(98)), at=60_000))
        first = crowd._replace(units=crowd.units[:1])
        store.record(first, AN_HOUR)
        # AND a late end, after which its second part shows that the room lives; both while a late
        # beginning is between its read and its write
        meanwhile = [crowd, webhook(destroy("r", 20_000))]

        def interfere(**_: Any) -> None:
            while meanwhile:
                store.record(meanwhile.pop(), AN_HOUR)

        client: Any = Interposed(dynamodb, transact_write_items=interfere)
        # WHEN it writes
        Store(client, TABLE_NAME, 90).record(webhook(create("r", 5_000)), AN_HOUR)
        # THEN the end is not forgotten
        assert contents(dynamodb)[1]["r"][LIFE] == Life(5_000, 5_000, 20_000, 60_000)

    def test_the_first_read_is_cheap_and_the_next_is_consistent(
        self, dynamodb: "DynamoDBClient", store: Store
    ) -> None:
        rivals = [seats("r", seat(1, "rival"), at=500)]
        consistent: list[bool] = []

        def interfere(**_: Any) -> None:
            if rivals:
                store.record(webhook(rivals.pop()), AN_HOUR)

        def look(**kwargs: Any) -> None:
            consistent.append(kwargs["RequestItems"][TABLE_NAME]["ConsistentRead"])

        client: Any = Interposed(dynamodb, transact_write_items=interfere, batch_get_item=look)
        Store(client, TABLE_NAME, 90).record(webhook(seats("r", seat(1, "ann"))), AN_HOUR)
        assert consistent == [False, True]

    def test_a_read_that_lags_behind_is_found_out(self, dynamodb: "DynamoDBClient", store: Store) -> None:
        # GIVEN a seat, and a first read that does not know it yet
        store.record(webhook(seats("r", seat(1, "ann"), at=2_000)), AN_HOUR)

        class Lagging(Interposed):
            def __getattr__(self, name: str) -> Any:
                call = super().__getattr__(name)
                if name != "batch_get_item":
                    return call

                def lag(**kwargs: Any) -> Any:
                    answer = call(**kwargs)
                    if not kwargs["RequestItems"][TABLE_NAME]["ConsistentRead"]:
                        answer["Responses"][TABLE_NAME] = []
                    return answer

                return lag

        client: Any = Lagging(dynamodb)
        # WHEN an older webhook is recorded
        [record] = Store(client, TABLE_NAME, 90).record(
            webhook(seats("r", seat(1, "old"), at=1_000)), AN_HOUR
        )
        # THEN it does not get the seat
        assert (record.outcome, record.changes) == ("stale", ())

    def test_conflicts_without_end_are_given_up(self, dynamodb: "DynamoDBClient", store: Store) -> None:
        instants = iter(range(2_000, 3_000))

        def interfere(**_: Any) -> None:
            store.record(webhook(seats("r", seat(1, "rival"), at=next(instants))), AN_HOUR)

        client: Any = Interposed(dynamodb, transact_write_items=interfere)
        with pytest.raises(Unavailable) as refused:
            Store(client, TABLE_NAME, 90).record(webhook(seats("r", seat(1, "ann"), at=9_000)), AN_HOUR)
        assert client.calls == ["batch_get_item", "transact_write_items"] * ATTEMPTS
        cause = refused.value.__cause__
        assert isinstance(cause, ClientError)
        assert cause.response["Error"]["Code"] == "TransactionCanceledException"

    def test_what_dynamodb_says_otherwise_is_unavailable(self, dynamodb: "DynamoDBClient") -> None:
        def throttle(**_: Any) -> None:
            error: Any = {"Error": {"Code": "ThrottlingException", "Message": "slow down"}}
            raise ClientError(error, "BatchGetItem")

        client: Any = Interposed(dynamodb, batch_get_item=throttle)
        with pytest.raises(Unavailable):
            Store(client, TABLE_NAME, 90).record(webhook(seats("r", seat(1, "ann"))), AN_HOUR)

    def test_keys_that_dynamodb_leaves_for_later_are_asked_for_again(
        self, dynamodb: "DynamoDBClient", store: Store
    ) -> None:
        # GIVEN a room with an administrator, and a DynamoDB that answers one key at a time
        store.record(webhook(admins("r", "add", "ann")), AN_HOUR)

        class Sparing(Interposed):
            def __getattr__(self, name: str) -> Any:
                call = super().__getattr__(name)
                if name != "batch_get_item":
                    return call

                def spare(RequestItems: Any) -> Any:
                    asked = RequestItems[TABLE_NAME]
                    first, rest = asked["Keys"][:1], asked["Keys"][1:]
                    answer = call(RequestItems={TABLE_NAME: {**asked, "Keys": first}})
                    if rest:
                        answer["UnprocessedKeys"] = {TABLE_NAME: {**asked, "Keys": rest}}
                    return answer

                return spare

        client: Any = Sparing(dynamodb)
        # WHEN she is appointed again
        payload = admins("r", "add", "ann", "bob", at=2_000)
        [record] = Store(client, TABLE_NAME, 90).record(webhook(payload), AN_HOUR)
        # THEN only the other is new
        assert [change.user_id for change in record.changes] == ["bob"]  # type: ignore[union-attr]

    def test_keys_that_dynamodb_leaves_for_later_without_end_are_given_up(
        self, dynamodb: "DynamoDBClient", store: Store, reader: Reader
    ) -> None:
        # GIVEN a seat, and a DynamoDB so busy that it never answers for it
        store.record(webhook(seats("r", seat(1, "ann"), at=2_000)), AN_HOUR)

        class Saturated(Interposed):
            def __getattr__(self, name: str) -> Any:
                if name != "batch_get_item":
                    return super().__getattr__(name)

                def leave(RequestItems: Any) -> Any:
                    self.calls.append(name)
                    return {"Responses": {}, "UnprocessedKeys": RequestItems}

                return leave

        client: Any = Saturated(dynamodb)
        older = webhook(seats("r", seat(1, "bob"), at=1_000))
        # WHEN an older webhook is recorded, THEN it is not taken for the first of its seat
        with pytest.raises(Unavailable) as refused:
            Store(client, TABLE_NAME, 90).record(older, Deadline(3_600, Time()))
        assert isinstance(refused.value.__cause__, Busy)
        assert set(client.calls) == {"batch_get_item"}
        assert len(list(reader.records(APP, "r"))) == 1


@settings(max_examples=60)
@given(history=histories, data=st.data())
def test_log_and_registers_agree(
    dynamodb: "DynamoDBClient", store: Store, reader: Reader, history: list[Payload], data: st.DataObject
) -> None:
    # GIVEN any history, delivered in any order and some of it twice
    empty_table(dynamodb)
    delivered = data.draw(st.permutations(history + data.draw(st.lists(st.sampled_from(history)))))
    for payload in delivered:
        store.record(webhook(payload), AN_HOUR)
    # WHEN the log of each room is folded from nothing
    logs, held = contents(dynamodb)
    folded = {room: fold(log) for room, log in logs.items()}
    # THEN it gives the registers that are in the table
    left = {room: lasting(registers) for room, registers in folded.items() if registers}
    assert left == {room: lasting(registers) for room, registers in held.items()}
    # AND each webhook has one record, and readers see what log and registers say
    records = [record for log in logs.values() for record in log]
    distinct = {webhook(payload).event_id for payload in history}
    assert sorted(record.event_id for record in records) == sorted(distinct)
    room = data.draw(st.sampled_from(ROOMS))
    told = [(record.occurred_at, record.event_id) for record in reader.records(APP, room)]
    assert told == sorted((record.occurred_at, record.event_id) for record in logs.get(room, []))
    assert reader.room(APP, room) == (show_room(APP, room, held[room]) if room in held else None)
    if room in held:
        assert members_of(reader, room) == show_members(held[room])
