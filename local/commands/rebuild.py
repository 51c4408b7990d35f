"""`make rebuild`: rebuild a room's registers from its log, and show where the table has others.

It only reads. What the table holds of a webhook whose record has expired is shown as older than the log,
and is no difference. Nor is what the table has let go of: tombstones that expired, what a room's end or
its next beginning voided, and the life of a room that ended long ago. The room may change while this
reads: only what the table held neither before nor after the log was read is a difference.

Exit codes: 0 equal, 1 different, 2 it could not be done, 130 stopped.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from local.commands.replay import INTERRUPTED, dynamodb_client, iso, progress
from roomstate.aws.reader import Reader
from roomstate.aws.table import DAY_S, LIFE_DAYS, TOMBSTONE_DAYS
from roomstate.log.fold import fold
from roomstate.log.record import LogRecord
from roomstate.state.registers import AnyRegister, Key, Register, RoomRegister
from roomstate.state.view import View

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DIFFERENT, FAILED = 1, 2
OLDER = "older than the log"

Subject = tuple[str, str | int]
"""A register's kind and name; of a room, a field's name."""


@dataclass(frozen=True, slots=True)
class Value:
    """What a register says, or one field of a room."""

    text: str
    occurred_at: int
    event_id: str = ""
    """Empty for started_at and ended_at, which name no webhook."""
    is_tombstone: bool = False

    @property
    def version(self) -> tuple[int, str]:
        return self.occurred_at, self.event_id

    def __str__(self) -> str:
        return f"{self.text}\n{iso(self.occurred_at)} {self.event_id}".rstrip()


Values = Mapping[Subject, Value]


@dataclass(slots=True)
class Webhooks:
    """Those that the log has."""

    received_at: dict[str, int] = field(default_factory=dict)
    """By event_id, ms."""
    moments: set[int] = field(default_factory=set)

    def noted(self, records: Iterable[LogRecord]) -> Iterator[LogRecord]:
        """Pass records on, and note them."""
        for record in records:
            self.received_at[record.event_id] = record.received_at
            self.moments.add(record.occurred_at)
            yield record

    def wrote(self, value: Value) -> bool:
        """Whether one of them says so."""
        if value.event_id:
            return value.event_id in self.received_at
        return value.occurred_at in self.moments


@dataclass(frozen=True, slots=True)
class Difference:
    subject: Subject
    in_table: Value | None
    from_log: Value | None
    is_older: bool
    """The log lacks what the table holds, and has nothing newer."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, and show. Gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m local.commands.rebuild",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--table", required=True, help="TableName of the stack's outputs")
    parser.add_argument("--app", required=True, help="its SdkAppId")
    parser.add_argument("--room", required=True, help="which room")
    asked = parser.parse_args(arguments)
    console = Console(stderr=True, markup=False, highlight=False, emoji=False, soft_wrap=True)
    try:
        with progress(console) as shown:
            return rebuild(dynamodb_client(), asked.table, asked.app, asked.room, shown)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (BotoCoreError, ClientError) as error:
        console.print(f"AWS: {error}")
        return FAILED


def rebuild(client: "DynamoDBClient", table: str, app: str, room: str, shown: Progress) -> int:
    """Compare the registers of a room with its log, and show what differs. Gives the exit code."""
    reader = Reader(client, table)
    webhooks = Webhooks()
    log = webhooks.noted(reader.records(app, room))
    before = reader.registers(app, room)
    from_log = fold(shown.track(log, total=None, description="records folded"))
    after = reader.registers(app, room)
    shown.stop()

    out = Console(markup=False, highlight=False, emoji=False)
    if not (after or webhooks.received_at):
        out.print(f"App {app!r} has no room {room!r}: neither registers nor records.", soft_wrap=True)
        return FAILED
    void_until = max((View(held).life.void_until or 0 for held in (before, from_log, after)), default=0)
    in_table, then = values(after, void_until), values(before, void_until)
    found = compare(then, in_table, values(from_log, void_until), webhooks, int(time.time()))
    if found:
        out.print(_table(found))
    older = sum(difference.is_older for difference in found)
    different = len(found) - older
    out.print(
        f"{len(in_table)} values in the table, {len(webhooks.received_at)} webhooks in the log: "
        f"{different} different, {older} {OLDER}",
        soft_wrap=True,
    )
    return DIFFERENT if different else 0


def values(held: Mapping[Key, AnyRegister], void_until: int) -> dict[Subject, Value]:
    """What registers say that is later than `void_until`, each field of a room apart.

    What is void is swept, sooner or later. When a room was first seen, and that it showed itself alive, are
    hints, which depend on the order in which webhooks came. Both are left out.
    """
    life = View(held).life
    ends = {"started_at": life.started_at, "ended_at": life.ended_at}
    said: dict[Subject, Value] = {}
    facts: dict[Subject, Value] = {}
    for name, moment in ends.items():
        if moment is not None:
            said["room", name] = Value(str(moment), moment)
    for key, register in held.items():
        match register:
            case RoomRegister(fields):
                for name, field_ in fields.items():
                    facts["room", name] = Value(repr(field_.value), *field_.version)
            case Register(version, fact):
                text = ", ".join(f"{name} {value!r}" for name, value in fact._asdict().items())
                facts[key.kind, key.name] = Value(text, *version, is_tombstone=fact.is_tombstone)
    return {**said, **{subject: fact for subject, fact in facts.items() if fact.occurred_at > void_until}}


def compare(
    before: Values, after: Values, from_log: Values, webhooks: Webhooks, now: int
) -> list[Difference]:
    """Where the table has something else than the log.

    Args:
        before: what the table held before the log was read.
        after: what it held then.
        from_log: what the log comes to.
        webhooks: those of the log.
        now: s since the epoch.
    """
    found: list[Difference] = []
    for subject in sorted(after.keys() | from_log.keys()):
        in_table, wanted = after.get(subject), from_log.get(subject)
        if wanted in (before.get(subject), in_table):
            continue
        if in_table is None and wanted is not None and _expired(subject, wanted, from_log, webhooks, now):
            continue
        is_older = (
            in_table is not None
            and not webhooks.wrote(in_table)
            and (wanted is None or wanted.version < in_table.version)
        )
        found.append(Difference(subject, in_table, wanted, is_older))
    return found


def _expired(subject: Subject, value: Value, from_log: Values, webhooks: Webhooks, now: int) -> bool:
    """Whether the table has let go of it, and was right to."""
    if value.is_tombstone:
        return webhooks.received_at[value.event_id] // 1000 + TOMBSTONE_DAYS * DAY_S <= now
    ended_at = from_log.get(("room", "ended_at"))
    is_of_life = subject in (("room", "started_at"), ("room", "ended_at"))
    return is_of_life and ended_at is not None and ended_at.occurred_at // 1000 + LIFE_DAYS * DAY_S <= now


def _table(differences: Sequence[Difference]) -> Table:
    table = Table("register", "in the table", "from the log")
    for difference in differences:
        kind, name = difference.subject
        # What a stranger wrote is shown as a literal: it could steer a terminal.
        label = f"{kind} {name if kind in ('room', 'seat') else repr(name)}"
        from_log = OLDER if difference.is_older else str(difference.from_log or "nothing")
        table.add_row(label, str(difference.in_table or "nothing"), from_log)
    return table


if __name__ == "__main__":
    sys.exit(main())
