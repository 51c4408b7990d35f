"""Reading: rooms, pages of members, single facts, logs."""

from typing import TYPE_CHECKING, Any

import pytest

from local.aws.embedded import TABLE_NAME
from roomstate.aws.logs import Order
from roomstate.aws.pages import LogPage, RoomPage, UserPage
from roomstate.aws.reader import Reader
from roomstate.aws.store import Store
from roomstate.log.forwarded import forwarded
from roomstate.state.rooms import Admin, Member, Presence, Seat
from roomstate.tencent.wire import MAX_INTEGER
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
from tests.reading import members_of, pages

NOBODY = Presence(online=False, cause=None, updated_at=None, is_owner=False, is_admin=False, seats=[])

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
        "member_count": None,
        "folded": None,
    }
    # AND its members are a list of their own, or counted
    assert members_of(reader, "r") == [Member(user_id="ann", cause="Enter", updated_at=5_000)]
    assert reader.room(APP, "r", count_members=True) == room.model_copy(update={"member_count": 1})


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
    assert [room.info, room.metadata, room.seats, room.admins] == [{}, {}, [], []]
    assert reader.seat(APP, "r", 1) is None
    assert reader.admin(APP, "r", "ann") is None
    assert reader.member(APP, "r", "ann") == NOBODY
    assert members_of(reader, "r") == []
    assert reader.room(APP, "r", count_members=True) == room.model_copy(update={"member_count": 0})


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
    assert reader.seat(APP, "r", 2) is None
    assert reader.admin(APP, "r", "bob") is None


class TestAUserInARoom:
    def test_has_all_that_the_room_has_of_the_user(self, store: Store, reader: Reader) -> None:
        deliver(
            store,
            create("r", 500, Owner_Account="ann"),
            seats("r", seat(10, "ann"), seat(2, "ann"), seat(3, "bob"), seat(4)),
            admins("r", "add", "ann"),
            members("r", "Online", "ann", cause=None),
        )
        assert reader.member(APP, "r", "ann") == Presence(
            online=True, cause=None, updated_at=1_000, is_owner=True, is_admin=True, seats=[2, 10]
        )
        assert reader.member(APP, "r", "bob") == NOBODY.model_copy(update={"seats": [3]})

    def test_who_left_did_so_for_a_cause(self, store: Store, reader: Reader) -> None:
        deliver(store, members("r", "Online", "ann"))
        deliver(store, members("r", "Offline", "ann", at=2_000, cause="Kicked"))
        assert reader.member(APP, "r", "ann") == NOBODY.model_copy(
            update={"cause": "Kicked", "updated_at": 2_000}
        )

    def test_nobody_heard_of_is_in_no_way_there(self, store: Store, reader: Reader) -> None:
        deliver(store, members("r", "Online", "ann"))
        assert reader.member(APP, "r", "bob") == NOBODY

    def test_of_a_room_never_heard_of_is_none(self, reader: Reader) -> None:
        assert reader.member(APP, "r", "ann") is None


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
    # THEN each that stayed is there once, page by page
    seen = [member.user_id for member in members_of(reader, "r", limit=limit)]
    assert seen == [user for n, user in enumerate(users) if n % 3]


def test_members_of_a_room_never_heard_of_are_none(reader: Reader) -> None:
    assert reader.members(APP, "r") is None


