"""The CPU of a warm request, against the CPU of the SDK calls it makes.

In a fresh process the webhook function takes webhooks that change one seat, and webhooks that change one
member. AWS answers where botocore would send, so validating, serialising, signing and parsing are done,
and sockets and TLS are not. Then the same calls, with the same parameters and the same answers, are made
bare: on a client as the SDK makes it, and on one as the function makes it (`roomstate.aws`), which is
quicker.
"""

import gc
import json
import os
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import cache
from io import BytesIO
from statistics import median
from typing import Any
from unittest.mock import patch

from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.session import Session

from benchmarks.figure import Figure
from benchmarks.function import ENVIRONMENT
from benchmarks.webhooks import Event, created, to_event
from local.template import ROOT
from roomstate.aws import dynamodb_client
from tests.payloads import NOW, Payload, members, seat, seats

TARGET = 1.15
"""The function's CPU, at most, to 1 of its calls on a client as the SDK makes it."""
WEBHOOKS = 10
"""Of each kind, for as many rooms. A round is all of them, once by the function and once bare."""
ROUNDS = 150
WARM_UP = 15
"""Rounds that do not count."""

Handler = Callable[[Event, Any], dict[str, Any]]
Answer = Callable[[AWSPreparedRequest], bytes]


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians of the rounds of one kind of webhook."""

    ratio: float
    """To the same calls on a client as the SDK makes it."""
    own_ratio: float
    """To the same calls on a client as the function makes it."""
    handler_us: float
    """CPU of a request."""

    def __str__(self) -> str:
        return f"{self.ratio:.2f} x; {self.own_ratio:.2f} x of calls on its own client"


def figures() -> list[Figure]:
    """Measure, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.warm"]
    environment = {**os.environ, **ENVIRONMENT}
    ran = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    measured = {kind: Measured(**medians) for kind, medians in json.loads(ran.stdout).items()}
    worst = max(measured.values(), key=lambda each: each.ratio)
    return [
        Figure(
            name="CPU of a warm request, against that of its SDK calls made bare",
            measured=str(worst),
            target=f"at most {TARGET} x",
            met=worst.ratio <= TARGET,
            how=f"AWS answers in process; median of {ROUNDS} rounds of {WEBHOOKS} webhooks, the worse of "
            + " and ".join(f"{kind} ({each.handler_us:.0f} µs)" for kind, each in measured.items())
            + ". Its own client checks no parameters and has a fixed user agent",
        )
    ]


def main() -> None:
    """Measure in this process, and print the medians as JSON."""
    kinds = {"seat": seat_taken, "member": member_gone}
    make_client = cache(dynamodb_client)
    with logging_to_nowhere(), patch("roomstate.aws.dynamodb_client", make_client):
        from functions.webhook.app import lambda_handler  # noqa: PLC0415  it makes its client

        client = make_client()
        plain = Session().create_client("dynamodb")
        measured = {
            kind: compare(
                lambda_handler,
                client,
                plain,
                [rehearse(lambda_handler, client, *history(number)) for number in range(WEBHOOKS)],
            )
            for kind, history in kinds.items()
        }
    print(json.dumps({kind: asdict(medians) for kind, medians in measured.items()}))


@contextmanager
def logging_to_nowhere() -> Iterator[None]:
    """Each line is written at once, as on Lambda, where nobody reads it."""
    with open(os.devnull, "w", buffering=1) as nowhere, patch("sys.stdout", nowhere):
        yield


# --- Webhooks


def seat_taken(number: int) -> tuple[Payload, ...]:
    """A seat is left, then taken: that is measured."""
    room, index = f"rid-{number}", number % 16
    flags = {"Taken": False, "Video": False, "Audio": False}
    return (
        created(room, at=NOW - 600_000),
        seats(room, seat(index, **flags), at=NOW - 60_000),
        seats(room, seat(index, f"user-{number}", **flags), at=NOW - 500),
    )


def member_gone(number: int) -> tuple[Payload, ...]:
    """A member comes, then goes: that is measured."""
    room, user = f"rid-{number}", f"user-{number}"
    return (
        created(room, at=NOW - 600_000),
        members(room, "Online", user, at=NOW - 60_000),
        members(room, "Offline", user, at=NOW - 500, cause="Leave"),
    )


@dataclass(frozen=True, slots=True)
class Context:
    """The part of Lambda's context object that the function uses."""

    aws_request_id: str = "7f9a1d3c-5a52-4a4e-9a9b-0f8e3c1d2b4a"
    function_name: str = "webhook"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:webhook"

    def get_remaining_time_in_millis(self) -> int:
        return 3_000


