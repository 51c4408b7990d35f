"""Reading: rooms, pages of members, single facts, logs."""

from typing import TYPE_CHECKING, Any

import pytest

from local.aws.embedded import TABLE_NAME
from roomstate.aws.reader import Reader
from roomstate.aws.store import Store
from roomstate.state.rooms import Admin, Member, Seat
from tests.payloads import (
    AN_HOUR,
    APP,
    Payload,
    admins,
    create,
    destroy,
    members,
    seat,
    seats,
    set_metadata,
    webhook,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def deliver(store: Store, *payloads: Payload) -> None:
    for payload in payloads:
        store.record(webhook(payload), AN_HOUR)


def test_a_room_never_heard_of_is_none(reader: Reader) -> None:
    assert reader.room(APP, "r") is None


def test_a_room_in_full(store: Store, reader: Reader) -> None:
    # GIVEN a room with something of everything
    deliver(
        store,
        create("r", 1_000, RoomName="a room", MaxSeatCount=12, Owner_Account="ann"),
        seats("r", seat(10, "bob", Audio=True), seat(9), seat(2, 144115233775727695), at=2_000),
        admins("r", "add", "zoe", "ann", at=3_000),
        admins("r", "delete", "zoe", at=4_000),
        members("r", "Online", "bob", "ann", at=5_000),
        members("r", "Offline", "bob", at=6_000, cause="Leave"),
        set_metadata("r", 7_000, key="value"),
    )
    # THEN it is read in the documented shape
    room = reader.room(APP, "r")
    assert room is not None
    off = {"locked": False, "audio_disabled": False, "video_disabled": False, "updated_at": 2_000}
    assert room.model_dump() == {
        "sdk_app_id": APP,
        "room_id": "r",
        "status": "live",
        "started_at": 1_000,
        "ended_at": None,
        "owner": "ann",
        "info": {"room_name": "a room", "max_seat_count": 12},
        "metadata": {"key": "value"},
        "seats": [
            {"index": 2, "user_id": "144115233775727695", **off},
            {"index": 9, "user_id": None, **off},
            {"index": 10, "user_id": "bob", **off, "audio_disabled": True},
        ],
        "admins": [{"user_id": "ann", "updated_at": 3_000}],
        "members": [{"user_id": "ann", "cause": "Enter", "updated_at": 5_000}],
    }


def test_the_end_of_a_room_ends_all_that_was_in_it(store: Store, reader: Reader) -> None:
    # GIVEN a full room that ended
    deliver(
        store,
        create("r", 1_000, RoomName="a room", Owner_Account="ann"),
        seats("r", seat(1, "ann"), at=2_000),
        admins("r", "add", "ann", at=2_000),
        members("r", "Online", "ann", at=2_000),
        set_metadata("r", 2_000, key="value"),
        destroy("r", 3_000),
    )
    # THEN nothing of it is read any more
    room = reader.room(APP, "r")
    assert room is not None
    assert (room.status, room.started_at, room.ended_at, room.owner) == ("ended", 1_000, 3_000, None)
    assert [room.info, room.metadata, room.seats, room.admins, room.members] == [{}, {}, [], [], []]
    assert reader.seat(APP, "r", 1) is None
    assert reader.admin(APP, "r", "ann") is None
    assert reader.member(APP, "r", "ann") is None
    assert reader.members(APP, "r") == []


def test_single_facts(store: Store, reader: Reader) -> None:
    deliver(
        store,
        seats("r", seat(1, "ann", Taken=True)),
        admins("r", "add", "ann"),
        members("r", "Online", "ann", cause=None),
    )
    assert reader.seat(APP, "r", 1) == Seat(
        index=1, user_id="ann", locked=True, audio_disabled=False, video_disabled=False, updated_at=1_000
    )
    assert reader.admin(APP, "r", "ann") == Admin(user_id="ann", updated_at=1_000)
    assert reader.member(APP, "r", "ann") == Member(user_id="ann", cause=None, updated_at=1_000)
    assert reader.seat(APP, "r", 2) is None
    assert reader.admin(APP, "r", "bob") is None
    assert reader.member(APP, "r", "bob") is None


def test_the_last_end_of_a_room_is_there_though_it_lives_again(store: Store, reader: Reader) -> None:
    # GIVEN a room that ended twice, and lives
    for payload in (destroy("r", 3_000), destroy("r", 2_000), create("r", 4_000), seats("other", seat(1))):
        store.record(webhook(payload), AN_HOUR)
    # THEN
    assert reader.ended_at(APP, "r") == 3_000
    assert reader.ended_at(APP, "other") is None
    assert reader.ended_at(APP, "never heard of") is None


@pytest.mark.parametrize("limit", [1, 7, 40, 100])
def test_pages_of_members_are_all_members_in_order(store: Store, reader: Reader, limit: int) -> None:
    # GIVEN forty members, of whom every third left
    users = [f"ü{n:02}" for n in range(40)]
    deliver(store, members("r", "Online", *users), members("r", "Offline", *users[::3], at=2_000))
    # WHEN they are read page by page
    seen: list[str] = []
    after: str | None = None
    while True:
        page = reader.members(APP, "r", after=after, limit=limit)
        seen.extend(member.user_id for member in page)
        if len(page) < limit:
            break
        after = page[-1].user_id
    # THEN each that stayed was there once
    assert seen == [user for n, user in enumerate(users) if n % 3]


def test_a_log_is_read_between_two_times_in_order(store: Store, reader: Reader) -> None:
    times: list[Any] = [5_000, 1_000, 3_000, 2_000, 4_000]
    deliver(store, *(members("r", "Online", "ann", at=at) for at in times))
    assert [record.occurred_at for record in reader.log(APP, "r")] == sorted(times)
    between = reader.log(APP, "r", start=2_000, end=4_000)
    assert [record.occurred_at for record in between] == [2_000, 3_000]


def test_rooms_whose_ids_look_alike_stay_apart(store: Store, reader: Reader) -> None:
    names = ["r", "r#", "r#00", "r/1", "r%2F1", "r 1", "r+1", "r:1", "00#r", APP + "#r"]
    deliver(store, *(seats(name, seat(0, f"in {name}")) for name in names))
    deliver(store, *(members(name, "Online", f"in {name}") for name in names))
    for name in names:
        room = reader.room(APP, name)
        assert room is not None
        assert [seat.user_id for seat in room.seats] == [f"in {name}"]
        assert [member.user_id for member in room.members] == [f"in {name}"]
        assert len(list(reader.log(APP, name))) == 2


class Lagging:
    """A DynamoDB whose eventually consistent reads know nothing yet."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def get_item(self, **asked: Any) -> Any:
        return self._client.get_item(**asked) if asked.get("ConsistentRead") else {}

    def query(self, **asked: Any) -> Any:
        return self._client.query(**asked) if asked.get("ConsistentRead") else {"Items": []}


def test_what_an_answered_webhook_changed_is_there(dynamodb: "DynamoDBClient", store: Store) -> None:
    """Also where DynamoDB's copies lag behind: each read is consistent, of a fact and of the room's end."""
    client: Any = Lagging(dynamodb)
    reader = Reader(client, TABLE_NAME)
    deliver(
        store,
        seats("r", seat(1, "ann"), at=2_000),
        admins("r", "add", "ann", at=2_000),
        members("r", "Online", "ann", at=2_000),
    )
    room = reader.room(APP, "r")
    assert room is not None
    assert reader.seat(APP, "r", 1) == room.seats[0]
    assert reader.admin(APP, "r", "ann") == room.admins[0]
    assert reader.member(APP, "r", "ann") == room.members[0]
    assert reader.members(APP, "r") == list(room.members)
    assert len(list(reader.log(APP, "r"))) == 3
    # AND when the room ends, nobody is in it
    deliver(store, destroy("r", at=3_000))
    assert reader.seat(APP, "r", 1) is None
    assert reader.admin(APP, "r", "ann") is None
    assert reader.member(APP, "r", "ann") is None
    assert reader.members(APP, "r") == []
