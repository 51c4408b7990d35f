"""The catalogue: the table of docs/commands.md, the models and the samples, each held against the others."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Any, get_args

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from pydantic import BaseModel

from local.aws.embedded import TABLE_NAME, embedded_dynamodb, empty_table
from local.aws.gateway import Context
from local.aws.template import ROOT
from local.tencent import payload, samples
from roomstate.aws.items import read_record, register_item
from roomstate.aws.reader import Reader
from roomstate.log.record import LogRecord
from roomstate.state.changes import Change
from roomstate.state.registers import Key, Member, Register, Version
from roomstate.tencent.catalogue.base import Command, ObservedCommand
from roomstate.tencent.decode import MAX_AHEAD_MS, decode
from roomstate.tencent.delivery import MAX_BODY_BYTES, Delivery
from tests.commands import COMMANDS, MODELS
from tests.payloads import (
    APP,
    NOW,
    Payload,
    admins,
    body,
    create,
    destroy,
    event,
    members,
    seat,
    seats,
    update,
)
from tests.reading import members_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SAMPLES = samples()
BODIES: dict[str, Payload] = {name: json.loads(payload(event)) for name, event in SAMPLES.items()}
OK = (200, {"ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": 0})
UNREADABLE = (400, "FAIL")


# --- The table


@dataclass(frozen=True)
class Row:
    """What docs/commands.md says of a command."""

    names: tuple[str, ...]
    blocking: bool
    pages: set[str]
    rooms: list[str]
    times: list[tuple[str, str]]
    """Where the time is: a field, and its unit if it is not ms."""
    changes: set[str]
    recorded: list[str]
    """As which outcome: with all of its fields, and with the required ones alone."""


def table() -> Iterator[Row]:
    for line in (ROOT / "docs/commands.md").read_text().splitlines():
        if line.startswith("| `"):
            command, page, room, time, changes, recorded = line.strip("| ").split(" | ")
            outcomes = re.findall(r"`(\w+)`", recorded)
            yield Row(
                names=tuple(re.findall(r"`([\w.]+)`", command)),
                blocking=command.endswith("(blocking)"),
                pages=set(page.split(", ")),
                rooms=re.findall(r"`([\w.\[\]]+)`", room),
                times=re.findall(r"`([\w.]+)`(?: \((s)\))?", time),
                changes=set(re.findall(r"`([a-z_]+\.[a-z_]+)`", changes)),
                recorded=[outcomes[0], outcomes[-1]],
            )


ROWS = {row.names[0]: row for row in table()}
by_row = pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
OBSERVED = {
    name: sample
    for name, sample in BODIES.items()
    if issubclass(COMMANDS.get(sample["CallbackCommand"], Command), ObservedCommand)
}
BLOCKING = [row.names[0] for row in ROWS.values() if row.blocking]


def row_of(wire: Payload) -> Row:
    return ROWS[COMMANDS[wire["CallbackCommand"]].names[0]]


def at(wire: Payload, path: str) -> list[Any]:
    """What is in a body at a path like `ToRoomList[].RoomId`."""
    values: list[Any] = [wire]
    for step in path.split("."):
        values = [value[step.removesuffix("[]")] for value in values if step.removesuffix("[]") in value]
        if step.endswith("[]"):
            values = [element for value in values for element in value]
    return values


def rooms_of(wire: Payload) -> list[str | None]:
    """The rooms that the table finds in a body."""
    return [room for path in row_of(wire).rooms for room in at(wire, path)] or [None]


def time_of(wire: Payload, received_at: int) -> int:
    """The time that the table finds in a body, in ms."""
    found = (
        int(value) * (1000 if unit else 1) for path, unit in row_of(wire).times for value in at(wire, path)
    )
    return next(found, received_at)


# --- Delivering, and reading what is there then


@pytest.fixture(scope="module")
def one_table() -> "Iterator[DynamoDBClient]":
    with embedded_dynamodb() as client:
        yield client


@pytest.fixture
def dynamodb(one_table: "DynamoDBClient") -> "DynamoDBClient":
    """An empty table. To empty one is much quicker than to make one."""
    empty_table()
    return one_table


def deliver(
    wire: Payload | bytes | str, *, url_command: str | None = None, received_at: int = NOW
) -> tuple[int, dict[str, Any]]:
    """Invoke the function with a webhook; gives the status and the answer."""
    from functions.webhook.app import lambda_handler  # noqa: PLC0415  it reads the environment

    named = f"&CallbackCommand={url_command}" if url_command else ""
    query = f"SdkAppid={APP}{named}&contenttype=json"
    response = lambda_handler(event(wire, query, received_at), Context())
    return response["statusCode"], json.loads(response["body"])


def log(client: "DynamoDBClient") -> list[LogRecord]:
    """All records, in parts' order."""
    pages = client.get_paginator("scan").paginate(TableName=TABLE_NAME)
    records = [read_record(item) for page in pages for item in page["Items"] if "outcome" in item]
    return sorted(records, key=lambda record: (record.received_at, record.event_id, record.part))


