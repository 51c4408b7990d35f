"""The time there is to answer: by a clock that a test moves, and measured for real, in a process of its own,
with servers that never answer.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from local.aws.template import resource
from roomstate.aws import clients
from roomstate.aws.deadline import BUDGET_S, MARGIN_S, Deadline, OutOfTime
from roomstate.aws.parking import PARKING_ATTEMPTS, Parking
from roomstate.aws.retry import FIRST_PAUSE_S, MAX_PAUSE_S
from roomstate.aws.store import Store
from roomstate.receive.receiver import Receiver, Request
from roomstate.tencent.answer import ACCEPTED
from tests.conftest import FUNCTION_ENVIRONMENT
from tests.payloads import APP, NOW, Time, body, seat, seats

TENCENT_WAITS_S = 2.0

INVOKE = """
import json, sys, time
from local.aws.embedded import PARKING_QUEUE_URL, embedded_dynamodb
from roomstate.aws.clients import sqs_client

command, hanging = sys.argv[1], sys.argv[2:]
with embedded_dynamodb():
    import os
    for service in hanging:
        os.environ[f"AWS_ENDPOINT_URL_{service.upper()}"] = os.environ["HANGING"]
    from functions.webhook import app
    from local.aws.gateway import Context
    from tests.payloads import body, seat, seats
    event = {
        "version": "2.0", "rawQueryString": f"SdkAppid=1400000001&CallbackCommand={command}", "headers": {},
        "requestContext": {"timeEpoch": 1800000000000, "requestId": "r"}, "isBase64Encoded": False,
        "body": json.dumps({**seats("r", seat(1, "ann")), "CallbackCommand": command}),
    }
    began = time.monotonic()
    response = app.lambda_handler(event, Context())
    took = time.monotonic() - began
    parked = 0
    if "sqs" not in hanging:
        sent = sqs_client().receive_message(QueueUrl=PARKING_QUEUE_URL)
        parked = len(sent.get("Messages", []))
    print("RESULT", json.dumps([response["statusCode"], json.loads(response["body"]), took, parked]))
