"""The AWS calls of a webhook of a single change, and the units it costs in DynamoDB.

The function runs as it is, over HTTP, against a DynamoDB that reckons: botocore's events count the requests,
and add ReturnConsumedCapacity to them. What DynamoDB says must be what its documents say of items of that
size. An emulator that says nothing of a BatchGetItem, as MiniStack, leaves the documents alone to say it.
"""

import io
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from unittest.mock import patch

from benchmarks.capacity import index_units, read_units, write_units
from benchmarks.figure import Figure, at_most
from benchmarks.function import Function, webhook_function
from benchmarks.webhooks import OPEN, created, to_event
from e2e.emulator import ROOT_KEY, client
from local.aws.embedded import create_table
from local.aws.limits import item_bytes, item_key
from roomstate.aws import clients
from roomstate.aws.reads import LIVE_ROOMS, USER_ROOMS, Index
from tests.payloads import NOW, Payload, members, seat, seats

TARGET_CALLS = 2
TARGET_CALLS_FORWARDING = 3
TARGET_WRITE_UNITS = 4
TARGET_READ_UNITS = 2
PATIENCE_S = 10
"""With an emulator."""
_USER = "144115233775727695"

Keys = tuple[str, str] | None


class UnitsDiffer(Exception):
    """DynamoDB reckons otherwise than its documents say."""


@dataclass(slots=True)
class Cost:
    """What one webhook costs."""

    calls: list[str] = field(default_factory=list)
    """Operations, one for each HTTP request."""
    write_units: float = 0
    """With the index LiveRooms, without UserRooms."""
    user_index_units: float = 0
    """What UserRooms takes besides."""
    read_units: float = 0
    record_bytes: int = 0
    """The record's item, as DynamoDB reckons."""
    register_bytes: int = 0
    event_bytes: int = 0
    """What is forwarded."""
    log_bytes: list[int] = field(default_factory=list)
    """Each line of the function's log."""
    answer_bytes: int = 0
    """The answer's body."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Of webhooks of a single change, by what they say."""

    plain: Mapping[str, Cost]
    forwarding: Mapping[str, Cost]
    reads: Literal["reported", "documented"]
    """Where the read units come from."""


def figures(costs: Costs) -> list[Figure]:
    """The dearest of the webhooks against the targets."""
    both = [*costs.plain.values(), *costs.forwarding.values()]
    writes, reads = max(cost.write_units for cost in both), max(cost.read_units for cost in both)
    indexed = max(cost.write_units + cost.user_index_units for cost in both)
    reckoned = {
        "reported": "as DynamoDB reports, and as documented for what is read",
        "documented": "as documented for what is read: ½ a key, eventually consistent, of up to 4 KB",
    }
    return [
        _calls("AWS calls of a single change", costs.plain, TARGET_CALLS),
        _calls("AWS calls of a single change, forwarded", costs.forwarding, TARGET_CALLS_FORWARDING),
        at_most(
            "Write units of a single change",
            writes,
            limit=TARGET_WRITE_UNITS,
            measured=f"{writes:g}",
            how=f"as DynamoDB reports, and as documented for what is written: {', '.join(costs.plain)}",
        ),
        at_most(
            "Write units of a single change, with UserIndex",
            indexed,
            limit=TARGET_WRITE_UNITS + 1,
            measured=f"{indexed:g}",
            how="the same, with the index UserRooms",
        ),
        at_most(
            "Read units of a single change",
            reads,
            limit=TARGET_READ_UNITS,
            measured=f"{reads:g}",
            how=reckoned[costs.reads],
        ),
    ]


def _calls(name: str, costs: Mapping[str, Cost], target: int) -> Figure:
    dearest = max(costs.values(), key=lambda cost: len(cost.calls))
    return at_most(
        name,
        len(dearest.calls),
        limit=target,
        measured=f"{len(dearest.calls)} ({', '.join(dearest.calls)})",
        how="HTTP requests the function sends, the dearest of the same webhooks",
    )


def measure() -> Costs:
    """Put webhooks through the function, on a table and a bus of the emulator that runs.

    Raises:
        UnitsDiffer: it reckons otherwise than DynamoDB's documents say.
    """
    watch = Watch()
    with emulated() as names:
        plain = _measure(names, "", watch)
        forwarding = _measure(names, names["EVENT_BUS"], watch)
    return Costs(plain, forwarding, "reported" if watch.reads_reported else "documented")


@contextmanager
def emulated() -> Iterator[dict[str, str]]:
    """A table and a bus of their own. Gives the variables that lead the function there."""
    endpoint = os.environ["EMULATOR_URL"]
    name = f"roomstate-bench-{uuid.uuid4().hex}"
    # Whatever goes wrong, nothing is sent to AWS: the parking queue is there too, and does not exist.
    environment = {
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "AWS_SESSION_TOKEN": "",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_ENDPOINT_URL_EVENTBRIDGE": endpoint,
        "AWS_ENDPOINT_URL_SQS": endpoint,
        "PARKING_QUEUE_URL": f"{endpoint}/000000000000/{name}",
        "TABLE_NAME": name,
        "EVENT_BUS": name,
    }
    # Not the function's clients, which have Tencent's time-outs; and those are not measured here.
    dynamodb, events = client("dynamodb"), client("events")
    create_table(dynamodb, name)
    events.create_event_bus(Name=name)
    try:
        with patch.multiple(clients, DYNAMODB_READ_S=PATIENCE_S, SQS_READ_S=PATIENCE_S):
            yield environment
    finally:
        events.delete_event_bus(Name=name)
        dynamodb.delete_table(TableName=name)


