"""The EventBridge bus."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from roomstate.aws.clients import EVENTS_CALL_S
from roomstate.aws.deadline import Deadline
from roomstate.aws.retry import persist, tries
from roomstate.log.forwarded import ForwardedWebhook, forwarded, without_payload
from roomstate.log.record import LogRecord

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "roomstate"
MAX_CALL_BYTES = 1_000_000
"""Of all entries of one PutEvents: 1 MB."""
MAX_CALL_ENTRIES = 10
MAX_DETAIL_TYPE = 128
"""Characters of a detail-type."""
ENTRY_BYTES = 14
"""What EventBridge reckons for an entry's time."""


class EntryRefused(Exception):
    """EventBridge took the call and not all of its entries. Says its ErrorCode."""


class Forwarder:
    """Forwards records to an EventBridge bus.

    Args:
        client: an EventBridge client.
        bus: its name.
    """

    def __init__(self, client: "EventBridgeClient", bus: str) -> None:
        self._client = client
        self._bus = bus

    def forward(self, records: Sequence[LogRecord], deadline: Deadline) -> None:
        """Put one event for each record; again for all of a call of which any was refused.

        Raises:
            Unavailable: not all could be put in time.
        """
        for entries in _calls(_entry(record, self._bus) for record in records):
            self._put(entries, deadline)

    def _put(self, entries: "list[PutEventsRequestEntryTypeDef]", deadline: Deadline) -> None:
        def put(_: int) -> None:
            deadline.require(EVENTS_CALL_S)
            answer = self._client.put_events(Entries=entries)
            if answer["FailedEntryCount"]:
                raise EntryRefused(
                    *(entry["ErrorCode"] for entry in answer["Entries"] if "ErrorCode" in entry)
                )

        persist(
            put,
            tries(deadline, EVENTS_CALL_S),
            again_on=(EntryRefused, BotoCoreError, ClientError),
            given_up="The webhook could not be forwarded.",
        )


def _entry(record: LogRecord, bus: str) -> "PutEventsRequestEntryTypeDef":
    webhook = forwarded(record)
    entry = _make_entry(webhook, bus)
    if _bytes(entry) > MAX_CALL_BYTES:
        entry = _make_entry(without_payload(webhook), bus)
    return entry


def _make_entry(webhook: ForwardedWebhook, bus: str) -> "PutEventsRequestEntryTypeDef":
    return {
        "EventBusName": bus,
        "Source": SOURCE,
        "DetailType": (webhook.command or "unknown")[:MAX_DETAIL_TYPE],
        "Time": datetime.fromtimestamp(webhook.occurred_at / 1000, UTC),
        "Resources": [],
        "Detail": json.dumps(webhook.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":")),
    }


def _bytes(entry: "PutEventsRequestEntryTypeDef") -> int:
    texts = (entry["Source"], entry["DetailType"], entry["Detail"])
    return ENTRY_BYTES + sum(len(text.encode()) for text in texts)


def _calls(
    entries: "Iterable[PutEventsRequestEntryTypeDef]",
) -> "Iterator[list[PutEventsRequestEntryTypeDef]]":
    """The entries in as few calls as they fit."""
    call: list[PutEventsRequestEntryTypeDef] = []
    weight = 0
    for entry in entries:
        more = _bytes(entry)
        if call and (len(call) == MAX_CALL_ENTRIES or weight + more > MAX_CALL_BYTES):
            yield call
            call, weight = [], 0
        call.append(entry)
        weight += more
    if call:
        yield call
