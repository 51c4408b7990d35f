"""`make replay`: forward records of a deployed stack's log again, by occurred_at.

The same events as at first, with the same event_id and part: consumers tell repeats apart by them.

  --room, --no-room  reads one log alone
  neither            all the app's records from --from on. No index has them by time, so this reads the
                     whole table and pays for that, and holds the keys of what it found in memory.

Ctrl-C stops it, and it says where; --after goes on from there. Records that came later with an earlier
occurred_at are then not seen. Credentials and region are those of the environment, as for the AWS CLI.
"""

import argparse
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from threading import Event
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from roomstate.aws.deadline import Deadline
from roomstate.aws.forwarder import MAX_CALL_ENTRIES, Forwarder
from roomstate.aws.items import read_record
from roomstate.aws.marshal import to_item
from roomstate.aws.reader import Reader
from roomstate.aws.refusals import NeverForwarded
from roomstate.aws.table import record_key
from roomstate.log.forwarded import forwarded
from roomstate.log.record import LogRecord
from roomstate.tencent.errors import Unavailable
from roomstate.tencent.wire import MAX_INTEGER

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CALL_ATTEMPTS = 5
FORWARD_S = 60
"""For one batch. Nobody waits for it."""
PAUSES_S: tuple[float, ...] = (1, 4, 16)
"""Between tries of a batch that EventBridge does not take."""
GET_KEYS = 100
"""Of one BatchGetItem."""
INTERRUPTED = 130
"""The exit code after Ctrl-C."""

_MILLISECONDS = re.compile(r"[0-9]{12,15}", re.ASCII)
_CURSOR = re.compile(r"[0-9]{15}#[0-9a-f]{32}#[0-9]{5}", re.ASCII)


@dataclass(slots=True)
class Done:
    """How far it is."""

    records: int = 0
    cursor: str | None = None
    """The sort key of the last record: in one app, it names a record."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Replay. Gives the exit code: 0 all is done, 1 it failed, 130 it was stopped."""
    asked = _ask(arguments)
    console = Console(stderr=True, markup=False, highlight=False, emoji=False, soft_wrap=True)
    done = Done(cursor=asked.after)
    code = 0
    try:
        with interruptible() as check, progress(console, asked.dry_run and sys.stdout.isatty()) as shown:
            client = dynamodb_client()
            if asked.room is None and not asked.no_room:
                records = app_log(client, asked, shown, check)
            else:
                records = room_log(client, asked)
            do = _printer(asked.json) if asked.dry_run else _forwarder(asked.bus, console, check)
            replay(records, do, done, shown, check)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:  # of `--dry-run | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Unavailable as error:
        console.print(f"EventBridge does not take them: {cause(error)}")
        code = 1
    except (BotoCoreError, ClientError) as error:
        console.print(f"AWS: {error}")
        code = 1
    word = "to be forwarded" if asked.dry_run else f"forwarded to {asked.bus}"
    console.print(f"{'Stopped: ' if code else ''}{done.records} records {word}")
    if code and done.cursor:
        console.print(f"Go on with --after '{done.cursor}'")
    return code


def replay(
    records: Iterator[LogRecord],
    do: Callable[[Sequence[LogRecord]], None],
    done: Done,
    shown: Progress,
    check: Callable[[float], None],
) -> None:
    """Do it to all records, in batches, and note how far it is."""
    task = shown.add_task("records", total=None)
    while batch := list(islice(records, MAX_CALL_ENTRIES)):
        do(batch)
        done.records += len(batch)
        done.cursor = record_key(batch[-1]).sk
        shown.update(task, completed=done.records, description=f"records, now at {moment(batch[-1])}")
        check(0)


def room_log(client: "DynamoDBClient", asked: argparse.Namespace) -> Iterator[LogRecord]:
    """The records that are asked for of one room, or of none, by their sort key."""
    log = Reader(client, asked.table).records(asked.app, asked.room, start=asked.start, end=asked.to)
    return (record for record in log if record_key(record).sk > (asked.after or ""))


