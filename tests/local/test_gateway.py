"""The local gateway: requests as events, answers as responses, and both over HTTP."""

from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from local.aws.gateway import HOST, Context, Gateway, to_event, to_response
from roomstate.read.routes import PATHS
from tests.payloads import APP
from tests.serving import Server, served

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WEBHOOK = f"/webhook?SdkAppid={APP}&CallbackCommand=Mic.CallbackAfterSeatInfoChanged&contenttype=json"


def request(target: str = "/webhook", **parts: Any) -> Request:
    return Request(EnvironBuilder(target, method="POST", **parts).get_environ())


class TestToEvent:
    def test_has_the_shape_of_payload_format_2(self) -> None:
        # WHEN
        event = to_event(request(data=b"{}", content_type="application/json", headers={"User-Agent": "ua"}))

        # THEN
        context = event.pop("requestContext")
        assert event == {
            "version": "2.0",
            "routeKey": "POST /webhook",
            "rawPath": "/webhook",
            "rawQueryString": "",
            "headers": {
                "content-length": "2",
                "content-type": "application/json",
                "host": "localhost",
                "user-agent": "ua",
            },
            "body": "{}",
            "isBase64Encoded": False,
        }
        assert context["http"] == {
            "method": "POST",
            "path": "/webhook",
            "protocol": "HTTP/1.1",
            "sourceIp": None,
            "userAgent": "ua",
        }
        assert isinstance(context["timeEpoch"], int)
        assert context["requestId"] != to_event(request())["requestContext"]["requestId"]

    def test_leaves_the_query_string_as_it_came(self) -> None:
        # GIVEN
        query = "repeat=one&repeat=two&url=https%3A%2F%2Fx&plus=a+b&encoded=a%2bb&empty=&bare&n%61me=1"

        # WHEN
        event = to_event(request(f"/webhook?{query}"))

        # THEN
        assert event["rawQueryString"] == query
        assert event["queryStringParameters"] == {
            "repeat": "one,two",
            "url": "https://x",
            "plus": "a b",
            "encoded": "a+b",
            "empty": "",
            "bare": "",
            "name": "1",
        }

    def test_decodes_the_path(self) -> None:
        event = to_event(request("/a%20b%2Fc"))

        assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/a b/c"

    def test_takes_cookies_out_of_the_headers(self) -> None:
        event = to_event(request(headers={"Cookie": "session=abc; theme=dark;"}))

        assert event["cookies"] == ["session=abc", "theme=dark"]
        assert "cookie" not in event["headers"]

    @pytest.mark.parametrize(
        "content_type",
        [
            "text/plain",
            "text/csv",
            "application/json",
            "Application/JSON; Charset=UTF-8",
            "application/xml",
            "application/javascript",
        ],
    )
    def test_hands_text_over_as_text(self, content_type: str) -> None:
        event = to_event(request(data="é".encode(), content_type=content_type))

        assert (event["body"], event["isBase64Encoded"]) == ("é", False)

    @pytest.mark.parametrize(
        ("content_type", "body"),
        [
            (None, b"{}"),
            ("application/octet-stream", b"{}"),
            ("application/x-www-form-urlencoded", b"a=b"),
            ("multipart/form-data; boundary=x", b"{}"),
            ("text/plain; charset=iso-8859-1", b"{}"),
            ("application/json", b"\xff"),
            ("application/json", b"\xed\xa0\x80"),
        ],
    )
    def test_encodes_everything_else(self, content_type: str | None, body: bytes) -> None:
        event = to_event(request(data=body, content_type=content_type))

        assert (event["body"], event["isBase64Encoded"]) == (b64encode(body).decode(), True)

    @pytest.mark.parametrize("content_type", [None, "application/json", "image/png"])
    def test_has_no_body_where_there_is_none(self, content_type: str | None) -> None:
        event = to_event(request(content_type=content_type))

        assert "body" not in event
        assert event["isBase64Encoded"] is False


class TestToResponse:
    def test_gives_status_headers_cookies_and_body(self) -> None:
        # WHEN
        response = to_response(
            {
                "statusCode": 418,
                "headers": {"content-type": "application/json", "x-one": "1"},
                "cookies": ["a=1", "b=2; HttpOnly"],
                "body": '"é"',
                "isBase64Encoded": False,
            }
        )

        # THEN
        assert response.status_code == 418
        assert response.headers["content-type"] == "application/json"
        assert response.headers["x-one"] == "1"
        assert response.headers.getlist("set-cookie") == ["a=1", "b=2; HttpOnly"]
        assert response.data == '"é"'.encode()

    def test_decodes_base64(self) -> None:
        response = to_response(
            {"statusCode": "200", "body": b64encode(b"\xff").decode(), "isBase64Encoded": True}
        )

        assert (response.status_code, response.data) == (200, b"\xff")


