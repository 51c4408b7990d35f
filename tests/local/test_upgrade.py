"""`make upgrade`: a table from before rooms had lives, as the code of that time left it."""

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from local.aws.embedded import TABLE_NAME
from local.commands.rebuild import main as rebuild
from local.commands.run import everybody
from local.commands.upgrade import main
from roomstate.aws.clients import patient_dynamodb_client
from roomstate.aws.reader import Reader
from roomstate.aws.reads import Reads
from roomstate.aws.store import Store
from roomstate.aws.table import register_key
from roomstate.state.registers import LIFE, ROOM
from roomstate.sweep.stream import Due
from roomstate.sweep.sweeper import Sweeper
from roomstate.tencent.errors import Unavailable
from tests import before_lives
from tests.aws.test_store import Interposed
from tests.before_lives import ROOMS, T, read_now
from tests.copies import assert_same_copies, copies, lose, reading
from tests.payloads import AN_HOUR, APP, create, destroy, members, update, webhook

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ASKED = ["--table", TABLE_NAME]


@pytest.fixture(autouse=True)
def old_table(dynamodb: "DynamoDBClient") -> None:
    before_lives.put(dynamodb, TABLE_NAME)


def rooms(reader: Reader) -> dict[str, dict[str, Any]]:
    """All rooms that are read, with their members, as they were read before."""
    found = {}
    for name in ROOMS:
        room = reader.room(APP, name)
        if room is not None:
            shown = room.model_dump(mode="json", exclude={"member_count", "folded"})
            inside = [member.model_dump(mode="json") for member in everybody(reader, APP, name)]
            found[name] = {**shown, "members": inside}
    return found


