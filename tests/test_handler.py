"""Every answer of the function, and what it leaves in the table: through `lambda_handler`."""

import io
import json
from base64 import b64encode
from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from local.embedded import TABLE_NAME
from roomstate.decode import MAX_AHEAD_MS
from roomstate.receiver import MAX_BODY_BYTES
from roomstate.store import Store
from tests.payloads import APP, NOW, Payload, body, members, seat, seats

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

OURS = f"SdkAppid={APP}&CallbackCommand=Mic.CallbackAfterSeatInfoChanged&contenttype=json&OptPlatform=Android"
SEAT = seats("r", seat(1, "ann"))


def event(wire: Payload | bytes | str, query: str = OURS) -> dict[str, Any]:
    """What API Gateway invokes the function with."""
    return {
        "version": "2.0",
        "routeKey": "POST /webhook",
        "rawPath": "/webhook",
        "rawQueryString": query,
        "headers": {},
        "requestContext": {"timeEpoch": NOW, "requestId": "request-1"},
        "body": b64encode(body(wire)).decode(),
        "isBase64Encoded": True,
    }


@pytest.fixture
def post(dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> Any:
    """Invokes the function; gives the status and the answer."""
    from functions.webhook import app  # noqa: PLC0415  (reads its environment when imported)

    monkeypatch.setattr(app.receiver, "_store", Store(dynamodb, TABLE_NAME, 90))
    context = SimpleNamespace(
        function_name="webhook",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:webhook",
        aws_request_id="request-1",
    )

    def invoke(*args: Any, **odd: Any) -> tuple[int, dict[str, Any]]:
        response = app.lambda_handler(event(*args) | odd, context)
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


def test_a_store_that_fails_is_answered_500(post: Any, dynamodb: "DynamoDBClient", log: io.StringIO) -> None:
    dynamodb.delete_table(TableName=TABLE_NAME)
    status, answer = post(SEAT)
    assert (status, answer["ActionStatus"], answer["ErrorCode"]) == (500, "FAIL", 50000)
    # AND the operator learns what DynamoDB said
    assert '"cause":"ResourceNotFoundException"' in log.getvalue()
