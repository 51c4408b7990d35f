"""Forwarding: one event for each record, as the contract says, and none dropped."""

import json
from datetime import UTC, datetime
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from roomstate.aws.forwarder import MAX_CALL_BYTES, MAX_CALL_ENTRIES, Forwarder
from roomstate.aws.retry import ATTEMPTS
from roomstate.aws.store import Store
from roomstate.log.forwarded import ForwardedWebhook, forwarded
from roomstate.log.record import LogRecord
from roomstate.receive.recorder import ForwardingRecorder
from roomstate.tencent.delivery import MAX_BODY_BYTES
from roomstate.tencent.errors import Unavailable
from tests.dearest import stuffed
from tests.histories import histories
from tests.payloads import AN_HOUR, Payload, members, seat, seats, webhook

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

from local.aws.embedded import empty_table
from tests.aws.test_store import contents

SEAT = seats("r", seat(1, 144115233775727695))


class Bus:
    """A stand-in for EventBridge that keeps what it is given, and refuses what it is told to."""

    def __init__(self, *refusals: list[bool]) -> None:
        self.calls: list[list[Any]] = []
        self.details: list[ForwardedWebhook] = []
        self._refusals = list(refusals)

    def put_events(self, Entries: list[Any]) -> Any:
        self.calls.append(Entries)
        refused = self._refusals.pop(0) if self._refusals else [False]
        told = []
        for entry, refuse in zip(Entries, cycle(refused), strict=False):
            told.append({"ErrorCode": "ThrottlingException"} if refuse else {"EventId": "1"})
            if not refuse:
                self.details.append(ForwardedWebhook.model_validate_json(entry["Detail"]))
        return {"FailedEntryCount": sum("ErrorCode" in entry for entry in told), "Entries": told}


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
    assert detail == {
        "schema_version": 1,
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
    bus = Bus([False, True])
    forward(bus, *records)
    assert {detail.part for detail in bus.details} == {0, 1}
    assert len(bus.calls) == 2


def test_entries_that_are_always_refused_are_given_up(store: Store) -> None:
    bus = Bus(*[[True]] * ATTEMPTS)
    with pytest.raises(Unavailable, match="forwarded"):
        forward(bus, *recorded(store, SEAT))
    assert len(bus.calls) == ATTEMPTS


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
