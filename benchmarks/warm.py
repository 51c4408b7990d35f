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
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest
from botocore.session import Session

from benchmarks.figure import Figure, at_most
from benchmarks.function import Function, answering, dynamodb_of, webhook_function
from benchmarks.webhooks import OPEN, Event, created, to_event
from fuzz.memory import Memory
from local.aws.template import ROOT
from tests.payloads import NOW, Payload, members, seat, seats

TARGET = 1.15
"""The function's CPU, at most, to 1 of its calls on a client as the SDK makes it."""
WEBHOOKS = 10
"""Of each kind, for as many rooms. A round is all of them, once by the function and once bare."""
ROUNDS = 150
WARM_UP = 15
"""Rounds that do not count."""


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
    ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    measured = {kind: Measured(**medians) for kind, medians in json.loads(ran.stdout).items()}
    worst = max(measured.values(), key=lambda each: each.ratio)
    return [
        at_most(
            "CPU of a warm request, against that of its SDK calls made bare",
            worst.ratio,
            limit=TARGET,
            unit=" x",
            measured=str(worst),
            how=f"AWS answers in process; median of {ROUNDS} rounds of {WEBHOOKS} webhooks, the worse of "
            + " and ".join(f"{kind} ({each.handler_us:.0f} µs)" for kind, each in measured.items())
            + ". Its own client checks no parameters and has a fixed user agent",
        )
    ]


def main() -> None:
    """Measure in this process, and print the medians as JSON."""
    kinds = {"seat": seat_taken, "member": member_gone}
    clients: list[Any] = []
    # A line is a write, as on Lambda.
    with open(os.devnull, "w", buffering=1) as log, webhook_function({}, clients.append, log) as function:
        own, plain = dynamodb_of(clients), Session().create_client("dynamodb")
        measured = {
            kind: compare(
                function,
                own,
                plain,
                [rehearse(function, own, *history(number)) for number in range(WEBHOOKS)],
            )
            for kind, history in kinds.items()
        }
    print(json.dumps({kind: asdict(medians) for kind, medians in measured.items()}))


# --- Webhooks


def seat_taken(number: int) -> tuple[Payload, ...]:
    """A seat is left, then taken: that is measured."""
    room, index = f"rid-{number}", number % 16
    return (
        created(room, at=NOW - 600_000),
        seats(room, seat(index, **OPEN), at=NOW - 60_000),
        seats(room, seat(index, f"user-{number}", **OPEN), at=NOW - 500),
    )


def member_gone(number: int) -> tuple[Payload, ...]:
    """A member comes, then goes: that is measured."""
    room, user = f"rid-{number}", f"user-{number}"
    return (
        created(room, at=NOW - 600_000),
        members(room, "Online", user, at=NOW - 60_000),
        members(room, "Offline", user, at=NOW - 500, cause="Leave"),
    )


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


def rehearse(function: Function, client: Any, *history: Payload) -> Rehearsed:
    """Let the function take webhooks, on a table that is empty at first, and note its calls for the last."""
    memory = Memory()
    asked: list[tuple[str, Any]] = []
    calls: list[Call] = []

    def note(params: Any, model: Any, **_: Any) -> None:
        asked.append((xform_name(model.name), deepcopy(params)))

    def answer(request: AWSPreparedRequest) -> bytes:
        body: Any = request.body
        method, parameters = asked[-1]
        answered = getattr(memory, method)(**json.loads(body)) or {}
        calls.append(Call(method, parameters, json.dumps(answered, separators=(",", ":")).encode()))
        return calls[-1].answer

    client.meta.events.register_first("provide-client-params.dynamodb", note)
    with answering(client, answer):
        for payload in history:
            calls.clear()
            function(to_event(payload, received_at=NOW))
    client.meta.events.unregister("provide-client-params.dynamodb", note)
    assert [call.method for call in calls] == ["batch_get_item", "transact_write_items"]
    return Rehearsed(to_event(history[-1], received_at=NOW), calls)


# --- The comparison


def compare(function: Function, own: Any, plain: Any, webhooks: list[Rehearsed]) -> Measured:
    """Rounds of the function and of its bare calls, in turns, so that all see the same machine."""
    calls = [call for webhook in webhooks for call in webhook.calls]
    answers: Iterator[bytes] = iter(())

    def by_function() -> None:
        for webhook in webhooks:
            function(webhook.event)

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

    by_sdk, by_own = bare(plain), bare(own)
    with answering(own, lambda _: next(answers)), answering(plain, lambda _: next(answers)):
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
