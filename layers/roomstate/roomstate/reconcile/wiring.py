"""The parts of the reconcile function put together, as its settings say."""

from collections.abc import Callable
from functools import cache

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

AccountOf = Callable[[str, Deadline], Account]


def make_worker(settings: ReconcileSettings) -> Worker:
    """What the reconcile function hands its messages to."""
    accounts = Accounts(ssm_client(), settings.parameter)
    recorder = make_recorder(settings.table_name, settings.log_retention_days, settings.event_bus)
    client = reading_dynamodb_client()

    def reader(deadline: Deadline) -> Reader:
        return Reader(client, settings.table_name, deadline=deadline)

    pacer = Pacer(settings.calls_per_second / settings.workers)
    reconciler = Reconciler(reader, recorder, caller(accounts.of, pacer))
    return Worker(reconciler, forwards=bool(settings.event_bus))


def caller(account_of: AccountOf, pacer: Pacer) -> Callable[[str, Deadline], Call]:
    """How the commands of an app are called: as its administrator, at the pace, over by a deadline."""
    connect = cache(rest.connect)

    def call(sdk_app_id: str, until: Deadline) -> Call:
        account = account_of(sdk_app_id, until)
        connection = Paced(connect(account.host), pacer, until)
        return rest.TencentApi(connection, account.administrator).call

    return call
