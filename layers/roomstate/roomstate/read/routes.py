"""The routes: parameters in, what `Reader` says out. All are GET."""

from collections.abc import Callable
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from pydantic import BaseModel

from roomstate.aws.pages import LogPage, MemberPage, RoomPage, UserPage
from roomstate.aws.reader import Reader
from roomstate.read.answer import json_answer, to_answer
from roomstate.read.document import make_document, responses
from roomstate.read.errors import Code, Refused
from roomstate.read.parameters import (
    DEFAULT_LIMIT,
    AppId,
    At,
    Count,
    End,
    LogLimit,
    MemberLimit,
    Next,
    Order,
    RoomId,
    RoomLimit,
    Start,
    UserId,
)
from roomstate.read.place import NOT_OF_THIS_LIST, Place
from roomstate.state.rooms import Presence, Room
from roomstate.tencent.wire import MAX_INTEGER

PATHS = ("/v1/rooms", "/v1/room", "/v1/members", "/v1/member", "/v1/user", "/v1/log", "/v1/openapi.json")


def add_routes(app: APIGatewayHttpResolver, reader: Callable[[], Reader], *, user_index: bool) -> None:
    """Give an application its routes.

    Args:
        reader: gives what the request at hand reads with.
        user_index: whether the table has the index of users.
    """

    def answer(shown: BaseModel | None) -> Response[Any]:
        if shown is None:
            raise Refused(Code.ROOM_UNKNOWN, "No webhook of the app named the room.")
        return to_answer(shown, app.current_event.headers.get("if-none-match"))

    @app.get("/v1/rooms", summary="Rooms that live, the newest first", responses=responses(RoomPage))
    def rooms(sdk_app_id: AppId, limit: RoomLimit = DEFAULT_LIMIT, next: Next = None) -> Response[Any]:
        place = Place("rooms", sdk_app_id)
        page = reader().rooms(sdk_app_id, limit=limit, next=place.open(next))
        return answer(page.model_copy(update={"next": place.seal(page.next)}))

    @app.get("/v1/room", summary="A room, without its members", responses=responses(Room))
    def room(sdk_app_id: AppId, room_id: RoomId, at: At = None, count: Count = None) -> Response[Any]:
        return answer(reader().room(sdk_app_id, room_id, at=at, count_members=count is not None))

    @app.get("/v1/members", summary="Who is online, by user id", responses=responses(MemberPage))
    def members(
        sdk_app_id: AppId,
        room_id: RoomId,
        limit: MemberLimit = DEFAULT_LIMIT,
        next: Next = None,
        at: At = None,
    ) -> Response[Any]:
        place = Place("members", sdk_app_id, room_id, at)
        page = reader().members(sdk_app_id, room_id, limit=limit, next=place.open(next), at=at)
        return answer(page and page.model_copy(update={"next": place.seal(page.next)}))

    @app.get("/v1/member", summary="What a user is in a room", responses=responses(Presence))
    def member(sdk_app_id: AppId, room_id: RoomId, user_id: UserId) -> Response[Any]:
        return answer(reader().member(sdk_app_id, room_id, user_id))

    @app.get("/v1/user", summary="Where a user is", responses=responses(UserPage, 409))
    def user(
        sdk_app_id: AppId, user_id: UserId, limit: RoomLimit = DEFAULT_LIMIT, next: Next = None
    ) -> Response[Any]:
        if not user_index:
            why = "The stack has no index of users: its parameter UserIndex is not true."
            raise Refused(Code.USER_INDEX_OFF, why)
        place = Place("user", sdk_app_id, user_id)
        page = reader().user(sdk_app_id, user_id, limit=limit, next=place.open(next))
        return answer(page.model_copy(update={"next": place.seal(page.next)}))

    @app.get("/v1/log", summary="The webhooks of a room, by time", responses=responses(LogPage))
    def log(  # noqa: PLR0917  called by name
        sdk_app_id: AppId,
        room_id: RoomId,
        start: Start = 0,
        end: End = MAX_INTEGER,
        order: Order = "asc",
        limit: LogLimit = DEFAULT_LIMIT,
        next: Next = None,
    ) -> Response[Any]:
        place = Place("log", sdk_app_id, room_id, start, end, order)
        position = place.open(next)
        try:
            page = reader().log(
                sdk_app_id, room_id, start=start, end=end, order=order, limit=limit, next=position
            )
        except ValueError:
            raise Refused(Code.NEXT_INVALID, NOT_OF_THIS_LIST) from None
        return answer(page.model_copy(update={"next": place.seal(page.next)}))

    @app.get("/v1/openapi.json", summary="This document", responses=responses(None))
    def openapi() -> Response[Any]:
        return json_answer(document(), app.current_event.headers.get("if-none-match"))

    document = cache(lambda: make_document(app))