def types(records: list[LogRecord]) -> set[str]:
    return {change.type for record in records for change in record.changes}


@pytest.fixture
def calls(dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> "Counter[str]":  # noqa: ARG001
    """How often which operation of AWS was called."""
    counted: Counter[str] = Counter()
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def counting(client: Any, operation: str, parameters: Any) -> Any:
        counted[operation] += 1
        return call(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", counting)
    return counted


# --- Table, models and samples agree


def test_the_table_has_a_row_for_every_model_with_all_its_names() -> None:
    assert [row.names for row in ROWS.values()] == [model.names for model in MODELS]
    assert COMMANDS.keys() == {name for row in ROWS.values() for name in row.names}


@pytest.mark.parametrize("model", MODELS)
def test_each_model_names_the_pages_of_the_table(model: type[Command]) -> None:
    assert ROWS[model.names[0]].pages <= set(re.findall(r"\d{5}", model.__doc__ or ""))


def test_no_model_names_a_page_that_the_table_has_not() -> None:
    named = {page for model in MODELS for page in re.findall(r"\d{5}", model.__doc__ or "")}
    assert named == {page for row in ROWS.values() for page in row.pages}


def test_each_command_has_a_sample_under_each_of_its_names() -> None:
    assert {wire["CallbackCommand"] for wire in BODIES.values()} == COMMANDS.keys()


@by_row
def test_the_table_marks_what_blocks(row: Row) -> None:
    model = COMMANDS[row.names[0]]
    assert row.blocking == (issubclass(model, ObservedCommand) and model.blocking)


# --- Table and behaviour agree

LATER, LONG_AFTER = 2_000, 60_000


def revived_by(payload: Payload) -> list[Payload]:
    """A room that has ended, and somebody in it long after."""
    return [destroy("r", at=LATER), payload]


# What the samples leave out, so that each command shows all that it can change.
SCENARIOS: dict[str, list[Payload]] = {
    "Mic.CallbackAfterSeatInfoChanged": [
        seats("r", seat(1, "ann", Taken=True, Audio=True, Video=True)),
        seats("r", seat(1), at=LATER),
        *revived_by(seats("r", seat(1, "ann"), at=LONG_AFTER)),
    ],
    "Live.CallbackAfterModifyAdmin": revived_by(admins("r", "add", "ann", at=LONG_AFTER)),
    "Live.CallbackAfterMemberStateChanged": revived_by(members("r", "Online", "ann", at=LONG_AFTER)),
    "Room.CallbackAfterMemberEnter": revived_by(
        {
            "CallbackCommand": "Room.CallbackAfterMemberEnter",
            "RoomId": "r",
            "Type": "Enter",
            "MemberList_Account": ["ann"],
            "EventTime": LONG_AFTER,
        }
    ),
    "Live.CallbackAfterCreateRoom": [destroy("r"), create("r", at=LONG_AFTER)],
    "Room.CallbackAfterCreateRoom": [
        destroy("r"),
        {**create("r", at=LONG_AFTER), "CallbackCommand": "Room.CallbackAfterCreateRoom"},
    ],
    "Live.CallbackAfterUpdateRoomInfo": [update("r", Owner_Account="ann")],
    "Room.CallbackAfterUpdateRoomInfo": [
        {**update("r", Owner_Account="ann"), "CallbackCommand": "Room.CallbackUpdateRoomInfo"}
    ],
    "Live.CallbackAfterDestroyRoom": [
        create("r"),
        destroy("r", at=LATER),
    ],
    "Room.CallbackAfterDestroyRoom": [
        create("r"),
        {**destroy("r", at=LATER), "CallbackCommand": "Room.CallbackAfterDestroyRoom"},
    ],
}


@pytest.fixture(scope="module")
def told(one_table: "DynamoDBClient") -> dict[str, list[LogRecord]]:
    """The records of each sample, once all are delivered in their order."""
    from functions.webhook.app import lambda_handler  # noqa: PLC0415

    empty_table()
    for sample in SAMPLES.values():
        assert lambda_handler(sample, Context())["statusCode"] == 200
    records = log(one_table)
    return {
        name: [record for record in records if record.payload == payload(event)]
        for name, event in SAMPLES.items()
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_recorded_as_the_table_says(name: str, told: Mapping[str, list[LogRecord]]) -> None:
    # GIVEN
    wire, row = BODIES[name], row_of(BODIES[name])
    received_at = SAMPLES[name]["requestContext"]["timeEpoch"]

    # THEN
    assert [record.room_id for record in told[name]] == rooms_of(wire)
    for part, record in enumerate(told[name]):
        assert (record.part, record.parts) == (part, len(told[name]))
        assert (record.command, record.outcome) == (row.names[0], row.recorded[0])
        assert record.occurred_at == time_of(wire, received_at)


@by_row
def test_a_command_changes_what_the_table_says_and_nothing_else(
    row: Row, told: Mapping[str, list[LogRecord]], dynamodb: "DynamoDBClient"
) -> None:
    # WHEN
    for wire in SCENARIOS.get(row.names[0], []):
        assert deliver(wire) == OK

    # THEN
    records = [record for name in told for record in told[name]] + log(dynamodb)
    assert types([record for record in records if record.command == row.names[0]]) == row.changes


def test_the_table_has_all_changes_there_are() -> None:
    union, _ = get_args(Change)
    vocabulary = {name for kind in get_args(union) for name in get_args(kind.model_fields["type"].annotation)}
    assert {name for row in ROWS.values() for name in row.changes} == vocabulary


def bare(model: type[BaseModel], wire: Payload) -> Payload:
    """A body with the fields that its model requires, and in those again."""
    required = (field for field in model.model_fields.values() if field.is_required())
    return {str(field.alias): _bare(field.annotation, wire[str(field.alias)]) for field in required}


def _bare(annotation: Any, value: Any) -> Any:
    if isinstance(value, list):
        (kind,) = get_args(annotation)
        return [_bare(kind, element) for element in value]
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return bare(annotation, value) if is_model else value


@pytest.mark.parametrize("name", SAMPLES)
def test_without_any_optional_field_it_is_taken_all_the_same(name: str, dynamodb: "DynamoDBClient") -> None:
    # GIVEN
    command, row = BODIES[name]["CallbackCommand"], row_of(BODIES[name])
    wire = {"CallbackCommand": command, **bare(COMMANDS[command], BODIES[name])}

    # WHEN
    answer = deliver(wire)

    # THEN
    assert answer == OK
    records = log(dynamodb)
    assert {record.outcome for record in records} == {row.recorded[1]}
    assert [record.room_id for record in records] == rooms_of(wire)
    assert {record.occurred_at for record in records} == {time_of(wire, NOW)}


def test_without_any_optional_field_less_is_left_than_in_the_sample() -> None:
    left = {name: bare(COMMANDS[wire["CallbackCommand"]], wire) for name, wire in BODIES.items()}
    assert left["260-mic-seat-info-changed-room"] == {
        "RoomId": "weekly sync #7",
        "SeatList": [{"Index": 0}, {"Index": 1}],
    }
    assert left["170-live-end-battle"] == {"FromRoomInfo": {"RoomId": "rid-123"}}
    assert left["080-follow-follow-add"] == {}


# --- What the documents leave open, or contradict themselves about

MEMBER = members("r", "Online", "ann")
ROOM_MEMBERS: Payload = {"CallbackCommand": "Room.CallbackAfterMemberLeave", "RoomId": "r"}


def renamed(wire: Payload, name: str) -> Payload:
    return {**wire, "CallbackCommand": name}


def without(wire: Payload, *names: str) -> Payload:
    return {name: value for name, value in wire.items() if name not in names}


TOLERATED: dict[str, tuple[Payload, set[str]]] = {
    "an account as a number": (seats("r", seat(1, 144115233775727695)), {"seat.occupied"}),
    "a room as a number": (seats("r", seat(1, "ann")) | {"RoomId": 635055}, {"seat.occupied"}),
    "an operator on a seat": (seats("r", seat(1, "ann"), Operator_Account="bob"), {"seat.occupied"}),
    "seats without EventTime": (seats("r", seat(1, "ann"), at=None), {"seat.occupied"}),
    "seat 0": (seats("r", seat(0, "ann")), {"seat.occupied"}),
    "a seat whose account is absent": (
        seats("r", {"Index": 1, "IsTakenDisabled": True}),
        {"seat.locked"},
    ),
    "a seat whose account is null": (seats("r", seat(1, None, Taken=True)), {"seat.locked"}),
    "a seat whose account is empty": (seats("r", seat(1, "", Taken=True)), {"seat.locked"}),
    "EventTime as text": (MEMBER | {"EventTime": "1000"}, {"member.online"}),
    "a flag as text": (
        update("r", IsCloudRecordingDisabled="false", IsMessageDisabled="true"),
        {"room.updated"},
    ),
    "a newer cause": (members("r", "Online", "ann", cause="Kicked"), {"member.online"}),
    "a cause of tomorrow": (members("r", "Online", "ann", cause="Teleport"), {"member.online"}),
    "no cause": (without(MEMBER, "EventCause"), {"member.online"}),
    "a cause that is null": (members("r", "Online", "ann", cause=None), {"member.online"}),
    "the system as a user": (admins("r", "add", "@TIM#SYSTEM"), {"admin.added"}),
    "a leave of a type of tomorrow": (
        ROOM_MEMBERS | {"Type": "Vanished", "MemberList_Account": ["ann"]},
        set(),
    ),
    "the end of a room without its info": (destroy("r"), {"room.ended"}),
    "the end of a room with its info": (
        destroy("r") | {"EventType": "DestroyBySystem", "RoomInfo": {"RoomName": "n"}, "Statistic": {}},
        {"room.ended"},
    ),
    "a room of a type of tomorrow": (create("r", RoomType="Cinema"), {"room.created", "room.updated"}),
    "a field of tomorrow": (MEMBER | {"Mood": {"Color": [1]}}, {"member.online"}),
}


@pytest.mark.parametrize(("wire", "changes"), TOLERATED.values(), ids=list(TOLERATED))
def test_what_the_documents_show_is_taken(
    wire: Payload, changes: set[str], dynamodb: "DynamoDBClient"
) -> None:
    assert deliver(wire) == OK
    records = log(dynamodb)
    assert [record.outcome for record in records] == ["applied"]
    assert types(records) == changes


NOT_GUESSED: dict[str, tuple[Payload | str, str]] = {
    "an EventType of its own": (members("r", "Asleep", "ann"), "EventType"),
    "EventType in another case": (members("r", "online", "ann"), "EventType"),
    "an opType of its own": (admins("r", "replace", "ann"), "opType"),
    "OpType instead of opType": (without(admins("r", "add"), "opType") | {"OpType": "add"}, "opType"),
    "Live's members as Room's": (MEMBER | {"MemberList": ["ann"]}, "MemberList.0"),
    "Room's members as Live's": (
        ROOM_MEMBERS | {"MemberList_Account": [{"Member_Account": "ann"}]},
        "MemberList_Account.0",
    ),
    "a room without an id": (create("") | {"RoomInfo": {"RoomName": "n"}}, "RoomInfo.RoomId"),
    "a time too far ahead": (destroy("r", at=NOW + MAX_AHEAD_MS + 1), "EventTime"),
    # As two pages print their samples: a comma is missing, and there are comments.
    "a sample as printed": (
        '{"CallbackCommand":"Mic.CallbackAfterSeatInfoChanged","SeatList":[] // seats\n"EventTime":1}',
        "not JSON",
    ),
}


@pytest.mark.parametrize(("wire", "named"), NOT_GUESSED.values(), ids=list(NOT_GUESSED))
def test_what_bears_state_and_makes_no_sense_is_kept_unread(
    wire: Payload | str, named: str, dynamodb: "DynamoDBClient"
) -> None:
    status, answer = deliver(wire)
    assert (status, answer["ActionStatus"]) == UNREADABLE
    assert named in answer["ErrorInfo"]
    (record,) = log(dynamodb)
    assert (record.outcome, record.room_id, record.payload) == ("unreadable", None, body(wire))


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, wire in BODIES.items()
        for model in MODELS
        if wire["CallbackCommand"] in model.names and len(model.names) > 1
    ],
)
def test_a_command_under_both_of_its_names_is_one_webhook(name: str, dynamodb: "DynamoDBClient") -> None:
    # WHEN delivered under each name, in the body and in the URL
    row = row_of(BODIES[name])
    for in_body in row.names:
        for in_url in row.names:
            assert deliver(renamed(BODIES[name], in_body), url_command=in_url) == OK

    # THEN
    assert [record.command for record in log(dynamodb)] == [row.names[0]]


def test_the_time_of_a_live_room_is_its_event_time_where_it_has_one(dynamodb: "DynamoDBClient") -> None:
    # GIVEN a page whose table has EventTime, and whose sample has CreateTime alone
    wire = BODIES["010-live-create-room"]

    # WHEN
    assert deliver(wire) == OK
    assert deliver(wire | {"EventTime": 1703589922640}) == OK

    # THEN
    assert {record.occurred_at for record in log(dynamodb)} == {1703589922000, 1703589922640}


# --- Observed commands are never refused for their fields

ODD: list[Any] = [None, True, -1, 1.5, 10**30, "", "odd", "x" * 5_000, [], [None], {}, {"odd": [1]}]


def fields(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values in a body but its command."""
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for step, child in children:
        if step != "CallbackCommand":
            yield (*path, step)
            yield from fields(child, (*path, step))


def replaced(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    if not path:
        return odd
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], odd)
    return copy


@pytest.mark.parametrize("name", OBSERVED)
def test_an_observed_command_is_observed_whatever_its_fields_hold(name: str) -> None:
    wire = OBSERVED[name]
    for path in fields(wire):
        for odd in ODD:
            # WHEN
            strange = body(replaced(wire, path, odd))
            webhook = decode(Delivery(APP, strange, NOW))

            # THEN
            units = webhook.units
            assert {webhook.outcome(unit, won=False) for unit in units} == {"observed"}, (path, odd)
            assert webhook.payload == strange
            assert webhook.command == row_of(wire).names[0]
            assert webhook.occurred_at <= NOW + MAX_AHEAD_MS


def test_an_observed_command_with_an_odd_field_is_kept_as_it_came(dynamodb: "DynamoDBClient") -> None:
    # GIVEN each field of each observed command, odd in one way
    strange = [
        body(replaced(wire, path, odd))
        for wire in OBSERVED.values()
        for path, odd in zip(fields(wire), cycle(ODD), strict=False)
    ]
    assert len(strange) > 100

    # WHEN
    answers = [deliver(wire, received_at=NOW + number) for number, wire in enumerate(strange)]

    # THEN
    assert answers == [OK] * len(strange)
    records = log(dynamodb)
    assert {record.outcome for record in records} == {"observed"}
    assert {record.payload for record in records} == set(strange)
    assert {record.received_at for record in records} == {NOW + number for number in range(len(strange))}


# --- Battles


@pytest.mark.parametrize(
    ("wire", "rooms"),
    [
        ({"FromRoomId": "a", "ToRoomIdList": ["b", "c"]}, ["a", "b", "c"]),
        ({"FromRoomId": "a", "ToRoomIdList": ["b", "a", "b"]}, ["a", "b"]),
        ({"FromRoomId": "a", "ToRoomIdList": []}, ["a"]),
        (
            {"FromRoomId": "a", "ToRoomIdList": [f"b{n}" for n in range(60)]},
            ["a", *(f"b{n}" for n in range(60))],
        ),
    ],
    ids=["two", "itself and twice", "nobody", "sixty"],
)
@pytest.mark.parametrize("stage", ["Create", "Start", "End"])
def test_a_battle_is_in_the_log_of_every_room_it_names(
    stage: str, wire: Payload, rooms: list[str], dynamodb: "DynamoDBClient", reader: Reader
) -> None:
    # GIVEN
    if stage != "Create":
        opponents = [{"RoomId": room} for room in wire["ToRoomIdList"]]
        wire = {"FromRoomInfo": {"RoomId": wire["FromRoomId"]}, "ToRoomList": opponents}
    wire = wire | {"CallbackCommand": f"Live.CallbackAfter{stage}Battle", "EventTime": 1_000}

    # WHEN delivered twice
    assert [deliver(wire), deliver(wire)] == [OK, OK]

    # THEN
    records = log(dynamodb)
    assert [record.room_id for record in records] == rooms
    assert [(record.part, record.parts) for record in records] == [(n, len(rooms)) for n in range(len(rooms))]
    assert {record.event_id for record in records} == {records[0].event_id}
    assert {(record.outcome, record.payload) for record in records} == {("observed", body(wire))}
    assert list(reader.records(APP, rooms[-1])) == records[-1:]


# --- Unknown commands


@pytest.mark.parametrize(
    ("name", "logged"),
    [
        ("State.StateChange", "State.StateChange"),
        ("C2C.CallbackAfterSendMsg", "C2C.CallbackAfterSendMsg"),
        ("Live.CallbackBeforeCallBackNotBlock", "Live.CallbackBeforeCallBackNotBlock"),
        ("live.callbackaftercreateroom", "live.callbackaftercreateroom"),
        ("Live.Rückruf", "other"),
        ("Live." + "x" * 65, "other"),
        ("ann@example.com", "other"),
    ],
)
def test_an_unknown_command_is_observed_counted_and_logged_by_its_name(
    name: str,
    logged: str,
    dynamodb: "DynamoDBClient",
    capsys: pytest.CaptureFixture[str],
) -> None:
    # GIVEN fields that would make no sense in a command that is known
    wire = {
        "CallbackCommand": name,
        "RoomId": [],
        "EventTime": "1000",
        "EventType": 5,
        "Info": {"Deep": [{}]},
    }

    # WHEN
    answer = deliver(wire)

    # THEN
    assert answer == OK
    (record,) = log(dynamodb)
    assert (record.outcome, record.command, record.room_id) == ("observed", name, None)
    assert (record.payload, record.occurred_at) == (body(wire), 1_000)
    [line] = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["UnknownCommand"], line["message"], line["command"]) == ([1.0], "stored", logged)


def test_a_known_command_is_not_counted_as_unknown(
    dynamodb: "DynamoDBClient",  # noqa: ARG001
    capsys: pytest.CaptureFixture[str],
) -> None:
    for wire in BODIES.values():
        assert deliver(wire) == OK
    assert "UnknownCommand" not in capsys.readouterr().out


# --- Blocking commands

GARBAGE: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"not JSON",
    "no object": b"[1]",
    "no text": b"\xff\xfe",
    "too deep": b"[" * 10_000,
    "a key twice": b'{"RoomId":"a","RoomId":"b"}',
    "half a character": b'{"RoomId":"\\ud83d"}',
    "too large": b" " * (MAX_BODY_BYTES + 1),
}
FAILURES: list[Exception] = [
    ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "TransactWriteItems"),
    EndpointConnectionError(endpoint_url="https://dynamodb"),
    ReadTimeoutError(endpoint_url="https://dynamodb"),
    RuntimeError("a defect"),
]


@pytest.fixture(params=FAILURES, ids=lambda failure: type(failure).__name__)
def no_aws(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No service of AWS does what it is asked."""

    def fail(*_: Any) -> Any:
        raise request.param

    monkeypatch.setattr(BaseClient, "_make_api_call", fail)


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=list(GARBAGE))
@pytest.mark.parametrize("command", BLOCKING)
def test_a_blocking_command_passes_whatever_its_body_is(
    command: str, garbage: bytes, dynamodb: "DynamoDBClient"
) -> None:
    assert deliver(garbage, url_command=command) == OK
    # AND what is not too large is kept
    kept = [] if len(garbage) > MAX_BODY_BYTES else [garbage]
    assert [record.payload for record in log(dynamodb) if record.outcome == "unreadable"] == kept


@pytest.mark.parametrize("wire", [BODIES["110-live-before-send-gift"], BODIES["090-group-before-send-msg"]])
@pytest.mark.usefixtures("no_aws")
def test_a_blocking_command_passes_when_it_cannot_be_stored(wire: Payload) -> None:
    assert deliver(wire) == OK
    assert deliver(b"not JSON", url_command=wire["CallbackCommand"]) == OK


@pytest.mark.usefixtures("no_aws")
def test_what_does_not_block_fails_when_it_cannot_be_stored() -> None:
    status, answer = deliver(BODIES["100-group-send-msg"])
    assert (status, answer["ActionStatus"]) == (500, "FAIL")


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=list(GARBAGE))
def test_what_does_not_block_is_refused_for_such_a_body(
    garbage: bytes,
    dynamodb: "DynamoDBClient",  # noqa: ARG001
) -> None:
    status, answer = deliver(garbage, url_command="Group.CallbackAfterSendMsg")
    assert (status, answer["ActionStatus"]) == (413 if len(garbage) > MAX_BODY_BYTES else 400, "FAIL")


