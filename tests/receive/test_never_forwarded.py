"""Parked webhooks, taken up again: what becomes of one that cannot be forwarded, now or ever."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.aws.embedded import DEAD_LETTER_QUEUE_URL
from local.aws.gateway import Context
from roomstate.aws.clients import sqs_client
from roomstate.aws.dead_letters import DeadLetters
from roomstate.aws.forwarder import Forwarder
from roomstate.aws.parking import Parking
from roomstate.aws.reader import Reader
from roomstate.aws.recorder import ForwardingRecorder
from roomstate.aws.retry import ATTEMPTS
from roomstate.aws.store import Store
from roomstate.aws.telemetry import describe
from roomstate.receive.receiver import Receiver, Request
from roomstate.receive.redriver import Redriver
from roomstate.tencent.answer import ACCEPTED
from roomstate.tencent.delivery import Delivery
from tests.aws.test_forwarder import OF_CALLS, OF_ENTRIES, THROTTLED, TO_BE_MENDED, Bus
from tests.payloads import AN_HOUR, APP, NOW, body, knowing, seat, seats

DELIVERY = Delivery(APP, body(seats("r", seat(1, "ann"))), NOW)
Redrive = Callable[..., list[str]]


@pytest.fixture
def redrive(store: Store, parking: Parking, monkeypatch: pytest.MonkeyPatch) -> Redrive:
    """Invokes the function with one message; gives the ids of those that failed."""
    from functions.redrive import app  # noqa: PLC0415  (reads its environment when imported)

    def invoke(bus: Bus, dead_letter_queue_url: str = DEAD_LETTER_QUEUE_URL) -> list[str]:
        recorder = ForwardingRecorder(store, Forwarder(bus, "rooms"))  # type: ignore[arg-type]
        dead_letters = DeadLetters(sqs_client(), dead_letter_queue_url)
        monkeypatch.setattr(app, "redriver", Redriver(lambda *_: None, recorder, parking, dead_letters))
        message = {
            "messageId": "message-1",
            "receiptHandle": "receipt-1",
            "body": DELIVERY.to_message(),
            "attributes": {"ApproximateReceiveCount": "1"},
            "eventSource": "aws:sqs",
        }
        answer = app.lambda_handler({"Records": [message]}, Context())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    return invoke


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the function logs."""
    from functions.redrive import app  # noqa: PLC0415

    stream = io.StringIO()
    handler: Any = app.logger.registered_handler
    before = handler.setStream(stream)
    yield stream
    handler.setStream(before)


def causes(log: io.StringIO) -> list[str | None]:
    return [json.loads(line).get("cause") for line in log.getvalue().splitlines()]


def counted(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The names of the metrics that were published."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = [line["_aws"]["CloudWatchMetrics"] for line in lines if "_aws" in line]
    return {metric["Name"] for [each] in told for metric in each["Metrics"]}


def dead_letters() -> list[tuple[str, str]]:
    """The messages in the dead-letter queue, each with its reason."""
    answer = sqs_client().receive_message(QueueUrl=DEAD_LETTER_QUEUE_URL, MessageAttributeNames=["reason"])
    return [
        (message["Body"], message["MessageAttributes"]["reason"]["StringValue"])
        for message in answer.get("Messages", [])
    ]


@pytest.mark.parametrize("code", [*OF_ENTRIES, *OF_CALLS])
def test_what_can_never_be_forwarded_ends_with_the_dead_letters_at_once(
    redrive: Redrive, reader: Reader, log: io.StringIO, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    # GIVEN an EventBridge that takes nothing of the webhook, now or ever
    bus = Bus(code if code in OF_CALLS else [code])
    # THEN the message is done with, after one try
    assert redrive(bus) == []
    assert len(bus.calls) == 1
    # AND it is where it is looked for, whole, and says why
    assert dead_letters() == [(DELIVERY.to_message(), code)]
    # AND so do the log and a metric
    assert causes(log) == [code]
    assert counted(capsys) == {"NeverForwarded"}
    # AND the webhook is stored
    seated = reader.seat(APP, "r", 1)
    assert seated is not None
    assert seated.user_id == "ann"


@pytest.mark.parametrize("code", [THROTTLED, *TO_BE_MENDED])
def test_what_may_be_forwarded_some_day_waits_in_the_queue(
    redrive: Redrive, log: io.StringIO, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    assert redrive(Bus(*[[code]] * ATTEMPTS)) == ["message-1"]
    assert dead_letters() == []
    assert causes(log) == [code]
    assert counted(capsys) == {"RedriveFailed"}


def test_what_cannot_be_put_with_the_dead_letters_waits_in_the_queue(
    redrive: Redrive, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    # GIVEN a dead-letter queue that is not there
    assert redrive(Bus(["InvalidArgument"]), f"{DEAD_LETTER_QUEUE_URL}-not") == ["message-1"]
    # THEN the message is not done with
    assert counted(capsys) == {"RedriveFailed"}
    assert causes(log) == ["AWS.SimpleQueueService.NonExistentQueue"]


@pytest.mark.parametrize("code", ["InvalidArgument", "AccessDeniedException"])
def test_what_is_not_forwarded_at_receipt_is_stored_parked_and_answered_ok(
    store: Store, parking: Parking, reader: Reader, code: str
) -> None:
    bus = Bus([code])
    recorder = ForwardingRecorder(store, Forwarder(bus, "rooms"))  # type: ignore[arg-type]
    receiver = Receiver({APP}, knowing(lambda _: ()), recorder, parking)
    # WHEN it comes
    receipt = receiver.receive(Request(f"SdkAppid={APP}", DELIVERY.body, NOW), AN_HOUR, AN_HOUR)
    # THEN Tencent does not wait for further tries
    assert receipt.answer == ACCEPTED
    assert len(bus.calls) == 1
    # AND it is parked, for what the log says
    assert receipt.parked is not None
    assert describe(receipt.parked) == code
    # AND stored
    assert reader.seat(APP, "r", 1) is not None