def _measure(environment: Mapping[str, str], bus: str, watch: "Watch") -> dict[str, Cost]:
    room = f"live_{uuid.uuid4().hex[:16]}"
    log = io.StringIO()
    with webhook_function({**environment, "EVENT_BUS": bus}, watch.client, log) as function:
        _cost(function, watch, log, created(room, at=NOW - 60_000))
        return {says: _cost(function, watch, log, webhook) for says, webhook in single_changes(room).items()}


def single_changes(room: str) -> dict[str, Payload]:
    """Webhooks in the order they happen, each of one change."""
    return {
        "seat taken": seats(room, seat(1, _USER, **OPEN), at=NOW - 5_000),
        "seat left": seats(room, seat(1, **OPEN), at=NOW - 4_000),
        "member enters": members(room, "Online", _USER, at=NOW - 3_000),
        "member leaves": members(room, "Offline", _USER, at=NOW - 2_000, cause="Leave"),
    }


def _cost(function: Function, watch: "Watch", log: io.StringIO, payload: Payload) -> Cost:
    watch.cost = cost = Cost()
    begun = log.tell()
    response = function(to_event(payload, NOW))
    if watch.differs:
        raise UnitsDiffer("; ".join(watch.differs))
    if not cost.write_units:
        raise RuntimeError(f"not stored: {log.getvalue()[begun:]}")
    cost.log_bytes = [len(line.encode()) for line in log.getvalue()[begun:].splitlines()]
    cost.answer_bytes = len(response["body"].encode())
    return cost


class Watch:
    """Sees what the function's clients send and get."""

    def __init__(self) -> None:
        self.cost = Cost()
        self.reads_reported = True
        self.differs: list[str] = []
        """What was reported, and is not documented."""
        self._sent: dict[str, Any] = {}
        self._sizes: dict[tuple[str, str], int] = {}
        """Bytes of what the table holds, as far as it was written under these eyes."""
        self._indexed: dict[tuple[Index, tuple[str, str]], Keys] = {}
        """The keys of what the indexes hold."""

    def client(self, client: Any) -> None:
        events = client.meta.events
        events.register("provide-client-params.dynamodb", self._ask)
        events.register("before-send", self._count)
        events.register("after-call.dynamodb.BatchGetItem", self._read)
        events.register("after-call.dynamodb.TransactWriteItems", self._written)
        events.register("provide-client-params.eventbridge.PutEvents", self._forwarded)

    def _ask(self, params: dict[str, Any], **_: Any) -> dict[str, Any]:
        self._sent = params
        return {**params, "ReturnConsumedCapacity": "TOTAL"}

    def _count(self, request: Any, **_: Any) -> None:
        target: bytes = request.headers["X-Amz-Target"]
        self.cost.calls.append(target.decode().rpartition(".")[2])

    def _forwarded(self, params: dict[str, Any], **_: Any) -> None:
        self.cost.event_bytes += sum(
            len(entry[part].encode())
            for entry in params["Entries"]
            for part in ("Source", "DetailType", "Detail")
        )

    def _read(self, parsed: dict[str, Any], **_: Any) -> None:
        [asked] = self._sent["RequestItems"].values()
        sizes = [self._sizes.get(item_key(key), 0) for key in asked["Keys"]]
        documented = sum(read_units(size, consistent=asked["ConsistentRead"]) for size in sizes)
        self.cost.read_units += documented
        if "ConsumedCapacity" in parsed:
            self._compare("BatchGetItem", parsed, documented)
        else:
            self.reads_reported = False

    def _written(self, parsed: dict[str, Any], **_: Any) -> None:
        documented, user_index = 0.0, 0
        for action in self._sent["TransactItems"]:
            item = action["Put"]["Item"]
            size = item_bytes(item)
            documented += write_units(self._sizes.get(item_key(item), 0), size)
            documented += self._index(LIVE_ROOMS, item)
            user_index += self._index(USER_ROOMS, item)
            self._sizes[item_key(item)] = size
            if "payload" in item:
                self.cost.record_bytes += size
            else:
                self.cost.register_bytes += size
        self._compare("TransactWriteItems", parsed, documented + user_index)
        self.cost.write_units += documented
        self.cost.user_index_units += user_index

    def _index(self, index: Index, item: Any) -> int:
        """The units that an item takes in an index."""
        place = index, item_key(item)
        before = self._indexed.get(place)
        is_in = index.partition in item and index.sort in item
        after = (item[index.partition]["S"], item[index.sort]["S"]) if is_in else None
        self._indexed[place] = after
        return index_units(before, after)

    def _compare(self, operation: str, parsed: Mapping[str, Any], documented: float) -> None:
        reported = sum(table["CapacityUnits"] for table in parsed.get("ConsumedCapacity", []))
        if reported != documented:
            self.differs.append(f"{operation}: {reported} units reported, {documented} documented")
