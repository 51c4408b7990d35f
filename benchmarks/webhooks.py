"""The webhooks that are measured, and how they reach the function."""

import json
from copy import deepcopy
from typing import Any

from local.tencent import samples
from roomstate.tencent.signature import sign
from tests.payloads import APP, Payload, create

Event = dict[str, Any]

_EVENTS = samples()
_ENVELOPE = _EVENTS["070-mic-seat-info-changed-live"]
_ROOM_INFO = json.loads(_EVENTS["010-live-create-room"]["body"])["RoomInfo"]
_URL = "https://cdn.example.com/live/covers/2026/11/21/7d0f4c1e9b8a4d52a3f6c0e1b2d3a4f5-1280x720.jpg"

OPEN = {"Taken": False, "Video": False, "Audio": False}
"""A seat that is neither locked nor muted."""


def created(room: str, at: int) -> Payload:
    """The sample of page 64422, as of this room, with images that have an URL's length."""
    info = {**_ROOM_INFO, "RoomId": room, "CoverURL": _URL, "BackgroundURL": _URL}
    return create(room, at=at, **info)


def to_body(payload: Payload) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()


def to_event(payload: Payload, received_at: int) -> Event:
    """What API Gateway invokes the function with, unsigned. `received_at`: ms since the epoch."""
    event: Event = deepcopy(_ENVELOPE)
    command = payload["CallbackCommand"]
    event["rawQueryString"] = (
        f"SdkAppid={APP}&CallbackCommand={command}&contenttype=json&ClientIP=203.0.113.23&OptPlatform=Android"
    )
    event["queryStringParameters"]["CallbackCommand"] = command
    event["requestContext"]["timeEpoch"] = received_at
    event["body"] = to_body(payload).decode()
    event["headers"]["content-length"] = str(len(event["body"]))
    return event


def signed(event: Event, token: str) -> Event:
    """An event whose caller knows a token, at the time of its receipt."""
    now_s = str(event["requestContext"]["timeEpoch"] // 1000)
    proof = {"Sign": sign(token, now_s), "RequestTime": now_s}
    query = "".join(f"&{name}={value}" for name, value in proof.items())
    return {
        **event,
        "rawQueryString": event["rawQueryString"] + query,
        "queryStringParameters": {**event["queryStringParameters"], **proof},
    }
