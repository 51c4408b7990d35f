"""`make replay` and `make rebuild`, on a log that is there: what is forwarded again, and what differs."""

import json
import re
import shlex
import signal
import subprocess
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.events.models import EventsBackend

from local.aws.embedded import TABLE_NAME, empty_table
from local.aws.template import ROOT
from local.commands import rebuild, replay
from roomstate.aws.clients import events_client
from roomstate.aws.reader import Reader
from roomstate.aws.store import Store
from roomstate.aws.table import SHARDS, log_partition, record_key, register_key
from roomstate.log.fold import fold
from roomstate.log.forwarded import forwarded
from roomstate.log.record import LogRecord
from roomstate.state.registers import LIFE, ROOM, Key
from tests.histories import ROOMS, histories
from tests.payloads import (
    AN_HOUR,
    APP,
    Payload,
    admins,
    change_owner,
    create,
    destroy,
    members,
    seat,
    seats,
    set_metadata,
    update,
    webhook,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BUS = "a-bus"
T0 = 1_700_000_000_000
LONG_AGO = 1_600_000_000_000
HOSTILE = "a'b $(c) \x1b[2J#1"

Sent = list[tuple[str, int]]


class Bus:
    """The embedded bus: keeps what it takes, and does what it is told to before it takes a call."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[list[dict[str, Any]]] = []
        self.before: Callable[[], None] = lambda: None
        self.refuses = 0
        self.never = 0
        """How many calls of which the first event is never taken."""
        put_events = EventsBackend.put_events

        def put(backend: EventsBackend, events: list[dict[str, Any]]) -> Any:
            self.before()
            if self.refuses:
                self.refuses -= 1
                return [{"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"} for _ in events]
            if self.never:
                self.never -= 1
                self.calls.append([dict(event) for event in events[1:]])
                first = {"ErrorCode": "MalformedDetail", "ErrorMessage": "no"}
                return [first, *put_events(backend, events[1:])]
            self.calls.append([dict(event) for event in events])
            return put_events(backend, events)

        monkeypatch.setattr(EventsBackend, "put_events", put)

    @property
    def details(self) -> list[Any]:
        return [json.loads(event["Detail"]) for call in self.calls for event in call]

    @property
    def sent(self) -> Sent:
        return [(detail["event_id"], detail["part"]) for detail in self.details]


@pytest.fixture
def bus(dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> Bus:  # noqa: ARG001  in the same AWS
    events_client().create_event_bus(Name=BUS)
    monkeypatch.setattr(replay, "PAUSES_S", (0, 0, 0))
    # A client takes longer to make than a history to replay.
    monkeypatch.setattr(replay, "aws_client", cache(replay.aws_client))
    monkeypatch.setenv("COLUMNS", "250")
    return Bus(monkeypatch)


def deliver(store: Store, *payloads: Payload | bytes, **how: Any) -> None:
    for payload in payloads:
        store.record(webhook(payload, **how), AN_HOUR)


def run(*arguments: str) -> int:
    return replay.main(["--table", TABLE_NAME, "--bus", BUS, "--app", APP, *arguments])


def compare(room: str = "r") -> int:
    return rebuild.main(["--table", TABLE_NAME, "--app", APP, f"--room={room}"])


def names(records: list[LogRecord]) -> Sent:
    return [(record.event_id, record.part) for record in records]


def log(reader: Reader, room: str | None, **between: int) -> Sent:
    return names(list(reader.records(APP, room, **between)))


def enter(room: str, count: int) -> list[Payload]:
    """That so many members come into a room, a millisecond apart, the last of them first."""
    return [members(room, "Online", f"user-{n}", at=T0 + n) for n in reversed(range(count))]


# --- replay: what is forwarded --------------------------------------------------------------------


@settings(max_examples=25)
@given(history=histories, room=st.sampled_from(ROOMS))
def test_the_replay_of_a_room_is_its_log(
    bus: Bus, store: Store, reader: Reader, history: list[Payload], room: str
) -> None:
    # GIVEN any history
    empty_table()
    bus.calls.clear()
    deliver(store, *history)
    # WHEN a room's log is forwarded again
    assert run("--room", room) == 0
    # THEN it is all of the log, as it is and in its order, in as few calls as there can be
    records = list(reader.records(APP, room))
    assert bus.details == [forwarded(record).model_dump(mode="json") for record in records]
    assert len(bus.calls) == -(-len(records) // 10)


def test_a_webhook_of_many_parts_is_forwarded_part_by_part(bus: Bus, store: Store) -> None:
    deliver(store, members("r", "Online", *(f"user-{n}" for n in range(250)), at=T0))
    assert run("--room", "r") == 0
    assert [part for _, part in bus.sent] == [0, 1, 2]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (f"{T0 + 3}", f"{T0 + 7}"),
        ("2023-11-14T22:13:20.003Z", "2023-11-14T22:13:20.007"),
        ("2023-11-15T00:13:20.003+02:00", "2023-11-14T22:13:20.007+00:00"),
    ],
)
def test_from_a_time_to_before_another(bus: Bus, store: Store, reader: Reader, start: str, end: str) -> None:
    deliver(store, *enter("r", 10))
    assert run("--room", "r", "--from", start, "--to", end) == 0
    assert bus.sent == log(reader, "r", start=T0 + 3, end=T0 + 7)
    assert len(bus.sent) == 4


def test_the_records_that_concern_no_room(bus: Bus, store: Store, reader: Reader) -> None:
    deliver(store, seats("r", seat(1, "ann"), at=T0), b"not JSON", {"CallbackCommand": "New.Command"})
    assert run("--no-room") == 0
    assert bus.sent == log(reader, None)
    assert len(bus.sent) == 2


def test_all_rooms_of_an_app_by_occurred_at(
    bus: Bus, store: Store, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN rooms, records of no room, another app, and a table that is read in many pieces
    monkeypatch.setattr(replay, "GET_KEYS", 7)
    deliver(store, *enter("r", 9), *enter("r#1", 9), {"CallbackCommand": "New.Command", "EventTime": T0 + 4})
    deliver(store, *enter("r", 3), app=f"{APP}0")
    # WHEN a time is asked for
    assert run("--from", f"{T0 + 2}", "--to", f"{T0 + 8}") == 0
    # THEN it is what all logs of the app have of it
    logs = [record for room in ("r", "r#1", None) for record in reader.records(APP, room)]
    wanted = [record for record in logs if T0 + 2 <= record.occurred_at < T0 + 8]
    assert bus.sent == names(sorted(wanted, key=lambda record: record_key(record).sk))
    assert len(bus.sent) == 13


def test_keys_that_dynamodb_leaves_for_later_are_asked_for_again(
    dynamodb: "DynamoDBClient", bus: Bus, store: Store, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN a DynamoDB that answers one key at a time, and at first none
    deliver(store, *enter("r", 5))
    batch_get_item: Any = dynamodb.batch_get_item
    spared: list[int] = []

    def spare(RequestItems: Any) -> Any:
        asked = RequestItems[TABLE_NAME]
        first, rest = asked["Keys"][: len(spared) and 1], asked["Keys"][len(spared) and 1 :]
        spared.append(len(rest))
        answer: Any = {"Responses": {}}
        if first:
            answer = batch_get_item(RequestItems={TABLE_NAME: {**asked, "Keys": first}})
        return {**answer, "UnprocessedKeys": {TABLE_NAME: {**asked, "Keys": rest}} if rest else {}}

    monkeypatch.setattr(dynamodb, "batch_get_item", spare)
    monkeypatch.setattr(replay, "dynamodb_client", lambda: dynamodb)
    # WHEN all rooms are replayed
    assert run("--from", f"{T0}") == 0
    # THEN nothing is missing
    assert spared == [5, 4, 3, 2, 1, 0]
    assert bus.sent == log(reader, "r")


# --- replay: what is printed ----------------------------------------------------------------------


def test_a_dry_run_prints_and_sends_nothing(
    bus: Bus, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(store, seats(HOSTILE, seat(1, "ann"), at=T0), seats(HOSTILE, seat(1, "bob"), at=T0 - 1))
    assert run("--room", HOSTILE, "--dry-run") == 0
    shown = capsys.readouterr()
    later, earlier = (
        webhook(seats(HOSTILE, seat(1, who), at=at)) for who, at in (("ann", T0), ("bob", T0 - 1))
    )
    command = "'Mic.CallbackAfterSeatInfoChanged'"
    assert shown.out.splitlines() == [
        f"2023-11-14T22:13:19.999Z {earlier.event_id} 0 stale {command} of {HOSTILE!r}",
        f"2023-11-14T22:13:20.000Z {later.event_id} 0 applied {command} of {HOSTILE!r} seat.occupied",
    ]
    assert "\x1b" not in shown.out
    assert "2 records to be forwarded" in shown.err
    assert bus.calls == []


def test_a_dry_run_in_json_is_what_would_be_sent(
    bus: Bus, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(store, *enter("r", 12))
    arguments = ["--table", TABLE_NAME, "--app", APP, "--from", f"{T0}", "--dry-run", "--json"]
    assert replay.main(arguments) == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert bus.calls == []
    assert run("--room", "r") == 0
    assert printed == bus.details


def test_an_occurred_at_beyond_the_calendar_is_shown_as_it_is() -> None:
    assert replay.iso(999_999_999_999_999) == "999999999999999"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--room", ""], "is empty; --no-room"),
        (["--room", "r", "--no-room"], "not allowed with argument"),
        ([], "--from is missing"),
        (["--to", f"{T0}"], "--from is missing"),
        (["--room", "r", "--json"], "--json is for --dry-run"),
        (["--room", "r", "--from", "1700000000"], "neither ISO 8601 nor 12 to 15 digits of ms"),
        (["--room", "r", "--from", "yesterday"], "neither ISO 8601 nor 12 to 15 digits of ms"),
        (["--room", "r", "--from", "1950-01-01"], "neither ISO 8601 nor 12 to 15 digits of ms"),
        (["--room", "r", "--from", f"{T0}", "--to", f"{T0}"], "--to is not later"),
        (["--room", "r", "--after", "here"], "not what a replay that was stopped has printed"),
    ],
)
def test_refuses_what_makes_no_sense(
    arguments: list[str], why: str, bus: Bus, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(*arguments)
    assert why in capsys.readouterr().err
    assert bus.calls == []


def test_wants_a_bus_unless_it_only_prints(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        replay.main(["--table", TABLE_NAME, "--app", APP, "--room", "r"])
    assert "--bus is missing" in capsys.readouterr().err


# --- replay: stopped and taken up again -----------------------------------------------------------


def cursor(shown: str) -> list[str]:
    """The arguments that a replay said to go on with."""
    (said,) = re.findall("^Go on with (.*)$", shown, re.MULTILINE)
    return shlex.split(said)


@pytest.mark.parametrize(
    ("which", "calls"),
    [(which, calls) for which in (["--room", "r"], ["--from", f"{T0}"]) for calls in (1, 2)],
)
def test_stopped_and_taken_up_again_forwards_each_once(
    *,
    which: list[str],
    calls: int,
    bus: Bus,
    store: Store,
    reader: Reader,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # GIVEN a log of three calls' worth, and a Ctrl-C during one of them
    deliver(store, *enter("r", 25))
    handler = signal.getsignal(signal.SIGINT)
    bus.before = lambda: signal.raise_signal(signal.SIGINT) if len(bus.calls) == calls - 1 else None
    # WHEN it runs
    assert run(*which) == 130
    # THEN that call is the last, and it says so
    shown = capsys.readouterr().err
    assert f"Stopped: {calls * 10} records forwarded to {BUS}" in shown
    assert bus.sent == log(reader, "r")[: calls * 10]
    assert signal.getsignal(signal.SIGINT) is handler
    # AND what is left is forwarded once it is taken up again
    bus.before = lambda: None
    assert run(*which, *cursor(shown)) == 0
    assert bus.sent == log(reader, "r")


def test_a_second_ctrl_c_ends_it_at_once(
    bus: Bus, store: Store, reader: Reader, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(store, *enter("r", 25))

    def twice() -> None:
        if len(bus.calls) == 1:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    bus.before = twice
    assert run("--room", "r") == 130
    assert bus.sent == log(reader, "r")[:10]
    bus.before = lambda: None
    assert run("--room", "r", *cursor(capsys.readouterr().err)) == 0
    assert bus.sent == log(reader, "r")


def test_a_throttled_batch_is_tried_again(
    bus: Bus, store: Store, reader: Reader, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(store, *enter("r", 15))
    bus.refuses = 7  # more than the forwarder itself tries
    assert run("--room", "r") == 0
    assert bus.sent == log(reader, "r")
    assert "EventBridge: ThrottlingException" in capsys.readouterr().err


def test_an_event_that_is_never_taken_is_told_of_and_passed_over(
    bus: Bus, store: Store, reader: Reader, capsys: pytest.CaptureFixture[str]
) -> None:
    # GIVEN twelve records, of which EventBridge never takes the first
    deliver(store, *enter("r", 12))
    bus.never = 1
    # THEN the others are forwarded, each once
    assert run("--room", "r") == 0
    assert bus.sent == log(reader, "r")[1:]
    # AND it says what was not
    shown = capsys.readouterr().err
    assert "would never take" in shown
    assert "MalformedDetail" in shown
    assert "2023-11-14T22:13:20.000Z" in shown


def test_a_bus_that_takes_nothing_more_ends_it_and_it_can_be_taken_up_again(
    bus: Bus, store: Store, reader: Reader, capsys: pytest.CaptureFixture[str]
) -> None:
    # GIVEN a bus that takes one call and then none
    deliver(store, *enter("r", 15))

    def refuse() -> None:
        bus.refuses = len(bus.calls)

    bus.before = refuse
    # WHEN it runs
    assert run("--room", "r") == 1
    # THEN it says what EventBridge said, and where it was
    shown = capsys.readouterr().err
    assert "EventBridge does not take them: " in shown
    assert "Stopped: 10 records" in shown
    bus.before, bus.refuses = lambda: None, 0
    assert run("--room", "r", *cursor(shown)) == 0
    assert bus.sent == log(reader, "r")


@pytest.mark.parametrize("main", [replay.main, rebuild.main])
def test_what_aws_says_is_one_line(main: Any, bus: Bus, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--table", "none", "--app", APP, "--room", "r", *(["--bus", BUS] * (main is replay.main))])
    assert code == (1 if main is replay.main else 2)
    shown = capsys.readouterr().err
    assert "AWS: An error occurred (ResourceNotFoundException)" in shown
    assert "Traceback" not in shown
    assert bus.calls == []


# --- make -----------------------------------------------------------------------------------------


def test_make_hands_a_room_over_as_it_is(tmp_path: Any) -> None:
    # GIVEN a room's id that make and the shell would both act upon
    room = f"it's $(shell touch {tmp_path}/by-make) `touch {tmp_path}/by-shell` $HOME, #1"
    made = tmp_path / "venv"
    (made / "bin").mkdir(parents=True)
    python = made / "bin" / "python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    (made / "ready").touch()
    # WHEN the targets are made with it
    for target in ("replay", "rebuild", "sweep"):
        command = ["make", "--silent", target, f"VENV={made}", "TABLE=t", "APP=1", f"ROOM={room}"]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        # THEN it arrives
        assert ran.stdout.splitlines() == [
            "-m",
            f"local.commands.{target}",
            "--table=t",
            "--app=1",
            f"--room={room}",
        ]
    assert [path.name for path in tmp_path.iterdir()] == ["venv"]


# --- rebuild --------------------------------------------------------------------------------------


A_ROOM = [
    create("r", T0, RoomName="a room", MaxSeatCount=12, Owner_Account="ann"),
    seats("r", seat(10, "bob", Audio=True), seat(9), at=T0 + 1),
    admins("r", "add", "zoe", "ann", at=T0 + 2),
    members("r", "Online", "ann", "bob", at=T0 + 3),
    members("r", "Offline", "bob", at=T0 + 4, cause="Leave"),
    set_metadata("r", T0 + 5, key="value"),
    update("r", T0 + 6, RoomName="another"),
]


def tamper(dynamodb: "DynamoDBClient", key: Key, attribute: str, value: Any) -> None:
    """Change an attribute; `#` is before the names that DynamoDB reserves."""
    reserved = {name: name[1:] for name in attribute.split(".") if name.startswith("#")}
    update: dict[str, Any] = {"ExpressionAttributeNames": reserved} if reserved else {}
    dynamodb.update_item(
        TableName=TABLE_NAME,
        Key=register_key(APP, "r", key).item(),
        UpdateExpression=f"SET {attribute} = :value",
        ExpressionAttributeValues={":value": value},
        **update,
    )


def expire(dynamodb: "DynamoDBClient", *payloads: Payload) -> None:
    """Drop the records of webhooks of the room "r", as TTL does."""
    expired = {webhook(payload).event_id for payload in payloads}
    for shard in range(SHARDS):
        answer = dynamodb.query(
            TableName=TABLE_NAME,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": log_partition(APP, "r", shard)}},
        )
        for item in answer["Items"]:
            if item["event_id"]["S"] in expired:
                dynamodb.delete_item(TableName=TABLE_NAME, Key={"pk": item["pk"], "sk": item["sk"]})


def drop(dynamodb: "DynamoDBClient", key: Key) -> None:
    dynamodb.delete_item(TableName=TABLE_NAME, Key=register_key(APP, "r", key).item())


def rows(shown: str) -> dict[str, tuple[str, str]]:
    """The first line of each row of a table: the register, in the table, from the log."""
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines() if "│" in line]
    return {row[0]: (row[1], row[2]) for row in cells if row[0]}


@settings(max_examples=25)
@given(history=histories, data=st.data())
def test_registers_are_what_the_log_says(
    bus: Bus,  # noqa: ARG001  for its patience
    store: Store,
    reader: Reader,
    history: list[Payload],
    data: st.DataObject,
) -> None:
    empty_table()
    deliver(store, *data.draw(st.permutations(history)))
    room = data.draw(st.sampled_from(ROOMS))
    assert compare(room) == (0 if log(reader, room) else 2)


def test_an_equal_room_has_no_table(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    deliver(store, *reversed(A_ROOM))
    assert compare() == 0
    # Four of the room itself, two seats, two administrators, two members, one of metadata.
    wanted = "11 values in the table, 7 webhooks in the log: 0 different, 0 older than the log\n"
    assert capsys.readouterr().out == wanted


@pytest.mark.parametrize(
    ("key", "attribute", "value", "label", "shown"),
    [
        (Key("seat", 10), "user_id", {"S": "eve"}, "seat 10", ("user_id 'eve'", "user_id 'bob'")),
        (Key("admin", "zoe"), "present", {"BOOL": False}, "admin 'zoe'", ("present False", "present True")),
        (Key("member", "bob"), "#online", {"BOOL": True}, "member 'bob'", ("online True", "online False")),
        (Key("metadata", "key"), "#value", {"S": "\x1b[2J"}, "metadata 'key'", (r"'\x1b[2J'", "'value'")),
        (LIFE, "started_at", {"N": "1"}, "room started_at", ("1", f"{T0}")),
        (ROOM, "#fields.room_name.#value", {"S": "mine"}, "room room_name", ("'mine'", "'another'")),
    ],
)
def test_a_register_that_was_tampered_with_is_named(
    *,
    key: Key,
    attribute: str,
    value: Any,
    label: str,
    shown: tuple[str, str],
    dynamodb: "DynamoDBClient",
    bus: Bus,  # noqa: ARG001  for its width
    store: Store,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # GIVEN a room of which somebody changed a register
    deliver(store, *A_ROOM)
    tamper(dynamodb, key, attribute, value)
    # THEN that register alone is named, with both of what it says
    assert compare() == 1
    out = capsys.readouterr().out
    [(name, (in_table, from_log))] = list(rows(out).items())[-1:]
    assert name == label
    assert shown[0] in in_table
    assert shown[1] in from_log
    assert "1 different, 0 older" in out
    assert "\x1b" not in out


def test_a_register_that_is_gone_or_came_from_nowhere_is_different(
    dynamodb: "DynamoDBClient",
    bus: Bus,  # noqa: ARG001  for its width
    store: Store,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # GIVEN a seat that is gone, and one that says an event before the one in the log
    deliver(store, *A_ROOM)
    drop(dynamodb, Key("seat", 10))
    tamper(dynamodb, Key("seat", 9), "event_id", {"S": "0" * 32})
    tamper(dynamodb, Key("seat", 9), "occurred_at", {"N": "1"})
    # THEN no log was too short for that
    assert compare() == 1
    out = capsys.readouterr().out
    assert rows(out)["seat 10"][0] == "nothing"
    assert "seat 9" in rows(out)
    assert "2 different, 0 older" in out


def test_what_the_log_has_no_more_is_older_than_the_log(
    dynamodb: "DynamoDBClient",
    bus: Bus,  # noqa: ARG001  for its width
    store: Store,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # GIVEN a room that was made and seated before what the log still has, and ended twice
    again, ended = seats("r", seat(9, "cy"), at=T0 + 7), destroy("r", T0 - 5)
    deliver(store, ended, *A_ROOM, again)
    expire(dynamodb, ended, *A_ROOM[:2])
    # WHEN it is rebuilt
    assert compare() == 0
    # THEN what these wrote, and nobody after them, is named so
    older = rows(capsys.readouterr().out)
    assert {name for name, (_, from_log) in older.items() if from_log == "older than the log"} == {
        "room ended_at",
        "room max_seat_count",
        "room owner",
        "room started_at",
        "seat 10",
    }
    # AND a difference beside them is one
    tamper(dynamodb, Key("seat", 9), "locked", {"BOOL": True})
    assert compare() == 1
    assert "1 different, 5 older" in capsys.readouterr().out


def test_a_log_that_has_an_earlier_word_only_is_older_than_the_register(
    dynamodb: "DynamoDBClient", store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    late = change_owner("r", "zoe", T0 + 9)
    deliver(store, late, *A_ROOM)
    expire(dynamodb, late)
    assert compare() == 0
    assert "0 different, 1 older" in capsys.readouterr().out


def test_a_tombstone_that_has_expired_is_no_difference(
    dynamodb: "DynamoDBClient", store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    # GIVEN two tombstones that are gone: the time of one has come, that of the other has not
    deliver(store, admins("r", "delete", "ann", at=LONG_AGO), received_at=LONG_AGO)
    deliver(store, seats("r", seat(1, "ann"), at=T0))
    drop(dynamodb, Key("admin", "ann"))
    assert compare() == 0
    # WHEN one is gone that should be there
    deliver(store, admins("r", "delete", "bob", at=T0))
    drop(dynamodb, Key("admin", "bob"))
    # THEN it is the only difference
    assert compare() == 1
    assert "1 different, 0 older" in capsys.readouterr().out


def test_what_changes_while_the_log_is_read_is_no_difference(
    dynamodb: "DynamoDBClient", store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN a room in which somebody sits down before and after the log is read
    deliver(store, *A_ROOM)

    def meanwhile(records: Any) -> Any:
        deliver(store, seats("r", seat(9, "cy"), at=T0 + 7))
        folded = fold(list(records))
        deliver(store, seats("r", seat(10), seat(11, "di"), at=T0 + 8))
        return folded

    monkeypatch.setattr(rebuild, "fold", meanwhile)
    # THEN neither is a difference
    assert compare() == 0
    # AND a register that somebody spoilt is
    tamper(dynamodb, Key("admin", "ann"), "present", {"BOOL": False})
    assert compare() == 1


def test_a_room_that_nobody_knows_is_not_equal(
    dynamodb: "DynamoDBClient",  # noqa: ARG001  its table
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert compare("none") == 2
    assert f"App {APP!r} has no room 'none'" in capsys.readouterr().out


def test_rebuild_can_be_stopped(
    dynamodb: "DynamoDBClient",  # noqa: ARG001  its table
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(rebuild, "fold", interrupted)
    assert compare() == 130
