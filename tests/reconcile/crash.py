"""A production of the two functions to break, with a fault at any call to AWS. See tests/receive/crash.py.

Time is the world's own. What the world does afterwards is what it does in production: a plan that failed is
invoked again, messages that failed are seen again, and some time later there is another round.
"""

import json
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from local.aws.embedded import TABLE_NAME, embedded_dynamodb, empty_table
from local.tencent_cloud.caller import App
from local.tencent_cloud.cloud import Direct, SimulatedTencent
from roomstate.aws.clients import events_client, sqs_client
from roomstate.aws.deadline import Deadline
from roomstate.aws.reader import Reader
from roomstate.aws.store import Store
from roomstate.log.forwarded import ForwardedWebhook
from roomstate.reconcile import rest
from roomstate.reconcile.accounts import Accounts
from roomstate.reconcile.pacer import Pacer
from roomstate.reconcile.planning import make_planner
from roomstate.reconcile.reconciler import Reconciler
from roomstate.reconcile.rest import TencentApi
from roomstate.reconcile.settings import PlanSettings, ReconcileSettings
from roomstate.reconcile.wiring import make_worker
from roomstate.reconcile.worker import Worker
from tests.payloads import AN_HOUR, APP, webhook
from tests.queues import all_failed, received, settle, to_records
from tests.receive.faults import FAULTS, Killed, TakenOver, WorldTime, applies, aws
from tests.reconcile.functions import (
    DEAD_LETTERS_URL,
    ENTRY,
    QUEUE_URL,
    create_queues,
    put_accounts,
)
from tests.reconcile.world import SECRET_KEY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BUS = "rooms"
PLAN_S, RECONCILE_S = 300, 120
"""What the two functions may take."""
CALL_S = 0.01
SHARDS = 2
"""Partitions of members, and of a log, here."""
INVOCATIONS = 3
"""How often Lambda invokes a plan that fails."""
OF_INVOCATION = Deadline.of_invocation


@dataclass
class Plan:
    """Which calls go wrong."""

    fault: str | None = None
    at: int = -1
    """The number of the call, from 0."""
    places: list[str] = field(default_factory=list)
    """Which calls were made: `function service.Operation`."""
    hit: list[tuple[str, str]] = field(default_factory=list)


class World:
    """Tencent, the two functions, and their AWS."""

    def __init__(self, dynamodb: "DynamoDBClient", plan: Plan, time: WorldTime) -> None:
        self._plan = plan
        self.time = time
        self.function = "plan"
        self.queue = sqs_client()
        self.reader = Reader(dynamodb, TABLE_NAME)
        self.store = Store(dynamodb, TABLE_NAME, 90)
        self.tencent = SimulatedTencent(App(int(APP), SECRET_KEY), lambda: round(time.now * 1000))
        self.forwarded: dict[str, ForwardedWebhook] = {}
        self._worker: Worker | None = None
        self._first_received: dict[str, str] = {}

    def deliver(self, *bodies: Any) -> None:
        """Webhooks come, and nothing goes wrong."""
        for body in bodies:
            self.store.record(webhook(body, received_at=round(self.time.now * 1000)), AN_HOUR)

    def round(self) -> None:
        """A round is planned, and its queue drained."""
        from functions.plan import app  # noqa: PLC0415  it reads the environment

        self.function = "plan"
        for _ in range(INVOCATIONS):
            self.time.now += 1
            try:
                with (
                    self.time.invocation(PLAN_S) as invocation,
                    patch.object(app, "planner", make_planner(PlanSettings.from_environment())),
                    warnings.catch_warnings(action="ignore"),
                ):
                    app.lambda_handler({}, invocation)
            except (Killed, Exception):
                self.drain()
                self.function = "plan"
            else:
                break
        self.drain()

    def drain(self) -> None:
        for _ in range(10):
            messages = received(self.queue, QUEUE_URL)
            if not messages:
                return
            settle(self.queue, QUEUE_URL, messages, self._reconcile(messages))
        raise AssertionError("the queue was never empty")

    def dead_letters(self) -> list[Any]:
        return self.queue.receive_message(QueueUrl=DEAD_LETTERS_URL).get("Messages", [])

    def _reconcile(self, messages: list[Any]) -> Any:
        from functions.reconcile import app  # noqa: PLC0415  it reads the environment

        self.function = "reconcile"
        self.time.now += 60
        self._worker = self._worker or make_worker(ReconcileSettings.from_environment())
        for message in messages:
            first = self._first_received.setdefault(message["MessageId"], str(round(self.time.now * 1000)))
            message["Attributes"]["ApproximateFirstReceiveTimestamp"] = first
        try:
            with (
                self.time.invocation(RECONCILE_S) as invocation,
                patch.object(app, "worker", self._worker),
                warnings.catch_warnings(action="ignore"),
            ):
                return app.lambda_handler(to_records(messages), invocation)
        except Killed:
            self._worker = None
            return all_failed(messages)

    def before_send(self, request: Any, event_name: str, **_: Any) -> Any:
        """Called in place of each request to AWS. Gives the answer."""
        _prefix, service, operation = event_name.split(".")
        place = f"{self.function} {service}.{operation}"
        number = len(self._plan.places)
        self._plan.places.append(place)
        fault = self._plan.fault if number == self._plan.at else None
        if fault is None or not applies(fault, place):
            self.time.sleep(CALL_S)
            self._forward(operation, request)
            return aws(event_name, request)
        self._plan.hit.append((place, fault))
        if fault.startswith("slow") or fault.endswith("after"):
            self._forward(operation, request)
        return FAULTS[fault](self.time, event_name, request)

    def _forward(self, operation: str, request: Any) -> None:
        if operation == "PutEvents":
            for entry in json.loads(request.body)["Entries"]:
                detail = ForwardedWebhook.model_validate_json(entry["Detail"])
                self.forwarded[detail.event_id] = detail


