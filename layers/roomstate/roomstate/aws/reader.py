"""What consumers read: rooms, who is in them, where a user is, and logs; as they are, and as they were.

    from roomstate.kit import Reader

    room = Reader(boto3.client("dynamodb"), table_name).room("1400000001", "rid-123")

Reads are strongly consistent unless told: what a stored webhook changed is there. (One that was answered may
also have been parked: it shows once it is redriven.) What a room's end voids is never shown.

Lists come in pages. `next` of a page, given to the same call, is where the following one begins. Only None is
the end: a page may be short, even empty, because little of what was read is to be shown. A `limit` below 1 is
a ValueError.
"""

import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from roomstate.aws.deadline import Deadline
from roomstate.aws.items import read_register
from roomstate.aws.lists import held_of_user, live_rooms, rooms_of_user
from roomstate.aws.logs import Order, page_of_log, records
from roomstate.aws.marshal import Item
from roomstate.aws.members import number_of_members, page_of_members
from roomstate.aws.pages import LogPage, MemberPage, RoomPage, UserPage
from roomstate.aws.past import as_of
from roomstate.aws.reads import Asked, Reads
from roomstate.aws.shards import check_limit
from roomstate.aws.table import DAY_S, SHARDS, member_partition, register_key, room_partition
from roomstate.log.kept import Kept
from roomstate.log.record import LogRecord
from roomstate.state.life import Life
from roomstate.state.registers import LIFE, AnyRegister, Key
from roomstate.state.rooms import (
    Admin,
    Folded,
    Presence,
    Room,
    Seat,
    show_admin,
    show_members,
    show_presence,
    show_room,
    show_seat,
)
from roomstate.state.view import View
from roomstate.tencent.decode import MAX_AHEAD_MS
from roomstate.tencent.wire import MAX_INTEGER

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAGE = 100
"""What one page has at most unless told."""
HOUR_MS = 3_600_000


