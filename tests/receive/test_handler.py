"""Every answer of the function, and what it leaves in the table: through `lambda_handler`."""

import io
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from local.aws.embedded import PARKING_QUEUE_URL, TABLE_NAME
from local.aws.gateway import Context
from roomstate.aws.clients import sqs_client
from roomstate.aws.parking import Parking
from roomstate.aws.reader import Reader
from roomstate.aws.store import Store
from roomstate.receive.receiver import Receiver
from roomstate.tencent.decode import MAX_AHEAD_MS
from roomstate.tencent.delivery import MAX_BODY_BYTES, Delivery
from roomstate.tencent.errors import TokensUnavailable
from roomstate.tencent.signature import sign
from tests.payloads import APP, NOW, Payload, body, event, knowing, members, seat, seats

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SEATS, GIFT = "Mic.CallbackAfterSeatInfoChanged", "Live.CallbackBeforeSendGift"
OURS = f"SdkAppid={APP}&CallbackCommand={SEATS}&contenttype=json&OptPlatform=Android"
SEAT = seats("r", seat(1, "ann"))


@pytest.fixture
def tokens() -> dict[str, tuple[str, ...]]:
    """The apps' tokens; none, unless a test sets some."""
    return {}


@pytest.fixture
def post(
    store: Store, parking: Parking, tokens: dict[str, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Invokes the function; gives the status and the answer."""
    from functions.webhook import app  # noqa: PLC0415  (reads its environment when imported)

    receiver = Receiver({APP}, knowing(lambda app_id: tokens.get(app_id, ())), store, parking)
    monkeypatch.setattr(app, "receiver", receiver)

    def invoke(wire: Any, query: str = OURS, **odd: Any) -> tuple[int, dict[str, Any]]:
        response = app.lambda_handler(event(wire, query) | odd, Context())
        assert response["headers"] == {"content-type": "application/json"}
        answer = json.loads(response["body"])
        assert list(answer) == ["ActionStatus", "ErrorInfo", "ErrorCode"]
        return response["statusCode"], answer

    return invoke


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the function logs."""
    from functions.webhook import app  # noqa: PLC0415

    stream = io.StringIO()
    handler: Any = app.logger.registered_handler
    before = handler.setStream(stream)
    yield stream
    handler.setStream(before)


def parked() -> list[str]:
    """The messages in the parking queue."""
    answer = sqs_client().receive_message(QueueUrl=PARKING_QUEUE_URL, MaxNumberOfMessages=10)
    return [message.get("Body", "") for message in answer.get("Messages", [])]


def outcomes(dynamodb: "DynamoDBClient") -> list[str]:
    items = dynamodb.scan(TableName=TABLE_NAME)["Items"]
    return [item["outcome"]["S"] for item in items if "outcome" in item]


OK = (200, {"ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": 0})


def test_a_webhook_is_applied(post: Any, dynamodb: "DynamoDBClient") -> None:
    assert post(SEAT) == OK
    assert outcomes(dynamodb) == ["applied"]


def test_a_body_may_come_as_text(post: Any, dynamodb: "DynamoDBClient") -> None:
    assert post(SEAT, body=json.dumps(SEAT), isBase64Encoded=False) == OK
    assert outcomes(dynamodb) == ["applied"]


@pytest.mark.parametrize("odd", ["{\ud800!", "e30", "e30=\n", "\u0661"])
def test_a_body_that_claims_to_be_base64_and_is_not_is_unreadable(
    post: Any, dynamodb: "DynamoDBClient", odd: str
) -> None:
    status, answer = post(SEAT, body=odd, isBase64Encoded=True)
    assert (status, answer["ErrorCode"]) == (400, 40000)
    assert outcomes(dynamodb) == ["unreadable"]


def test_a_duplicate_is_answered_ok_and_leaves_nothing_more(post: Any, dynamodb: "DynamoDBClient") -> None:
    assert [post(SEAT), post(SEAT)] == [OK, OK]
    assert outcomes(dynamodb) == ["applied"]


def test_an_older_webhook_is_answered_ok(post: Any, dynamodb: "DynamoDBClient") -> None:
    assert [post(seats("r", seat(1), at=2_000)), post(SEAT)] == [OK, OK]
    assert sorted(outcomes(dynamodb)) == ["applied", "stale"]


def test_an_unknown_command_is_answered_ok(post: Any, dynamodb: "DynamoDBClient") -> None:
    assert post({"CallbackCommand": "State.StateChange", "Info": {}}) == OK
    assert outcomes(dynamodb) == ["observed"]


@pytest.mark.parametrize(
    "query",
    ["", "SdkAppid=", "SdkAppid=1400000009", f"SdkAppid={APP}&SdkAppid={APP}", "%", "SdkAppid=%ff"],
)
@pytest.mark.parametrize("wire", [body(SEAT), b"\xff", b""])
def test_who_is_not_ours_is_refused_unread(
    post: Any, dynamodb: "DynamoDBClient", query: str, wire: bytes
) -> None:
    status, answer = post(wire, query)
    assert (status, answer["ActionStatus"], answer["ErrorCode"]) == (403, "FAIL", 40300)
    assert dynamodb.scan(TableName=TABLE_NAME)["Items"] == []


@pytest.mark.parametrize(
    ("wire", "names"),
    [
        (b"not JSON", "JSON"),
        (b"[1]", "object"),
        (body({**SEAT, "SeatList": [{"Index": "x"}]}), "SeatList.0.Index"),
        (body(members("r", "Asleep", "ann")), "EventType"),
        (body({**SEAT, "EventTime": NOW + MAX_AHEAD_MS + 1}), "EventTime"),
    ],
)
def test_what_cannot_be_read_is_kept_and_the_field_named(
    post: Any, dynamodb: "DynamoDBClient", wire: bytes, names: str
) -> None:
    status, answer = post(wire)
    assert (status, answer["ActionStatus"], answer["ErrorCode"]) == (400, "FAIL", 40000)
    assert names in answer["ErrorInfo"]
    assert outcomes(dynamodb) == ["unreadable"]


def test_a_body_may_have_256_kib_and_no_more(post: Any, dynamodb: "DynamoDBClient") -> None:
    padding = MAX_BODY_BYTES - len(body({**SEAT, "More": ""}))
    assert post({**SEAT, "More": "x" * padding}) == OK
    assert outcomes(dynamodb) == ["applied"]
    status, answer = post({**SEAT, "More": "x" * (padding + 1)})
    assert (status, answer["ActionStatus"], answer["ErrorCode"]) == (413, "FAIL", 41300)
    assert outcomes(dynamodb) == ["applied"]


def test_a_webhook_that_cannot_be_stored_is_parked_whole(
    post: Any, dynamodb: "DynamoDBClient", log: io.StringIO
) -> None:
    # GIVEN a store that takes nothing
    dynamodb.delete_table(TableName=TABLE_NAME)
    # WHEN a webhook comes
    assert post(SEAT) == OK
    # THEN it waits in the queue, with its time of receipt
    [message] = parked()
    assert Delivery.from_message(message) == Delivery(
        APP, body(SEAT), NOW, "Mic.CallbackAfterSeatInfoChanged", "Android"
    )
    # AND the operator learns what DynamoDB said
    assert '"cause":"ResourceNotFoundException"' in log.getvalue()


def test_the_largest_body_is_parked_whole(post: Any, dynamodb: "DynamoDBClient") -> None:
    dynamodb.delete_table(TableName=TABLE_NAME)
    largest = b"\xff" * MAX_BODY_BYTES
    post(largest)
    [message] = parked()
    assert Delivery.from_message(message).body == largest


def test_an_unreadable_webhook_is_parked_too_and_still_refused(post: Any, dynamodb: "DynamoDBClient") -> None:
    dynamodb.delete_table(TableName=TABLE_NAME)
    status, answer = post(b"not JSON")
    assert (status, answer["ErrorCode"]) == (400, 40000)
    assert len(parked()) == 1


def test_what_can_neither_be_stored_nor_parked_is_answered_500(
    post: Any, dynamodb: "DynamoDBClient", log: io.StringIO
) -> None:
    dynamodb.delete_table(TableName=TABLE_NAME)
    sqs_client().delete_queue(QueueUrl=PARKING_QUEUE_URL)
    status, answer = post(SEAT)
    assert (status, answer["ActionStatus"], answer["ErrorCode"]) == (500, "FAIL", 50000)
    assert '"cause":"ResourceNotFoundException"' in log.getvalue()
    assert '"queue":"AWS.SimpleQueueService.NonExistentQueue"' in log.getvalue()


TOKEN = "token-that-nobody-may-see"
TIME = str(NOW // 1000 - 7)
SIGN = sign(TOKEN, TIME)
SIGNED = f"{OURS}&Sign={SIGN}&RequestTime={TIME}"


def test_one_line_says_what_became_of_a_webhook(
    post: Any, reader: Reader, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    assert post(SEAT) == OK
    [line] = map(json.loads, capsys.readouterr().out.splitlines())
    [record] = reader.records(APP, "r")
    # THEN it is found by the gateway's request, by the room and by the record
    assert (line["request_id"], line["room_id"], line["event_id"]) == ("request-1", "r", record.event_id)
    assert (line["message"], line["command"], line["occurred_at"]) == ("stored", SEATS, record.occurred_at)
    # AND it is the line of the metrics
    assert line["Applied"] == [1.0]
    assert log.getvalue() == ""


def test_what_is_said_of_one_webhook_is_not_said_of_the_next(
    post: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    post(SEAT)
    post(b"no JSON")
    _, line = map(json.loads, capsys.readouterr().out.splitlines())
    assert line["Unreadable"] == [1.0]
    assert not {"message", "event_id", "room_id"} & line.keys()


def test_the_line_of_a_parked_webhook_names_its_message(
    post: Any, dynamodb: "DynamoDBClient", log: io.StringIO
) -> None:
    dynamodb.delete_table(TableName=TABLE_NAME)
    post(SEAT)
    [message] = sqs_client().receive_message(QueueUrl=PARKING_QUEUE_URL)["Messages"]
    line = json.loads(log.getvalue())
    assert (line["message_id"], line["room_id"]) == (message.get("MessageId"), "r")


class TestSigned:
    @pytest.fixture(autouse=True)
    def signed(self, tokens: dict[str, tuple[str, ...]]) -> None:
        tokens[APP] = (TOKEN, "another")

    def test_who_signs_is_let_in(self, post: Any, dynamodb: "DynamoDBClient") -> None:
        assert post(SEAT, SIGNED) == OK
        assert outcomes(dynamodb) == ["applied"]

    @pytest.mark.parametrize(
        "query",
        [
            pytest.param(OURS, id="nothing signed"),
            pytest.param(f"{OURS}&Sign={SIGN}", id="no RequestTime"),
            pytest.param(f"{OURS}&RequestTime={TIME}", id="no Sign"),
            pytest.param(f"{OURS}&Sign=&RequestTime={TIME}", id="empty Sign"),
            pytest.param(f"{OURS}&Sign={SIGN}&RequestTime=", id="empty RequestTime"),
            pytest.param(f"{SIGNED}&Sign={SIGN}", id="Sign twice"),
            pytest.param(f"{SIGNED}&requesttime={TIME}", id="RequestTime twice"),
            pytest.param(f"{OURS}&Sign={'0' * 64}&RequestTime={TIME}", id="wrong Sign"),
            pytest.param(f"{OURS}&Sign={SIGN}&RequestTime=%2B{TIME}", id="a sign before the digits"),
            pytest.param(f"{OURS}&Sign={SIGN}&RequestTime=1e9", id="an exponent"),
            pytest.param(f"{OURS}&Sign={SIGN}&RequestTime=%D9%A1", id="digits of another script"),
            pytest.param(
                f"{OURS}&Sign={sign(TOKEN, '1799999939')}&RequestTime=1799999939", id="61 s too old"
            ),
            pytest.param(f"{OURS}&Sign={sign(TOKEN, '1800000061')}&RequestTime=1800000061", id="61 s ahead"),
        ],
    )
    @pytest.mark.parametrize("wire", [body(SEAT), b"\xff"])
    def test_who_does_not_is_refused_unread(
        self, post: Any, dynamodb: "DynamoDBClient", query: str, wire: bytes
    ) -> None:
        status, answer = post(wire, query)
        assert (status, answer["ActionStatus"], answer["ErrorCode"]) == (401, "FAIL", 40100)
        assert dynamodb.scan(TableName=TABLE_NAME)["Items"] == []

    def test_secrets_reach_no_log_no_metric_and_no_answer(
        self,
        post: Any,
        dynamodb: "DynamoDBClient",
        log: io.StringIO,
        capfd: pytest.CaptureFixture[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        # GIVEN marks in all that a sender sends
        def marked(command: str) -> Payload:
            return {**seats("rid-1", seat(1, "MARK-user")), "CallbackCommand": command, "More": "MARK-more"}

        seat_command = "Mic.CallbackAfterSeatInfoChanged"
        # WHEN good and bad requests of every kind come
        answers = [
            post(wire, query)
            for query in (SIGNED, f"{SIGNED}&ClientIP=MARK-ip&MARK-name=1", OURS, "SdkAppid=MARK-app")
            for wire in (
                marked(seat_command),
                marked("Live.CallbackBeforeSendGift"),
                {**marked(seat_command), "SeatList": "MARK-list"},
                {**marked(seat_command), "EventTime": "MARK-time"},
                {**marked(seat_command), "MARK-key": {"MARK": ["\ud800"]}},
                b"MARK-text",
                b'{"MARK-key":1,"MARK-key":1}',
                "MARK" + "x" * MAX_BODY_BYTES,
            )
        ]
        dynamodb.delete_table(TableName=TABLE_NAME)
        answers.append(post(marked(seat_command), SIGNED))
        sqs_client().delete_queue(QueueUrl=PARKING_QUEUE_URL)
        answers.append(post(marked(seat_command), SIGNED))
        assert {status for status, _ in answers} == {200, 400, 401, 403, 413, 500}
        # THEN nothing of it is in an answer, a log or a metric (a room's id is in the log)
        captured = capfd.readouterr()
        told = json.dumps(answers) + log.getvalue() + caplog.text + captured.out + captured.err
        assert "UnknownApp" in told
        for secret in (TOKEN, SIGN, TIME, "MARK"):
            assert secret not in told


class TestWhileTokensAreUnknown:
    @pytest.fixture(autouse=True)
    def unknown(self, post: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG002  after `post`
        from functions.webhook import app  # noqa: PLC0415

        def unreadable(*_: Any) -> None:
            raise TokensUnavailable

        monkeypatch.setattr(app.receiver, "_verify", unreadable)

    @pytest.mark.parametrize("query", [SIGNED, f"{OURS}&Sign={'0' * 64}&RequestTime={TIME}", OURS])
    def test_whoever_calls_is_answered_ok_and_nothing_is_stored_before_he_is_verified(
        self,
        post: Any,
        dynamodb: "DynamoDBClient",
        log: io.StringIO,
        capsys: pytest.CaptureFixture[str],
        query: str,
    ) -> None:
        # WHEN somebody calls
        assert post(SEAT, query) == OK
        # THEN his webhook waits, with what he claims, and not with what he could call with again
        [message] = parked()
        delivery = Delivery.from_message(message)
        assert (delivery.body, delivery.received_at) == (body(SEAT), NOW)
        assert delivery.claim is not None
        assert SIGN not in message
        # AND nothing is stored, and the operator learns why
        assert dynamodb.scan(TableName=TABLE_NAME)["Items"] == []
        assert "its signature cannot be checked yet" in log.getvalue()
        printed = capsys.readouterr().out
        assert '"TokensUnavailable":[1.0]' in printed
        assert '"Parked":[1.0]' in printed

    def test_who_waits_for_consent_has_it(self, post: Any) -> None:
        gift = {"CallbackCommand": GIFT, "RoomId": "r"}
        assert post(gift, f"{SIGNED.replace(SEATS, GIFT)}") == OK
        assert len(parked()) == 1
        # AND where not even the queue can be reached
        sqs_client().delete_queue(QueueUrl=PARKING_QUEUE_URL)
        assert post(gift, f"{SIGNED.replace(SEATS, GIFT)}") == OK

    def test_what_cannot_be_parked_either_is_answered_500(
        self,
        post: Any,
        log: io.StringIO,
    ) -> None:
        sqs_client().delete_queue(QueueUrl=PARKING_QUEUE_URL)
        status, answer = post(SEAT, SIGNED)
        assert (status, answer["ActionStatus"], answer["ErrorCode"]) == (500, "FAIL", 50000)
        assert '"cause":"TokensUnavailable' in log.getvalue()

    def test_a_body_that_is_too_large_does_not_wait(self, post: Any) -> None:
        status, answer = post(b" " * (MAX_BODY_BYTES + 1), SIGNED)
        assert (status, answer["ErrorCode"]) == (413, 41300)
        assert parked() == []

    @pytest.mark.parametrize("failure", [KeyError("Parameter"), RuntimeError()])
    def test_a_defect_in_verifying_parks_too(
        self,
        post: Any,
        monkeypatch: pytest.MonkeyPatch,
        failure: Exception,
    ) -> None:
        from functions.webhook import app  # noqa: PLC0415

        def broken(*_: Any) -> None:
            raise failure

        monkeypatch.setattr(app.receiver, "_verify", broken)
        assert post(SEAT, SIGNED) == OK
        [message] = parked()
        assert Delivery.from_message(message).claim is not None