def app_log(
    client: "DynamoDBClient", asked: argparse.Namespace, shown: Progress, check: Callable[[float], None]
) -> Iterator[LogRecord]:
    """The records that are asked for of a whole app, by their sort key."""
    keys: list[tuple[str, str]] = []
    task = shown.add_task("items of the table read", total=None)
    pages = client.get_paginator("scan").paginate(
        TableName=asked.table,
        ConsistentRead=True,
        ProjectionExpression="pk, sk",
        FilterExpression="begins_with(pk, :log) AND occurred_at >= :start AND occurred_at < :end",
        ExpressionAttributeValues=to_item(
            {":log": f"log#{asked.app}#", ":start": asked.start, ":end": asked.to}
        ),
    )
    for page in pages:
        found = (
            # A partition's key comes with each of its records: one copy of it is enough.
            (item["sk"]["S"], sys.intern(item["pk"]["S"]))
            for item in page["Items"]
        )
        keys.extend(key for key in found if key[0] > (asked.after or ""))
        shown.advance(task, page["ScannedCount"])
        check(0)
    keys.sort()
    for start in range(0, len(keys), GET_KEYS):
        yield from _get(client, asked.table, keys[start : start + GET_KEYS], check)


def _get(
    client: "DynamoDBClient", table: str, keys: list[tuple[str, str]], check: Callable[[float], None]
) -> Iterator[LogRecord]:
    """The records of some keys, in their order, without those that expired meanwhile."""
    found: dict[str, LogRecord] = {}
    wanted: Any = [to_item({"pk": pk, "sk": sk}) for sk, pk in keys]
    while wanted:
        page = client.batch_get_item(RequestItems={table: {"Keys": wanted, "ConsistentRead": True}})
        records = [read_record(item) for item in page["Responses"].get(table, [])]
        found |= {record_key(record).sk: record for record in records}
        rest: Any = page["UnprocessedKeys"].get(table, {})
        wanted = rest.get("Keys", [])
        # What is more than 16 MB is left too: only where nothing came is DynamoDB short of breath.
        check(0 if records or not wanted else PAUSES_S[0])
    return iter([found[sk] for sk, _ in keys if sk in found])


def _forwarder(
    bus: str, console: Console, check: Callable[[float], None]
) -> Callable[[Sequence[LogRecord]], None]:
    forwarder = Forwarder(aws_client("events"), bus)

    def forward(records: Sequence[LogRecord]) -> None:
        for pause in (*PAUSES_S, None):
            try:
                forwarder.forward(records, Deadline(FORWARD_S))
            except NeverForwarded as error:
                between = f"from {moment(records[0])} to {moment(records[-1])}"
                console.print(f"EventBridge would never take all of the records {between}: {error}")
            except Unavailable as error:
                if pause is None:
                    raise
                console.print(f"EventBridge: {cause(error)}. Again in {pause:g} s ...")
                check(pause)
                continue
            return

    return forward


def _printer(as_json: bool) -> Callable[[Sequence[LogRecord]], None]:
    def show(records: Sequence[LogRecord]) -> None:
        for record in records:
            print(forwarded(record).model_dump_json() if as_json else line(record))
        sys.stdout.flush()

    return show


def line(record: LogRecord) -> str:
    """A record, to look at. What a stranger wrote is shown as a literal: it could steer a terminal."""
    changes = " ".join(change.type for change in record.changes)
    name = f"{moment(record)} {record.event_id} {record.part} {record.outcome}"
    return f"{name} {record.command!r} of {record.room_id!r} {changes}".rstrip()


def moment(record: LogRecord) -> str:
    """When it occurred, UTC."""
    return iso(record.occurred_at)