def test_a_context_counts_down_the_time_out_of_the_template() -> None:
    assert 0 < Context().get_remaining_time_in_millis() <= 3_000
    assert Context(deadline=0).get_remaining_time_in_millis() == 0


class Function:
    """A handler that keeps its events."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def __call__(self, event: dict[str, Any], _: Any) -> dict[str, Any]:
        self.events.append(event)
        return {"statusCode": 200, "body": "{}"}


@pytest.fixture
def function() -> Function:
    return Function()


@pytest.fixture
def echo(function: Function) -> Iterator[Server]:
    """Behind the gateway: a function that keeps its events."""
    with served(Gateway(function, function)) as server:
        yield server


@pytest.fixture
def server(dynamodb: "DynamoDBClient") -> Iterator[Server]:  # noqa: ARG001  the functions' table
    """Behind the gateway: the function that is deployed."""
    from functions.webhook.app import lambda_handler  # noqa: PLC0415  it reads the environment

    with served(Gateway(lambda_handler)) as server:
        yield server


class TestOverHttp:
    @pytest.mark.parametrize("path", PATHS)
    def test_the_routes_for_reading_are_the_read_functions(
        self, echo: Server, function: Function, path: str
    ) -> None:
        assert echo.send("GET", f"{path}?a=1") == (200, {})
        assert [event["routeKey"] for event in function.events] == [f"GET {path}"]

    @pytest.mark.parametrize(
        ("method", "target"),
        [
            ("GET", "/webhook"),
            ("POST", "/webhook/"),
            ("POST", "/"),
            ("POST", "/v1/rooms"),
            ("GET", "/v1"),
            ("GET", "/v1/rooms/"),
            ("GET", "/v1/%72ooms/a"),
        ],
    )
    def test_any_other_route_is_a_404(
        self, echo: Server, function: Function, method: str, target: str
    ) -> None:
        assert echo.send(method, target) == (404, {"message": "Not Found"})
        assert function.events == []

    def test_repeated_headers_are_joined(self, echo: Server, function: Function) -> None:
        # WHEN
        echo.send("POST", "/webhook?a=1&a=2", None, ("X-Trace", "first"), ("x-trace", "second"))

        # THEN
        (event,) = function.events
        assert event["headers"]["x-trace"] == "first,second"
        assert event["queryStringParameters"] == {"a": "1,2"}
        assert event["requestContext"]["http"]["sourceIp"] == HOST

    def test_bytes_reach_the_function_whole(self, echo: Server, function: Function) -> None:
        # GIVEN
        body = bytes(range(256))

        # WHEN
        echo.send("POST", "/webhook", body, ("Content-Type", "application/json"))

        # THEN
        (event,) = function.events
        assert (event["body"], event["isBase64Encoded"]) == (b64encode(body).decode(), True)

    def test_the_function_serves_one_request_at_a_time(self) -> None:
        # GIVEN a function that waits a moment for a second request to come in
        inside: list[Any] = []
        together = Event()

        def wait(event: dict[str, Any], _: Any) -> dict[str, Any]:
            inside.append(event)
            if len(inside) > 1:
                together.set()
            together.wait(0.1)
            inside.pop()
            return {"statusCode": 200, "body": "{}"}

        with served(Gateway(wait)) as server, ThreadPoolExecutor(4) as pool:
            # WHEN
            answers = pool.map(lambda _: server.send("POST", "/webhook"), range(4))

            # THEN
            assert list(answers) == [(200, {})] * 4
            assert not together.is_set()

    def test_a_body_that_is_not_utf8_is_refused_by_the_function(self, server: Server) -> None:
        status, answer = server.send("POST", WEBHOOK, b"\xff", ("Content-Type", "application/json"))

        assert (status, answer["ErrorInfo"]) == (400, "The body is not UTF-8.")

    @pytest.mark.parametrize("answer", [{}, None, {"statusCode": "OK"}])
    def test_an_answer_that_is_none_is_a_500(self, answer: Any) -> None:
        with served(Gateway(lambda _, __: answer)) as server:
            assert server.send("POST", "/webhook") == (500, {"message": "Internal Server Error"})

    def test_an_exception_is_a_500_and_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        # GIVEN
        def fail(*_: Any) -> dict[str, Any]:
            raise RuntimeError("broken")

        with served(Gateway(fail)) as server:
            # WHEN
            answer = server.send("POST", "/webhook?secret=1")

        # THEN
        assert answer == (500, {"message": "Internal Server Error"})
        assert "RuntimeError: broken" in caplog.text
        assert "POST /webhook\n" in caplog.text
