"""The time there is to answer, measured for real: in a process of its own, with servers that never answer."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from roomstate.aws import clients
from roomstate.aws.deadline import BUDGET_S, MARGIN_S, Deadline, OutOfTime
from tests.conftest import FUNCTION_ENVIRONMENT

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


def test_a_dynamodb_and_a_queue_that_hang_are_answered_500_in_time() -> None:
    status, answer, took, _ = invoke(SEATS, "dynamodb", "sqs")
    assert (status, answer["ActionStatus"]) == (500, "FAIL")
    assert took < TENCENT_WAITS_S


def test_a_blocking_command_is_allowed_in_time_whatever_hangs() -> None:
    status, answer, took, _ = invoke(GIFT, "dynamodb", "sqs")
    assert (status, answer["ErrorCode"]) == (200, 0)
    assert took < TENCENT_WAITS_S


class TestTheArithmetic:
    """What `aws` writes in its comment."""

    def test_a_read_that_hangs_leaves_time_to_park(self) -> None:
        # The last moment to begin a call to DynamoDB, and the worst that comes after it.
        begins = BUDGET_S - clients.SQS_CALL_S - clients.DYNAMODB_CALL_S
        # A read that hangs is over by then, so it is tried once more.
        assert begins > clients.DYNAMODB_READ_S
        assert BUDGET_S < TENCENT_WAITS_S

    def test_tokens_that_hang_leave_time_to_park(self) -> None:
        assert clients.DYNAMODB_CALL_S + clients.SQS_CALL_S <= BUDGET_S

    def test_each_client_tries_once_within_its_time(self) -> None:
        made: list[tuple[Any, float]] = [
            (clients.dynamodb_client(), clients.DYNAMODB_CALL_S),
            (clients.ssm_client(), clients.DYNAMODB_CALL_S),
            (clients.sqs_client(), clients.SQS_CALL_S),
        ]
        for client, at_most in made:
            config = client.meta.config
            assert config.connect_timeout + config.read_timeout == pytest.approx(at_most)
            assert config.retries["total_max_attempts"] == 1


class TestDeadline:
    def clock(self) -> float:
        return self.now

    @pytest.fixture(autouse=True)
    def at_noon(self) -> None:
        self.now = 43_200.0

    def test_what_fits_may_begin_and_what_does_not_may_not(self) -> None:
        deadline = Deadline(1.0, self.clock)
        deadline.require(1.0)
        self.now += 0.5
        deadline.require(0.5)
        with pytest.raises(OutOfTime):
            deadline.require(0.51)

    def test_an_earlier_one_leaves_some(self) -> None:
        deadline = Deadline(1.0, self.clock).earlier(0.4)
        deadline.require(0.59)
        with pytest.raises(OutOfTime):
            deadline.require(0.61)


@pytest.mark.parametrize(
    ("remaining_ms", "seconds"), [(3_000, BUDGET_S), (1_000, 1 - MARGIN_S), (0, -MARGIN_S)]
)
def test_an_answer_is_due_before_tencent_hangs_up_and_before_the_function_ends(
    remaining_ms: int, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the real one: conftest.unhurried
    deadline = Deadline.of_answer(remaining_ms)
    with pytest.raises(OutOfTime):
        deadline.require(seconds + 0.001)
