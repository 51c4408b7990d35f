"""What Tencent's REST API answers to the commands that are asked, read strictly. Pure.

The shapes are those of the pages named; none was ever captured. Unknown fields are ignored; what the
pages themselves spell in two ways is read in both; anything else that is unlike its page is `Failed`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import BeforeValidator, Field, ValidationError, field_validator

from roomstate.reconcile.errors import Busy, Failed, Gone, NoAnswer, NoSeats, Unreachable
from roomstate.state.registers import InfoValue, Seat
from roomstate.tencent.body import parse
from roomstate.tencent.catalogue.base import Wire
from roomstate.tencent.catalogue.live import MemberEntry, MetadataEntry
from roomstate.tencent.catalogue.mic import SeatEntry
from roomstate.tencent.catalogue.room_info import RoomInfo
from roomstate.tencent.errors import Unreadable
from roomstate.tencent.wire import Flag, Identifier, Integer, Text, text

Product = Literal["live", "room"]
"""Live (TUILiveKit) and Room (TUIRoomKit) answer to commands of their own."""


class Command(NamedTuple):
    """A command of the REST API: POST /v4/{service}/{name}."""

    service: str
    name: str


ROOM_INFO: Mapping[Product, Command] = {
    "live": Command("live_engine_http_srv", "get_room_info"),
    "room": Command("room_engine_http_srv", "get_room_info"),
}
SEATS = Command("room_engine_http_mic", "get_seat_list")
LIVE_MEMBERS = Command("live_engine_http_srv", "get_member_list")
LIVE_ADMINS = Command("live_engine_http_srv", "get_admin_list")
LIVE_METADATA = Command("live_engine_http_srv", "get_room_metadata")
ROOM_MEMBERS = Command("room_engine_http_srv", "get_room_member_list")

GONE = 100004
NO_SEATS = 100211
BUSY = frozenset({60007, 60011, 60018, 60019, 100012})
"""Tencent's words for too many calls."""
WRONG_PRODUCT = frozenset({"100006", "100015"})
"""The room is of the other product (pages 69081, 66908)."""

_REQUEST_ID = re.compile(r"[0-9A-Za-z-]{1,100}", re.ASCII)
_ROLES = {"Owner": "owner", "RoomOwner": "owner", "Admin": "admin", "RoomAdmin": "admin"}
_ROLES |= {"Member": "member", "RoomMember": "member"}
_SEAT_MODES = {1: "FreeToTake", 2: "ApplyToTake"}

Answer = TypeVar("Answer", bound=Wire)


def verdict(command: str, status: int, content: bytes) -> dict[str, Any]:
    """The `Response` of an answer.

    The status is 200 for failures too, and ErrorCode is the verdict (pages 63398, 60703).

    Raises:
        NoAnswer: in one of its kinds.
    """
    if status != 200:  # noqa: PLR2004
        raise Unreachable(command, f"http_{status}")
    try:
        envelope = parse(content)
    except Unreadable:
        envelope = {}
    code, request_id = envelope.get("ErrorCode"), _request_id(envelope)
    # An answer that contradicts itself must not end a room, nor fill it.
    if type(code) is not int or envelope.get("ActionStatus") != ("OK" if code == 0 else "FAIL"):
        raise Failed(command, "unreadable", request_id)
    if code != 0:
        raise _failure(code)(command, str(code), request_id)
    response = envelope.get("Response")
    if not isinstance(response, dict):
        raise Failed(command, "unreadable", request_id)
    return response


def _failure(code: int) -> type[NoAnswer]:
    if code == GONE:
        return Gone
    if code == NO_SEATS:
        return NoSeats
    return Busy if code in BUSY else Failed


def _request_id(envelope: dict[str, Any]) -> str | None:
    value = envelope.get("RequestId")
    return value if isinstance(value, str) and _REQUEST_ID.fullmatch(value) else None


def read(command: str, model: type[Answer], response: dict[str, Any]) -> Answer:
    """A `Response` as its command's model.

    Raises:
        Failed: it does not read as one.
    """
    try:
        return model.model_validate(response)
    except ValidationError:
        pass  # its text quotes the answer
    raise Failed(command, "unreadable")


