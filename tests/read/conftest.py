from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from local.aws.gateway import Context, Gateway, Handler
from tests.serving import Server, served

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Function:
    """The read function, invoked as API Gateway does."""

    def __init__(self) -> None:
        from functions.read.app import lambda_handler  # noqa: PLC0415  it reads the environment

        self._handler: Handler = lambda_handler

    def __call__(self, route: str, query: str = "", *, method: str = "GET", **headers: str) -> dict[str, Any]:
        """Its answer to a query string as it came."""
        event = {
            "version": "2.0",
            "routeKey": f"{method} /v1/{route}",
            "rawPath": f"/v1/{route}",
            "rawQueryString": query,
            "headers": {name.replace("_", "-"): value for name, value in headers.items()},
            "requestContext": {
                "http": {"method": method, "path": f"/v1/{route}", "sourceIp": "127.0.0.1"},
                "requestId": "request-1",
                "stage": "$default",
            },
            "isBase64Encoded": False,
        }
        return self._handler(event, Context(function_name="read"))

    def get(self, route: str, **parameters: Any) -> dict[str, Any]:
        return self(route, urlencode(parameters))


@pytest.fixture
def function(dynamodb: "DynamoDBClient") -> Function:  # noqa: ARG001  its table
    return Function()


@pytest.fixture
def server(dynamodb: "DynamoDBClient") -> Iterator[Server]:  # noqa: ARG001  the functions' table
    """Both functions, behind the local gateway."""
    from functions.read.app import lambda_handler as read  # noqa: PLC0415  it reads the environment
    from functions.webhook.app import lambda_handler as webhook  # noqa: PLC0415

    with served(Gateway(webhook, read)) as server:
        yield server
