"""`make reconcile`: ask Tencent about one room, or about every room that lives, and assert what differs.

With --dry-run it only shows what would be asserted. The administrator's account and the app's secret key
come from the SSM parameter (--parameter), or from the environment variable RECONCILE_ACCOUNTS, which holds
what the parameter would (docs/reconcile.md). Never from the command line: everybody on a machine can read
that. Where the stack forwards, name its bus, or its consumers do not hear of what is asserted. Credentials
and region are those of the environment, as for the AWS CLI.

Exit codes: 0 done, or nothing differs; 1 something differs (--dry-run); 2 not all could be done; 130 stopped.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from local.aws.template import parameter_default
from local.commands.replay import INTERRUPTED, aws_client, iso, progress
from roomstate.aws.clients import patient_dynamodb_client, ssm_client
from roomstate.aws.deadline import Deadline
from roomstate.aws.forwarder import Forwarder
from roomstate.aws.lists import rooms_listed_live
from roomstate.aws.reader import Reader
from roomstate.aws.reads import Reads, TooMany
from roomstate.aws.recorder import ForwardingRecorder
from roomstate.aws.refusals import NeverForwarded
from roomstate.aws.store import Store
from roomstate.reconcile.accounts import Account, Accounts, NoAccount, parse
from roomstate.reconcile.compare import Dated
from roomstate.reconcile.pacer import Pacer
from roomstate.reconcile.reconciler import Reconciler, Report
from roomstate.reconcile.wiring import AccountOf, caller
from roomstate.state.life import LifeFact
from roomstate.state.registers import Admin, Fact, Member, Metadata, RoomFacts, Seat
from roomstate.tencent.errors import Unavailable

DIFFERENT, FAILED = 1, 2
ACCOUNTS = "RECONCILE_ACCOUNTS"
A_DAY_S = 86_400
CALLS_PER_SECOND = 20
PLAIN_WIDTH = 200
"""Columns of what is written to a file or a pipe."""
MAX_ROWS = 20
"""Differences of one room that are shown."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Reconcile. Gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m local.commands.reconcile",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--table", required=True, help="TableName of the stack's outputs")
    parser.add_argument("--app", required=True, help="its SdkAppId")
    parser.add_argument("--room", help="which room (default: each that lives, the oldest first)")
    parser.add_argument("--parameter", help="name of the SSM SecureString with the administrators' accounts")
    parser.add_argument("--bus", help="EventBusName of the stack's outputs, where it forwards")
    parser.add_argument("--dry-run", action="store_true", help="show what differs, and assert nothing")
    parser.add_argument(
        "--calls-per-second",
        type=float,
        default=CALLS_PER_SECOND,
        help="with each command; the stack's own calls come on top (default: %(default)s)",
    )
    parser.add_argument(
        "--log-retention-days",
        type=int,
        default=int(parameter_default("LogRetentionDays")),
        help="the stack's LogRetentionDays (default: %(default)s)",
    )
    asked = parser.parse_args(arguments)
    if not asked.parameter and not os.environ.get(ACCOUNTS):
        parser.error(f"name the --parameter (PARAMETER=…), or set {ACCOUNTS} in the environment")
    if not 0 < asked.calls_per_second <= 200:  # noqa: PLR2004  Tencent's own limit
        parser.error("--calls-per-second is not between 0 and 200")
    errors = Console(stderr=True, markup=False, highlight=False, emoji=False, soft_wrap=True)
    try:
        return run(asked, errors)
    except KeyboardInterrupt:
        return INTERRUPTED
    except NoAccount as error:
        errors.print(str(error))
    except (BotoCoreError, ClientError, Unavailable) as error:
        errors.print(f"AWS: {error}")
    return FAILED


def run(asked: argparse.Namespace, errors: Console) -> int:
    """Reconcile what is asked for. Gives the exit code."""
    client = patient_dynamodb_client()
    account_of = accounts(asked.parameter)
    account_of(asked.app, Deadline(A_DAY_S))  # before anything is read: the fault is likely here
    store = Store(client, asked.table, asked.log_retention_days)
    reconciler = Reconciler(
        lambda deadline: Reader(client, asked.table, deadline=deadline),
        ForwardingRecorder(store, Forwarder(aws_client("events"), asked.bus)) if asked.bus else store,
        caller(account_of, Pacer(asked.calls_per_second)),
    )
    rooms: Iterable[str] = [asked.room]
    if asked.room is None:
        rooms = rooms_listed_live(Reads(client, asked.table), asked.app)
    do = reconciler.look if asked.dry_run else reconciler.reconcile
    return go_through(rooms, lambda room: do(asked.app, room, Deadline(A_DAY_S)), asked.dry_run, errors)


