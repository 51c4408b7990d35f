"""What consumers read: rooms, single seats, admins and members, and logs.

    from roomstate.kit import Reader

    room = Reader(boto3.client("dynamodb"), table_name).room("1400000001", "rid-123")

Reads are strongly consistent: what a stored webhook changed is there. (One that was answered may also have
been parked: it shows once it is redriven.) What a room's end voids is never shown.
"""

import heapq
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any

from roomstate.aws.marshal import to_item
from roomstate.aws.table import (
    SHARDS,
    log_partition,
    log_time,
    member_partition,
    read_record,
    read_register,
    register_key,
    room_partition,
)
from roomstate.log.record import LogRecord
from roomstate.state.decide import View
from roomstate.state.registers import ROOM, AnyRegister, Key, RoomRegister
from roomstate.state.rooms import Admin, Member, Room, Seat, show_admin, show_member, show_room, show_seat
from roomstate.tencent.wire import MAX_INTEGER

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAGE = 1_000
"""Members that one page has unless told."""


class Reader:
    """Reads a roomstate table.

    Args:
        client: a DynamoDB client. Its pool should take `SHARDS` connections.
        table_name: the stack's table.
    """

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table = table_name

    def room(self, sdk_app_id: str, room_id: str) -> Room | None:
        """A room with all its seats, administrators and online members; None if never heard of."""
        held = self.registers(sdk_app_id, room_id)
        return show_room(sdk_app_id, room_id, held) if held else None

    def registers(self, sdk_app_id: str, room_id: str) -> dict[Key, AnyRegister]:
        """All registers of a room as the table has them, void ones and tombstones too."""
        partitions = [
            room_partition(sdk_app_id, room_id),
            *(member_partition(sdk_app_id, room_id, shard) for shard in range(SHARDS)),
        ]
        with ThreadPoolExecutor(len(partitions)) as pool:
            pages = pool.map(lambda pk: list(self._query(pk)), partitions)
            return dict(read_register(item) for items in pages for item in items)

    def members(
        self, sdk_app_id: str, room_id: str, *, after: str | None = None, limit: int = PAGE
    ) -> list[Member]:
        """A page of the members online, by user_id.

        Args:
            after: the user_id that ended the page before.
            limit: how many at most. A page that has fewer is the last.
        """
        room = self._get(sdk_app_id, room_id, ROOM)
        condition, bounds = ("sk > :after", {":after": after}) if after else (None, None)
        shards = (
            self._query(member_partition(sdk_app_id, room_id, shard), condition, bounds, limit)
            for shard in range(SHARDS)
        )
        items = heapq.merge(*shards, key=_sort_key)
        found = (read_register(item) for item in items)
        online = (
            member
            for key, register in found
            if (member := show_member(View({**room, key: register}), key)) is not None
        )
        return list(islice(online, limit))

    def seat(self, sdk_app_id: str, room_id: str, index: int) -> Seat | None:
        """A seat, None where no webhook named it since the room was created."""
        key = Key("seat", index)
        return show_seat(View(self._get(sdk_app_id, room_id, ROOM, key)), key)

    def admin(self, sdk_app_id: str, room_id: str, user_id: str) -> Admin | None:
        """An administrator, None where the user is none."""
        key = Key("admin", user_id)
        return show_admin(View(self._get(sdk_app_id, room_id, ROOM, key)), key)

    def member(self, sdk_app_id: str, room_id: str, user_id: str) -> Member | None:
        """A member, None where the user is not online in the room."""
        key = Key("member", user_id)
        return show_member(View(self._get(sdk_app_id, room_id, ROOM, key)), key)

    def ended_at(self, sdk_app_id: str, room_id: str) -> int | None:
        """When a room ended last, in ms since the epoch, though it may live again; None if it never did."""
        room = self._get(sdk_app_id, room_id, ROOM).get(ROOM)
        return room.ended_at if isinstance(room, RoomRegister) else None

    def log(
        self,
        sdk_app_id: str,
        room_id: str | None,
        *,
        start: int = 0,
        end: int = MAX_INTEGER,
    ) -> Iterator[LogRecord]:
        """The records of a room by occurred_at, from `start` to before `end` (ms since the epoch).

        `room_id` None: the records that concern no room.
        """
        # No sort key is a time alone, so BETWEEN leaves `end` out.
        between = {":start": log_time(start), ":end": log_time(end)}
        shards = (
            self._query(log_partition(sdk_app_id, room_id, shard), "sk BETWEEN :start AND :end", between)
            for shard in range(SHARDS)
        )
        for item in heapq.merge(*shards, key=_sort_key):
            yield read_record(item)

    def _get(self, sdk_app_id: str, room_id: str, *keys: Key) -> dict[Key, AnyRegister]:
        wanted = (register_key(sdk_app_id, room_id, key).item() for key in keys)
        answers = [
            self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True) for key in wanted
        ]
        return dict(read_register(answer["Item"]) for answer in answers if "Item" in answer)

    def _query(
        self,
        pk: str,
        condition: str | None = None,
        bounds: Mapping[str, str] | None = None,
        page: int | None = None,
    ) -> Iterator[Any]:
        """The items of a partition, read page by page as they are asked for."""
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk" + (f" AND {condition}" if condition else ""),
            "ExpressionAttributeValues": to_item({":pk": pk, **(bounds or {})}),
            "ConsistentRead": True,
            **({"Limit": page} if page else {}),
        }
        while True:
            answer = self._client.query(**query)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _sort_key(item: Any) -> str:
    return str(item["sk"]["S"])
