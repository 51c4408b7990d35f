"""A production to break: Tencent, two functions and their AWS, with a fault at any call to AWS.

Every call that a function makes has a number, in the order they are made. A plan says which of them go
wrong, and how. Afterwards the world does what it does in production: who got no OK delivers again (where
redelivery is switched on), a killed process is followed by a new one, and the queue is drained.

Time is the world's own: it passes while calls are made and in pauses, which are as long as they can be.
Deadlines are the real ones, and a function whose time is up is killed.
"""

import io
import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from math import inf
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from aws_lambda_powertools import Logger

from local.aws.embedded import (
    DEAD_LETTER_QUEUE_URL,
    PARKING_QUEUE_URL,
    TABLE_NAME,
    create_queues,
    embedded_dynamodb,
    empty_table,
)
from local.aws.template import resource
from roomstate.aws.clients import events_client, sqs_client, ssm_client
from roomstate.aws.dead_letters import REASON
from roomstate.aws.deadline import Deadline
from roomstate.aws.items import read_record, read_register
from roomstate.aws.tokens import Tokens
from roomstate.log.forwarded import ForwardedWebhook, forwarded
from roomstate.log.record import LogRecord
from roomstate.receive.receiver import Receiver
from roomstate.receive.redrive_wiring import make_redriver
from roomstate.receive.settings import RedriveSettings, WebhookSettings
from roomstate.receive.wiring import make_receiver
from roomstate.tencent.delivery import Delivery
from roomstate.tencent.errors import ErrorCode
from roomstate.tencent.signature import sign
from tests.converging import lasting
from tests.copies import assert_same_copies
from tests.payloads import APP, NOW, Payload, event
from tests.queues import all_failed, received, settle, to_records
from tests.receive.faults import FAULTS, Killed, TakenOver, WorldTime, applies, aws, refusing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

TOKEN = "a token"
TOKENS_PARAMETER = "/roomstate/tokens"
BUS = "rooms"
DELIVERIES = 12
"""How often Tencent tries, here. One fault costs at most a few."""
UNIT = 3
"""Assertions that one transaction takes here: parts are small, so that they are quick."""
CALL_S = 0.01
"""What a call takes that nothing is wrong with."""
DRAINS = 12
"""How often the queue is drained; what is left in it then counts as stuck."""

OF_ANSWER, OF_INVOCATION = Deadline.of_answer, Deadline.of_invocation
"""As they are: tests/conftest.py replaces them."""


@dataclass(frozen=True)
class Outage:
    """When services fail, all of their calls."""

    webhooks: frozenset[int] = frozenset()
    """During whose first delivery, by number."""
    services: frozenset[str] = frozenset({"dynamodb"})
    fault: str = "5xx"
    seconds: float = inf
    """From the beginning of the delivery."""


@dataclass
class Plan:
    """Which calls go wrong."""

    faults: Mapping[int, str] = field(default_factory=dict)
    """By the number of the call, from 0."""
    outage: Outage = Outage()
    never: str | None = None
    """The code with which EventBridge refuses an entry of every call."""
    once: bool = False
    """Whether Tencent delivers once, as it does by default."""
    time_out_s: float = field(default_factory=lambda: float(resource("WebhookFunction")["Timeout"]))
    """Of the webhook function."""
    places: list[str] = field(default_factory=list)
    """Which calls were made: `function service.Operation`."""
    hit: list[tuple[str, str]] = field(default_factory=list)
    """(place, fault) of each fault that came to be."""