class TestRoomsThatLive:
    def test_are_listed_the_newest_first(self, store: Store, reader: Reader) -> None:
        # GIVEN rooms of two apps, some ended, one created again, one whose creation never came
        deliver(
            store,
            create("old", 1_000, RoomName="an old room", Owner_Account="ann"),
            create("new", 9_000),
            create("ended", 3_000),
            destroy("ended", 4_000),
            create("again", 2_000),
            destroy("again", 5_000),
            create("again", 6_000),
            members("heard of", "Online", "ann", at=7_000),
        )
        store.record(webhook(create("of another app", 8_000), app="1400000002"), AN_HOUR)
        # THEN
        page = reader.rooms(APP)
        assert [(room.room_id, room.started_at) for room in page.rooms] == [
            ("new", 9_000),
            ("heard of", None),
            ("again", 6_000),
            ("old", 1_000),
        ]
        assert page.next is None
        assert page.rooms[-1].model_dump() == {
            "sdk_app_id": APP,
            "room_id": "old",
            "status": "live",
            "started_at": 1_000,
            "ended_at": None,
            "owner": "ann",
            "info": {"room_name": "an old room"},
        }

    def test_come_in_pages(self, store: Store, reader: Reader) -> None:
        deliver(store, *(create(f"room-{n}", 1_000 * n) for n in range(1, 11)))
        seen = [
            room.room_id
            for page in pages(lambda following: reader.rooms(APP, limit=3, next=following))
            for room in page.rooms
        ]
        assert seen == [f"room-{n}" for n in range(10, 0, -1)]

    def test_are_none_of_an_app_that_has_none(self, reader: Reader) -> None:
        assert reader.rooms(APP) == RoomPage(rooms=[], next=None)


class TestWhereAUserIs:
    def test_is_every_room_that_the_user_is_online_in(self, store: Store, reader: Reader) -> None:
        # GIVEN a user in two rooms, no more in another, and in one that ended
        deliver(
            store,
            create("b", 500, Owner_Account="ann"),
            members("b", "Online", "ann", "bob", cause="HeartbeatRecover"),
            seats("b", seat(1, "ann"), seat(2, "bob")),
            members("a", "Online", "ann"),
            members("left", "Online", "ann"),
            members("left", "Offline", "ann", at=2_000),
            members("ended", "Online", "ann"),
            destroy("ended", 3_000),
            members("another's", "Online", "bob"),
            destroy("just ended", 3_000),
            members("just ended", "Online", "ann", at=4_000),
        )
        # THEN
        assert reader.user(APP, "ann").model_dump() == {
            "user_id": "ann",
            "rooms": [
                {
                    "room_id": "a",
                    "started_at": None,
                    "cause": "Enter",
                    "updated_at": 1_000,
                    "is_owner": False,
                    "is_admin": False,
                    "seats": [],
                },
                {
                    "room_id": "b",
                    "started_at": 500,
                    "cause": "HeartbeatRecover",
                    "updated_at": 1_000,
                    "is_owner": True,
                    "is_admin": False,
                    "seats": [1],
                },
            ],
            "next": None,
        }

    def test_is_nowhere_for_a_user_never_heard_of(self, reader: Reader) -> None:
        assert reader.user(APP, "ann") == UserPage(user_id="ann", rooms=[], next=None)

    def test_comes_in_pages(self, store: Store, reader: Reader) -> None:
        rooms = [f"room-{n:02}" for n in range(30)]
        deliver(store, *(members(room, "Online", "ann") for room in rooms))
        seen = [
            room.room_id
            for page in pages(lambda following: reader.user(APP, "ann", limit=7, next=following))
            for room in page.rooms
        ]
        assert seen == rooms


class TestALog:
    TIMES = (5_000, 1_000, 3_000, 2_000, 4_000)

    @pytest.fixture(autouse=True)
    def log(self, store: Store) -> None:
        deliver(store, *(members("r", "Online", "ann", at=at) for at in self.TIMES))

    @pytest.mark.parametrize("order", ["asc", "desc"])
    @pytest.mark.parametrize("limit", [1, 2, 100])
    def test_is_read_by_time_either_way(self, reader: Reader, order: Order, limit: int) -> None:
        seen = self.times(reader, order=order, limit=limit)
        assert seen == sorted(self.TIMES, reverse=order == "desc")

    @pytest.mark.parametrize("order", ["asc", "desc"])
    @pytest.mark.parametrize("limit", [1, 100])
    def test_is_read_from_a_time_to_before_another(self, reader: Reader, order: Order, limit: int) -> None:
        seen = self.times(reader, order=order, limit=limit, start=2_000, end=4_000)
        assert sorted(seen) == [2_000, 3_000]

    @pytest.mark.parametrize(("start", "end"), [(4_000, 2_000), (3_000, 3_000), (6_000, MAX_INTEGER)])
    def test_has_nothing_where_nothing_can_be(self, reader: Reader, start: int, end: int) -> None:
        assert reader.log(APP, "r", start=start, end=end) == LogPage(records=[], next=None)
        assert list(reader.records(APP, "r", start=start, end=end)) == []

    def test_has_records_as_consumers_get_them(self, reader: Reader) -> None:
        told = [forwarded(record) for record in reader.records(APP, "r")]
        assert reader.log(APP, "r").records == told
        assert [fact.kind for record in told for fact in record.facts] == ["member"] * len(self.TIMES)

    @pytest.mark.parametrize("position", ["", "1", "0" * 54, "\uff19" * 15 + "#" + "0" * 32 + "#00000"])
    def test_has_no_page_at_what_is_no_record(self, reader: Reader, position: str) -> None:
        with pytest.raises(ValueError, match="page"):
            reader.log(APP, "r", next=position)

    @staticmethod
    def times(reader: Reader, **asked: Any) -> list[int]:
        read = pages(lambda following: reader.log(APP, "r", next=following, **asked))
        return [record.occurred_at for page in read for record in page.records]


