"""Tencent's part: webhooks, and how they are signed and posted."""

import json
import string
import time
from base64 import b64decode
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlsplit

from local.aws.template import ROOT
from roomstate.tencent.signature import sign

SAMPLE_APP = "1400000001"
"""The SdkAppid in the samples' URLs."""
JSON_TYPE = "application/json"
TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A webhook as it is about to be posted."""

    query: str
    """Percent-encoded, without a signature."""
    body: bytes
    content_type: str = JSON_TYPE


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str
    """ActionStatus and ErrorInfo, where they are there."""
    ok: bool
    """Whether Tencent would take it for a yes."""

    def __str__(self) -> str:
        return f"{self.status} {self.text}".rstrip()


def samples() -> dict[str, Any]:
    """The events of `events/`, by name, in the order of their names: a story."""
    paths = sorted((ROOT / "events").glob("*.json"))
    return {path.stem: json.loads(path.read_bytes()) for path in paths}


def payload(event: dict[str, Any]) -> bytes:
    """An event's body, as it came to the gateway."""
    body: str = event.get("body") or ""
    return b64decode(body) if event.get("isBase64Encoded") else body.encode()


def from_event(event: dict[str, Any], app: str | None = None) -> Outgoing:
    """The webhook that an event was made of; as one of `app`, where that is given.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: it is no event of an HTTP API.
    """
    # Whatever does not belong in a URL was written by hand: it is encoded, the rest left as it is.
    query = _without(quote(event["rawQueryString"], safe=string.punctuation), "sign", "requesttime")
    if app is not None:
        query = f"SdkAppid={quote(app, safe='')}&{_without(query, 'sdkappid')}"
    headers = event.get("headers") or {}
    return Outgoing(query, payload(event), headers.get("content-type", JSON_TYPE))


def signed(query: str, token: str, request_time: int) -> str:
    """A query string with Sign and RequestTime, in s since the epoch."""
    return f"{query}&Sign={sign(token, str(request_time))}&RequestTime={request_time}"


def post(url: str, webhook: Outgoing, token: str | None = None) -> Answer:
    """Post a webhook to a receiver, signed now where there is a token.

    Raises:
        OSError, http.client.HTTPException: nobody answers HTTP there.
    """
    query = signed(webhook.query, token, int(time.time())) if token else webhook.query
    where = urlsplit(url)
    connect = HTTPSConnection if where.scheme == "https" else HTTPConnection
    with closing(connect(where.hostname or "", where.port, timeout=TIMEOUT_S)) as connection:
        headers = {"content-type": webhook.content_type}
        connection.request("POST", f"{where.path}?{query}", webhook.body, headers)
        response = connection.getresponse()
        return _answer(response.status, response.reason, response.read())


def _answer(status: int, reason: str, content: bytes) -> Answer:
    try:
        fields = json.loads(content)
        word, info = fields["ActionStatus"], fields["ErrorInfo"]
    except (ValueError, TypeError, KeyError):
        return Answer(status, f"{reason} (not an answer to Tencent)", ok=False)
    return Answer(status, f"{word} {info}".rstrip(), ok=(status, word) == (200, "OK"))


def _without(query: str, *names: str) -> str:
    parts = query.split("&")
    return "&".join(part for part in parts if part.partition("=")[0].lower() not in names)
