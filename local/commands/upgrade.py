"""`make upgrade`: give the rooms of a table from before 0.2 their lives (docs/upgrading.md).

Until it has run, or until a webhook names it, such a room is read as never heard of. Webhooks are taken
meanwhile. It reads the whole table and pays for that, and holds one entry for each room in memory, about 500
bytes. It may be run at any time, and again: what is there already stays, and nothing is replaced by what is
older. Credentials and region are those of the environment, as for the AWS CLI.

Exit codes: 0 done, 2 it could not be done, 130 stopped. What was written until then is right: run it again.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import Progress

from local.commands.replay import INTERRUPTED, dynamodb_client, progress
from roomstate.aws.items import is_torn, read_record, read_register, read_registers, unchanged
from roomstate.aws.lives import write_life
from roomstate.aws.marshal import Item, to_item
from roomstate.aws.reads import Reads
from roomstate.aws.table import life_keys, user_partition
from roomstate.log.record import assertions_of
from roomstate.state.life import Life, LifeFact
from roomstate.state.registers import LIFE, Register
from roomstate.tencent.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FAILED = 2

Name = tuple[str, str]
"""SdkAppid and room id."""


@dataclass(slots=True)
class Told:
    """What the table tells of a room's life; all times are `occurred_at`, ms since the epoch."""

    first_seen_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    shown_at: int | None = None
    """When somebody was last shown in the room."""
    life: Life | None = None
    """The life that it has."""

    def joined(self, life: Life | None) -> Life:
        """A room's life once it knows what is told; the same where it knows already."""
        before = life or Life(self.first_seen_at)
        after = before._replace(
            started_at=_latest(before.started_at, self.started_at),
            ended_at=_latest(before.ended_at, self.ended_at),
        )
        if after.is_ended and after.is_contradicted_by(self.shown_at):
            return after._replace(alive_at=self.shown_at)
        return after


@dataclass(slots=True)
class Done:
    rooms: int = 0
    lives: int = 0
    members: int = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Upgrade a table. Gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m local.commands.upgrade",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--table", required=True, help="TableName of the stack's outputs")
    parser.add_argument("--dry-run", action="store_true", help="only count what there is to write")
    asked = parser.parse_args(arguments)
    console = Console(stderr=True, markup=False, highlight=False, emoji=False, soft_wrap=True)
    try:
        with progress(console) as shown:
            done = upgrade(dynamodb_client(), asked.table, shown, dry_run=asked.dry_run)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (BotoCoreError, ClientError, Unavailable) as error:
        console.print(f"AWS: {error}")
        return FAILED
    to_be = "to be " if asked.dry_run else ""
    print(f"{done.rooms} rooms: {done.lives} lives {to_be}written. {done.members} members {to_be}indexed.")
    return 0


def upgrade(client: "DynamoDBClient", table: str, shown: Progress, *, dry_run: bool) -> Done:
    """Write the lives that are missing, or know less than the rest of the table, and index who is online."""
    done = Done()
    told: dict[Name, Told] = {}
    for item in _items(client, table, shown):
        _hear(told, item)
        if _is_unindexed(item):
            done.members += dry_run or _index(client, table, item)
    done.rooms = len(told)
    due = [(name, room) for name, room in told.items() if room.joined(room.life) != room.life]
    for name, room in shown.track(due, description="rooms, their lives written"):
        done.lives += dry_run or _write(client, table, name, room)
    return done


def _items(client: "DynamoDBClient", table: str, shown: Progress) -> Iterator[Item]:
    """All items of the table that are of a room, as they were when this began, or later."""
    task = shown.add_task("items of the table read", total=None)
    for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from (item for item in page["Items"] if "room_id" in item)
        shown.advance(task, page["ScannedCount"])


def _hear(told: dict[Name, Told], item: Item) -> None:
    """Note what an item tells of its room's life.

    The log tells what was in a room's item until a webhook of these days replaced that.
    """
    name = sys.intern(item["sdk_app_id"]["S"]), item["room_id"]["S"]
    if "kind" not in item:
        record = read_record(item)
        said = next((fact for _, fact in assertions_of(record) if isinstance(fact, LifeFact)), None)
        if said is not None:
            room = told.setdefault(name, Told())
            at = record.occurred_at
            room.first_seen_at = min(at, room.first_seen_at or at)
            room.started_at = _latest(room.started_at, at if said.created else None)
            room.ended_at = _latest(room.ended_at, at if said.ended else None)
        return
    room = told.setdefault(name, Told())
    if item["kind"]["S"] == "room":
        # Where a room's beginning and its end were kept before it had a life.
        room.started_at = _latest(room.started_at, _time(item, "started_at"))
        room.ended_at = _latest(room.ended_at, _time(item, "ended_at"))
        return
    _, register = read_register(item)
    if isinstance(register, Life):
        # Of two copies that differ, neither counts: the life is written again, as both together know it.
        room.life = register if room.life in (None, register) else None
    elif isinstance(register, Register):
        at = register.version.occurred_at
        room.first_seen_at = min(at, room.first_seen_at or at)
        room.shown_at = _latest(room.shown_at, at if register.fact.shows_somebody else None)


def _write(client: "DynamoDBClient", table: str, name: Name, told: Told) -> bool:
    """Write a room's life, if it is not what is told by now. Gives whether it was written."""
    while True:
        copies = Reads(client, table).get(life_keys(*name))
        life = read_registers(copies.values()).get(LIFE)
        assert life is None or isinstance(life, Life)
        after = told.joined(life)
        if after == life and not is_torn(copies.values()):
            return False
        if write_life(client, table, name, after, copies):
            return True
        # else a webhook was quicker, and knows something else


def _is_unindexed(item: Item) -> bool:
    return item.get("online") == {"BOOL": True} and "online_user" not in item


def _index(client: "DynamoDBClient", table: str, item: Item) -> bool:
    """Add what the index of users goes by to a member's item. Gives whether it was added."""
    user = user_partition(item["sdk_app_id"]["S"], item["user_id"]["S"])
    condition: dict[str, Any] = unchanged(item)
    values = {**condition["ExpressionAttributeValues"], **to_item({":user": user})}
    try:
        client.update_item(
            TableName=table,
            Key={"pk": item["pk"], "sk": item["sk"]},
            UpdateExpression="SET online_user = :user",
            ConditionExpression=condition["ConditionExpression"],
            ExpressionAttributeValues=values,
        )
    except client.exceptions.ConditionalCheckFailedException:
        return False  # a webhook wrote it meanwhile, and that as well
    return True


def _time(item: Item, name: str) -> int | None:
    return int(item[name]["N"]) if name in item else None


def _latest(known: int | None, told: int | None) -> int | None:
    return max((at for at in (known, told) if at is not None), default=None)


if __name__ == "__main__":
    sys.exit(main())