"""


@contextmanager
def hanging_server() -> Iterator[str]:
    """A server on loopback that takes connections and never answers: the kernel does that alone."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def invoke(command: str, *hanging: str) -> tuple[int, dict[str, Any], float, int]:
    """Invoke the function once: status, answer, seconds, messages parked."""
    with hanging_server() as url:
        ran = subprocess.run(
            [sys.executable, "-c", INVOKE, command, *hanging],
            env={
                **os.environ,
                **FUNCTION_ENVIRONMENT,
                "HANGING": url,
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
    [result] = [line for line in ran.stdout.splitlines() if line.startswith("RESULT ")]
    status, answer, took, parked = json.loads(result.removeprefix("RESULT "))
    return status, answer, took, parked


SEATS = "Mic.CallbackAfterSeatInfoChanged"
GIFT = "Live.CallbackBeforeSendGift"


@pytest.mark.parametrize("command", [SEATS, GIFT])
def test_a_dynamodb_that_hangs_is_answered_ok_in_time_and_the_webhook_is_parked(command: str) -> None:
    status, answer, took, parked = invoke(command, "dynamodb")
    assert (status, answer["ErrorCode"], parked) == (200, 0, 1)
    assert took < TENCENT_WAITS_S


def test_a_dynamodb_and_a_queue_that_hang_are_answered_500_before_the_function_is_cut_off() -> None:
    """Tencent has hung up by then; redelivery, where it is switched on, is on time-out."""
    status, answer, took, _ = invoke(SEATS, "dynamodb", "sqs")
    assert (status, answer["ActionStatus"]) == (500, "FAIL")
    assert took < resource("WebhookFunction")["Timeout"]


def test_a_blocking_command_is_allowed_in_time_whatever_hangs() -> None:
    status, answer, took, _ = invoke(GIFT, "dynamodb", "sqs")
    assert (status, answer["ErrorCode"]) == (200, 0)
    assert took < TENCENT_WAITS_S


class TestTheArithmetic:
    """What `clients` writes in its comment."""

    def test_a_read_that_hangs_leaves_time_to_park(self) -> None:
        # The last moment to begin a call to DynamoDB, and the worst that comes after it.
        begins = BUDGET_S - clients.SQS_CALL_S - clients.DYNAMODB_CALL_S
        # A read that hangs is over by then, so it is tried once more.
        assert begins > clients.DYNAMODB_READ_S
        assert BUDGET_S < TENCENT_WAITS_S

    def test_tokens_that_hang_leave_time_to_park(self) -> None:
        assert clients.SSM_CALL_S + clients.SQS_CALL_S <= BUDGET_S

    def test_an_invocation_lasts_longer_than_the_answer_may_take(self) -> None:
        # One more try to park, when the time to answer is over.
        assert resource("WebhookFunction")["Timeout"] >= BUDGET_S + clients.SQS_CALL_S + MARGIN_S

    def test_the_tries_to_park_fill_an_invocation(self) -> None:
        pauses = [min(FIRST_PAUSE_S * 2**number, MAX_PAUSE_S) for number in range(PARKING_ATTEMPTS - 1)]
        assert sum(pauses) > resource("WebhookFunction")["Timeout"]

    def test_each_client_tries_once_within_its_time(self) -> None:
        made: list[tuple[Any, float]] = [
            (clients.dynamodb_client(), clients.DYNAMODB_CALL_S),
            (clients.ssm_client(), clients.SSM_CALL_S),
            (clients.sqs_client(), clients.SQS_CALL_S),
            (clients.events_client(), clients.EVENTS_CALL_S),
        ]
        for client, at_most in made:
            config = client.meta.config
            assert config.connect_timeout + config.read_timeout == pytest.approx(at_most)
            assert config.retries["total_max_attempts"] == 1


class TestDeadline:
    @pytest.fixture
    def time(self) -> Time:
        return Time()

    def test_what_fits_may_begin_and_what_does_not_may_not(self, time: Time) -> None:
        deadline = Deadline(1.0, time)
        deadline.require(1.0)
        time.now += 0.5
        deadline.require(0.49)
        with pytest.raises(OutOfTime):
            deadline.require(0.51)

    def test_an_earlier_one_leaves_some(self, time: Time) -> None:
        deadline = Deadline(1.0, time).earlier(0.4)
        deadline.require(0.59)
        with pytest.raises(OutOfTime):
            deadline.require(0.61)

    def test_it_is_over_when_nothing_is_left(self, time: Time) -> None:
        deadline = Deadline(1.0, time)
        time.now += 0.99
        assert not deadline.is_over()
        time.now += 0.02
        assert deadline.is_over()

    @pytest.mark.parametrize(
        ("left", "paused"), [(2.0, 0.4), (1.0, 0.3), (0.7, 0.0), (0.5, 0.0), (-1.0, 0.0)]
    )
    def test_a_pause_leaves_time_for_what_comes_next(self, time: Time, left: float, paused: float) -> None:
        deadline, began = Deadline(left, time), time.now
        deadline.pause(0.4, before=0.7)
        assert time.now - began == pytest.approx(paused, abs=1e-6)

    @pytest.mark.parametrize(
        ("remaining_ms", "to_answer_s", "to_end_s"),
        [
            (30_000, BUDGET_S, 29.8),
            (3_000, BUDGET_S, 2.8),
            (2_100, BUDGET_S, 1.9),
            (2_000, 1.8, 1.8),
            (1_900, 1.7, 1.7),
            (1_000, 0.8, 0.8),
            (200, 0.0, 0.0),
            (0, -0.2, -0.2),
        ],
    )
    def test_an_answer_is_due_before_tencent_hangs_up_and_before_the_function_ends(
        self,
        monkeypatch: pytest.MonkeyPatch,
        time: Time,
        remaining_ms: int,
        to_answer_s: float,
        to_end_s: float,
    ) -> None:
        monkeypatch.undo()  # the real ones: conftest.unhurried
        for deadline, seconds in (
            (Deadline.of_answer(remaining_ms, time), to_answer_s),
            (Deadline.of_invocation(remaining_ms, time), to_end_s),
        ):
            deadline.require(seconds - 0.001)
            with pytest.raises(OutOfTime):
                deadline.require(seconds + 0.001)


class SlowAWS:
    """DynamoDB and SQS in one: each call to DynamoDB takes so long, and then may fail."""

    exceptions = SimpleNamespace(TransactionCanceledException=ClientError)

    def __init__(self, time: Time, *calls: tuple[float, Exception | None]) -> None:
        self._time = time
        self._calls = list(calls)
        self.parked: list[str] = []

    def batch_get_item(self, **_: Any) -> Any:
        seconds, failure = self._calls.pop(0)
        self._time.sleep(seconds)
        if failure is not None:
            raise failure
        return {"Responses": {}, "UnprocessedKeys": {}}

    transact_write_items = batch_get_item

    def send_message(self, MessageBody: str, **_: Any) -> dict[str, str]:
        self.parked.append(MessageBody)
        return {"MessageId": "1"}


THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "BatchGetItem")
HANGS = clients.DYNAMODB_CALL_S, ConnectTimeoutError(endpoint_url="dynamodb")


@pytest.mark.parametrize(
    "calls",
    [
        pytest.param([(1.25, None)], id="a call that is slow, and no time-out ends"),
        pytest.param([(2.7, None)], id="a call after which Tencent has hung up"),
        pytest.param([*[(0.09, THROTTLED)] * 3, HANGS], id="long pauses, and then a connect that hangs"),
        pytest.param([HANGS], id="a connect that hangs"),
    ],
)
def test_what_could_not_be_stored_in_time_is_parked_while_the_invocation_lasts(
    monkeypatch: pytest.MonkeyPatch, calls: list[tuple[float, Exception | None]]
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("roomstate.aws.retry.jitter", lambda seconds: seconds)
    # GIVEN a DynamoDB that takes the time there is to answer, and a queue that is well
    time = Time()
    aws: Any = SlowAWS(time, *calls)
    receiver = Receiver({APP}, lambda *_: None, Store(aws, "table", 90), Parking(lambda: aws, "queue"))
    # WHEN a webhook comes
    request = Request(f"SdkAppid={APP}", body(seats("r", seat(1, "ann"))), NOW)
    receipt = receiver.receive(request, Deadline.of_answer(3_000, time), Deadline.of_invocation(3_000, time))
    # THEN it waits in the queue
    assert receipt.answer == ACCEPTED
    assert len(aws.parked) == 1
