"""`docs/openapi.yaml`: that it says what the code does, and that the code does what it says."""

import json
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from werkzeug.test import Client

from local.aws.embedded import TABLE_NAME
from local.aws.gateway import WEBHOOK_PATH, Gateway
from roomstate.aws.deadline import Deadline
from roomstate.aws.parking import Parking
from roomstate.aws.store import Store
from roomstate.receive.receiver import Receiver
from roomstate.tencent.delivery import MAX_BODY_BYTES, Delivery
from roomstate.tencent.errors import ErrorCode, TokensUnavailable, Unavailable
from roomstate.tencent.signature import sign
from tests.commands import COMMANDS
from tests.payloads import APP, body, knowing, seat, seats

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from schemathesis import Case

PATH = Path(__file__).parents[2] / "docs" / "openapi.yaml"
DOCUMENT: Any = yaml.safe_load(PATH.read_text("utf-8"))
SCHEMAS = DOCUMENT["components"]["schemas"]
RECEIVER = DOCUMENT["paths"]["/webhook"]["post"]

UNSIGNED, SIGNED, UNAVAILABLE = APP, "1400000002", "1400000003"
TOKEN = "token"

SPECIFIED = schemathesis.openapi.from_path(
    PATH,
    config=SchemathesisConfig.from_dict(
        {
            "generation": {"deterministic": True, "max-examples": 60, "database": "none"},
            # A method that is not there is the gateway's to answer, and not in the document.
            "phases": {"coverage": {"unexpected-methods": [], "generate-duplicate-query-parameters": True}},
        }
    ),
)
FIXTURES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
"""As for every other test: schemathesis goes its own way from Hypothesis's profile."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def tokens_of(app: str) -> list[str]:
    if app == UNAVAILABLE:
        raise TokensUnavailable
    return [TOKEN] if app == SIGNED else []


class NoParking(Parking):
    """A queue that takes nothing."""

    def __init__(self) -> None:
        pass

    def park(self, _: Delivery, __: Deadline) -> str:
        raise Unavailable("The webhook could neither be stored nor parked.")


@pytest.fixture
def gateway(store: Store, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """The local gateway, before a function that serves an app of each kind."""
    from functions.webhook import app  # noqa: PLC0415  (reads its environment when imported)

    receiver = Receiver(frozenset({UNSIGNED, SIGNED, UNAVAILABLE}), knowing(tokens_of), store, NoParking())
    monkeypatch.setattr(app, "receiver", receiver)
    monkeypatch.setattr(Deadline, "of_answer", lambda _: Deadline(math.inf))  # no clock decides here
    return Gateway(app.lambda_handler)


class TestItSaysWhatTheCodeDoes:
    def test_it_is_openapi(self) -> None:
        SPECIFIED.validate()

    def test_the_path_is_the_gateways(self) -> None:
        assert list(DOCUMENT["paths"]) == [WEBHOOK_PATH]

    def test_the_commands_are_the_catalogues(self) -> None:
        known, anything_else = SCHEMAS["CommandName"]["anyOf"]
        assert known["enum"] == list(COMMANDS)
        assert anything_else["type"] == "string"

    def test_the_error_codes_are_those_of_the_answers(self) -> None:
        assert SCHEMAS["ErrorCode"]["enum"] == [code.value for code in ErrorCode]
        assert list(RECEIVER["responses"]) == [str(code.status) for code in ErrorCode]

    @pytest.mark.parametrize("code", ErrorCode)
    def test_a_status_has_the_error_code_that_it_comes_with(self, code: ErrorCode) -> None:
        content = RECEIVER["responses"][str(code.status)]["content"]["application/json"]
        assert constants(content["schema"])["ErrorCode"] == content["example"]["ErrorCode"] == code

    def test_the_limits_are_the_receivers(self) -> None:
        assert f"{MAX_BODY_BYTES:,} bytes" in RECEIVER["requestBody"]["description"]
        assert f"{MAX_BODY_BYTES:,} bytes" in RECEIVER["responses"]["413"]["description"]


class TestItsExamples:
    """Each is what the code answers, in so many words."""

    @pytest.fixture
    def client(self, gateway: Gateway) -> Client:
        return Client(gateway)

    @pytest.mark.parametrize(
        ("code", "app", "signature", "payload"),
        [
            (ErrorCode.OK, UNSIGNED, {}, body(seats("r", seat(1, "ann")))),
            (ErrorCode.UNREADABLE, UNSIGNED, {}, body(seats("r", {}))),
            (ErrorCode.BAD_SIGNATURE, SIGNED, {"Sign": "0" * 64, "RequestTime": "1"}, b"{}"),
            (ErrorCode.UNKNOWN_APP, "1400000009", {}, b"{}"),
            (ErrorCode.TOO_LARGE, UNSIGNED, {}, b" " * (MAX_BODY_BYTES + 1)),
            (ErrorCode.UNAVAILABLE, UNAVAILABLE, {}, b"{}"),
        ],
    )
    def test_an_answer_is_real(
        self, client: Client, code: ErrorCode, app: str, signature: dict[str, str], payload: bytes
    ) -> None:
        query = urlencode({"SdkAppid": app, **signature})
        answer = client.post(f"{WEBHOOK_PATH}?{query}", data=payload)
        assert (answer.status_code, answer.json) == (code.status, example(RECEIVER, code.status))

    def test_the_answer_of_a_store_that_fails_is_real(
        self, client: Client, dynamodb: "DynamoDBClient"
    ) -> None:
        dynamodb.delete_table(TableName=TABLE_NAME)
        answer = client.post(f"{WEBHOOK_PATH}?SdkAppid={UNSIGNED}", data=body(seats("r", seat(1, "ann"))))
        assert (answer.status_code, answer.json) == (500, example(RECEIVER, 500))

    @pytest.mark.parametrize("name", RECEIVER["requestBody"]["content"]["application/json"]["examples"])
    def test_a_webhook_is_taken(self, client: Client, name: str) -> None:
        payload = RECEIVER["requestBody"]["content"]["application/json"]["examples"][name]["value"]
        answer = client.post(f"{WEBHOOK_PATH}?{example_query()}", data=json.dumps(payload))
        assert (answer.status_code, answer.json) == (200, example(RECEIVER, 200))

    def test_a_sign_is_one(self) -> None:
        given = {parameter["name"]: parameter["example"] for parameter in RECEIVER["parameters"]}
        assert given["Sign"] == sign(TOKEN, given["RequestTime"])


@SPECIFIED.include(path=WEBHOOK_PATH).parametrize()
@FIXTURES
@pytest.mark.parametrize("app", [None, UNSIGNED, SIGNED])
def test_the_receiver_does_what_it_says(case: "Case[Any]", gateway: Gateway, app: str | None) -> None:
    """As generated, where hardly a caller is ours; and as one of ours, so that the body is read."""
    if app is not None:
        case.query["SdkAppid"] = app
    if app == SIGNED:
        now = str(int(time.time()))
        case.query |= {"Sign": sign(TOKEN, now), "RequestTime": now}
    response = case.call_and_validate(app=gateway, checks=CHECKS)
    if app is not None:
        assert response.status_code in {200, 400, 413}


def constants(schema: Any) -> dict[str, Any]:
    """The properties that have one value, after those that are referred to."""
    if "$ref" in schema:
        return constants(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    found: dict[str, Any] = {}
    for part in schema.get("allOf", []):
        found |= constants(part)
    properties = schema.get("properties", {}).items()
    return found | {name: part["const"] for name, part in properties if "const" in part}


def example(operation: Any, status: int) -> Any:
    return operation["responses"][str(status)]["content"]["application/json"]["example"]


def example_query() -> str:
    return urlencode({parameter["name"]: parameter["example"] for parameter in RECEIVER["parameters"]})
