"""The read units of each route, by DynamoDB's documents, against the table of docs/reading.md."""

import re
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.capacity import READ_UNIT_BYTES, read_units, started
from local.aws.embedded import TABLE_NAME, embedded_dynamodb
from local.aws.limits import item_bytes
from local.aws.template import ROOT
from roomstate.aws.reader import Reader
from roomstate.aws.store import Store
from tests.payloads import (
    AN_HOUR,
    APP,
    NOW,
    Payload,
    admins,
    create,
    members,
    seat,
    seats,
    set_metadata,
    webhook,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

ROOM, OWNER = "live_7b0c4e5d1f2a3948", "144115233775727000"
DAY_MS = 86_400_000
BEGAN = NOW - DAY_MS
INDEX_KEYS = {"LiveRooms": ("live_app", "live_since"), "UserRooms": ("online_user", "room_id")}
ROW = re.compile(r"^\| `(/v1/[a-z.]+)(?:\?([^`]*))?` \|.*\| ([0-9,.]+) \|$", re.MULTILINE)


def user(number: int) -> str:
    return f"144115233775{number:06}"


def story() -> list[Payload]:
    """An app with 100 rooms that live. One has 1,000 members and a log of 514 webhooks: the last 500 say one
    thing each."""
    info = {
        "RoomName": "an evening in the live room",
        "MaxSeatCount": 10,
        "IsSeatEnabled": True,
        "Owner_Account": OWNER,
    }
    at = BEGAN + 1_000
    return [
        *(create(f"live_{number:016x}", BEGAN + number, **info) for number in range(99)),
        create(ROOM, at, **info),
        set_metadata(ROOM, at + 1, topic="evening", mood="quiet"),
        admins(ROOM, "add", *map(user, range(3)), at=at + 2),
        seats(ROOM, *(seat(index, user(index)) for index in range(1, 11)), at=at + 3),
        *(online(at + 4, *range(first, first + 75)) for first in range(0, 750, 75)),
        *(online(at + number, number) for number in range(750, 1_000)),
        *(members(ROOM, "Offline", user(number), at=at + 2_000 + number) for number in range(125)),
        *(online(at + 3_000 + number, number) for number in range(125)),
    ]


def online(at: int, *numbers: int) -> Payload:
    return members(ROOM, "Online", *map(user, numbers), at=at)


@pytest.fixture(scope="module")
def filled() -> "Iterator[DynamoDBClient]":
    with embedded_dynamodb() as client:
        store = Store(client, TABLE_NAME, retention_days=90)
        for payload in story():
            store.record(webhook(payload), AN_HOUR)
        yield client


class Meter:
    """Adds up the read units of a client's calls, as DynamoDB's documents count them."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self.units = 0.0
        self._partitions: defaultdict[str, int] = defaultdict(int)
        for page in client.get_paginator("scan").paginate(TableName=TABLE_NAME):
            for item in page["Items"]:
                self._partitions[item["pk"]["S"]] += item_bytes(item)
        client.meta.events.register("provide-client-params.dynamodb", self._ask)
        client.meta.events.register("after-call.dynamodb", self._count)

    def _ask(self, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["asked"] = params

    def _count(self, model: Any, parsed: Any, context: dict[str, Any], **_: Any) -> None:
        asked = context["asked"]
        if model.name == "BatchGetItem":
            [request] = asked["RequestItems"].values()
            items = [item for items in parsed["Responses"].values() for item in items]
            sizes = [*map(item_bytes, items), *[0] * (len(request["Keys"]) - len(items))]
            self.units += sum(read_units(size, consistent=request["ConsistentRead"]) for size in sizes)
            return
        assert model.name == "Query"
        index = asked.get("IndexName")
        if asked.get("Select") == "COUNT":
            size = self._partitions[asked["ExpressionAttributeValues"][":partition"]["S"]]
        elif index:
            # It holds keys alone: its own, and the table's.
            keys = ("pk", "sk", *INDEX_KEYS[index])
            size = sum(item_bytes({key: item[key] for key in keys}) for item in parsed["Items"])
        else:
            size = sum(map(item_bytes, parsed["Items"]))
        self.units += started(size, READ_UNIT_BYTES) * (1 if asked.get("ConsistentRead") else 0.5)


ROUTES: dict[str, Callable[[Reader], Any]] = {
    "/v1/rooms": lambda reader: reader.rooms(APP),
    "/v1/room": lambda reader: reader.room(APP, ROOM),
    "/v1/room?count=members": lambda reader: reader.room(APP, ROOM, count_members=True),
    "/v1/room?at=": lambda reader: reader.room(APP, ROOM, at=NOW),
    "/v1/members": lambda reader: reader.members(APP, ROOM),
    "/v1/members?limit=1000": lambda reader: reader.members(APP, ROOM, limit=1_000),
    "/v1/members?at=": lambda reader: reader.members(APP, ROOM, at=NOW),
    "/v1/member": lambda reader: reader.member(APP, ROOM, user(1)),
    "/v1/user": lambda reader: reader.user(APP, user(1)),
    "/v1/log": lambda reader: reader.log(APP, ROOM, order="desc"),
    "/v1/openapi.json": lambda _: None,
}


def documented() -> dict[str, float]:
    """The last column of the table of costs."""
    text = (ROOT / "docs" / "reading.md").read_text("utf-8").partition("\n## Costs\n")[2]
    return {
        f"{route}?{query}" if query else route: float(units.replace(",", ""))
        for route, query, units in ROW.findall(text)
    }


def test_the_table_of_costs_is_what_is_read(filled: "DynamoDBClient") -> None:
    # GIVEN
    meter = Meter(filled)
    reader = Reader(filled, TABLE_NAME, clock=lambda: NOW / 1000)
    measured = {}
    for route, read in ROUTES.items():
        # WHEN each is asked for
        meter.units = 0
        read(reader)
        measured[route] = meter.units
    # THEN
    assert measured == documented()
