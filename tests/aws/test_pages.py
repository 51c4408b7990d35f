"""Large lists in the table: what their pages hold, and what they read."""

import random
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from local.aws.embedded import TABLE_NAME, fill_table
from roomstate.aws import members as counting
from roomstate.aws import reads as reading
from roomstate.aws.items import record_item, register_item
from roomstate.aws.marshal import Item
from roomstate.aws.pages import MAX_PAGE_BYTES, weigh
from roomstate.aws.reader import Reader
from roomstate.aws.reads import TooMany
from roomstate.aws.store import Store
from roomstate.log.record import log_record
from roomstate.state.life import Life
from roomstate.state.registers import (
    LIFE,
    ROOM,
    AnyRegister,
    Field,
    Key,
    Member,
    Register,
    RoomRegister,
    Seat,
    Version,
)
from tests.payloads import AN_HOUR, APP, create, destroy, members, webhook
from tests.reading import members_of, pages

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MEMBERS, ROOMS = 10_000, 1_000
EVENT = "e" * 32


@pytest.fixture
def read(dynamodb: "DynamoDBClient") -> Iterator[Counter[str]]:
    """Calls by name, and the items that were looked at."""
    counted: Counter[str] = Counter()

    def count(model: Any, parsed: Any, **_: Any) -> None:
        counted[model.name] += 1
        counted["items"] += parsed.get("ScannedCount", 0)
        counted["items"] += sum(map(len, parsed.get("Responses", {}).values()))

    dynamodb.meta.events.register("after-call.dynamodb", count)
    yield counted
    dynamodb.meta.events.unregister("after-call.dynamodb", count)


def put(room_id: str, registers: dict[Key, AnyRegister]) -> None:
    fill_table(held(room_id, registers))


def held(room_id: str, registers: dict[Key, AnyRegister]) -> Iterator[Item]:
    for key, register in registers.items():
        yield register_item(APP, room_id, key, register, writer=EVENT, received_at=0)


def online(*users: str, at: int = 2_000, cause: str | None = None) -> dict[Key, AnyRegister]:
    return {Key("member", user): Register(Version(at, EVENT), Member(True, cause)) for user in users}


def offline(*users: str, at: int = 2_000) -> dict[Key, AnyRegister]:
    return {Key("member", user): Register(Version(at, EVENT), Member(False)) for user in users}


