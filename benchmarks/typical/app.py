"""A typical handler of Tencent's webhooks, for comparison: what a good engineer writes in an afternoon.

It is put together from what AWS and Powertools document for this case: boto3's resource; Powertools'
resolver, Logger, Metrics, parameters and idempotency; pydantic models; one item for each seat and each
member, one event for each webhook. It is correct in its own terms: it checks signatures before anything
else, takes a webhook that is delivered again for done, takes it anew if it failed, and raises where
EventBridge refuses an event. It starts as quickly as it can without another design: the resolver validates
nothing (`enable_validation` loads OpenAPI), and the models are pydantic's own rather than the parser's.
boto3's clients are as they come, with its own tries and time-outs; boto3 is packaged, as AWS advises.

What it is not: it keeps no log, knows no life of a room and no other commands, and has no queue. It writes
what came last, not what happened last. Whoever compares EventTime first (a condition on each put), then keeps
those who left (so that a late "online" finds something to compare with), then ends rooms, and parks what
cannot be stored, is on the way to what this repository is.
"""

import json
import os
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Literal

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import UnauthorizedError
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.parameters import SSMProvider
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field

WINDOW_S = 60
"""How old RequestTime may be (page 64412)."""
TOKENS_KEPT_S = 300

logger = Logger()
metrics = Metrics()
app = APIGatewayHttpResolver()
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
events = boto3.client("events")
parameters = SSMProvider()
idempotency = IdempotencyConfig(expires_after_seconds=24 * 60 * 60)
persistence = DynamoDBPersistenceLayer(table_name=os.environ["IDEMPOTENCY_TABLE"])


class Wire(BaseModel):
    # Samples show accounts as bare integers.
    model_config = ConfigDict(coerce_numbers_to_str=True)


class Seat(Wire):
    index: int = Field(alias="Index")
    user_id: str | None = Field(None, alias="Member_Account")
    locked: bool = Field(False, alias="IsTakenDisabled")
    audio_disabled: bool = Field(False, alias="IsAudioDisabled")
    video_disabled: bool = Field(False, alias="IsVideoDisabled")


class SeatsChanged(Wire):
    sdk_app_id: str = Field(alias="SdkAppid")
    command: Literal["Mic.CallbackAfterSeatInfoChanged"] = Field(alias="CallbackCommand")
    room_id: str = Field(alias="RoomId")
    event_time: int = Field(alias="EventTime")
    seats: list[Seat] = Field(alias="SeatList")


class Member(Wire):
    user_id: str = Field(alias="Member_Account")


class MembersChanged(Wire):
    sdk_app_id: str = Field(alias="SdkAppid")
    command: Literal["Live.CallbackAfterMemberStateChanged"] = Field(alias="CallbackCommand")
    room_id: str = Field(alias="RoomId")
    event_time: int = Field(alias="EventTime")
    event_type: Literal["Online", "Offline"] = Field(alias="EventType")
    cause: str | None = Field(None, alias="EventCause")
    members: list[Member] = Field(alias="MemberList")


MODELS: dict[str, type[SeatsChanged | MembersChanged]] = {
    "Mic.CallbackAfterSeatInfoChanged": SeatsChanged,
    "Live.CallbackAfterMemberStateChanged": MembersChanged,
}


class EventsRefused(Exception):
    """EventBridge did not take the event."""


@app.post("/webhook")
def receive() -> dict[str, Any]:
    query = app.current_event.query_string_parameters
    sdk_app_id = query.get("SdkAppid", "")
    check_signature(sdk_app_id, query.get("Sign", ""), query.get("RequestTime", ""))
    body = app.current_event.json_body
    model = MODELS.get(body.get("CallbackCommand"))
    if model is None:  # of no interest here
        metrics.add_metric(name="Ignored", unit=MetricUnit.Count, value=1)
        return answer("OK", 0)
    handle(webhook=model.model_validate({**body, "SdkAppid": sdk_app_id}))
    metrics.add_metric(name="Webhooks", unit=MetricUnit.Count, value=1)
    logger.info("handled", extra={"command": body["CallbackCommand"], "room_id": body["RoomId"]})
    return answer("OK", 0)


@app.exception_handler(ValueError)  # of json, and of pydantic
def unreadable(_: ValueError) -> Response[str]:
    return failure(400, "The body cannot be read.")


@app.exception_handler(UnauthorizedError)
def unauthorized(_: UnauthorizedError) -> Response[str]:
    return failure(401, "Sign or RequestTime is wrong.")


@app.exception_handler(Exception)
def failed(error: Exception) -> Response[str]:
    # Tencent sends again what is answered with an error, if that is switched on for the app.
    logger.exception("not handled", exc_info=error)
    metrics.add_metric(name="Failed", unit=MetricUnit.Count, value=1)
    return failure(500, "Internal error.")


def check_signature(sdk_app_id: str, sign: str, request_time: str) -> None:
    """Page 64412: Sign is the SHA-256 of the token and RequestTime."""
    tokens: Any = parameters.get(
        os.environ["TOKENS_PARAMETER"], max_age=TOKENS_KEPT_S, transform="json", decrypt=True
    )
    if sdk_app_id not in tokens or not request_time.isdecimal():
        raise UnauthorizedError("No such app, or no time.")
    signs = [sha256(f"{token}{request_time}".encode()).hexdigest() for token in tokens[sdk_app_id]]
    age_s = app.current_event.request_context.time_epoch / 1000 - int(request_time)
    if abs(age_s) > WINDOW_S or not any(compare_digest(sign, expected) for expected in signs):
        raise UnauthorizedError("Sign or RequestTime is wrong.")


@idempotent_function(
    data_keyword_argument="webhook", persistence_store=persistence, config=idempotency, key_prefix="webhook"
)
def handle(webhook: SeatsChanged | MembersChanged) -> None:
    """Store the new state, then tell the others. The same webhook is handled once."""
    room = f"{webhook.sdk_app_id}#{webhook.room_id}"
    items: list[dict[str, Any]]
    if isinstance(webhook, SeatsChanged):
        items = [{"sk": f"seat#{seat.index}", **seat.model_dump()} for seat in webhook.seats]
    else:
        online = webhook.event_type == "Online"
        items = [
            {
                "sk": f"member#{member.user_id}",
                "user_id": member.user_id,
                "online": online,
                "cause": webhook.cause,
            }
            for member in webhook.members
        ]
    for item in items:
        table.put_item(Item={"pk": room, **item, "updated_at": webhook.event_time})
    put = events.put_events(
        Entries=[
            {
                "EventBusName": os.environ["EVENT_BUS"],
                "Source": "rooms",
                "DetailType": webhook.command,
                "Detail": webhook.model_dump_json(),
            }
        ]
    )
    if put["FailedEntryCount"]:
        raise EventsRefused(put["Entries"][0].get("ErrorCode", ""))


def answer(status: Literal["OK", "FAIL"], code: int, info: str = "") -> dict[str, Any]:
    """What Tencent expects on every page."""
    return {"ActionStatus": status, "ErrorInfo": info, "ErrorCode": code}


def failure(status: int, info: str) -> Response[str]:
    body = json.dumps(answer("FAIL", status, info))
    return Response(status_code=status, content_type="application/json", body=body)


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    idempotency.register_lambda_context(context)
    return app.resolve(event, context)