# --- A room of thousands ends

#        900            2_000       1_500, 2_000        3_000         4_000
#   all are online     it ends     (reported late)    it begins    one enters
MEMBERS = 10_000


@pytest.fixture
def full_room(dynamodb: "DynamoDBClient") -> None:
    """A room with 10,000 members online, a seat and an administrator."""
    assert deliver(create("r", at=900, RoomName="earlier", Owner_Account="ann")) == OK
    assert deliver(seats("r", seat(1, "ann"), at=900)) == OK
    assert deliver(admins("r", "add", "ann", at=900)) == OK
    for first in range(0, MEMBERS, 25):
        items = [
            register_item(
                APP,
                "r",
                Key("member", f"user{user}"),
                Register(Version(900, f"{user:032x}"), Member(online=True, cause="Enter")),
                writer=f"{user:032x}",
                received_at=NOW,
            )
            for user in range(first, first + 25)
        ]
        dynamodb.batch_write_item(
            RequestItems={TABLE_NAME: [{"PutRequest": {"Item": item}} for item in items]}
        )


@pytest.mark.usefixtures("full_room")
def test_ten_thousand_members_leave_with_their_room_in_one_transaction(
    reader: Reader, calls: "Counter[str]"
) -> None:
    # GIVEN
    room = reader.room(APP, "r")
    assert room is not None
    assert (room.status, len(members_of(reader, "r", limit=1_000))) == ("live", MEMBERS)

    # WHEN it ends
    calls.clear()
    assert deliver(destroy("r", at=2_000)) == OK

    # THEN one read and one transaction did it, and nobody is there
    assert calls == {"BatchGetItem": 1, "TransactWriteItems": 1}
    room = reader.room(APP, "r")
    assert room is not None
    assert (room.status, room.started_at, room.ended_at) == ("ended", 900, 2_000)
    assert (room.owner, room.info, room.seats, room.admins) == (None, {}, [], [])
    assert members_of(reader, "r", limit=1_000) == []

    # WHEN members are reported late, of before the end and of its very instant, and it is created again
    late = [
        members("r", "Online", "user1", "stranger", at=1_500),
        members("r", "Online", "user2", at=2_000),
    ]
    assert deliver(late[0]) == OK
    assert deliver(create("r", at=3_000, RoomName="later")) == OK
    assert deliver(late[1]) == OK

    # THEN nobody is revived, and it starts clean
    room = reader.room(APP, "r")
    assert room is not None
    assert (room.status, room.started_at, room.ended_at) == ("live", 3_000, None)
    assert (room.owner, room.info) == (None, {"room_name": "later"})
    assert (room.seats, room.admins, members_of(reader, "r", limit=1_000)) == ([], [], [])
    records = [record for record in reader.records(APP, "r") if record.payload in map(body, late)]
    assert [(record.outcome, record.changes) for record in records] == [("stale", ())] * 2

    # AND who enters now is there
    assert deliver(members("r", "Online", "user1", at=4_000)) == OK
    assert [member.user_id for member in members_of(reader, "r", limit=1_000)] == ["user1"]