def _seat_mode(value: Any) -> str | None:
    """A word, or its number of the client's enum (page 64196). Another number says nothing."""
    if isinstance(value, int) and not isinstance(value, bool):
        return _SEAT_MODES.get(value)
    return text(value)


class RoomInfoAnswer(RoomInfo):
    """A room: Live 63404, Room 647/60704."""

    take_seat_mode: Annotated[str | None, BeforeValidator(_seat_mode)] = None
    member_count: Integer | None = None
    """Room only."""

    def asserted(self) -> dict[str, InfoValue]:
        """The room's fields, but for the counts: they would differ each time a room is asked."""
        fields = super().asserted()
        return {name: value for name, value in fields.items() if name not in {"member_count", "view_count"}}


class InfoResponse(Wire):
    room_info: RoomInfoAnswer


class SeatAnswer(SeatEntry):
    """A seat, whole: unlike a webhook's, its flags are always there (pages 64427, 60719)."""

    is_taken_disabled: Flag
    is_audio_disabled: Flag
    is_video_disabled: Flag


class SeatsResponse(Wire):
    """All seats of a room: 64427, 60719."""

    seat_list: list[SeatAnswer]

    @field_validator("seat_list")
    @classmethod
    def _each_once(cls, seats: list[SeatAnswer]) -> list[SeatAnswer]:
        if len({seat.index for seat in seats}) != len(seats):
            raise ValueError("has a seat twice")
        return seats

    def seats(self) -> dict[int, Seat]:
        return {
            seat.index: Seat(
                seat.user_id, seat.is_taken_disabled, seat.is_audio_disabled, seat.is_video_disabled
            )
            for seat in self.seat_list
        }


class AdminsResponse(Wire):
    """All administrators of a Live room: 63409."""

    admins: list[Identifier] = Field(alias="Admin_Account")


class MetadataResponse(Wire):
    """The metadata of a Live room: 64374."""

    metadata: list[MetadataEntry]


class Page(Wire):
    """One page of a list."""

    next: Text
    """Where to go on; empty where it ends."""


class LiveMembersPage(Page):
    """Members of a Live room: 66908. From a cache of 40 s, and at most 1,000 of them."""

    member_count: Integer
    """All in the room."""
    member_list: list[MemberEntry]


class RoomMember(MemberEntry):
    role: Text

    @property
    def known_role(self) -> str | None:
        """Table and sample of the page spell it in two ways."""
        return _ROLES.get(self.role)


class RoomMembersPage(Page):
    """Members of a Room: 60715."""

    member_list: list[RoomMember]


@dataclass(frozen=True, slots=True)
class Members:
    listed: frozenset[str]
    count: int | None
    """MemberCount: all in the room, as Tencent says. None: it did not say."""
    is_whole: bool
    """Whether the list is all of them, so that who is missing is not in the room."""
    pages: int = 1


@dataclass(frozen=True, slots=True)
class Admins:
    named: Mapping[str, bool]
    """Whether each is an administrator."""
    is_whole: bool
    """Whether who is not named is none."""


@dataclass(frozen=True, slots=True)
class Answers:
    """All that was asked of one room. None where there is no answer to conclude from."""

    asked_at: int
    """When the first call began, ms since the epoch, by our clock."""
    product: Product | None = None
    """None: it could not be told."""
    is_gone: bool = False
    """100004 to the question for the room itself."""
    info: RoomInfoAnswer | None = None
    seats: Mapping[int, Seat] | None = None
    members: Members | None = None
    admins: Admins | None = None
    metadata: Mapping[str, str] | None = None
    failures: tuple[NoAnswer, ...] = ()
    """Why there are answers missing; empty where all was answered."""
    heard: tuple[tuple[Command, Mapping[str, Any]], ...] = field(default=(), repr=False)
    """Each `Response` as it came, in the order of the calls."""


def product_of(room_type: InfoValue) -> Product | None:
    """The product of a room by its RoomType, which Room's pages spell in two ways (60733, 60704)."""
    products: dict[InfoValue, Product] = {"Live": "live", "Meeting": "room", "Conference": "room"}
    return products.get(room_type) if isinstance(room_type, str) else None
