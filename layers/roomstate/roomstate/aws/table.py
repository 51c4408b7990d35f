"""The table's layout: which partition each register and record is in. `items` says what they hold.

Partition keys end in the room id, since a room id may hold any separator:

    pk                                   sk                              item
    room#<app>#<room>                    life                            when the room began and ended
    life#<app>#<room>                    life                            the same again
    room#<app>#<room>                    room                            its owner and info
                                         seat#<index, 15 digits>         a seat
                                         admin#<user>                    an administrator
                                         metadata#<key>                  a metadata key
    member#<app>#<shard>#<room>          <user>                          a member
    log#<app>#<shard>#<room>             <occurred_at>#<event>#<part>    a record of the log

A partition takes 1,000 write units a second. Members and records come by the thousand, so they are
spread over SHARDS partitions; seats and administrators do not, and sit with the room.

A partition gives 3,000 read units a second, and every webhook reads its room's life, so there are two copies
of that. They are always written together, and a webhook reads one of them (`life_copy`). Everybody else goes
by the first, with the room.

Two indexes hold keys alone, and only of the items that have their attributes:

    LiveRooms    live_app                live_since                      the lives of rooms that live
                 <app>#<shard>           <start, 15 digits>#<room>       (first copies)
    UserRooms    online_user             room_id                         members that are online
                 <app>#<user>            <room>
"""

import zlib
from typing import NamedTuple

from roomstate.aws.marshal import Item
from roomstate.log.record import LogRecord
from roomstate.state.registers import LIFE, Key

SHARDS = 16
"""Never change this, or LIVE_SHARDS, for a table with data: every key depends on it."""
LIVE_SHARDS = 4
"""An index whose partition is hot throttles the webhooks behind it: 1,000 rooms a second may begin or
end in each."""
LIVE_ROOMS, USER_ROOMS = "LiveRooms", "UserRooms"
TTL_ATTRIBUTE = "expires_at"
DAY_S = 86_400
TOMBSTONE_DAYS = 30
"""How long a removal is kept against a late "add". SQS, the slowest way here, keeps 14 days."""
LIFE_DAYS = 90
"""How long the life of a room is kept after its end, once the room is swept."""


class ItemKey(NamedTuple):
    pk: str
    sk: str

    def item(self) -> Item:
        return {"pk": {"S": self.pk}, "sk": {"S": self.sk}}


def item_key(item: Item) -> ItemKey:
    """Where an item is."""
    return ItemKey(item["pk"]["S"], item["sk"]["S"])


def room_partition(sdk_app_id: str, room_id: str) -> str:
    return f"room#{sdk_app_id}#{room_id}"


def life_partition(sdk_app_id: str, room_id: str) -> str:
    """Of the second copy of a room's life."""
    return f"life#{sdk_app_id}#{room_id}"


def member_partition(sdk_app_id: str, room_id: str, shard: int) -> str:
    return f"member#{sdk_app_id}#{shard:02}#{room_id}"


def log_partition(sdk_app_id: str, room_id: str | None, shard: int) -> str:
    """Records that concern no room are in the partitions of the empty room id."""
    return f"log#{sdk_app_id}#{shard:02}#{room_id or ''}"


def member_shard(user_id: str) -> int:
    return zlib.crc32(user_id.encode()) % SHARDS


def log_shard(event_id: str, part: int) -> int:
    return (int(event_id[:8], 16) + part) % SHARDS


def life_copy(event_id: str, part: int) -> int:
    """Which copy of its room's life a webhook reads. By other digits than its shard of the log."""
    return (int(event_id[-8:], 16) + part) % 2


def sort_time(occurred_at: int) -> str:
    """The start of a sort key ordered by time. `occurred_at` has at most 15 digits (`wire.MAX_INTEGER`)."""
    return f"{occurred_at:015}"


def live_partition(sdk_app_id: str, shard: int) -> str:
    """Of the index LiveRooms."""
    return f"{sdk_app_id}#{shard:02}"


def live_shard(room_id: str) -> int:
    return zlib.crc32(room_id.encode()) % LIVE_SHARDS


def user_partition(sdk_app_id: str, user_id: str) -> str:
    """Of the index UserRooms."""
    return f"{sdk_app_id}#{user_id}"


def register_key(sdk_app_id: str, room_id: str, key: Key) -> ItemKey:
    """Where a register is."""
    if key.kind == "member":
        user_id = str(key.name)
        return ItemKey(member_partition(sdk_app_id, room_id, member_shard(user_id)), user_id)
    if key.kind in ("life", "room"):
        return ItemKey(room_partition(sdk_app_id, room_id), key.kind)
    name = f"seat#{key.name:0>15}" if key.kind == "seat" else f"{key.kind}#{key.name}"
    return ItemKey(room_partition(sdk_app_id, room_id), name)


def life_keys(sdk_app_id: str, room_id: str) -> tuple[ItemKey, ItemKey]:
    """Where the two copies of a room's life are; the first is its `register_key`."""
    first = register_key(sdk_app_id, room_id, LIFE)
    return first, ItemKey(life_partition(sdk_app_id, room_id), first.sk)


def record_key(record: LogRecord) -> ItemKey:
    """Where a record is."""
    return ItemKey(
        log_partition(record.sdk_app_id, record.room_id, log_shard(record.event_id, record.part)),
        f"{sort_time(record.occurred_at)}#{record.event_id}#{record.part:05}",
    )