# --- AWS, in process


@dataclass(frozen=True, slots=True)
class Call:
    """A call to DynamoDB, and what it answered."""

    method: str
    parameters: dict[str, Any]
    answer: bytes


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A webhook, and the calls that the function makes for it."""

    event: Event
    calls: list[Call]


class Raw(BytesIO):
    """A body as urllib3 hands it on."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


@contextmanager
def answering(client: Any, answer: Answer) -> Iterator[None]:
    """Answer a client's requests where they would be sent."""

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        body = answer(request)
        headers: Any = {
            "Server": "Server",
            "Date": "Fri, 15 Jan 2027 08:00:00 GMT",
            "Content-Type": "application/x-amz-json-1.0",
            "Content-Length": str(len(body)),
            "Connection": "keep-alive",
            "x-amzn-RequestId": "V6DDI1C3EXAMPLE0EXAMPLE0EXAMPLE0EXAMPLE0EXAMPLE0AAAA",
            "x-amz-crc32": str(zlib.crc32(body)),
        }
        return AWSResponse(request.url, 200, headers, Raw(body))

    client.meta.events.register("before-send.dynamodb", send)
    yield
    client.meta.events.unregister("before-send.dynamodb", send)


def rehearse(handler: Handler, client: Any, *history: Payload) -> Rehearsed:
    """Let the function take webhooks, on a table that is empty at first, and note its calls for the last."""
    items: dict[tuple[str, str], Any] = {}
    asked: list[tuple[str, Any]] = []
    calls: list[Call] = []

    def note(params: Any, model: Any, **_: Any) -> None:
        asked.append((xform_name(model.name), deepcopy(params)))

    def answer(request: AWSPreparedRequest) -> bytes:
        body: Any = request.body
        calls.append(Call(*asked[-1], answer=dynamodb(json.loads(body), items)))
        return calls[-1].answer

    client.meta.events.register_first("provide-client-params.dynamodb", note)
    with answering(client, answer):
        for payload in history:
            calls.clear()
            handler(to_event(payload, received_at=NOW), Context())
    client.meta.events.unregister("provide-client-params.dynamodb", note)
    assert [call.method for call in calls] == ["batch_get_item", "transact_write_items"]
    return Rehearsed(to_event(history[-1], received_at=NOW), calls)


def dynamodb(request: Any, items: dict[tuple[str, str], Any]) -> bytes:
    """What DynamoDB answers to a BatchGetItem, and to a TransactWriteItems that succeeds."""

    def key(item: Any) -> tuple[str, str]:
        return item["pk"]["S"], item["sk"]["S"]

    if "TransactItems" in request:
        written = [action["Put"]["Item"] for action in request["TransactItems"]]
        items.update({key(item): item for item in written})
        return b"{}"
    [(table, wanted)] = request["RequestItems"].items()
    found = [items[key(each)] for each in wanted["Keys"] if key(each) in items]
    return json.dumps({"Responses": {table: found}, "UnprocessedKeys": {}}, separators=(",", ":")).encode()


# --- The comparison


def compare(handler: Handler, client: Any, plain: Any, webhooks: list[Rehearsed]) -> Measured:
    """Rounds of the function and of its bare calls, in turns, so that all see the same machine."""
    context = Context()
    calls = [call for webhook in webhooks for call in webhook.calls]
    answers: Iterator[bytes] = iter(())

    def by_function() -> None:
        for webhook in webhooks:
            handler(webhook.event, context)

    def bare(client: Any) -> Callable[[], None]:
        methods = [(getattr(client, call.method), call.parameters) for call in calls]

        def run() -> None:
            for method, parameters in methods:
                method(**parameters)

        return run

    def cpu_us(run: Callable[[], None]) -> float:
        nonlocal answers
        answers = iter([call.answer for call in calls])
        gc.collect()  # each round pays for its own garbage
        begun = time.process_time_ns()
        run()
        taken = time.process_time_ns() - begun
        assert next(answers, None) is None, "each call is answered, and no other is made"
        return taken / 1_000 / len(webhooks)

    by_sdk, by_own = bare(plain), bare(client)
    with answering(client, lambda _: next(answers)), answering(plain, lambda _: next(answers)):
        rounds = [(cpu_us(by_function), cpu_us(by_sdk), cpu_us(by_own)) for _ in range(WARM_UP + ROUNDS)][
            WARM_UP:
        ]
    return Measured(
        ratio=median(handled / sdk for handled, sdk, _ in rounds),
        own_ratio=median(handled / own for handled, _, own in rounds),
        handler_us=median(handled for handled, _, _ in rounds),
    )


if __name__ == "__main__":
    main()
