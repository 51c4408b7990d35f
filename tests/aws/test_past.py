"""Rooms as they were at an earlier moment."""

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.aws.embedded import TABLE_NAME, empty_table, fill_table
from local.commands.schema import Rooms, records_of
from roomstate.aws import past
from roomstate.aws.deadline import Deadline
from roomstate.aws.items import record_item, register_item
from roomstate.aws.reader import Reader
from roomstate.aws.reads import TooMany
from roomstate.state.rooms import Folded, Room, show_members, show_room
from tests.histories import ROOMS, ends, histories, room_of
from tests.payloads import (
    APP,
    Payload,
    Ticking,
    admins,
    create,
    destroy,
    members,
    seat,
    seats,
    set_metadata,
    webhook,
)
from tests.reading import members_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
NOW_S = 1_700_001_234.0


def fill(delivered: list[Payload], records_since: int = 0) -> None:
    """Leave in the table what is there when bodies were delivered in this order, and old records expired."""
    rooms: Rooms = {}
    records = list(chain.from_iterable(records_of(webhook(payload), rooms) for payload in delivered))
    fill_table(record_item(record) for record in records if record.occurred_at >= records_since)
    fill_table(
        register_item(APP, room_id, key, register, writer="e" * 32, received_at=0)
        for room_id, held in rooms.items()
        if room_id is not None
        for key, register in held.items()
    )


@settings(max_examples=150)
@given(history=histories, room_id=st.sampled_from(ROOMS), data=st.data())
def test_a_room_was_what_a_reader_saw_when_no_later_webhook_existed(
    dynamodb: "DynamoDBClient",  # noqa: ARG001  the reader's
    reader: Reader,
    history: list[Payload],
    room_id: str,
    data: st.DataObject,
) -> None:
    # GIVEN a history, delivered in any order, and a moment in it or about it
    empty_table()
    fill(data.draw(st.permutations(history)))
    moments = sorted({payload["EventTime"] + near for payload in history for near in (-1, 0, 1)})
    at = data.draw(st.sampled_from(moments))
    # WHEN only the webhooks up to then had existed, in any order
    so_far = [payload for payload in history if payload["EventTime"] <= at]
    rooms: Rooms = {}
    for payload in data.draw(st.permutations(so_far)):
        records_of(webhook(payload), rooms)
    held = rooms.get(room_id, {})
    seen = show_room(APP, room_id, held)
    # THEN the room as of that moment is that
    was = reader.room(APP, room_id, at=at, count_members=True)
    if seen is None or was is None:
        assert was is seen
        assert reader.members(APP, room_id, at=at) is None
        return
    of_room = ends([payload for payload in so_far if room_of(payload) == room_id])[room_id]
    if of_room.is_contradicted:
        # Whether a reader knows already that the end was not the last word depends on the order.
        assert was.status == "live"
        times = {"status": "live", "started_at": was.started_at, "ended_at": None}
        seen = seen.model_copy(update=times)
    inside = show_members(held)
    assert was == seen.model_copy(update={"member_count": len(inside), "folded": was.folded})
    assert members_of(reader, room_id, at=at, limit=2) == inside


@pytest.fixture
def reader(dynamodb: "DynamoDBClient") -> Reader:
    return Reader(dynamodb, TABLE_NAME, log_retention_days=90, clock=lambda: NOW_S)


STORY = [
    create("r", 1_000, RoomName="one", Owner_Account="ann"),
    members("r", "Online", "ann", "bob", at=2_000),
    seats("r", seat(1, "ann"), at=3_000),
    admins("r", "add", "bob", at=4_000),
    set_metadata("r", 5_000, key="value"),
    members("r", "Offline", "bob", at=6_000),
    destroy("r", 20_000),
    create("r", 50_000, RoomName="two"),
    members("r", "Online", "cy", at=51_000),
]


