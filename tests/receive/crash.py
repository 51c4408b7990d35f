"""A production to break: Tencent, two functions and their AWS, with a fault at any call to AWS.

Every call that a function makes has a number, in the order they are made. A plan says which of them go
wrong, and how. Afterwards the world does what it does in production: who got no OK delivers again (with
redelivery switched on), a killed process is followed by a new one, and the queue is drained.
"""

import io
import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from aws_lambda_powertools import Logger
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from local.aws.embedded import (
    DEAD_LETTER_QUEUE_URL,
    PARKING_QUEUE_URL,
    TABLE_NAME,
    create_queues,
    embedded_dynamodb,
    empty_table,
)
from local.aws.gateway import Context
from roomstate.aws import clients
from roomstate.aws.clients import events_client, sqs_client, ssm_client
from roomstate.aws.dead_letters import REASON
from roomstate.aws.items import read_record, read_register
from roomstate.log.forwarded import ForwardedWebhook, forwarded
from roomstate.log.record import LogRecord
from roomstate.receive.receiver import Receiver, Request
from roomstate.receive.settings import RedriveSettings, WebhookSettings
from roomstate.receive.wiring import make_receiver, make_redriver
from roomstate.tencent.answer import ACCEPTED, Answer
from roomstate.tencent.delivery import Delivery
from roomstate.tencent.signature import sign
from tests.converging import lasting
from tests.payloads import AN_HOUR, APP, NOW, Payload, body

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
DRAINS = 12
"""How often the queue is looked into before what it holds is held to be stuck."""

REAL_CLIENT = clients._client


class Killed(BaseException):
    """The process is gone. No `except Exception` sees it, and nothing of it survives."""


# --- Faults

Fault = Callable[[str, Any], Any]
"""(event name, request) -> a response instead of AWS's; or it raises."""


def error(status: int, code: str, **fields: Any) -> Any:
    return response(status, {"__type": f"com.amazonaws#{code}", "message": "a fault", **fields})


def response(status: int, document: Any) -> Any:
    told = json.dumps(document).encode()
    headers = {"content-type": "application/x-amz-json-1.0"}
    return AWSResponse("https://aws", status, headers, MockRawResponse(told))  # type: ignore[arg-type]


def raising(failure: BaseException, *, after: bool) -> Fault:
    def fault(event_name: str, request: Any) -> Any:
        if after:
            botocore_stubber(event_name, request)
        raise failure

    return fault


def conflict(_: str, request: Any) -> Any:
    actions = json.loads(request.body)["TransactItems"]
    reasons = [{"Code": "None"}, *({"Code": "TransactionConflict"} for _ in actions[1:])]
    if len(actions) == 1:
        reasons = [{"Code": "TransactionConflict"}]
    return error(400, "TransactionCanceledException", CancellationReasons=reasons)


def refusing(code: str) -> Fault:
    def fault(_: str, request: Any) -> Any:
        """EventBridge takes the call, and each entry but the first."""
        entries = json.loads(request.body)["Entries"]
        told = [{"ErrorCode": code, "ErrorMessage": "a fault"}]
        told += [{"EventId": str(number)} for number in range(1, len(entries))]
        return response(200, {"FailedEntryCount": 1, "Entries": told})

    return fault


FAULTS: Mapping[str, Fault] = {
    "throttled": lambda *_: error(400, "ThrottlingException"),
    "5xx": lambda *_: error(500, "InternalServerError"),
    "time-out before": raising(ReadTimeoutError(endpoint_url="aws"), after=False),
    "time-out after": raising(ReadTimeoutError(endpoint_url="aws"), after=True),
    "connection lost": raising(ConnectionClosedError(endpoint_url="aws"), after=False),
    "conflict": conflict,
    "entry refused": refusing("InternalFailure"),
    "killed before": raising(Killed(), after=False),
    "killed after": raising(Killed(), after=True),
}


def applies(fault: str, place: str) -> bool:
    only = {"conflict": "TransactWriteItems", "entry refused": "PutEvents"}
    return place.endswith(only.get(fault, ""))


# --- The world


@dataclass
class Plan:
    """Which calls go wrong."""

    faults: Mapping[int, str] = field(default_factory=dict)
    """By the number of the call, from 0."""
    outage: frozenset[int] = frozenset()
    """Numbers of webhooks during whose delivery DynamoDB answers 500 to everything."""
    never: str | None = None
    """The code with which EventBridge refuses an entry of every call."""
    places: list[str] = field(default_factory=list)
    """Which calls were made: `function service.Operation`."""
    hit: list[tuple[str, str]] = field(default_factory=list)
    """(place, fault) of each fault that came to be."""


