"""The EventBridge bus."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from roomstate.aws.clients import EVENTS_CALL_S
from roomstate.aws.deadline import Deadline
from roomstate.aws.refusals import EventsRefused, NeverForwarded
from roomstate.aws.retry import persist, tries
from roomstate.log.forwarded import ForwardedWebhook, forwarded, without_payload
from roomstate.log.record import LogRecord
from roomstate.tencent.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "roomstate"
MAX_CALL_BYTES = 1_000_000
"""Of all entries of one PutEvents: 1 MB."""
MAX_CALL_ENTRIES = 10
ENTRY_BYTES = 14
"""What EventBridge counts as the size of an entry's time."""

# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
OF_THE_ENTRY = frozenset({"InvalidArgument", "MalformedDetail"})
"""Codes that blame the content of an event: it would be refused every time."""
OF_THE_CALL = frozenset({"ValidationException", "SerializationException"})
"""The same for a whole call. It names no entry, so any of them may be to blame."""
TO_BE_MENDED = frozenset(
    {
        "AccessDeniedException",
        "InvalidAccountIdException",
        "NotAuthorizedForDetailTypeException",
        "NotAuthorizedForSourceException",
        "ResourceNotFoundException",
    }
)
"""Codes for what an operator has to fix: trying again at once is no use, trying later is."""

_DETAIL_TYPE = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
"""EventBridge takes 128 characters and does not say which ones. Commands' names need only these."""
_GIVEN_UP = "The webhook could not be forwarded."


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
        """Put one event for each record; again for all of a call of which any was refused for now.

        Raises:
            Unavailable: not all could be put in time.
            NeverForwarded: all were put, but for those that EventBridge would never take.
        """
        never: set[str] = set()
        for entries in _calls(_entry(record, self._bus) for record in records):
            never |= self._put(entries, deadline)
        if never:
            raise NeverForwarded(_listed(never))

    def _put(self, entries: "list[PutEventsRequestEntryTypeDef]", deadline: Deadline) -> set[str]:
        """Put the events of a call. Gives the codes of those that EventBridge would never take."""

        def put(_: int) -> set[str]:
            deadline.require(EVENTS_CALL_S)
            refusals = self._call(entries)
            if refusals & TO_BE_MENDED:
                raise Unavailable(_GIVEN_UP) from EventsRefused(_listed(refusals))
            if refusals - OF_THE_ENTRY - OF_THE_CALL:
                raise EventsRefused(_listed(refusals))
            return refusals

        never = persist(
            put,
            tries(deadline, EVENTS_CALL_S),
            again_on=(EventsRefused, BotoCoreError, ClientError),
            given_up=_GIVEN_UP,
        )
        if never & OF_THE_CALL and len(entries) > 1:
            return set().union(*(self._put([entry], deadline) for entry in entries))
        return never

    def _call(self, entries: "list[PutEventsRequestEntryTypeDef]") -> set[str]:
        """Call EventBridge once. Gives the codes of what it refused."""
        try:
            answer = self._client.put_events(Entries=entries)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in OF_THE_CALL | TO_BE_MENDED:
                return {code}
            raise
        return {entry.get("ErrorCode", "no code") for entry in answer["Entries"] if "EventId" not in entry}


def _entry(record: LogRecord, bus: str) -> "PutEventsRequestEntryTypeDef":
    webhook = forwarded(record)
    entry = _make_entry(webhook, bus)
    if _bytes(entry) > MAX_CALL_BYTES:
        entry = _make_entry(without_payload(webhook), bus)
    return entry


def _make_entry(webhook: ForwardedWebhook, bus: str) -> "PutEventsRequestEntryTypeDef":
    command = webhook.command or ""
    return {
        "EventBusName": bus,
        "Source": SOURCE,
        # A stranger can write both. The detail keeps them as they came.
        "DetailType": command if _DETAIL_TYPE.fullmatch(command) else "unknown",
        "Time": datetime.fromtimestamp(min(webhook.occurred_at, webhook.received_at) / 1000, UTC),
        "Resources": [],
        "Detail": webhook.model_dump_json(),
    }


def _bytes(entry: "PutEventsRequestEntryTypeDef") -> int:
    texts = (entry["Source"], entry["DetailType"], entry["Detail"])
    return ENTRY_BYTES + sum(len(text.encode()) for text in texts)


def _listed(codes: set[str]) -> str:
    return ", ".join(sorted(codes))


def _calls(
    entries: "Iterable[PutEventsRequestEntryTypeDef]",
) -> "Iterator[list[PutEventsRequestEntryTypeDef]]":
    """Spread the entries over as few calls as possible."""
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