def accounts(parameter: str | None) -> AccountOf:
    """Where accounts come from: the parameter, or else the environment."""
    if parameter:
        return Accounts(ssm_client(), parameter).of
    known = parse(os.environ[ACCOUNTS])

    def of(sdk_app_id: str, _: Deadline) -> Account:
        if sdk_app_id not in known:
            raise NoAccount(f"{ACCOUNTS} has no entry for SdkAppid {sdk_app_id}.")
        return known[sdk_app_id]

    return of


def go_through(
    rooms: Iterable[str], reconcile: Callable[[str], Report], dry_run: bool, errors: Console
) -> int:
    """Reconcile rooms, one by one, and show what differs in each. Gives the exit code."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    out = Console(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False)
    asked = differing = failed = 0
    try:
        with progress(errors) as shown:
            task = shown.add_task("rooms asked", total=None)
            for room in rooms:
                try:
                    report = reconcile(room)
                except (TooMany, NeverForwarded) as reason:
                    failed += 1
                    errors.print(f"{room!r}: {reason}")
                    continue
                asked += 1
                differing += bool(report.differences)
                failed += bool(report.answers.failures)
                show(report, out, dry_run)
                shown.update(task, completed=asked, description=f"rooms asked, {differing} differ")
    finally:
        with suppress(BrokenPipeError):
            out.print(
                f"{asked} rooms asked: {differing} {'differ' if dry_run else 'differed'}, "
                f"{failed} not answered in full"
            )
    if failed:
        return FAILED
    return DIFFERENT if differing and dry_run else 0


def show(report: Report, out: Console, dry_run: bool) -> None:
    """What differs in a room, and what could not be asked; nothing where all agrees."""
    product = {"live": "Live", "room": "Room", None: "product not known"}[report.answers.product]
    if report.differences:
        rows = [row for group in report.differences for row in _rows(report, group)]
        title = f"\n{report.room_id!r} ({product}): {'would be asserted' if dry_run else 'asserted'}"
        table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0), pad_edge=False)
        for name in ("what", "we hold", "Tencent says", "as of (UTC)"):
            table.add_column(name)
        for row in islice(rows, MAX_ROWS):
            table.add_row(*row)
        if len(rows) > MAX_ROWS:
            table.add_row(f"… and {len(rows) - MAX_ROWS} more", "", "", "")
        out.print(table)
    if report.comparison.member_drift:
        out.print(
            f"{report.room_id!r} ({product}): Tencent counts {report.comparison.member_drift:+} members "
            "more than we then hold, and does not list who"
        )
    for failure in report.answers.failures:
        out.print(f"{report.room_id!r} ({product}): not answered: {failure}")


def _rows(report: Report, group: Dated) -> Iterator[tuple[str, str, str, str]]:
    """What; what we hold; what Tencent says; as of when."""
    held, when = report.held, iso(group.occurred_at)
    for key, fact in group.assertions:
        match fact:
            case LifeFact(created=True):
                began = iso(held.started_at) if held.started_at is not None else "no beginning"
                yield "the room", began, "began anew", when
            case LifeFact():
                yield "the room", "lives", "is not there", when
            case RoomFacts(fields):
                for name, value in fields.items():
                    known = held.fields.get(name)
                    yield name, repr(known.value) if known else "nothing", repr(value), when
            case _:
                known_fact = held.facts.get(key)
                name = str(key.name) if key.kind == "seat" else repr(key.name)
                yield f"{key.kind} {name}", _word(known_fact.fact if known_fact else None), _word(fact), when


def _word(fact: Fact | None) -> str:
    """A fact in words. What a stranger wrote is shown as a literal: it could steer a terminal."""
    match fact:
        case Seat(user_id, locked, audio_disabled, video_disabled):
            flags = {"locked": locked, "microphone off": audio_disabled, "camera off": video_disabled}
            who = "empty" if user_id is None else repr(user_id)
            return ", ".join([who, *(name for name, on in flags.items() if on)])
        case Member(online, cause):
            return f"in the room ({cause!r})" if online and cause != "Reconciled" else _present(online)
        case Admin(present):
            return "administrator" if present else "none"
        case Metadata(value):
            return "nothing" if value is None else repr(value)
    return "nothing"


def _present(online: bool) -> str:
    return "in the room" if online else "not in the room"


if __name__ == "__main__":
    sys.exit(main())