class Reader:
    """Reads a roomstate table.

    Args:
        client: a DynamoDB client. Its pool should take `SHARDS` connections.
        table_name: the stack's table.
        log_retention_days: the stack's LogRetentionDays, to tell how far back a moment can be looked at.
        deadline: no call is begun after it; OutOfTime is raised in its place.
        clock: s since the epoch.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        table_name: str,
        *,
        log_retention_days: int = 90,
        deadline: Deadline | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._reads = Reads(client, table_name, deadline)
        self._log_retention_days = log_retention_days
        self._clock = clock

    def rooms(self, sdk_app_id: str, *, limit: int = PAGE, next: str | None = None) -> RoomPage:
        """Rooms that live, the newest first. Eventually consistent."""
        return live_rooms(self._reads, sdk_app_id, limit, next)

    def room(
        self, sdk_app_id: str, room_id: str, *, at: int | None = None, count_members: bool = False
    ) -> Room | None:
        """A room with all its seats and administrators, but without its members; None if never heard of.

        Args:
            at: the moment, ms since the epoch, as of which it is shown.
            count_members: say how many are online. It reads all that came, eventually consistently.

        Raises:
            TooMany: to be folded, counted or held.
        """
        if at is not None:
            past, folded = self._as_of(sdk_app_id, room_id, at)
            held = past.registers
            count = len(show_members(held)) if count_members else None
            return show_room(sdk_app_id, room_id, held, member_count=count, folded=folded)
        held = self._held(self._reads.room_items(Asked(room_partition(sdk_app_id, room_id))))
        count = None
        if count_members:
            count = number_of_members(self._reads, sdk_app_id, room_id, View(held).life)
        return show_room(sdk_app_id, room_id, held, member_count=count)

    def members(
        self,
        sdk_app_id: str,
        room_id: str,
        *,
        limit: int = PAGE,
        next: str | None = None,
        at: int | None = None,
    ) -> MemberPage | None:
        """Members online, by user_id; None if the room was never heard of.

        Args:
            at: the moment, ms since the epoch, as of which they are shown. Each page folds the log anew.

        Raises:
            TooMany: to be folded.
        """
        check_limit(limit)
        if at is None:
            life = self._life(sdk_app_id, room_id)
            if life is None:
                return None
            return page_of_members(self._reads, sdk_app_id, room_id, life, limit=limit, after=next)
        past, folded = self._as_of(sdk_app_id, room_id, at)
        if LIFE not in past.registers:
            return None
        everybody = show_members(past.registers)
        first = bisect_right(everybody, next, key=lambda member: member.user_id) if next is not None else 0
        shown = everybody[first : first + limit]
        following = shown[-1].user_id if first + limit < len(everybody) else None
        return MemberPage(members=shown, next=following, folded=folded)

    def member(self, sdk_app_id: str, room_id: str, user_id: str) -> Presence | None:
        """What a user is in a room; None if the room was never heard of."""
        held = held_of_user(self._reads, sdk_app_id, user_id, [room_id])[room_id]
        return show_presence(held, user_id) if LIFE in held else None

    def user(self, sdk_app_id: str, user_id: str, *, limit: int = PAGE, next: str | None = None) -> UserPage:
        """The rooms that a user is online in, by room_id. Eventually consistent.

        Raises:
            botocore.exceptions.ClientError: ValidationException where the stack has no UserIndex.
        """
        return rooms_of_user(self._reads, sdk_app_id, user_id, limit, next)

    def seat(self, sdk_app_id: str, room_id: str, index: int) -> Seat | None:
        """A seat, None where no webhook named it since the room was created."""
        key = Key("seat", index)
        return show_seat(View(self._get(sdk_app_id, room_id, LIFE, key)), key)

    def admin(self, sdk_app_id: str, room_id: str, user_id: str) -> Admin | None:
        """An administrator, None where the user is none."""
        key = Key("admin", user_id)
        return show_admin(View(self._get(sdk_app_id, room_id, LIFE, key)), key)

    def ended_at(self, sdk_app_id: str, room_id: str) -> int | None:
        """When a room ended last, in ms since the epoch, though it may live again; None if it never did."""
        life = self._life(sdk_app_id, room_id)
        return life.ended_at if life else None

    def log(
        self,
        sdk_app_id: str,
        room_id: str | None,
        *,
        start: int = 0,
        end: int = MAX_INTEGER,
        order: Order = "asc",
        limit: int = PAGE,
        next: str | None = None,
    ) -> LogPage:
        """The records of a room by occurred_at, from `start` to before `end` (ms since the epoch).

        Args:
            room_id: None for the records that concern no room.
            order: "desc" begins with the newest.

        Raises:
            ValueError: `next` is of no page of a log.
        """
        return page_of_log(
            self._reads, sdk_app_id, room_id, start=start, end=end, order=order, limit=limit, after=next
        )

    def records(
        self, sdk_app_id: str, room_id: str | None, *, start: int = 0, end: int = MAX_INTEGER
    ) -> Iterator[LogRecord]:
        """The records themselves, with the bodies as they came, read as they are asked for."""
        return records(self._reads, sdk_app_id, room_id, start, end)

    def registers(self, sdk_app_id: str, room_id: str, *, most: int | None = None) -> dict[Key, AnyRegister]:
        """All registers of a room as the table has them, members', void ones and tombstones too.

        Raises:
            TooMany: a partition of the room has more than `most`.
        """
        partitions = [
            room_partition(sdk_app_id, room_id),
            *(member_partition(sdk_app_id, room_id, shard) for shard in range(SHARDS)),
        ]
        with ThreadPoolExecutor(len(partitions)) as pool:
            pages = pool.map(lambda pk: self._reads.all_items(Asked(pk), most), partitions)
            return self._held(item for items in pages for item in items)

    def _as_of(self, sdk_app_id: str, room_id: str, at: int) -> tuple[Kept, Folded]:
        now = self._life(sdk_app_id, room_id) or Life()
        kept, records = as_of(self._reads, sdk_app_id, room_id, at, now)
        # A webhook may be dated ahead of its receipt, by which its record expires.
        oldest = int(self._clock() * 1000) - self._log_retention_days * DAY_S * 1000 + MAX_AHEAD_MS
        return kept, Folded(records=records, since=max(0, -(-oldest // HOUR_MS) * HOUR_MS))

    def _life(self, sdk_app_id: str, room_id: str) -> Life | None:
        life = self._get(sdk_app_id, room_id, LIFE).get(LIFE)
        return life if isinstance(life, Life) else None

    def _get(self, sdk_app_id: str, room_id: str, *keys: Key) -> dict[Key, AnyRegister]:
        return self._held(self._reads.get(register_key(sdk_app_id, room_id, key) for key in keys).values())

    @staticmethod
    def _held(items: Iterable[Item]) -> dict[Key, AnyRegister]:
        return dict(read_register(item) for item in items)
