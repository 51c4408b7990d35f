"""Bodies as Tencent sends them, and webhooks made of them."""

import json
from base64 import b64encode
from collections.abc import Callable, Collection
from typing import Any

from roomstate.aws.deadline import Deadline
from roomstate.aws.tokens import Verify
from roomstate.state.webhook import Webhook
from roomstate.tencent.decode import decode
from roomstate.tencent.delivery import Delivery
from roomstate.tencent.signature import verify

APP = "1400000001"
NOW = 1_800_000_000_000
"""ms; when the tests' webhooks are received. All of Tencent's samples are older."""


Payload = dict[str, Any]


class Time:
    """Time that passes only when it is told to, or slept away. A stand-in for the module `time`."""

    def __init__(self) -> None:
        self.now = NOW / 1000

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.now += seconds


class Still(Time):
    """Time stands still, and no pause takes any."""

    def sleep(self, seconds: float, /) -> None:
        """Nobody waits."""


AN_HOUR = Deadline(3_600, Still())
"""A deadline for what is not about time."""


class Ticking(Time):
    """A second passes whenever it is asked for."""

    def monotonic(self) -> float:
        self.now += 1
        return self.now


def knowing(tokens_of: Callable[[str], Collection[str]]) -> Verify:
    """A verifier that knows the tokens of each app, or raises what `tokens_of` does."""
    return lambda app, claim, received_at, _: verify(claim, tokens_of(app), received_at)


def seats(room: str, *entries: Payload, at: int | None = 1_000, **extra: Any) -> Payload:
    return _at(at, CallbackCommand="Mic.CallbackAfterSeatInfoChanged", RoomId=room, SeatList=entries, **extra)


def seat(index: int, user: Any = None, **flags: Any) -> Payload:
    return {"Index": index, "Member_Account": user} | {f"Is{name}Disabled": on for name, on in flags.items()}


def admins(room: str, op: str, *users: Any, at: int | None = 1_000) -> Payload:
    return _at(
        at, CallbackCommand="Live.CallbackAfterModifyAdmin", RoomId=room, Admin_Account=users, opType=op
    )


def members(
    room: str, event_type: str, *users: Any, at: int | None = 1_000, cause: str | None = "Enter"
) -> Payload:
    return _at(
        at,
        CallbackCommand="Live.CallbackAfterMemberStateChanged",
        RoomId=room,
        EventType=event_type,
        EventCause=cause,
        MemberList=[{"Member_Account": user} for user in users],
    )


def create(room: str, at: int | None = 1_000, **info: Any) -> Payload:
    return _at(at, CallbackCommand="Live.CallbackAfterCreateRoom", RoomInfo={"RoomId": room, **info})


def update(room: str, at: int | None = 1_000, **info: Any) -> Payload:
    return _at(at, CallbackCommand="Live.CallbackAfterUpdateRoomInfo", RoomInfo={"RoomId": room, **info})


def destroy(room: str, at: int | None = 1_000) -> Payload:
    return _at(at, CallbackCommand="Live.CallbackAfterDestroyRoom", RoomId=room)


def set_metadata(room: str, at: int | None = 1_000, **pairs: str) -> Payload:
    entries = [{"Key": key, "Value": value} for key, value in pairs.items()]
    return _at(at, CallbackCommand="Live.CallbackAfterSetMetadata", RoomId=room, Metadata=entries)


def del_metadata(room: str, *keys: str, at: int | None = 1_000) -> Payload:
    return _at(at, CallbackCommand="Live.CallbackAfterDelMetadata", RoomId=room, Keys=keys)


def change_owner(room: str, owner: str, at: int | None = 1_000) -> Payload:
    return _at(at, CallbackCommand="Live.CallbackAfterChangeOwner", RoomId=room, CurrentOwner_Account=owner)


def webhook(payload: Payload | bytes | str, app: str = APP, received_at: int = NOW, **url: Any) -> Webhook:
    return decode(Delivery(app, body(payload), received_at, **url))


def body(payload: Payload | bytes | str) -> bytes:
    if isinstance(payload, bytes):
        return payload
    return payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()


def event(wire: Payload | bytes | str, query: str, received_at: int = NOW) -> dict[str, Any]:
    """What API Gateway invokes the function with; the body in base64."""
    return {
        "version": "2.0",
        "routeKey": "POST /webhook",
        "rawPath": "/webhook",
        "rawQueryString": query,
        "headers": {},
        "requestContext": {"timeEpoch": received_at, "requestId": "request-1"},
        "body": b64encode(body(wire)).decode(),
        "isBase64Encoded": True,
    }


def _at(at: int | None, **payload: Any) -> Payload:
    return payload if at is None else {**payload, "EventTime": at}