def contents(client: "DynamoDBClient") -> list[Any]:
    items = client.scan(TableName=TABLE_NAME)["Items"]
    return sorted(items, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def test_each_room_is_read_as_it_was(
    dynamodb: "DynamoDBClient", reader: Reader, capsys: pytest.CaptureFixture[str]
) -> None:
    # GIVEN rooms that have no lives: nobody has heard of them
    assert rooms(reader) == {}
    # WHEN
    assert main(ASKED) == 0
    # THEN they are read as the old code read them, but for what is meant to be otherwise
    assert rooms(reader) == read_now()
    # AND it said so
    assert capsys.readouterr().out == "8 rooms: 8 lives written. 9 members indexed.\n"
    # AND nothing that was there is gone, or older
    lives = [item for item in contents(dynamodb) if item["sk"]["S"] == LIFE.kind]
    assert len(lives) == 2 * 8
    assert_same_copies(lives)
    now = {(item["pk"]["S"], item["sk"]["S"]): item for item in contents(dynamodb)}
    assert len(now) == len(before_lives.ITEMS) + len(lives)
    for item in before_lives.ITEMS:
        assert item.items() <= now[item["pk"]["S"], item["sk"]["S"]].items()


def test_rooms_and_users_are_listed(reader: Reader) -> None:
    main(ASKED)
    live = {name for name, room in read_now().items() if room["status"] == "live"}
    assert {room.room_id for room in reader.rooms(APP).rooms} == live
    assert [room.room_id for room in reader.user(APP, "ann").rooms] == ["live"]
    assert reader.user(APP, "bob").rooms == []
    assert reader.user(APP, "carl").rooms == []


def test_each_log_is_read_and_its_room_is_what_it_comes_to(reader: Reader) -> None:
    main(ASKED)
    found = [
        (record.room_id, record.event_id, record.outcome)
        for name in (*ROOMS, None)
        for record in reader.records(APP, name)
    ]
    assert found == before_lives.RECORDS
    for name in ROOMS:
        assert rebuild([*ASKED, "--app", APP, "--room", name]) == 0


def test_again_it_writes_nothing(dynamodb: "DynamoDBClient", capsys: pytest.CaptureFixture[str]) -> None:
    main(ASKED)
    once = contents(dynamodb)
    capsys.readouterr()
    assert main(ASKED) == 0
    assert contents(dynamodb) == once
    assert capsys.readouterr().out == "8 rooms: 0 lives written. 0 members indexed.\n"


def test_a_dry_run_writes_nothing(dynamodb: "DynamoDBClient", capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(dynamodb)
    assert main([*ASKED, "--dry-run"]) == 0
    assert contents(dynamodb) == before
    said = "8 rooms: 8 lives to be written. 9 members to be indexed.\n"
    assert capsys.readouterr().out == said


def test_what_came_before_it_is_not_undone(store: Store, reader: Reader) -> None:
    """Webhooks are taken while it has not run yet, and write lives that do not know what was before."""
    # GIVEN one that names a room that began before, one that names a room that had ended, and newer lives
    for payload in (
        update("live", T + 10_000, RoomName="a new name"),
        members("ended", "Offline", "dora", at=T + 10_000),
        create("named by its members", T + 3_600_000),
        destroy("again", T + 3_600_000),
    ):
        store.record(webhook(payload), AN_HOUR)
    # WHEN
    main(ASKED)
    # THEN
    found = rooms(reader)
    assert (found["live"]["started_at"], found["live"]["info"]["room_name"]) == (T, "a new name")
    assert (found["ended"]["status"], found["ended"]["ended_at"]) == ("ended", T + 9_000)
    assert (found["again"]["status"], found["again"]["ended_at"]) == ("ended", T + 3_600_000)
    assert found["named by its members"]["started_at"] == T + 3_600_000
    assert found["named by its members"]["members"] == []


def test_a_room_whose_record_has_expired_keeps_its_beginning(
    dynamodb: "DynamoDBClient", store: Store, reader: Reader
) -> None:
    # GIVEN a room that is older than the log
    for item in before_lives.ITEMS:
        if item["pk"]["S"].startswith("log#"):
            dynamodb.delete_item(TableName=TABLE_NAME, Key={"pk": item["pk"], "sk": item["sk"]})
    # WHEN
    main(ASKED)
    store.record(webhook(update("live", T + 10_000, RoomName="a new name")), AN_HOUR)
    # THEN
    assert rooms(reader)["live"]["started_at"] == T


def test_a_webhook_at_the_same_moment_is_not_undone(
    dynamodb: "DynamoDBClient", store: Store, reader: Reader
) -> None:
    # GIVEN a room that ends between the look at its life and the writing of it
    ends = [webhook(destroy("live", T + 3_600_000))]

    def interfere(**request: Any) -> None:
        if ends and request["TransactItems"][0]["Put"]["Item"]["room_id"]["S"] == "live":
            store.record(ends.pop(), AN_HOUR)

    # WHEN
    client = Interposed(dynamodb, transact_write_items=interfere)
    with patch("local.commands.upgrade.dynamodb_client", lambda: client):
        assert main(ASKED) == 0
    # THEN
    assert not ends
    room = rooms(reader)["live"]
    assert (room["status"], room["started_at"], room["ended_at"]) == ("ended", T, T + 3_600_000)


def test_the_old_function_and_the_new_do_not_overwrite_each_other(dynamodb: "DynamoDBClient") -> None:
    """While functions are exchanged, the old one still writes what it had begun."""
    # GIVEN a room's item that the old function writes between the new one's look and its write
    key = register_key(APP, "live", ROOM).item()
    item = dynamodb.get_item(TableName=TABLE_NAME, Key=key)["Item"]
    by_the_old = {"value": {"S": "free"}, "occurred_at": {"N": "1"}, "event_id": {"S": "0" * 32}}
    fields = {**item["fields"]["M"], "seat_mode": {"M": by_the_old}}
    late: list[Any] = [{**item, "revision": {"S": "another"}, "fields": {"M": fields}}]

    def interfere(**_: Any) -> None:
        if late:
            dynamodb.put_item(TableName=TABLE_NAME, Item=late.pop())

    # WHEN
    client: Any = Interposed(dynamodb, transact_write_items=interfere)
    Store(client, TABLE_NAME, 90).record(webhook(update("live", T + 10_000, RoomName="a new name")), AN_HOUR)
    # THEN what both say is there
    now = dynamodb.get_item(TableName=TABLE_NAME, Key=key)["Item"]["fields"]["M"]
    assert {now[name]["M"]["value"]["S"] for name in ("seat_mode", "room_name")} == {"free", "a new name"}


@pytest.mark.parametrize("lost", [0, 1])
def test_a_life_that_is_written_is_whole(lost: int, dynamodb: "DynamoDBClient", store: Store) -> None:
    # GIVEN a life that does not know what was before, and lacks a copy
    store.record(webhook(update("live", T + 10_000, RoomName="a new name")), AN_HOUR)
    lose(dynamodb, lost, "live")
    # WHEN
    main(ASKED)
    # THEN it has both copies; so has what a webhook names next
    of_room = [item for item in contents(dynamodb) if item.get("room_id") == {"S": "live"}]
    assert_same_copies(of_room)
    store.record(webhook(reading(lost, destroy("live", T + 3_600_000))), AN_HOUR)
    assert_same_copies(contents(dynamodb))


@pytest.mark.parametrize("stale", [0, 1])
def test_copies_that_differ_are_made_one(stale: int, dynamodb: "DynamoDBClient", store: Store) -> None:
    """As code of before there were two leaves them, where it was deployed once more for a while."""
    # GIVEN
    store.record(webhook(create("new", T)), AN_HOUR)
    before = copies(dynamodb, "new")[stale]
    store.record(webhook(destroy("new", T + 3_600_000)), AN_HOUR)
    dynamodb.put_item(TableName=TABLE_NAME, Item=before)
    # WHEN
    main(ASKED)
    # THEN both know the end
    assert_same_copies(contents(dynamodb))
    assert copies(dynamodb, "new")[stale]["ended_at"] == {"N": str(T + 3_600_000)}


def test_what_had_ended_can_be_swept(dynamodb: "DynamoDBClient") -> None:
    main(ASKED)
    assert Sweeper(patient_dynamodb_client(), TABLE_NAME).sweep(Due(APP, "ended"), AN_HOUR) == 4
    left = [
        item for item in contents(dynamodb) if item.get("room_id", {}).get("S") == "ended" and "kind" in item
    ]
    assert [item["sk"]["S"] for item in left] == [LIFE.kind] * 2
    assert all("expires_at" in item for item in left)


def test_what_aws_says_is_told_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--table", "no-such-table"]) == 2
    assert "\nAWS: " in capsys.readouterr().err


def test_so_is_a_table_too_busy_to_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    with patch.object(Reads, "get", side_effect=Unavailable("The table could not be read.")):
        assert main(ASKED) == 2
    assert "\nAWS: The table could not be read." in capsys.readouterr().err
