"""The CPU of a warm request with a typical handler, against ours: in one process, in turns.

Both take the same signed webhooks of one seat, and put an event for each. AWS answers where botocore would
send, as in `benchmarks.warm`.
"""

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from http import HTTPStatus
from statistics import median
from typing import Any
from unittest.mock import patch

import boto3
from botocore.awsrequest import AWSPreparedRequest

from benchmarks.function import AN_HOUR_S, OURS, answering, function
from benchmarks.function import ENVIRONMENT as OUR_ENVIRONMENT
from benchmarks.typical_world import ENVIRONMENT as TYPICAL_ENVIRONMENT
from benchmarks.typical_world import TYPICAL
from benchmarks.warm import WEBHOOKS, seat_taken
from benchmarks.webhooks import Event, signed, to_event
from fuzz.memory import Memory
from local.aws.gateway import Context, Handler
from local.aws.template import ROOT
from tests.payloads import APP, NOW, Payload

ROUNDS = 50
WARM_UP = 10
"""Rounds that do not count."""
TOKEN = "a token"  # noqa: S105
ROLE = {name: value for name, value in OUR_ENVIRONMENT.items() if name.startswith(("AWS_", "POWERTOOLS_"))}


@dataclass(frozen=True, slots=True)
class Warm:
    """Medians of the rounds."""

    typical_us: float
    ours_us: float
    ratio: float
    """Ours, to 1 of the typical handler's."""


def measure() -> Warm:
    """Measure, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.beside_warm"]
    ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return Warm(**json.loads(ran.stdout))


class Answers:
    """What AWS answers a handler: as it is at first, then the same again, which costs nothing to find."""

    def __init__(self) -> None:
        self._memory = Memory()
        self._noted: list[bytes] = []
        self._replayed: list[bytes] | None = None

    def forget_rooms(self) -> None:
        """Begin with an empty table."""
        self._memory = Memory()

    def forget_calls(self) -> None:
        """What was answered up to here is not replayed."""
        self._noted.clear()

    @property
    def noted(self) -> list[bytes]:
        return list(self._noted)

    def replay(self, answers: list[bytes]) -> None:
        self._replayed = answers[::-1]

    @property
    def is_over(self) -> bool:
        return not self._replayed

    def __call__(self, request: AWSPreparedRequest) -> bytes:
        if self._replayed is not None:
            return self._replayed.pop()
        self._noted.append(json.dumps(self._answer(request), separators=(",", ":")).encode())
        return self._noted[-1]

    def _answer(self, request: AWSPreparedRequest) -> Any:
        target: Any = request.headers["X-Amz-Target"]
        sent: Any = request.body
        operation, body = target.decode().rpartition(".")[2], json.loads(sent)
        match operation:
            case "GetParameter":
                return {"Parameter": {"Name": "tokens", "Value": json.dumps({APP: [TOKEN]})}}
            case "PutEvents":
                return {
                    "FailedEntryCount": 0,
                    "Entries": [{"EventId": "11710aed-b79e-4468-a20b-bb3c0c3b4860"}],
                }
            case "BatchGetItem":
                return self._memory.batch_get_item(**body)
            case "TransactWriteItems":
                self._memory.transact_write_items(**body)
        return {}


def main() -> None:
    """Measure in this process, and print the medians as JSON."""
    context = Context(deadline=time.monotonic() + AN_HOUR_S)
    ours = {**OUR_ENVIRONMENT, "EVENT_BUS": "rooms", "TOKENS_PARAMETER": "/tokens"}
    runs: dict[str, Callable[[], float]] = {}
    with ExitStack() as running, open(os.devnull, "w", buffering=1) as log:
        running.enter_context(patch.object(boto3, "DEFAULT_SESSION", None))
        for name, source, environment in (
            ("ours", OURS, ours),
            ("typical", TYPICAL / "app.py", {**ROLE, **TYPICAL_ENVIRONMENT}),
        ):
            clients: list[Any] = []
            handler = running.enter_context(function(source, environment, clients.append, log))
            answers = Answers()
            for client in clients:
                running.enter_context(answering(client, answers))
            runs[name] = _rounds(handler, context, answers)
        taken = [{name: run() for name, run in runs.items()} for _ in range(WARM_UP + ROUNDS)][WARM_UP:]
    warm = Warm(
        typical_us=median(each["typical"] for each in taken),
        ours_us=median(each["ours"] for each in taken),
        ratio=median(each["ours"] / each["typical"] for each in taken),
    )
    print(json.dumps(asdict(warm)))


def _rounds(handler: Handler, context: Context, answers: Answers) -> Callable[[], float]:
    """A round of webhooks, the last of each history, to be run again and again. Gives CPU in µs a request."""
    webhooks: list[Event] = []
    replayed: list[bytes] = []
    for number in range(WEBHOOKS):
        answers.forget_rooms()
        for payload in seat_taken(number):
            answers.forget_calls()
            event = _event(payload)
            assert handler(event, context)["statusCode"] == HTTPStatus.OK
        webhooks.append(event)
        replayed += answers.noted

    def run() -> float:
        answers.replay(replayed)
        gc.collect()  # each round pays for its own garbage
        begun = time.process_time_ns()
        for event in webhooks:
            handler(event, context)
        taken = time.process_time_ns() - begun
        assert answers.is_over, "each call is answered, and no other is made"
        return taken / 1_000 / len(webhooks)

    return run


def _event(payload: Payload) -> Event:
    return signed(to_event(payload, NOW), TOKEN)


if __name__ == "__main__":
    main()