class Cloud(TakenOver):
    """An AWS that worlds are built on, one after the other."""

    def __init__(self, dynamodb: "DynamoDBClient") -> None:
        super().__init__()
        self.dynamodb = dynamodb
        self._queue = sqs_client()

    @contextmanager
    def world(self, plan: Plan) -> Iterator[World]:
        """A world with nothing in it yet."""
        empty_table()
        for url in (QUEUE_URL, DEAD_LETTERS_URL):
            self._queue.delete_queue(QueueUrl=url)
        create_queues(self._queue)
        time = WorldTime()
        world = World(self.dynamodb, plan, time)
        self.answering = world.before_send
        api = partial(TencentApi, clock_s=time.time, sleep=time.sleep)
        patches: tuple[AbstractContextManager[Any], ...] = (
            patch("roomstate.aws.clients._client", lambda service, *_: self.clients[service]),
            patch("roomstate.aws.retry.jitter", lambda seconds: seconds),
            # A room in fewer partitions is read with fewer calls, all alike.
            *(patch(f"roomstate.aws.{module}.SHARDS", SHARDS) for module in ("table", "reader", "logs")),
            patch("roomstate.reconcile.wiring.Reconciler", partial(Reconciler, clock=time.time)),
            patch("roomstate.reconcile.wiring.Accounts", partial(Accounts, clock=time.time)),
            patch("roomstate.reconcile.wiring.Pacer", partial(Pacer, clock=time)),
            patch.object(rest, "TencentApi", api),
            patch.object(rest, "connect", lambda _: Direct(world.tencent)),
            patch.object(Deadline, "of_invocation", lambda ms: OF_INVOCATION(ms, time)),
        )
        with ExitStack() as stack:
            for one in patches:
                stack.enter_context(one)
            yield world


@contextmanager
def cloud() -> Iterator[Cloud]:
    """An AWS with the table, the queues and the accounts."""
    for function in ("plan", "reconcile"):
        import_module(f"functions.{function}.app")
    with embedded_dynamodb() as dynamodb, patch.dict("os.environ", {"EVENT_BUS": BUS, "SDK_APP_IDS": APP}):
        events_client().create_event_bus(Name=BUS)
        create_queues(sqs_client())
        put_accounts({APP: ENTRY})
        yield Cloud(dynamodb)
