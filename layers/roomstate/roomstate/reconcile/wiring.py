"""The parts of the reconcile function put together, as its settings say."""

import time
from collections.abc import Callable

from roomstate.aws.clients import reading_dynamodb_client, ssm_client
from roomstate.aws.deadline import Deadline
from roomstate.aws.reader import Reader
from roomstate.aws.recorder import make_recorder
from roomstate.reconcile import rest
from roomstate.reconcile.accounts import Account, Accounts
from roomstate.reconcile.ask import Call
from roomstate.reconcile.pacer import Paced, Pacer
from roomstate.reconcile.reconciler import Reconciler
from roomstate.reconcile.settings import ReconcileSettings
from roomstate.reconcile.worker import Worker

IDLE_S = 60
"""A connection that nobody used for longer is not used again. While an environment was frozen its other end
may have gone, and nobody would tell: the first room of each round would wait for a time-out."""

AccountOf = Callable[[str, Deadline], Account]


def make_worker(settings: ReconcileSettings) -> Worker:
    """What the reconcile function hands its messages to."""
    accounts = Accounts(ssm_client(), settings.parameter)
    recorder = make_recorder(settings)
    client = reading_dynamodb_client()

    def reader(deadline: Deadline) -> Reader:
        return Reader(client, settings.table_name, deadline=deadline)

    pacer = Pacer(settings.calls_per_second / settings.workers)
    reconciler = Reconciler(reader, recorder, caller(accounts.of, pacer))
    return Worker(reconciler, forwards=bool(settings.event_bus))


def caller(
    account_of: AccountOf, pacer: Pacer, clock: Callable[[], float] = time.time
) -> Callable[[str, Deadline], Call]:
    """How the commands of an app are called: as its administrator, at the pace, over by a deadline.

    Args:
        clock: s since the epoch. Not a monotonic clock: that may stand still while the environment is frozen.
    """
    kept: dict[str, tuple[rest.Connection, float]] = {}

    def connection(host: str) -> rest.Connection:
        found, used_at = kept.get(host, (None, 0.0))
        if found is None or not 0 <= clock() - used_at < IDLE_S:
            found = rest.connect(host)
        kept[host] = found, clock()
        return found

    def call(sdk_app_id: str, until: Deadline) -> Call:
        account = account_of(sdk_app_id, until)
        paced = Paced(connection(account.host), pacer, until)
        return rest.TencentApi(paced, account.administrator).call

    return call
