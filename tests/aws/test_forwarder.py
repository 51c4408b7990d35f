"""Forwarding: one event for each record, as the contract says, and none dropped."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from local.aws.embedded import empty_table
from roomstate.aws.clients import events_client
from roomstate.aws.forwarder import MAX_CALL_BYTES, MAX_CALL_ENTRIES, Forwarder
from roomstate.aws.recorder import ForwardingRecorder
from roomstate.aws.refusals import NeverForwarded
from roomstate.aws.retry import ATTEMPTS
from roomstate.aws.store import Store
from roomstate.log.forwarded import ForwardedWebhook, forwarded
from roomstate.log.record import LogRecord, log_record
from roomstate.tencent.delivery import MAX_BODY_BYTES
from roomstate.tencent.errors import Unavailable
from roomstate.tencent.wire import MAX_INTEGER
from tests.aws.test_store import contents
from tests.dearest import stuffed
from tests.histories import histories
from tests.payloads import AN_HOUR, NOW, Payload, members, seat, seats, webhook

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SEAT = seats("r", seat(1, 144115233775727695))


THROTTLED = "ThrottlingException"
OF_ENTRIES = ["InvalidArgument", "MalformedDetail"]
"""What EventBridge says of an entry that it will never take."""
OF_CALLS = ["ValidationException", "SerializationException"]
"""The same, said of the whole call."""
TO_BE_MENDED = [
    "AccessDeniedException",
    "InvalidAccountIdException",
    "NotAuthorizedForDetailTypeException",
    "NotAuthorizedForSourceException",
    "ResourceNotFoundException",
]
"""What it says where the stack, or the bus's policy, is not as it should be."""


class Bus:
    """A stand-in for EventBridge that keeps what it is given, and refuses what it is told to.

    Args:
        refusals: for each call, the code for each of its entries, over and over; None takes the entry, and
            an empty one leaves open why it does not. Or one code, which refuses the whole call.
    """

    def __init__(self, *refusals: Sequence[str | None]) -> None:
        self.calls: list[list[Any]] = []
        self.details: list[ForwardedWebhook] = []
        self._refusals = list(refusals)

    def put_events(self, Entries: list[Any]) -> Any:
        self.calls.append(Entries)
        codes: Sequence[str | None] = self._refusals.pop(0) if self._refusals else [None]
        if isinstance(codes, str):
            raise ClientError({"Error": {"Code": codes, "Message": ""}}, "PutEvents")
        told: list[Any] = []
        for entry, code in zip(Entries, cycle(codes), strict=False):
            told.append({"EventId": "1"} if code is None else {"ErrorCode": code} if code else {})
            if code is None:
                self.details.append(ForwardedWebhook.model_validate_json(entry["Detail"]))
        return {"FailedEntryCount": sum("EventId" not in entry for entry in told), "Entries": told}

    @property
    def parts(self) -> list[int]:
        """Of what it took."""
        return [detail.part for detail in self.details]


def recorded(store: Store, payload: Payload | bytes) -> tuple[LogRecord, ...]:
    return store.record(webhook(payload), AN_HOUR)


def forward(bus: Bus, *records: LogRecord) -> None:
    Forwarder(bus, "rooms").forward(records, AN_HOUR)  # type: ignore[arg-type]


def test_an_event_is_the_record(store: Store) -> None:
    # WHEN a record is forwarded
    bus = Bus()
    [record] = recorded(store, SEAT)
    forward(bus, record)
    # THEN the entry is addressed as the contract says
    [[entry]] = bus.calls
    detail = json.loads(entry.pop("Detail"))
    assert entry == {
        "EventBusName": "rooms",
        "Source": "roomstate",
        "DetailType": "Mic.CallbackAfterSeatInfoChanged",
        "Time": datetime.fromtimestamp(1, UTC),
        "Resources": [],
    }
    # AND its detail is the record, with the payload parsed and every digit kept
    assert detail.pop("payload") == SEAT | {"SeatList": list(SEAT["SeatList"])}
    assert detail.pop("changes") == [
        {"type": "seat.occupied", "index": 1, "before": None, "after": "144115233775727695"}
    ]
    assert detail.pop("facts") == [
        {
            "kind": "seat",
            "index": 1,
            "user_id": "144115233775727695",
            "locked": False,
            "audio_disabled": False,
            "video_disabled": False,
        }
    ]
    assert detail == {
        "schema_version": 2,
        "sdk_app_id": record.sdk_app_id,
        "room_id": "r",
        "event_id": record.event_id,
        "part": 0,
        "parts": 1,
        "command": "Mic.CallbackAfterSeatInfoChanged",
        "occurred_at": 1_000,
        "received_at": record.received_at,
        "operator": None,
        "opt_platform": None,
        "outcome": "applied",
        "reason": None,
        "payload_omitted": None,
    }