def iso(milliseconds: int) -> str:
    """ms since the epoch in ISO 8601, UTC; as they are where that has no such year."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")[:23] + "Z"
    except (ValueError, OverflowError):
        return str(milliseconds)


def cause(error: Unavailable) -> str:
    """What EventBridge said."""
    why = error.__cause__
    return ", ".join(dict.fromkeys(map(str, why.args if why else ()))) or type(why).__name__


@contextmanager
def interruptible() -> Iterator[Callable[[float], None]]:
    """Put Ctrl-C off to where it does no harm, once; the next one is at once.

    Gives what to call there: it waits so many seconds, or raises KeyboardInterrupt.
    """
    asked = Event()

    def ask(*_: Any) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def check(seconds: float) -> None:
        if asked.wait(seconds):
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)


class _Pace(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.completed:,.0f} ({task.speed or 0:,.0f}/s)")


def progress(console: Console, hidden: bool = False) -> Progress:
    """How many, how fast and how long, on the console alone."""
    columns = (SpinnerColumn(), _Pace(), TextColumn("{task.description}"), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=hidden, redirect_stdout=False, redirect_stderr=False)


def dynamodb_client() -> "DynamoDBClient":
    """A DynamoDB client for somebody far away who has time."""
    return cast("DynamoDBClient", aws_client("dynamodb"))


def aws_client(service: str) -> Any:
    """The same of another service."""
    config = Config(retries={"mode": "adaptive", "total_max_attempts": CALL_ATTEMPTS})
    return _session().create_client(service, config=config)


@cache
def _session() -> botocore.session.Session:
    """One for all clients: a second one reads all of botocore's data again."""
    return botocore.session.get_session()


def _ask(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local.commands.replay",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--table", required=True, help="TableName of the stack's outputs")
    parser.add_argument("--bus", help="EventBusName of the stack's outputs")
    parser.add_argument("--app", required=True, help="its SdkAppId")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--room", type=_room, help="the records of this room")
    which.add_argument("--no-room", action="store_true", help="the records that concern no room")
    parser.add_argument(
        "--from",
        dest="start",
        type=_time,
        help="the first occurred_at: ISO 8601 (UTC where it names no zone) or ms since the epoch",
    )
    parser.add_argument("--to", type=_time, default=MAX_INTEGER, help="the occurred_at to end before")
    parser.add_argument("--after", type=_cursor, metavar="CURSOR", help="go on after this record")
    parser.add_argument("--dry-run", action="store_true", help="print the records, and send nothing")
    parser.add_argument("--json", action="store_true", help="with --dry-run: the events' details, one a line")
    asked = parser.parse_args(arguments)
    if not (asked.bus or asked.dry_run):
        parser.error("--bus is missing; or look first, with --dry-run")
    if asked.json and not asked.dry_run:
        parser.error("--json is for --dry-run")
    if asked.start is None and asked.room is None and not asked.no_room:
        parser.error("all rooms of an app are read from a time on: --from is missing, or --room or --no-room")
    since = int(asked.after.partition("#")[0]) if asked.after else 0
    asked.start = max(asked.start or 0, since)
    if asked.start >= asked.to:
        parser.error("--to is not later than --from and --after")
    return asked


def _room(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("is empty; --no-room asks for the records that concern none")
    return text


def _time(text: str) -> int:
    """argparse's type of a time, in ms. Fewer digits are seconds, or a date: not what they seem."""
    if _MILLISECONDS.fullmatch(text):
        return int(text)
    try:
        given = datetime.fromisoformat(text)
        if given.tzinfo is None:
            given = given.replace(tzinfo=UTC)
        milliseconds = round(given.timestamp() * 1000)
    except (ValueError, OverflowError):
        milliseconds = -1
    if milliseconds < 0:
        raise argparse.ArgumentTypeError(f"neither ISO 8601 nor 12 to 15 digits of ms: {text!r}")
    return milliseconds


def _cursor(text: str) -> str:
    if not _CURSOR.fullmatch(text):
        raise argparse.ArgumentTypeError(f"not what a replay that was stopped has printed: {text!r}")
    return text


if __name__ == "__main__":
    sys.exit(main())
