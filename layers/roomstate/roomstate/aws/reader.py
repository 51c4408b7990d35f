"""What consumers read: rooms, single seats, admins and members, and logs.

    from roomstate.kit import Reader

    room = Reader(boto3.client("dynamodb"), table_name).room("1400000001", "rid-123")

Reads are strongly consistent: what a stored webhook changed is there. (One that was answered may also have
been parked: it shows once it is redriven.) What a room's end voids is never shown.
"""

import heapq
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any

from roomstate.aws.items import read_record, read_register
from roomstate.aws.marshal import Item
from roomstate.aws.query import query
from roomstate.aws.table import (
    SHARDS,
    log_partition,
    member_partition,
    register_key,
    room_partition,
    sort_time,
)
from roomstate.log.record import LogRecord
from roomstate.state.life import Life
from roomstate.state.registers import LIFE, AnyRegister, Key
from roomstate.state.rooms import Admin, Member, Room, Seat, show_admin, show_member, show_room, show_seat
from roomstate.state.view import View
from roomstate.tencent.wire import MAX_INTEGER

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAGE = 1_000
"""Members on one page, by default."""
SHARE_MORE = 4
"""Items that a page reads from each shard beyond its share."""


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
        """A room with all its seats, administrators and online members; None if no webhook named it."""
        return show_room(sdk_app_id, room_id, self.registers(sdk_app_id, room_id))

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
        life = self._get(sdk_app_id, room_id, LIFE)
        there: dict[str, Any] = {"condition": "sk > :after", "bounds": {":after": after}} if after else {}
        # Each shard is asked for a little more than its share: they fill evenly, but not exactly so.
        share = limit // SHARDS + SHARE_MORE
        shards = (
            self._query(member_partition(sdk_app_id, room_id, shard), page=share, **there)
            for shard in range(SHARDS)
        )
        found = (read_register(item) for item in heapq.merge(*shards, key=_sort_key))
        online = (
            member
            for key, register in found
            if (member := show_member(View({**life, key: register}), key)) is not None
        )
        return list(islice(online, limit))

    def seat(self, sdk_app_id: str, room_id: str, index: int) -> Seat | None:
        """A seat, None where no webhook named it since the room was created."""
        key = Key("seat", index)
        return show_seat(View(self._get(sdk_app_id, room_id, LIFE, key)), key)

    def admin(self, sdk_app_id: str, room_id: str, user_id: str) -> Admin | None:
        """An administrator, None where the user is none."""
        key = Key("admin", user_id)
        return show_admin(View(self._get(sdk_app_id, room_id, LIFE, key)), key)

    def member(self, sdk_app_id: str, room_id: str, user_id: str) -> Member | None:
        """A member, None where the user is not online in the room."""
        key = Key("member", user_id)
        return show_member(View(self._get(sdk_app_id, room_id, LIFE, key)), key)

    def ended_at(self, sdk_app_id: str, room_id: str) -> int | None:
        """When a room ended last, in ms since the epoch, though it may live again; None if it never did."""
        life = self._get(sdk_app_id, room_id, LIFE).get(LIFE)
        return life.ended_at if isinstance(life, Life) else None

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
        between = {":start": sort_time(start), ":end": sort_time(end)}
        partitions = (log_partition(sdk_app_id, room_id, shard) for shard in range(SHARDS))
        shards = (
            self._query(pk, condition="sk BETWEEN :start AND :end", bounds=between) for pk in partitions
        )
        for item in heapq.merge(*shards, key=_sort_key):
            yield read_record(item)

    def _get(self, sdk_app_id: str, room_id: str, *keys: Key) -> dict[Key, AnyRegister]:
        wanted = (register_key(sdk_app_id, room_id, key).item() for key in keys)
        answers = [
            self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True) for key in wanted
        ]
        return dict(read_register(answer["Item"]) for answer in answers if "Item" in answer)

    def _query(self, pk: str, **asked: Any) -> Iterator[Item]:
        return query(self._client, self._table, pk, **asked)


def _sort_key(item: Item) -> str:
    return item["sk"]["S"]