class World:
    """Everything from Tencent to the table."""

    def __init__(self, plan: Plan, queue: "SQSClient", time: WorldTime) -> None:
        self._plan = plan
        self._queue = queue
        self.time = time
        self._function = "webhook"
        self._is_out = False
        self._out_until = inf
        self._received_at = NOW
        self._receiver = self._start()
        self.answers: list[tuple[ErrorCode, float]] = []
        """Each with the seconds it took."""
        self.was_killed = False
        """Whether the redrive function ever was."""
        self.forwarded: dict[tuple[str, int], ForwardedWebhook] = {}

    def deliver(self, payload: Payload, number: int) -> None:
        """Deliver a webhook until it is answered OK, or once."""
        for attempt in range(1 if self._plan.once else DELIVERIES):
            self.time.now += 1
            self._is_out = number in self._plan.outage.webhooks and attempt == 0
            self._out_until = self.time.now + self._plan.outage.seconds
            try:
                answer = self._invoke(payload)
            except Killed:
                self._receiver = self._start()
                continue
            finally:
                self._is_out, self._out_until = False, inf
            if answer is ErrorCode.OK:
                return
        assert self._plan.once, "never answered OK"

    def _invoke(self, payload: Payload) -> ErrorCode:
        from functions.webhook import app  # noqa: PLC0415  (reads its environment when imported)

        began = self.time.now
        with (
            self.time.invocation(self._plan.time_out_s) as invocation,
            patch.object(app, "receiver", self._receiver),
            warnings.catch_warnings(action="ignore"),  # a killed process counts nothing
        ):
            response = app.lambda_handler(self._event(payload), invocation)
        answer = ErrorCode(json.loads(response["body"])["ErrorCode"])
        self.answers.append((answer, self.time.now - began))
        return answer

    def drain(self) -> None:
        """Run the redrive function until the queue is empty."""
        for _ in range(DRAINS):
            messages = received(self._queue, PARKING_QUEUE_URL)
            if not messages:
                return
            settle(self._queue, PARKING_QUEUE_URL, messages, self.redrive(messages))
        raise AssertionError("the queue was never empty")

    def redrive(self, messages: list[Any], *, is_out: bool = False) -> Any:
        """Invoke the redrive function, during an outage or not. Gives its answer."""
        from functions.redrive import app  # noqa: PLC0415  (reads its environment when imported)

        self.time.now += 1
        self._function, self._is_out = "redrive", is_out
        try:
            with (
                self.time.invocation(resource("RedriveFunction")["Timeout"]) as invocation,
                patch.object(app, "redriver", make_redriver(RedriveSettings.from_environment())),
                warnings.catch_warnings(action="ignore"),  # a killed process counts nothing
            ):
                return app.lambda_handler(to_records(messages), invocation)
        except Killed:
            self.was_killed = True
            return all_failed(messages)
        finally:
            self._function, self._is_out = "webhook", False

    def _start(self) -> Receiver:
        """A new process."""
        return make_receiver(WebhookSettings.from_environment(), Logger(stream=io.StringIO()))

    def _event(self, payload: Payload) -> dict[str, Any]:
        self._received_at += 1
        now_s = str(self._received_at // 1000)
        command = payload["CallbackCommand"]
        query = f"SdkAppid={APP}&CallbackCommand={command}&Sign={sign(TOKEN, now_s)}&RequestTime={now_s}"
        return event(payload, query, self._received_at)

    def before_send(self, request: Any, event_name: str, **_: Any) -> Any:
        """Called in place of each request to AWS. Gives the answer."""
        _prefix, service, operation = event_name.split(".")
        place = f"{self._function} {service}.{operation}"
        number = len(self._plan.places)
        self._plan.places.append(place)
        fault = self._plan.faults.get(number)
        if fault is None and self._plan.never and operation == "PutEvents":
            return refusing(self._plan.never)(self.time, event_name, request)
        is_out = self._is_out and self.time.now < self._out_until
        if is_out and service in self._plan.outage.services:
            fault = self._plan.outage.fault
        elif fault is None or not applies(fault, place):
            self.time.sleep(CALL_S)
            self._forward(operation, request)
            return aws(event_name, request)
        else:
            self._plan.hit.append((place, fault))
        if fault.startswith("slow") or fault.endswith("after"):
            self._forward(operation, request)
        answer = FAULTS[fault](self.time, event_name, request)
        if self._plan.never and operation == "PutEvents" and fault.startswith("slow"):
            return refusing(self._plan.never)(self.time, event_name, request)  # slow, and a no all the same
        return answer

    def _forward(self, operation: str, request: Any) -> None:
        """Note what reaches the bus. Consumers tell repeats apart by event_id and part."""
        if operation == "PutEvents":
            for entry in json.loads(request.body)["Entries"]:
                webhook = ForwardedWebhook.model_validate_json(entry["Detail"])
                self.forwarded[webhook.event_id, webhook.part] = webhook


class Cloud(TakenOver):
    """An AWS that worlds are built on, one after the other: to empty one is quicker than to make one."""

    def __init__(self, dynamodb: "DynamoDBClient") -> None:
        super().__init__()
        self.dynamodb = dynamodb
        self.queue = sqs_client()

    @contextmanager
    def world(self, plan: Plan) -> "Iterator[World]":
        """A world with nothing in it yet."""
        empty_table()
        for url in (PARKING_QUEUE_URL, DEAD_LETTER_QUEUE_URL):
            self.queue.delete_queue(QueueUrl=url)
        create_queues(self.queue)
        time = WorldTime()
        with (
            patch("roomstate.aws.clients._client", lambda service, _: self.clients[service]),
            patch("roomstate.aws.retry.jitter", lambda seconds: seconds),
            patch("roomstate.aws.tokens.jitter", lambda seconds: seconds),
            patch("roomstate.receive.wiring.Tokens", partial(Tokens, clock=time.time)),
            patch.object(Deadline, "of_answer", lambda ms: OF_ANSWER(ms, time)),
            patch.object(Deadline, "of_invocation", lambda ms: OF_INVOCATION(ms, time)),
            patch("roomstate.tencent.units.MAX_ASSERTIONS", UNIT),
        ):
            world = World(plan, self.queue, time)
            self.answering = world.before_send
            yield world

    def live(self, history: list[Payload], plan: Plan, *, drain_late: bool = False) -> Any:
        """Deliver a history under a plan. Gives the state and the log that are left."""
        with self.world(plan) as world:
            for number, payload in enumerate(history):
                world.deliver(payload, number)
                if not drain_late:
                    world.drain()
            world.drain()
            registers, records = _left(self.dynamodb)
            # What was forwarded is the log.
            logged = {(record.event_id, record.part): forwarded(record) for record in records}
            assert world.forwarded == logged
            return registers, sorted(map(_lasting, records), key=str)

    def dead_letters(self) -> list[tuple[Delivery, str]]:
        """What is with the dead letters, each with its reason."""
        messages = self.queue.receive_message(
            QueueUrl=DEAD_LETTER_QUEUE_URL, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", [])
        return [
            (Delivery.from_message(message["Body"]), message["MessageAttributes"][REASON]["StringValue"])
            for message in messages
        ]

    def parked(self) -> list[Any]:
        """The messages in the queue, ten at most, received once more."""
        return received(self.queue, PARKING_QUEUE_URL)


@contextmanager
def cloud() -> Iterator[Cloud]:
    """An AWS with the table, the queues and the tokens."""
    # The functions read their environment when they are imported: that of all tests, and not the one here.
    for function in ("webhook", "redrive"):
        import_module(f"functions.{function}.app")
    wanted = {"TOKENS_PARAMETER": TOKENS_PARAMETER, "EVENT_BUS": BUS}
    with embedded_dynamodb() as dynamodb, patch.dict("os.environ", wanted):
        events_client().create_event_bus(Name=BUS)
        tokens = json.dumps({APP: [TOKEN], "1400000002": []})
        ssm_client().put_parameter(Name=TOKENS_PARAMETER, Type="SecureString", Value=tokens)
        yield Cloud(dynamodb)


def _left(dynamodb: "DynamoDBClient") -> tuple[dict[Any, Any], list[LogRecord]]:
    """Registers and records; each life has two equal copies."""
    registers: dict[Any, Any] = {}
    records: list[LogRecord] = []
    items = dynamodb.scan(TableName=TABLE_NAME)["Items"]
    assert_same_copies(items)
    for item in items:
        if "kind" in item:
            key, register = read_register(item)
            registers.setdefault(item["room_id"]["S"], {})[key] = register
        else:
            records.append(read_record(item))
    return {room: lasting(held) for room, held in registers.items()}, records


def _lasting(record: LogRecord) -> LogRecord:
    """A record but for when it came."""
    return record._replace(received_at=0, expires_at=0)


def unfound(record: LogRecord) -> LogRecord:
    """A record but for what it found when it came."""
    return record._replace(outcome="applied", changes=())