class World:
    """Everything from Tencent to the table."""

    def __init__(self, plan: Plan, queue: "SQSClient") -> None:
        self._plan = plan
        self._queue = queue
        self._function = "webhook"
        self._is_out = False
        self._time = NOW
        self._receiver = self._start()
        self.answers: list[Answer] = []
        self.forwarded: dict[tuple[str, int], ForwardedWebhook] = {}

    def deliver(self, payload: Payload, number: int) -> None:
        """Deliver a webhook until it is answered OK."""
        for attempt in range(DELIVERIES):
            self._is_out = number in self._plan.outage and attempt == 0
            try:
                receipt = self._receiver.receive(self._request(payload), AN_HOUR)
            except Killed:
                self._receiver = self._start()
                continue
            finally:
                self._is_out = False
            self.answers.append(receipt.answer)
            if receipt.answer == ACCEPTED:
                return
        raise AssertionError("never answered OK")

    def drain(self) -> None:
        """Run the redrive function until the queue is empty."""
        for _ in range(DRAINS):
            messages = self._queue.receive_message(
                QueueUrl=PARKING_QUEUE_URL, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
            ).get("Messages", [])
            if not messages:
                return
            failed = self._redrive(messages)
            for message in messages:
                handle = message["ReceiptHandle"]
                if message["MessageId"] in failed:
                    # Time passes, until it may be seen again.
                    self._queue.change_message_visibility(
                        QueueUrl=PARKING_QUEUE_URL, ReceiptHandle=handle, VisibilityTimeout=0
                    )
                else:
                    self._queue.delete_message(QueueUrl=PARKING_QUEUE_URL, ReceiptHandle=handle)
        raise AssertionError("the queue was never empty")

    def _redrive(self, messages: list[Any]) -> set[str]:
        """The ids of the messages that were not stored."""
        from functions.redrive import app  # noqa: PLC0415  (reads its environment when imported)

        self._function = "redrive"
        records = [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "eventSource": "aws:sqs",
            }
            for message in messages
        ]
        try:
            with (
                patch.object(app, "redriver", make_redriver(RedriveSettings.from_environment())),
                warnings.catch_warnings(action="ignore"),  # a killed process counts nothing
            ):
                answer = app.lambda_handler({"Records": records}, Context())
        except Killed:
            return {message["MessageId"] for message in messages}
        finally:
            self._function = "webhook"
        return {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}

    def _start(self) -> Receiver:
        """A new process."""
        return make_receiver(WebhookSettings.from_environment(), Logger(stream=io.StringIO()))

    def _request(self, payload: Payload) -> Request:
        self._time += 1
        now_s = str(self._time // 1000)
        query = f"SdkAppid={APP}&Sign={sign(TOKEN, now_s)}&RequestTime={now_s}"
        return Request(query, body(payload), self._time)

    def before_send(self, request: Any, event_name: str, **_: Any) -> Any:
        """Called before each request to AWS; an answer given here is AWS's."""
        _prefix, service, operation = event_name.split(".")
        place = f"{self._function} {service}.{operation}"
        number = len(self._plan.places)
        self._plan.places.append(place)
        if self._is_out and service == "dynamodb":
            return FAULTS["5xx"](event_name, request)
        fault = self._plan.faults.get(number)
        if fault is None and self._plan.never and operation == "PutEvents":
            return refusing(self._plan.never)(event_name, request)
        if fault is None or not applies(fault, place):
            self._forward(operation, request)
            return None
        self._plan.hit.append((place, fault))
        if fault.endswith("after"):
            self._forward(operation, request)
        return FAULTS[fault](event_name, request)

    def _forward(self, operation: str, request: Any) -> None:
        """Note what reaches the bus. Consumers tell repeats apart by event_id and part."""
        if operation == "PutEvents":
            for entry in json.loads(request.body)["Entries"]:
                webhook = ForwardedWebhook.model_validate_json(entry["Detail"])
                self.forwarded[webhook.event_id, webhook.part] = webhook


class Cloud:
    """An AWS that worlds are built on, one after the other: to empty one is quicker than to make one."""

    def __init__(self, dynamodb: "DynamoDBClient") -> None:
        self.dynamodb = dynamodb
        self.queue = sqs_client()
        self._world: World | None = None
        # A new process makes new clients. What they keep is connections, and there are none here.
        self._clients = {service: self._client(service) for service in ("dynamodb", "events", "sqs", "ssm")}

    @contextmanager
    def world(self, plan: Plan) -> "Iterator[World]":
        """A world with nothing in it yet."""
        empty_table()
        for url in (PARKING_QUEUE_URL, DEAD_LETTER_QUEUE_URL):
            self.queue.delete_queue(QueueUrl=url)
        create_queues(self.queue)
        with (
            patch("roomstate.aws.clients._client", lambda service, _: self._clients[service]),
            patch("roomstate.aws.retry.time.sleep"),
            patch("roomstate.aws.tokens.RETRY_S", 0),
            patch("roomstate.tencent.units.MAX_ASSERTIONS", UNIT),
        ):
            self._world = World(plan, self.queue)
            yield self._world

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

    def _client(self, service: str) -> Any:
        client = REAL_CLIENT(service, 1)
        client.meta.events.register_first("before-send", self._before_send)
        return client

    def _before_send(self, **sent: Any) -> Any:
        assert self._world is not None
        return self._world.before_send(**sent)


@contextmanager
def cloud() -> Iterator[Cloud]:
    """An AWS with the table, the queues and the tokens."""
    wanted = {"TOKENS_PARAMETER": TOKENS_PARAMETER, "EVENT_BUS": BUS}
    with embedded_dynamodb() as dynamodb, patch.dict("os.environ", wanted):
        events_client().create_event_bus(Name=BUS)
        tokens = json.dumps({APP: [TOKEN], "1400000002": []})
        ssm_client().put_parameter(Name=TOKENS_PARAMETER, Type="SecureString", Value=tokens)
        yield Cloud(dynamodb)


def _left(dynamodb: "DynamoDBClient") -> tuple[dict[Any, Any], list[LogRecord]]:
    """Registers and records."""
    registers: dict[Any, Any] = {}
    records: list[LogRecord] = []
    for item in dynamodb.scan(TableName=TABLE_NAME)["Items"]:
        if "kind" in item:
            key, register = read_register(item)
            registers.setdefault(item["room_id"]["S"], {})[key] = register
        else:
            records.append(read_record(item))
    return {room: lasting(held) for room, held in registers.items()}, records


def _lasting(record: LogRecord) -> LogRecord:
    """A record but for when it came."""
    return replace(record, received_at=0, expires_at=0)


def unfound(record: LogRecord) -> LogRecord:
    """A record but for what it found when it came."""
    return replace(record, outcome="applied", changes=())
