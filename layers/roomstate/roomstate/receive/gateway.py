"""API Gateway's HTTP API (payload format 2.0): its event as a request, an answer as its response."""

import json
from base64 import b64decode
from typing import Any

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from roomstate.receive.receiver import Request
from roomstate.tencent.answer import Answer

_JSON = json.JSONEncoder(separators=(",", ":"))


def to_request(event: APIGatewayProxyEventV2) -> Request:
    """What the receiver needs of an event."""
    return Request(
        query=event.raw_query_string,
        body=_body(event),
        received_at=event.request_context.time_epoch,
    )


def to_response(answer: Answer) -> dict[str, Any]:
    """An answer in the three fields that Tencent asks for on every page."""
    body = {
        "ActionStatus": answer.status_word,
        "ErrorInfo": answer.info,
        "ErrorCode": int(answer.code),
    }
    return {
        "statusCode": answer.code.status,
        "headers": {"content-type": "application/json"},
        "body": _JSON.encode(body),
        "isBase64Encoded": False,
    }


def _body(event: APIGatewayProxyEventV2) -> bytes:
    """The body's bytes. The gateway encodes what its content type does not call text."""
    body = event.body or ""
    if event.is_base64_encoded:
        try:
            return b64decode(body, validate=True)
        except ValueError:
            pass  # no gateway sends this; as it stands it is no JSON, and is answered so
    return body.encode(errors="surrogatepass")
