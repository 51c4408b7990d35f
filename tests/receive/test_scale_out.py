"""Hundreds of environments start at once, and all want tokens: SSM gives 40 a second, and throttles the rest.

Each environment has a clock of its own, which passes while it works. SSM counts by the second.
"""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from roomstate.aws.deadline import BUDGET_S, Deadline
from roomstate.aws.parking import Parking
from roomstate.aws.tokens import Tokens
from roomstate.log.record import LogRecord
from roomstate.receive.receiver import Receiver, Request
from roomstate.receive.redriver import Redriver
from roomstate.state.webhook import Webhook
from roomstate.tencent.answer import ACCEPTED
from roomstate.tencent.errors import BadSignature, TokensUnavailable
from roomstate.tencent.signature import sign
from tests.payloads import APP, NOW, Time, body, seat, seats

ENVIRONMENTS = 400
SSM_PER_SECOND = 40
SECONDS, PER_SECOND = 20, 4
"""How long webhooks come, and how many a second to each environment."""
FORGED = 10
"""One webhook in so many is."""
TOKEN = "token"
OF_ANSWER, OF_INVOCATION = Deadline.of_answer, Deadline.of_invocation
"""As they are: tests/conftest.py replaces them."""


class SSM:
    """Gives each second the first 40 that ask their tokens."""

    def __init__(self) -> None:
        self.given: Counter[int] = Counter()
        self.throttled = 0

    def seen_from(self, time: Time) -> Any:
        """A client, in an environment with that time."""
        return Client(self, time)


class Client:
    def __init__(self, ssm: SSM, time: Time) -> None:
        self._ssm = ssm
        self._time = time

    def get_parameter(self, **_: Any) -> Any:
        self._time.sleep(0.01)
        if self._ssm.given[int(self._time.now)] == SSM_PER_SECOND:
            self._ssm.throttled += 1
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "GetParameter")
        self._ssm.given[int(self._time.now)] += 1
        return {"Parameter": {"Value": f'{{"{APP}": ["{TOKEN}"]}}'}}


class Production:
    """What is shared: SSM, the queue, and what is stored."""

    def __init__(self) -> None:
        self.ssm = SSM()
        self.waiting: list[str] = []
        self.stored: Counter[str | None] = Counter()

    def send_message(self, MessageBody: str, **_: Any) -> dict[str, str]:
        self.waiting.append(MessageBody)
        return {"MessageId": "1"}

    def change_message_visibility(self, **_: Any) -> None:
        pass

    def record(self, webhook: Webhook, _: Deadline) -> tuple[LogRecord, ...]:
        self.stored[webhook.units[0].room_id] += 1
        return ()

    @property
    def parking(self) -> Parking:
        queue: Any = self
        return Parking(lambda: queue, "queue")

    def tokens(self, time: Time) -> Tokens:
        return Tokens(self.ssm.seen_from(time), "/roomstate/tokens", time.time)


class Environment:
    """One of the webhook function."""

    def __init__(self, production: Production) -> None:
        self.time = Time()
        self._receiver = Receiver({APP}, production.tokens(self.time).verify, production, production.parking)

    def receive(self, room: str, token: str, at: float) -> tuple[bool, float]:
        """Take a webhook that comes at a time, or when the one before is done with: whether it was answered
        OK, and how long that took.
        """
        self.time.now = began = max(self.time.now, at)
        now = str(int(began))
        request = Request(
            f"SdkAppid={APP}&Sign={sign(token, now)}&RequestTime={now}",
            body(seats(room, seat(1, "ann"))),
            int(began * 1000),
        )
        receipt = self._receiver.receive(
            request, OF_ANSWER(3_000, self.time), OF_INVOCATION(3_000, self.time)
        )
        self.time.sleep(0.02)  # to store it
        return receipt.answer == ACCEPTED, self.time.now - began


def webhooks() -> Iterator[tuple[int, float, str, str]]:
    """(environment, s since the epoch, room, token), in the order they come."""
    for number in range(SECONDS * PER_SECOND):
        for environment in range(ENVIRONMENTS):
            forged = (number + environment) % FORGED == 0
            at = NOW / 1000 + (number + environment / ENVIRONMENTS) / PER_SECOND
            yield environment, at, f"{environment}-{number}", "a guess" if forged else TOKEN


NO_DEAD_LETTERS: Any = None
"""Nothing is forwarded here."""


def redriven(production: Production) -> int:
    """Take up what waits until nothing does. Gives how many were dropped."""
    time = Time()
    time.now += SECONDS
    redriver = Redriver(production.tokens(time).verify, production, production.parking, NO_DEAD_LETTERS)
    dropped = 0
    while production.waiting:
        message = production.waiting.pop(0)
        try:
            redriver.redrive(message, "handle", 1, Deadline(30, time))
        except BadSignature:
            dropped += 1
        except TokensUnavailable:
            production.waiting.append(message)
        time.sleep(0.02)
    return dropped


def test_no_authentic_webhook_is_lost_and_no_forged_one_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(1)
    for user in ("retry", "tokens"):
        monkeypatch.setattr(f"roomstate.aws.{user}.jitter", lambda seconds: chance.uniform(0, seconds))
    production = Production()
    environments = [Environment(production) for _ in range(ENVIRONMENTS)]
    authentic: set[str] = set()
    forged = 0
    # WHEN webhooks come to all of them, from the first moment
    for environment, at, room, token in webhooks():
        is_ok, took_s = environments[environment].receive(room, token, at)
        # THEN each authentic one is answered OK, in time
        if token == TOKEN:
            assert is_ok
            authentic.add(room)
        else:
            forged += 1
        assert took_s < BUDGET_S
    at_once, waiting = sum(production.stored.values()), len(production.waiting)
    # AND most are stored at once; the others wait for a few s, and each is stored once
    assert at_once > 0.75 * len(authentic)
    dropped = redriven(production)
    assert production.stored == Counter(dict.fromkeys(authentic, 1))
    # AND the forged ones were refused, or are dropped
    assert 0 < dropped < forged
    assert at_once + waiting == len(authentic) + dropped
    # AND each environment cost SSM hardly more than the one call that it needs
    assert sum(production.ssm.given.values()) <= 1.01 * (ENVIRONMENTS + 1)
