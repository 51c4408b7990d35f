"""Deleting what the watermark of a room voids, so that a room that ended leaves nothing but its log.

Nobody sees a void register, and no later webhook can bring it back: the watermark only grows, and is kept
in the life item. So it may be deleted at any time, in any order, by several sweeps at once. Each register is
deleted only if it has not changed since it was read. If a webhook that read the life before the end writes a
void register meanwhile, it stays, unseen, until the life item expires and the room is swept once more.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from roomstate.aws.deadline import Deadline
from roomstate.aws.items import read_register, read_registers, unchanged
from roomstate.aws.lives import write_life
from roomstate.aws.marshal import Item
from roomstate.aws.query import query
from roomstate.aws.reads import Reads
from roomstate.aws.table import (
    DAY_S,
    LIFE_DAYS,
    SHARDS,
    TTL_ATTRIBUTE,
    ItemKey,
    item_key,
    life_keys,
    member_partition,
    room_partition,
)
from roomstate.state.life import MARGIN_MS, Life
from roomstate.state.registers import LIFE, AnyRegister, Register, RoomRegister
from roomstate.sweep.stream import Due

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CALL_S = 1.0
"""A little more than a call may take: no call is begun with less time left."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What became of a room's registers."""

    deleted: int = 0
    shown_at: int | None = None
    """When somebody who is still there was last shown in the room, ms since the epoch."""


class Sweeper:
    """Sweeps rooms.

    Args:
        client: a DynamoDB client. Its pool should take `SHARDS` connections.
        table_name: the stack's table.
        clock: s since the epoch.
    """

    def __init__(
        self, client: "DynamoDBClient", table_name: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._table = table_name
        self._clock = clock

    def sweep(self, room: Due, deadline: Deadline) -> int:
        """Delete what is void in a room, and let its life expire if it has ended. Gives the number deleted.

        A sweep that is broken off goes on where it was, the next time.

        Raises:
            OutOfTime: there is more to delete than there was time.
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: DynamoDB failed.
        """
        name = room.sdk_app_id, room.room_id
        # The life is read before the rest: what it voids now stays void, whatever comes meanwhile.
        copies = self._copies(name, deadline)
        void_until = max(_horizon(room.expired), _life(copies).void_until or 0)
        partitions = [
            room_partition(*name),
            *(member_partition(*name, shard) for shard in range(SHARDS)),
        ]
        with ThreadPoolExecutor(SHARDS) as pool:
            items = (query(self._client, self._table, pk) for pk in partitions)
            results = list(pool.map(lambda items: self._delete(items, void_until, deadline), items))
        shown_at = max((result.shown_at or 0 for result in results), default=0)
        self._settle(name, copies, shown_at, deadline)
        return sum(result.deleted for result in results)

    def _copies(self, name: tuple[str, str], deadline: Deadline) -> dict[ItemKey, Item]:
        return Reads(self._client, self._table, deadline).get(life_keys(*name))

    def _delete(self, items: Iterator[Item], void_until: int, deadline: Deadline) -> Swept:
        """Delete what is void of some items, and look at what is left."""
        deleted, shown_at = 0, None
        for item in items:
            _, register = read_register(item)
            if _is_void(register, void_until):
                deadline.require(CALL_S)
                deleted += self._delete_unchanged(item)
            elif isinstance(register, Register) and register.fact.shows_somebody:
                shown_at = max(shown_at or 0, register.version.occurred_at)
        return Swept(deleted, shown_at)

    def _delete_unchanged(self, item: Item) -> bool:
        try:
            self._client.delete_item(TableName=self._table, Key=item_key(item).item(), **unchanged(item))
        except self._client.exceptions.ConditionalCheckFailedException:
            return False  # somebody wrote it meanwhile, or swept it
        return True

    def _settle(
        self, name: tuple[str, str], copies: Mapping[ItemKey, Item], shown_at: int, deadline: Deadline
    ) -> None:
        """Let the life of a room that has ended expire; or note that the end was not the last word.

        The receiver notes that itself where somebody is shown after the end. Where the end came late, after
        those it could not know of, nobody but the sweep sees them.
        """
        first, _ = life_keys(*name)
        # Where the first copy has expired, the second does so on its own date. It has none where a sweep from
        # before there were two has dated the first alone: then both come back, to expire together.
        while _is_to_date(copies, first) and (life := _life(copies)).is_ended:
            deadline.require(CALL_S)
            expires_at = None
            if life.is_contradicted_by(shown_at):
                life = life._replace(alive_at=shown_at)
            else:
                expires_at = int(self._clock()) + LIFE_DAYS * DAY_S
            if write_life(self._client, self._table, name, life, copies, expires_at=expires_at):
                return
            # Somebody wrote it meanwhile, and not all that may be written brings another sweep.
            copies = self._copies(name, deadline)


def _is_to_date(copies: Mapping[ItemKey, Item], first: ItemKey) -> bool:
    """Whether a life is to be dated: the date it may have is put off as long as the first copy is there."""
    return first in copies or any(TTL_ATTRIBUTE not in item for item in copies.values())


def _life(copies: Mapping[ItemKey, Item]) -> Life:
    life = read_registers(copies.values()).get(LIFE)
    return life if isinstance(life, Life) else Life()


def _horizon(expired: Life | None) -> int:
    """Up to when everything goes once a life has expired: the last who came while it ended, too."""
    if expired is None:
        return 0
    return max(expired.void_until or 0, (expired.ended_at or 0) + MARGIN_MS if expired.is_ended else 0)


def _is_void(register: AnyRegister, void_until: int) -> bool:
    match register:
        case Register(version):
            return version.occurred_at <= void_until
        case RoomRegister(fields):
            return all(field.version.occurred_at <= void_until for field in fields.values())
        case Life():
            return False
