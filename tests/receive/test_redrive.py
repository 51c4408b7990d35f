"""Parked webhooks, taken up again: through the redrive function's `lambda_handler`."""

import io
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from local.aws.embedded import DEAD_LETTER_QUEUE_URL, PARKING_QUEUE_URL, TABLE_NAME
from local.aws.gateway import Context
from roomstate.aws.clients import sqs_client
from roomstate.aws.dead_letters import DeadLetters
from roomstate.aws.parking import Parking
from roomstate.aws.reader import Reader
from roomstate.aws.store import Store
from roomstate.receive.redriver import Redriver
from roomstate.tencent.decode import decode
from roomstate.tencent.delivery import MAX_BODY_BYTES, Delivery
from roomstate.tencent.errors import TokensUnavailable
from roomstate.tencent.signature import WINDOW_MS, Claim, sign
from tests.payloads import AN_HOUR, APP, NOW, body, knowing, seat, seats
from tests.queues import failed, received, to_records

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TOKEN = "token"
TIME = str(NOW // 1000)
VERIFIED = Delivery(APP, body(seats("r", seat(1, "ann"))), NOW, "Mic.CallbackAfterSeatInfoChanged", "Android")
AUTHENTIC = VERIFIED._replace(claim=Claim.of([sign(TOKEN, TIME)], [TIME]))
FORGED = [
    pytest.param(Claim.of(["0" * 64], [TIME]), "Sign does not match.", id="another Sign"),
    pytest.param(Claim.of([sign("guess", TIME)], [TIME]), "Sign does not match.", id="another token"),
    pytest.param(Claim.of([], []), "Sign or RequestTime is missing or repeated.", id="none"),
    pytest.param(Claim.of(["x"], [TIME]), "Sign or RequestTime is malformed.", id="malformed"),
    pytest.param(
        Claim.of([sign(TOKEN, "1799999939")], ["1799999939"]),
        "RequestTime is more than 60 s from the clock.",
        id="61 s old when it came",
    ),
]

Redrive = Callable[..., list[str]]
Told = Callable[[], list[Any]]


@pytest.fixture
def tokens() -> dict[str, list[str]]:
    """The apps' tokens."""
    return {APP: [TOKEN]}


@pytest.fixture
def redrive(
    store: Store, parking: Parking, tokens: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> Redrive:
    """Parks messages, and has the function take them up. Gives the bodies of those that are to wait."""
    from functions.redrive import app  # noqa: PLC0415  (reads its environment when imported)

    def tokens_of(app_id: str) -> list[str]:
        if app_id not in tokens:
            raise TokensUnavailable
        return tokens[app_id]

    dead_letters = DeadLetters(sqs_client(), DEAD_LETTER_QUEUE_URL)
    monkeypatch.setattr(app, "redriver", Redriver(knowing(tokens_of), store, parking, dead_letters))

    def invoke(*messages: str) -> list[str]:
        sqs = sqs_client()
        for message in messages:
            sqs.send_message(QueueUrl=PARKING_QUEUE_URL, MessageBody=message)
        taken = received(sqs, PARKING_QUEUE_URL)
        waiting = failed(app.lambda_handler(to_records(taken), Context()))
        return [message["Body"] for message in taken if message["MessageId"] in waiting]

    return invoke


@pytest.fixture
def told() -> Iterator[Told]:
    """What the function logs, line by line."""
    from functions.redrive import app  # noqa: PLC0415

    stream = io.StringIO()
    handler: Any = app.logger.registered_handler
    before = handler.setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    handler.setStream(before)


def counted(captured: str, metric: str) -> int:
    """How often a metric was counted, by what was printed."""
    lines = [json.loads(line) for line in captured.splitlines() if '"_aws"' in line]
    return int(sum(sum(line.get(metric, [])) for line in lines))


def test_a_webhook_that_was_verified_when_it_came_is_stored(redrive: Redrive, reader: Reader) -> None:
    assert redrive(VERIFIED.to_message()) == []
    [record] = reader.records(APP, "r")
    assert (record.outcome, record.received_at, record.opt_platform) == ("applied", NOW, "Android")


def test_messages_are_those_of_the_version_before(redrive: Redrive, reader: Reader) -> None:
    """What waits when an update is deployed is read, and what is parked then the old function reads too."""
    message = (
        '{"sdk_app_id": "1400000001", "body": "eyJDYWxsYmFja0NvbW1hbmQiOiAiTWljLkNhbGxiYWNrQWZ0ZXJTZWF0SW5mb'
        "0NoYW5nZWQiLCAiUm9vbUlkIjogInIiLCAiU2VhdExpc3QiOiBbeyJJbmRleCI6IDEsICJNZW1iZXJfQWNjb3VudCI6ICJhbm4i"
        'fV0sICJFdmVudFRpbWUiOiAxMDAwfQ==", "received_at": 1800000000000, "url_command": '
        '"Mic.CallbackAfterSeatInfoChanged", "opt_platform": "Android"}'
    )
    assert Delivery.from_message(message) == VERIFIED
    assert VERIFIED.to_message() == message
    assert redrive(message) == []
    assert len(list(reader.records(APP, "r"))) == 1


class TestUnverified:
    """Webhooks that came while nobody's tokens were known."""

    def test_an_authentic_one_is_stored_by_the_time_it_came_at(
        self, redrive: Redrive, reader: Reader
    ) -> None:
        assert redrive(AUTHENTIC.to_message()) == []
        [record] = reader.records(APP, "r")
        assert (record.outcome, record.received_at) == ("applied", NOW)

    @pytest.mark.parametrize(("claim", "why"), FORGED)
    def test_a_forged_one_is_dropped(
        self,
        redrive: Redrive,
        dynamodb: "DynamoDBClient",
        told: Told,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        claim: Claim,
        why: str,
    ) -> None:
        monkeypatch.setattr(Parking, "back_off", lambda *_: pytest.fail("it is done with"))
        # GIVEN a forged webhook among others
        forged = AUTHENTIC._replace(body=body(seats("forged", seat(1, "eve"))), claim=claim)
        # THEN it does not wait, and so never ends in the dead-letter queue
        assert redrive(forged.to_message(), AUTHENTIC.to_message()) == []
        # AND nothing of it is stored, while the others are
        assert {item["room_id"]["S"] for item in dynamodb.scan(TableName=TABLE_NAME)["Items"]} == {"r"}
        # AND the operator learns of it, and which webhook the other message was
        dropped, stored = told()
        assert (dropped["level"], dropped["message"]) == ("WARNING", f"dropped: {why}")
        assert (stored["message"], stored["room_id"]) == ("stored", "r")
        assert stored["event_id"] == decode(AUTHENTIC).event_id
        printed = capsys.readouterr().out
        assert [counted(printed, name) for name in ("BadSignature", "Redriven", "RedriveFailed")] == [1, 1, 0]

    def test_while_tokens_are_unknown_it_waits(
        self, redrive: Redrive, dynamodb: "DynamoDBClient", tokens: dict[str, list[str]]
    ) -> None:
        # GIVEN no tokens
        tokens.clear()
        # THEN what is to be verified waits, and what was verified is stored
        unverified, verified = AUTHENTIC.to_message(), VERIFIED._replace(body=b"{}").to_message()
        assert redrive(unverified, verified) == [unverified]
        [item] = dynamodb.scan(TableName=TABLE_NAME)["Items"]
        assert item["payload"] == {"S": "{}"}

    def test_an_app_without_tokens_is_taken_unsigned(
        self, redrive: Redrive, reader: Reader, tokens: dict[str, list[str]]
    ) -> None:
        tokens[APP] = []
        assert redrive(AUTHENTIC._replace(claim=Claim.of([], [])).to_message()) == []
        assert len(list(reader.records(APP, "r"))) == 1

    @pytest.mark.parametrize("skew", [-WINDOW_MS, WINDOW_MS])
    def test_the_minute_is_that_of_its_receipt(self, redrive: Redrive, reader: Reader, skew: int) -> None:
        assert redrive(AUTHENTIC._replace(received_at=NOW + skew).to_message()) == []
        assert len(list(reader.records(APP, "r"))) == 1

    @pytest.mark.parametrize(
        "claim", [None, "", [], {"sign": "0"}, {"defect": None, "sign_digest": 1}, {"request_time": "x"}]
    )
    def test_a_claim_that_makes_no_sense_lets_nobody_in(
        self, redrive: Redrive, dynamodb: "DynamoDBClient", claim: Any
    ) -> None:
        redrive(json.dumps(json.loads(VERIFIED.to_message()) | {"claim": claim}))
        assert dynamodb.scan(TableName=TABLE_NAME)["Items"] == []

    def test_the_largest_fits_a_message(self, parking: Parking) -> None:
        largest = AUTHENTIC._replace(body=b"\xff" * MAX_BODY_BYTES)
        parking.park(largest, AN_HOUR)
        [message] = sqs_client().receive_message(QueueUrl=PARKING_QUEUE_URL)["Messages"]
        assert Delivery.from_message(message["Body"]) == largest
