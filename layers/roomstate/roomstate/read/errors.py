"""What a reader is refused for. Every answer that is no success has this one shape."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import BaseModel


class Code(StrEnum):
    """Why."""

    PARAMETER_INVALID = "parameter_invalid"
    NEXT_INVALID = "next_invalid"
    APP_UNKNOWN = "app_unknown"
    ROOM_UNKNOWN = "room_unknown"
    ROUTE_UNKNOWN = "route_unknown"
    USER_INDEX_OFF = "user_index_off"
    TOO_MANY = "too_many"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"

    @property
    def status(self) -> int:
        """The HTTP status that it always comes with."""
        return _MEANING[self][0]

    @property
    def meaning(self) -> str:
        return _MEANING[self][1]


_MEANING: Mapping[Code, tuple[int, str]] = {
    Code.PARAMETER_INVALID: (
        400,
        "a parameter is missing, repeated, unknown, or has not its form; the message names it",
    ),
    Code.NEXT_INVALID: (400, "`next` was not given for this list"),
    Code.APP_UNKNOWN: (404, "the stack does not serve the app"),
    Code.ROOM_UNKNOWN: (404, "no webhook of the app named the room"),
    Code.ROUTE_UNKNOWN: (404, "there is no such route"),
    Code.USER_INDEX_OFF: (409, "the stack has no index of users"),
    Code.TOO_MANY: (
        422,
        "there is more than can be folded, counted or answered at once; the message says what",
    ),
    Code.INTERNAL: (500, "a defect; the function's log has it"),
    Code.UNAVAILABLE: (503, "the table cannot be read at present, or not in time: try again"),
}


class Refused(Exception):
    """A request that is not answered with what it asks for."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


class Why(BaseModel):
    code: Code
    message: str
    """For a person. It may change; the code does not."""


class ErrorAnswer(BaseModel):
    error: Why