class TestMembers:
    USERS = tuple(f"user-{n}" for n in range(MEMBERS))

    @pytest.fixture(autouse=True)
    def room(self, dynamodb: "DynamoDBClient") -> None:  # noqa: ARG002  the table
        put("r", {LIFE: Life(500, 1_000), **online(*self.USERS)})

    def test_are_all_there_once_whoever_comes_and_goes(self, reader: Reader, store: Store) -> None:
        # WHEN they are read while others come and go
        chance, seen, gone = random.Random(1), list[str](), set[str]()
        for page in pages(lambda following: reader.members(APP, "r", limit=777, next=following)):
            assert page is not None
            seen.extend(member.user_id for member in page.members)
            going = chance.sample(self.USERS, 2)
            gone.update(going)
            store.record(webhook(members("r", "Offline", *going, at=3_000)), AN_HOUR)
            store.record(webhook(members("r", "Online", f"new-{chance.random()}", at=3_000)), AN_HOUR)
        # THEN nobody who stayed is missing or doubled
        assert seen == sorted(set(seen))
        assert set(self.USERS) - gone <= set(seen)

    def test_a_page_reads_about_what_it_returns(self, reader: Reader, read: Counter[str]) -> None:
        for limit, most in ((1, 100), (100, 400), (1_000, 4_000)):
            asked = partial(reader.members, APP, "r", limit=limit)
            for page in islice(pages(lambda following, asked=asked: asked(next=following)), 3):  # type: ignore[misc]
                assert page is not None
                assert len(page.members) == limit
                assert read["items"] <= most
                read.clear()

    def test_a_page_reads_no_more_of_a_room_that_lived_many_times(
        self, reader: Reader, read: Counter[str]
    ) -> None:
        # GIVEN thousands who left, and thousands that an earlier life has left behind
        put("r", offline(*(f"usea-{n}" for n in range(3_000))))
        put("r", online(*(f"useb-{n}" for n in range(3_000)), at=-20_000))
        # THEN no page reads more, and those that hold nobody lead to those that do
        shown = 0
        for page in pages(lambda following: reader.members(APP, "r", limit=100, next=following)):
            assert page is not None
            assert read["items"] <= 401
            read.clear()
            shown += len(page.members)
            if shown:
                break
        assert 0 < shown <= 100

    def test_are_counted_without_being_shown(self, reader: Reader, read: Counter[str]) -> None:
        put("r", offline("user-1", "user-2"))
        room = reader.room(APP, "r", count_members=True)
        assert room is not None
        assert room.member_count == MEMBERS - 2
        assert read.keys() == {"Query", "items"}

    def test_are_not_read_with_their_room(self, reader: Reader, read: Counter[str]) -> None:
        assert reader.room(APP, "r") is not None
        assert read == {"Query": 1, "items": 1}

    def test_too_many_are_not_counted(self, reader: Reader) -> None:
        with patch.object(counting, "MAX_COUNTED", MEMBERS // 2), pytest.raises(TooMany, match="counted"):
            reader.room(APP, "r", count_members=True)


def test_members_of_many_words_are_cut_by_their_bytes(reader: Reader) -> None:
    # GIVEN members of whom a page of a thousand would have more than 5 MB
    cause = '\x00"' * 2_000
    put("r", {LIFE: Life(500), **online(*(f"user-{n:03}" for n in range(900)), cause=cause)})
    # THEN each page is small enough, and together they are all
    seen = 0
    for page in pages(lambda following: reader.members(APP, "r", limit=1_000, next=following)):
        assert page is not None
        assert weigh(page.model_dump_json().encode()) <= MAX_PAGE_BYTES + 1_000
        assert page.members
        seen += len(page.members)
    assert seen == 900


class TestRooms:
    @pytest.fixture(autouse=True)
    def rooms(self, dynamodb: "DynamoDBClient") -> None:  # noqa: ARG002  the table
        name = Field(Version(1_000, EVENT), "a room")
        for n in range(ROOMS):
            put(f"room {n}/#", {LIFE: Life(n, 1_000 + n % 100), ROOM: RoomRegister({"room_name": name})})

    @pytest.mark.parametrize("limit", [17, 100])
    def test_are_all_there_once_the_newest_first(self, reader: Reader, limit: int) -> None:
        seen = [
            (room.started_at, room.room_id)
            for page in pages(lambda following: reader.rooms(APP, limit=limit, next=following))
            for room in page.rooms
        ]
        expected = ((1_000 + n % 100, f"room {n}/#") for n in range(ROOMS))
        assert seen == sorted(expected, reverse=True)

    def test_that_end_meanwhile_are_passed_over_and_no_other_is(self, reader: Reader, store: Store) -> None:
        seen: list[str] = []
        ended: set[str] = set()
        for number, page in enumerate(pages(lambda following: reader.rooms(APP, limit=100, next=following))):
            seen.extend(room.room_id for room in page.rooms)
            ended |= {f"room {number}/#", f"room {999 - number}/#"}
            for room in (f"room {number}/#", f"room {999 - number}/#"):
                store.record(webhook(destroy(room, at=5_000)), AN_HOUR)
            store.record(webhook(create(f"new {number}", at=6_000)), AN_HOUR)
        assert len(seen) == len(set(seen))
        assert {f"room {n}/#" for n in range(ROOMS)} - ended <= set(seen)

    def test_a_page_reads_one_page_of_the_index_and_two_batches(
        self, reader: Reader, read: Counter[str]
    ) -> None:
        page = reader.rooms(APP, limit=100)
        assert len(page.rooms) == 100
        assert (read["Query"], read["BatchGetItem"]) == (4, 2)
        assert read["items"] <= 400

    def test_what_the_index_still_lists_is_not_shown_once_it_has_ended(
        self, dynamodb: "DynamoDBClient", reader: Reader
    ) -> None:
        # GIVEN an index that lags: what it has of an ended room is as it was
        life = next(held("room 0/#", {LIFE: Life(0, 1_000, 9_000)}))
        life |= {"live_app": {"S": f"{APP}#00"}, "live_since": {"S": "000000000009999#room 0/#"}}
        dynamodb.put_item(TableName=TABLE_NAME, Item=life)
        # THEN
        page = reader.rooms(APP, limit=5)
        assert [room.status for room in page.rooms] == ["live"] * len(page.rooms)
        assert "room 0/#" not in [room.room_id for room in page.rooms]


class TestARoomOfTooMuch:
    @pytest.fixture(autouse=True)
    def room(self, dynamodb: "DynamoDBClient") -> None:  # noqa: ARG002  the table
        seats = {Key("seat", n): Register(Version(1_000, EVENT), Seat("ann")) for n in range(12_000)}
        put("r", {LIFE: Life(500), **online("ann"), **seats})

    def test_is_not_read(self, reader: Reader) -> None:
        with patch.object(reading, "MAX_MEGABYTES", 1), pytest.raises(TooMany, match="1 MB"):
            reader.room(APP, "r")

    def test_nor_for_its_users(self, reader: Reader) -> None:
        for read in (lambda: reader.member(APP, "r", "ann"), lambda: reader.user(APP, "ann")):
            with patch.object(reading, "MAX_MEGABYTES", 1), pytest.raises(TooMany, match="1 MB"):
                read()


def test_rooms_of_many_words_are_cut_by_their_bytes(reader: Reader) -> None:
    field = Field(Version(1_000, EVENT), '"' * 4_000)
    info = RoomRegister({f"field_{n}": field for n in range(10)})
    for n in range(90):
        put(f"r{n}", {LIFE: Life(1_000 + n, 1_000 + n), ROOM: info})
    seen: list[str] = []
    for page in pages(lambda following: reader.rooms(APP, limit=100, next=following)):
        assert weigh(page.model_dump_json().encode()) <= MAX_PAGE_BYTES + 1_000
        seen.extend(room.room_id for room in page.rooms)
    assert seen == [f"r{n}" for n in reversed(range(90))]


class TestWhereAUserIs:
    def test_is_a_few_batches_for_many_rooms(self, reader: Reader, read: Counter[str]) -> None:
        rooms = [f"room-{n:03}" for n in range(250)]
        for room in rooms:
            put(room, {LIFE: Life(500), **online("bot")})
        page = reader.user(APP, "bot", limit=100)
        assert [room.room_id for room in page.rooms] == rooms[:100]
        assert (read["BatchGetItem"], read["Query"]) == (4, 101)

    def test_is_checked_against_what_is(self, dynamodb: "DynamoDBClient", reader: Reader) -> None:
        # GIVEN a user that an earlier life of a room left behind, and one whom the index lists still
        put("lived before", {LIFE: Life(500, 50_000), **online("ann")})
        left = next(held("left", offline("ann")))
        dynamodb.put_item(TableName=TABLE_NAME, Item=left | {"online_user": {"S": f"{APP}#ann"}})
        put("left", {LIFE: Life(500)})
        put("no life", online("ann"))
        # THEN
        assert [room.room_id for room in reader.user(APP, "ann").rooms] == []


class TestALogOfLargeBodies:
    def test_is_cut_by_its_bytes(self, reader: Reader, read: Counter[str]) -> None:
        # GIVEN bodies of nearly 256 KiB
        records = []
        for n in range(60):
            payload = members("r", "Online", "ann", at=1_000 + n) | {"More": '"' * 120_000}
            records.append(log_record(webhook(payload), 0, (), won=True, expires_at=2_000_000_000))
        fill_table(record_item(record) for record in records)
        # THEN each page is small enough, and together they are all
        seen: list[int] = []
        for page in pages(lambda following: reader.log(APP, "r", limit=200, next=following)):
            assert weigh(page.model_dump_json().encode()) <= MAX_PAGE_BYTES + 1_000
            assert page.records
            seen.extend(record.occurred_at for record in page.records)
        assert seen == [1_000 + n for n in range(60)]
        assert read["items"] <= 60 * 5


def test_whoever_is_in_a_room_of_no_life_is_not_shown(reader: Reader) -> None:
    put("r", online("ann"))
    assert reader.members(APP, "r") is None
    put("r", {LIFE: Life(500)})
    assert [member.user_id for member in members_of(reader, "r")] == ["ann"]