def test_a_log_is_read_between_two_times_in_order(store: Store, reader: Reader) -> None:
    times: list[Any] = [5_000, 1_000, 3_000, 2_000, 4_000]
    deliver(store, *(members("r", "Online", "ann", at=at) for at in times))
    assert [record.occurred_at for record in reader.records(APP, "r")] == sorted(times)
    between = reader.records(APP, "r", start=2_000, end=4_000)
    assert [record.occurred_at for record in between] == [2_000, 3_000]


def test_rooms_whose_ids_look_alike_stay_apart(store: Store, reader: Reader) -> None:
    names = ["r", "r#", "r#00", "r/1", "r%2F1", "r 1", "r+1", "r:1", "00#r", APP + "#r"]
    deliver(store, *(seats(name, seat(0, f"in {name}")) for name in names))
    deliver(store, *(members(name, "Online", f"in {name}") for name in names))
    assert sorted(room.room_id for room in reader.rooms(APP).rooms) == sorted(names)
    for name in names:
        room = reader.room(APP, name)
        assert room is not None
        assert [seat.user_id for seat in room.seats] == [f"in {name}"]
        assert [member.user_id for member in members_of(reader, name)] == [f"in {name}"]
        assert [room.room_id for room in reader.user(APP, f"in {name}").rooms] == [name]
        assert len(list(reader.records(APP, name))) == 2


class Lagging:
    """A DynamoDB whose eventually consistent reads know nothing yet."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def get_item(self, **asked: Any) -> Any:
        return self._client.get_item(**asked) if asked.get("ConsistentRead") else {}

    def query(self, **asked: Any) -> Any:
        return self._client.query(**asked) if asked.get("ConsistentRead") else {"Items": []}

    def batch_get_item(self, **asked: Any) -> Any:
        [of_table] = asked["RequestItems"].values()
        if of_table.get("ConsistentRead"):
            return self._client.batch_get_item(**asked)
        return {"Responses": {}, "UnprocessedKeys": {}}


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
    assert [room.seats[0].user_id, room.admins[0].user_id] == ["ann", "ann"]
    assert reader.seat(APP, "r", 1) == room.seats[0]
    assert reader.admin(APP, "r", "ann") == room.admins[0]
    assert [member.user_id for member in members_of(reader, "r")] == ["ann"]
    assert len(list(reader.records(APP, "r"))) == 3
    # AND when the room ends, nobody is in it
    deliver(store, destroy("r", at=3_000))
    assert reader.seat(APP, "r", 1) is None
    assert reader.admin(APP, "r", "ann") is None
    assert members_of(reader, "r") == []


@pytest.mark.parametrize("limit", [0, -1])
def test_a_page_of_nothing_is_refused(reader: Reader, limit: int) -> None:
    """It would lead past what it does not show."""
    for read in (
        lambda: reader.rooms(APP, limit=limit),
        lambda: reader.members(APP, "r", limit=limit),
        lambda: reader.members(APP, "r", limit=limit, at=1_000),
        lambda: reader.user(APP, "ann", limit=limit),
        lambda: reader.log(APP, "r", limit=limit),
    ):
        with pytest.raises(ValueError, match="limit"):
            read()
