"""The two functions as deployed, the queue between them, and a simulated Tencent."""

import io
import json
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from local.aws.embedded import TABLE_NAME
from local.aws.gateway import Context
from local.tencent_cloud.caller import App
from local.tencent_cloud.cloud import Direct, SimulatedTencent
from roomstate.aws.clients import sqs_client, ssm_client
from roomstate.aws.store import Store
from roomstate.reconcile import rest
from roomstate.reconcile.planning import make_planner
from roomstate.reconcile.settings import PlanSettings, ReconcileSettings
from roomstate.reconcile.wiring import make_worker
from tests.conftest import FUNCTION_ENVIRONMENT
from tests.payloads import AN_HOUR, APP, webhook
from tests.queues import received, settle, to_records
from tests.reconcile.world import SECRET_KEY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

QUEUE_URL = FUNCTION_ENVIRONMENT["RECONCILE_QUEUE_URL"]
DEAD_LETTERS_URL = QUEUE_URL.replace("ReconcileQueue", "ReconcileDeadLetters")
TRIES = 3
"""After which a message is a dead letter."""
ENTRY = {"host": "adminapisgp.im.qcloud.com", "identifier": "administrator", "secret_key": SECRET_KEY}


class Functions:
    """Both functions. Times are the true ones, but that Tencent's may be set back."""

    def __init__(self, dynamodb: "DynamoDBClient") -> None:
        self.ago_ms = 0
        self.tencent = SimulatedTencent(App(int(APP), SECRET_KEY), self.tencents_time)
        self.store = Store(dynamodb, TABLE_NAME, 90)
        self.queue: SQSClient = sqs_client()
        self.log = io.StringIO()
        create_queues(self.queue)
        put_accounts({APP: ENTRY})

    def tencents_time(self) -> int:
        return int(time.time() * 1000) - self.ago_ms

    def deliver(self, *bodies: dict[str, Any]) -> None:
        for body in bodies:
            arrived = webhook(body, received_at=self.tencents_time())
            self.store.record(arrived, AN_HOUR)

    def plan(self) -> Any:
        from functions.plan import app  # noqa: PLC0415  it reads the environment

        with (
            self._logging(app.logger),
            patch.object(app, "planner", make_planner(PlanSettings.from_environment())),
        ):
            return app.lambda_handler({}, Context())

    def reconcile(self, event: dict[str, Any]) -> Any:
        from functions.reconcile import app  # noqa: PLC0415  it reads the environment

        with (
            self._logging(app.logger),
            patch.object(rest, "connect", lambda _: Direct(self.tencent)),
            patch.object(app, "worker", make_worker(ReconcileSettings.from_environment())),
            warnings.catch_warnings(action="ignore"),  # where it raises, there may be no metrics
        ):
            return app.lambda_handler(event, Context())

    def drain(self) -> int:
        """Hand the queue's messages to the function, as Lambda does, until none is left. Gives how often."""
        for times in range(20):
            messages = received(self.queue, QUEUE_URL)
            if not messages:
                return times
            answer = self.reconcile(to_records(messages))
            settle(self.queue, QUEUE_URL, messages, answer)
        raise AssertionError("the queue was never empty")

    def dead_letters(self) -> list[Any]:
        answer = self.queue.receive_message(QueueUrl=DEAD_LETTERS_URL, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().split("\n") if line]

    @contextmanager
    def _logging(self, logger: Any) -> Iterator[None]:
        # Not by `setStream`, which flushes the stream before: another test's, which may be closed.
        handler = logger.registered_handler
        before, handler.stream = handler.stream, self.log
        try:
            yield
        finally:
            handler.stream = before


def create_queues(client: "SQSClient") -> None:
    """The queue of rooms, and its dead letters."""
    client.create_queue(QueueName="ReconcileDeadLetters")
    arn = client.get_queue_attributes(QueueUrl=DEAD_LETTERS_URL, AttributeNames=["QueueArn"])
    policy = {"deadLetterTargetArn": arn["Attributes"]["QueueArn"], "maxReceiveCount": TRIES}
    client.create_queue(
        QueueName="ReconcileQueue",
        Attributes={"RedrivePolicy": json.dumps(policy), "VisibilityTimeout": "720"},
    )


def put_accounts(entries: Any) -> None:
    """Put them into the Parameter Store."""
    value = entries if isinstance(entries, str) else json.dumps(entries)
    ssm_client().put_parameter(
        Name=FUNCTION_ENVIRONMENT["RECONCILE_PARAMETER"], Type="SecureString", Value=value, Overwrite=True
    )