def test_what_cannot_be_read_is_forwarded_without_its_payload(store: Store) -> None:
    bus = Bus()
    forward(bus, *recorded(store, b"\xff"))
    [detail] = bus.details
    assert (detail.outcome, detail.payload, detail.payload_omitted) == ("unreadable", None, "unreadable")
    assert detail.reason == "The body is not UTF-8."
    assert bus.calls[0][0]["DetailType"] == "unknown"


def test_what_is_too_large_is_forwarded_without_its_payload(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN an EventBridge that takes less than today's: today's takes the largest record there is
    monkeypatch.setattr("roomstate.aws.forwarder.MAX_CALL_BYTES", 1_000)
    bus = Bus()
    # WHEN a large record is forwarded
    forward(bus, *recorded(store, {**SEAT, "More": "x" * 1_000}))
    # THEN it says that the payload is left out, and why
    [detail] = bus.details
    assert (detail.payload, detail.payload_omitted) == (None, "too_large")
    assert [change.type for change in detail.changes] == ["seat.occupied"]


def test_the_largest_body_fits_an_event(store: Store) -> None:
    # GIVEN as many numbers as may be, which JSON writes in five bytes, Python in nineteen: nothing grows more
    wire = stuffed(SEAT, "More", lambda _: "1E15")
    assert MAX_BODY_BYTES - 10 < len(wire) <= MAX_BODY_BYTES
    bus = Bus()
    # THEN it is forwarded whole
    forward(bus, *recorded(store, wire))
    assert bus.details[0].payload_omitted is None
    assert len(bus.calls[0][0]["Detail"].encode()) > 700_000


def test_parts_are_forwarded_in_as_few_calls_as_they_fit(store: Store) -> None:
    records = recorded(store, members("r", "Online", *range(1_200)))
    bus = Bus()
    forward(bus, *records)
    assert [detail.part for detail in bus.details] == list(range(13))
    assert [len(call) for call in bus.calls] == [MAX_CALL_ENTRIES, 3]
    for call in bus.calls:
        assert sum(len(entry["Detail"].encode()) for entry in call) < MAX_CALL_BYTES


def test_a_call_of_which_an_entry_was_refused_is_made_again(store: Store) -> None:
    records = recorded(store, members("r", "Online", *range(150)))
    bus = Bus([None, THROTTLED])
    forward(bus, *records)
    assert set(bus.parts) == {0, 1}
    assert len(bus.calls) == 2


@pytest.mark.parametrize("code", [THROTTLED, "InternalFailure", "RedactionFailure", "SomethingNew"])
@pytest.mark.parametrize("whole", [False, True], ids=["an entry", "the call"])
def test_what_is_always_refused_is_given_up_for_now(store: Store, code: str, whole: bool) -> None:
    bus = Bus(*[code if whole else [code]] * ATTEMPTS)
    with pytest.raises(Unavailable, match="forwarded"):
        forward(bus, *recorded(store, SEAT))
    assert len(bus.calls) == ATTEMPTS


def test_an_event_without_an_id_was_not_taken(store: Store) -> None:
    # GIVEN an answer that names neither an id nor a reason
    bus = Bus([""], [None])
    forward(bus, *recorded(store, SEAT))
    assert len(bus.calls) == 2


@pytest.mark.parametrize("code", TO_BE_MENDED)
@pytest.mark.parametrize("whole", [False, True], ids=["an entry", "the call"])
def test_what_an_operator_has_to_mend_is_left_for_later_at_once(store: Store, code: str, whole: bool) -> None:
    # GIVEN a bus with nobody's permission, say
    bus = Bus(code if whole else [code])
    # THEN it is no use to try again now, but some day it is
    with pytest.raises(Unavailable, match="forwarded") as given_up:
        forward(bus, *recorded(store, SEAT))
    assert len(bus.calls) == 1
    assert str(given_up.value.__cause__) == code


class TestNever:
    """An event that EventBridge refuses for what is in it."""

    @pytest.mark.parametrize("code", [*OF_ENTRIES, *OF_CALLS])
    def test_is_not_tried_again(self, store: Store, code: str) -> None:
        bus = Bus(code if code in OF_CALLS else [code])
        with pytest.raises(NeverForwarded, match=code):
            forward(bus, *recorded(store, SEAT))
        assert len(bus.calls) == 1

    def test_keeps_none_of_the_others_from_being_put(self, store: Store) -> None:
        # GIVEN thirteen parts, of which the first call takes all but one, one of them at its second try
        bus = Bus(["InvalidArgument", THROTTLED, *[None] * 8], ["InvalidArgument", *[None] * 9])
        with pytest.raises(NeverForwarded):
            forward(bus, *recorded(store, members("r", "Online", *range(1_200))))
        # THEN the second call is made too
        assert set(bus.parts) == set(range(1, 13))
        assert [len(call) for call in bus.calls] == [MAX_CALL_ENTRIES, MAX_CALL_ENTRIES, 3]

    @pytest.mark.parametrize("code", OF_CALLS)
    def test_that_costs_a_call_keeps_none_of_the_others_from_being_put(self, store: Store, code: str) -> None:
        # GIVEN a call of two that is refused whole, for one of them
        bus = Bus(code, code, [None])
        with pytest.raises(NeverForwarded):
            forward(bus, *recorded(store, members("r", "Online", *range(150))))
        # THEN each is put alone
        assert bus.parts == [1]
        assert [len(call) for call in bus.calls] == [2, 1, 1]

    def test_is_less_than_what_is_to_be_tried_again(self, store: Store) -> None:
        # GIVEN one that is never taken, and one that is not taken now
        bus = Bus(*[["InvalidArgument", THROTTLED]] * ATTEMPTS)
        # THEN the webhook has to come again
        with pytest.raises(Unavailable):
            forward(bus, *recorded(store, members("r", "Online", *range(150))))


COMMANDS = st.text(min_size=1, max_size=256) | st.text("ab.\x00\t\n\r \u20ac\U0001f600", max_size=200)
LONG_INTEGERS = st.integers(2**63, 10**100 - 1) | st.integers(-(10**99) + 1, -(2**63) - 1)


@settings(max_examples=300)
@given(
    command=st.none() | COMMANDS,
    occurred_at=st.integers(0, MAX_INTEGER),
    more=st.integers(-(2**63), 2**63 - 1) | LONG_INTEGERS | st.text(),
)
@example(command=None, occurred_at=0, more=2**63 - 1)
@example(command=" ", occurred_at=MAX_INTEGER, more=2**63)
@example(command="x" * 129, occurred_at=253_402_300_800_000, more="9" * 20)
def test_nothing_of_a_strangers_makes_an_event_that_is_not_taken(
    dynamodb: "DynamoDBClient",  # noqa: ARG001  an AWS, which says what it does not take
    command: str | None,
    occurred_at: int,
    more: Any,
) -> None:
    # GIVEN any command, any time, any number deep in the body
    decoded = webhook({**SEAT, "More": [{"deep": more}]})
    record = log_record(decoded, 0, (), won=True, expires_at=0)._replace(
        command=command, occurred_at=occurred_at
    )
    # THEN EventBridge takes the event
    bus = Bus()
    forward(bus, record)
    [[entry]] = bus.calls
    told = events_client().put_events(Entries=[entry | {"EventBusName": "default"}])
    assert told["FailedEntryCount"] == 0
    # AND it is what its documents ask for
    assert re.fullmatch(r"[!-~]{1,128}", entry["DetailType"])
    assert entry["Time"].timestamp() <= NOW / 1000
    detail = json.loads(entry["Detail"], parse_int=_int64)
    # AND nothing is changed in it; a payload with a number too long is left out
    assert (detail["command"], detail["occurred_at"]) == (command, occurred_at)
    if isinstance(more, int) and not -(2**63) <= more < 2**63:
        assert (detail["payload"], detail["payload_omitted"]) == (None, "too_large")
    else:
        assert (detail["payload"]["More"], detail["payload_omitted"]) == ([{"deep": more}], None)


def _int64(digits: str) -> int:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html"""
    assert -(2**63) <= int(digits) < 2**63
    return int(digits)


@pytest.mark.parametrize("command", ["Live.CallbackAfterCreateRoom", "x" * 128, "A-new_one.2"])
def test_a_command_is_the_detail_type(store: Store, command: str) -> None:
    bus = Bus()
    forward(bus, *recorded(store, {**SEAT, "CallbackCommand": command}))
    assert bus.calls[0][0]["DetailType"] == command


@pytest.mark.parametrize("command", ["x" * 129, "two words", "\u20ac", "line\n"])
def test_a_command_that_is_no_name_is_an_unknown_detail_type(store: Store, command: str) -> None:
    bus = Bus()
    forward(bus, *recorded(store, {**SEAT, "CallbackCommand": command}))
    assert bus.calls[0][0]["DetailType"] == "unknown"
    assert bus.details[0].command == command


def test_a_time_ahead_of_its_receipt_is_that_of_its_receipt(store: Store) -> None:
    bus = Bus()
    forward(bus, *recorded(store, {**SEAT, "EventTime": NOW + 60_000}))
    assert bus.calls[0][0]["Time"] == datetime.fromtimestamp(NOW / 1000, UTC)
    assert bus.details[0].occurred_at == NOW + 60_000


@settings(max_examples=30)
@given(history=histories)
def test_what_is_forwarded_is_the_log(
    dynamodb: "DynamoDBClient", store: Store, history: list[Payload]
) -> None:
    # GIVEN any history, and some of it again
    empty_table()
    bus = Bus()
    recorder = ForwardingRecorder(store, Forwarder(bus, "rooms"))  # type: ignore[arg-type]
    for payload in (*history, *history[::2]):
        recorder.record(webhook(payload), AN_HOUR)
    # THEN each delivery was forwarded, and by event_id and part it is the log
    told = {(detail.event_id, detail.part): detail for detail in bus.details}
    logs, _ = contents(dynamodb)
    records = [record for log in logs.values() for record in log]
    assert told == {(record.event_id, record.part): forwarded(record) for record in records}
    assert len(bus.details) == len(history) + len(history[::2])