@pytest.mark.parametrize(
    ("at", "shown", "inside", "records"),
    [
        (1_000, {"status": "live", "started_at": 1_000, "owner": "ann", "seats": []}, [], 1),
        (3_000, {"status": "live", "admins": []}, ["ann", "bob"], 3),
        (5_999, {"status": "live", "metadata": {"key": "value"}}, ["ann", "bob"], 5),
        (6_000, {"status": "live"}, ["ann"], 6),
        (20_000, {"status": "ended", "started_at": 1_000, "ended_at": 20_000, "owner": None}, [], 7),
        (49_999, {"status": "ended", "started_at": 1_000, "ended_at": 20_000}, [], 7),
        (50_000, {"status": "live", "started_at": 50_000, "info": {"room_name": "two"}}, [], 1),
        (10**15 - 1, {"status": "live", "started_at": 50_000, "owner": None}, ["cy"], 2),
    ],
)
def test_a_room_of_two_lives(
    reader: Reader, at: int, shown: dict[str, Any], inside: list[str], records: int
) -> None:
    fill(STORY)
    room = reader.room(APP, "r", at=at)
    assert room is not None
    assert shown.items() <= room.model_dump().items()
    assert [member.user_id for member in members_of(reader, "r", at=at)] == inside
    # AND nothing is folded that says nothing any more
    assert room.folded is not None
    assert room.folded.records == records


def test_before_all_that_was_heard_of_it_a_room_is_none(reader: Reader) -> None:
    fill(STORY)
    assert reader.room(APP, "r", at=999) is None
    assert reader.members(APP, "r", at=999) is None
    assert reader.room(APP, "never heard of", at=1_000) is None


def test_what_was_decided_late_counts_by_when_it_happened(reader: Reader) -> None:
    # GIVEN bob in ann's seat, told after ann had taken it
    fill([seats("r", seat(1, "ann"), at=2_000), seats("r", seat(1, "bob"), at=1_000)])
    assert occupants(reader.room(APP, "r", at=1_999)) == ["bob"]
    assert occupants(reader.room(APP, "r", at=2_000)) == ["ann"]


def occupants(room: Room | None) -> list[str | None]:
    assert room is not None
    return [seat.user_id for seat in room.seats]


def test_it_says_from_when_on_there_are_records(reader: Reader) -> None:
    fill([create("r", 1_000)])
    room, page = reader.room(APP, "r", at=1_000), reader.members(APP, "r", at=1_000)
    # Up to the next full hour, and later by as much as a webhook may be dated ahead of its receipt.
    since = int(NOW_S * 1000) - 90 * DAY_MS + 5 * 60_000
    expected = Folded(records=1, since=since + HOUR_MS - since % HOUR_MS)
    assert room is not None
    assert page is not None
    assert room.folded == page.folded == expected


def test_of_what_the_retention_dropped_it_shows_what_the_table_still_knows(reader: Reader) -> None:
    """The life of a room stays: its creation is not looked for in the log."""
    story = [create("r", 1_000, RoomName="one"), seats("r", seat(1, "ann"), at=2_000)]
    fill(story, records_since=2_000)
    room = reader.room(APP, "r", at=3_000)
    assert room is not None
    assert (room.started_at, room.info, occupants(room)) == (1_000, {}, ["ann"])


CROWD = [members("r", "Online", f"user-{n}", at=60_000 + n) for n in range(30)]


class TestALongLog:
    def test_is_too_many(self, reader: Reader) -> None:
        fill([create("r", 50_000), *CROWD])
        with patch.object(past, "MAX_RECORDS", 30):
            assert reader.room(APP, "r", at=60_028) is not None
            for read in (reader.room, reader.members):
                with pytest.raises(TooMany, match="30 records"):
                    read(APP, "r", at=60_029)

    def test_is_so_by_its_bytes(self, reader: Reader) -> None:
        fill(CROWD)
        with patch.object(past, "MAX_BYTES", 1_000), pytest.raises(TooMany, match="1000 bytes"):
            reader.room(APP, "r", at=70_000)

    def test_is_so_where_the_time_is_too_short(self, dynamodb: "DynamoDBClient") -> None:
        fill(CROWD)
        deadline = Deadline(10, Ticking())
        with pytest.raises(TooMany, match="in time"):
            Reader(dynamodb, TABLE_NAME, deadline=deadline).room(APP, "r", at=70_000)

    def test_of_earlier_lives_is_not_read(self, dynamodb: "DynamoDBClient", reader: Reader) -> None:
        # GIVEN many records, and a life that began after them
        fill([*CROWD, create("r", 90_000), members("r", "Online", "ann", at=91_000)])
        counted: Counter[str] = Counter()
        dynamodb.meta.events.register("after-call.dynamodb", lambda model, **_: counted.update([model.name]))
        with patch.object(past, "MAX_RECORDS", 3):
            room = reader.room(APP, "r", at=100_000)
        assert room is not None
        assert room.folded is not None
        assert room.folded.records == 2
        # THEN each partition of the log is read once
        assert counted == {"BatchGetItem": 1, "Query": 16}
