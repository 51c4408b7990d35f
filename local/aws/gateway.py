"""An HTTP API of API Gateway on this machine: HTTP in, the function's event out, and back.

It does what the gateway does for a route with a Lambda function and payload format 2.0:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
Deployed, the routes for webhooks and for reading are of two APIs. Here they are of one, and nobody is asked
who he is.
"""

import json
import logging
import re
import socket
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from uuid import uuid4

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from local.aws.template import parameter_default, resource, template
from roomstate.read.routes import PATHS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HOST = "127.0.0.1"
WEBHOOK_PATH = parameter_default("WebhookPath")

WEBHOOK_S: float = resource("WebhookFunction")["Timeout"]
READ_S: float = resource("ReadFunction")["Timeout"]

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

# Which bodies are handed over as text is not documented. Deployed APIs were seen to take these types,
# in UTF-8; all else arrives in base64, a body without a type too. The captures:
# https://github.com/ministackorg/ministack/pull/766 https://github.com/floci-io/floci/issues/2172
_TEXT = re.compile(r"text/.*|application/(json|xml|javascript)")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Context:
    """What a function learns of its invocation: the part of Lambda's context object that is used."""

    aws_request_id: str = field(default_factory=lambda: str(uuid4()))
    function_name: str = "webhook"
    memory_limit_in_mb: int = field(default_factory=lambda: template()["Globals"]["Function"]["MemorySize"])
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:webhook"
    deadline: float = field(default_factory=lambda: time.monotonic() + WEBHOOK_S)

    def get_remaining_time_in_millis(self) -> int:
        return max(0, round((self.deadline - time.monotonic()) * 1000))


def to_event(request: Request) -> dict[str, Any]:
    """A request as the event that the function is invoked with."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    cookies = [cookie.strip() for cookie in headers.pop("cookie", "").split(";")]
    query = request.query_string.decode()
    parameters: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        parameters.setdefault(name, []).append(value)
    route_key = f"{request.method} {request.path}"
    now = datetime.now(UTC)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": request.path,
        "rawQueryString": query,
        "cookies": [cookie for cookie in cookies if cookie],
        "headers": headers,
        "queryStringParameters": {name: ",".join(values) for name, values in parameters.items()},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "domainName": request.host,
            "domainPrefix": "local",
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": request.environ["SERVER_PROTOCOL"],
                "sourceIp": request.remote_addr,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": str(uuid4()),
            "routeKey": route_key,
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
        **_body(request),
    }
    # What a request does not have is not in its event.
    return {name: value for name, value in event.items() if value not in ([], {}, None)}


def _body(request: Request) -> dict[str, Any]:
    body = request.get_data()
    charset = request.mimetype_params.get("charset", "utf-8")
    if _TEXT.fullmatch(request.mimetype) and charset.lower() == "utf-8":
        try:
            return {"body": body.decode() or None, "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": b64encode(body).decode() or None, "isBase64Encoded": bool(body)}


def to_response(answer: dict[str, Any]) -> Response:
    """What the function returned as an HTTP response.

    Raises:
        KeyError, TypeError, ValueError: it is none; the gateway answers that with a 500.
    """
    body = answer.get("body") or ""
    response = Response(
        b64decode(body) if answer.get("isBase64Encoded") else body,
        status=int(answer["statusCode"]),
        headers=answer.get("headers"),
    )
    for cookie in answer.get("cookies") or ():
        response.headers.add("set-cookie", cookie)
    return response


class Gateway:
    """The HTTP APIs, as a WSGI application.

    Args:
        webhook: the function behind `POST <WebhookPath>`; without it there is no such route.
        read: the function behind the routes for reading; without it there are none.
    """

    def __init__(self, webhook: Handler | None, read: Handler | None = None) -> None:
        self._routes: dict[str, _Instance] = {}
        if webhook is not None:
            self._routes[f"POST {WEBHOOK_PATH}"] = _Instance(webhook, "webhook", WEBHOOK_S)
        if read is not None:
            reading = _Instance(read, "read", READ_S)
            self._routes |= {f"GET {path}": reading for path in PATHS}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        try:
            response = self._route(request)
        except Exception:
            logger.exception("%s %s", request.method, request.path)
            response = _message(500, "Internal Server Error")
        return response(environ, start_response)

    def _route(self, request: Request) -> Response:
        function = self._routes.get(f"{request.method} {request.path}")
        return function(request) if function else _message(404, "Not Found")


class _Instance:
    """A Lambda instance, which serves one request at a time."""

    def __init__(self, handler: Handler, name: str, timeout_s: float) -> None:
        self._handler = handler
        self._name = name
        self._timeout_s = timeout_s
        self._lock = Lock()

    def __call__(self, request: Request) -> Response:
        event = to_event(request)
        with self._lock:
            context = Context(function_name=self._name, deadline=time.monotonic() + self._timeout_s)
            return to_response(self._handler(event, context))


def _message(status: int, message: str) -> Response:
    return _json(status, json.dumps({"message": message}))


def _json(status: int, body: str) -> Response:
    return Response(body, status, content_type="application/json")


@contextmanager
def serve(app: "WSGIApplication", listener: socket.socket) -> Iterator[str]:
    """Serve HTTP on a listening socket of this machine for as long as the context lasts; gives the URL."""
    host, port = listener.getsockname()
    server = make_server(host, port, app, threaded=True, fd=listener.fileno())
    # What it polls for is the end.
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.shutdown()
        thread.join()
