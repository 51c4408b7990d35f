"""The parameters of the routes: their forms, and what is said of one that has another."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from annotated_types import Interval
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BeforeValidator, StringConstraints, WithJsonSchema

from roomstate.read.errors import Code, Refused
from roomstate.tencent.wire import MAX_IDENTIFIER_BYTES, MAX_INTEGER, identifier

MAX_ROOMS = 100
MAX_MEMBERS = 1_000
MAX_RECORDS = 200
DEFAULT_LIMIT = 100

_DIGITS = re.compile(r"[0-9]{1,15}", re.ASCII)
_APP = re.compile(r"[0-9]{1,20}", re.ASCII)


_ID = StringConstraints(min_length=1, max_length=MAX_IDENTIFIER_BYTES)
_MS = Interval(ge=0, le=MAX_INTEGER)


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def whole(value: Any) -> int:
        if isinstance(value, str) and _DIGITS.fullmatch(value) and least <= int(value) <= most:
            return int(value)
        raise ValueError(f"is not a whole number between {least} and {most}")

    return whole


def _app(value: Any) -> str:
    if isinstance(value, str) and _APP.fullmatch(value):
        return value
    raise ValueError("is not a number of 1 to 20 digits")


# A validator comes after the limits, and so before them: what is said of a bad form is ours.
AppId = Annotated[
    str,
    StringConstraints(pattern="^[0-9]{1,20}$"),
    BeforeValidator(_app),
    Query(description="The SdkAppId."),
]
RoomId = Annotated[
    str,
    _ID,
    BeforeValidator(identifier),
    Query(description="The room: at most 256 bytes in UTF-8."),
]
UserId = Annotated[
    str,
    _ID,
    BeforeValidator(identifier),
    Query(description="The user: at most 256 bytes in UTF-8."),
]
Start = Annotated[
    int,
    _MS,
    BeforeValidator(_whole(0, MAX_INTEGER)),
    Query(description="From this moment on, ms since the epoch."),
]
End = Annotated[
    int,
    _MS,
    BeforeValidator(_whole(0, MAX_INTEGER)),
    Query(description="Before this moment, ms since the epoch."),
]
At = Annotated[
    int | None,
    BeforeValidator(_whole(0, MAX_INTEGER)),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": MAX_INTEGER}),
    Query(description="The moment to look at, ms since the epoch; now, unless given."),
]
Next = Annotated[
    str | None,
    WithJsonSchema({"type": "string"}),
    Query(description="`next` of the page before, as it came; with the same parameters, but for `limit`."),
]
Order = Annotated[Literal["asc", "desc"], Query(description="By time: the oldest first, or the newest.")]
Count = Annotated[
    Literal["members"] | None,
    WithJsonSchema({"type": "string", "enum": ["members"]}),
    Query(description="Count the members that are online. It reads all who came, so it costs what they are."),
]


RoomLimit = Annotated[
    int,
    Interval(ge=1, le=MAX_ROOMS),
    BeforeValidator(_whole(1, MAX_ROOMS)),
    Query(description="How many at most."),
]
MemberLimit = Annotated[
    int,
    Interval(ge=1, le=MAX_MEMBERS),
    BeforeValidator(_whole(1, MAX_MEMBERS)),
    Query(description="How many at most."),
]
LogLimit = Annotated[
    int,
    Interval(ge=1, le=MAX_RECORDS),
    BeforeValidator(_whole(1, MAX_RECORDS)),
    Query(description="How many at most."),
]


def refused(error: RequestValidationError) -> Refused:
    """What is said of the first parameter that has not its form."""
    first = error.errors()[0]
    return Refused(Code.PARAMETER_INVALID, f"{first['loc'][-1]} {_complaint(first)}.")


def _complaint(error: Any) -> str:
    match error["type"]:
        case "missing":
            return "is missing"
        case "value_error":
            return str(error["ctx"]["error"])
        case "literal_error":
            return f"is not {error['ctx']['expected']}"
        case _:
            return "has not its form"
