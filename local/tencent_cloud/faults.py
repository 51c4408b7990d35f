"""What may go wrong with an answer of Tencent's REST API, as far as its pages tell, and worse.

A fault is put on a command: `SimulatedTencent.fail("get_seat_list", FAULTS["60007"])`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any


@dataclass(frozen=True, slots=True)
class Status:
    """Another HTTP status than 200: only the network fails so (page 63398)."""

    status: int


@dataclass(frozen=True, slots=True)
class Code:
    """A failure, as documented: status 200, the ErrorCode in the body."""

    code: int


@dataclass(frozen=True, slots=True)
class Raw:
    """Any bytes in place of an answer."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Edited:
    """The true answer, edited: the whole of it, with `Response` in it."""

    edit: Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Hang:
    """No answer at all."""


Fault = Status | Code | Raw | Edited | Hang


def _response(edit: Callable[[dict[str, Any]], None]) -> Edited:
    return Edited(lambda answer: edit(answer["Response"]))


def _each_value_as(wrong: Callable[[Any], Any]) -> Edited:
    def edit(response: dict[str, Any]) -> None:
        response |= {name: wrong(value) for name, value in response.items()}

    return _response(edit)


def _wrong_type(value: Any) -> Any:
    return "many" if isinstance(value, list | dict | int) else [value]


def _wrong_within(value: Any) -> Any:
    if isinstance(value, list):
        return [None, 7.5, *value]
    return dict.fromkeys(value, 7.5) if isinstance(value, dict) else value


def _count_off_by(difference: int) -> Edited:
    def edit(response: dict[str, Any]) -> None:
        holder = response.get("RoomInfo", response)
        if "MemberCount" in holder:
            holder["MemberCount"] = max(0, holder["MemberCount"] + difference)

    return _response(edit)


def _endless(position: Callable[[], str]) -> Edited:
    return _response(lambda response: response.update(Next=position()))


_positions = count(1)

CODES = (60007, 60008, 60011, 60018, 60019, 100001, 100002, 100004, 100006, 100012, 100013, 100211)

FAULTS: Mapping[str, Fault] = {
    **{str(code): Code(code) for code in CODES},
    "http 502": Status(502),
    "http 429": Status(429),
    "http 302": Status(302),
    "hang": Hang(),
    "nothing": Raw(b""),
    "broken JSON": Raw(b'{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Response":{'),
    "HTML": Raw(b"<html><body>502 Bad Gateway</body></html>"),
    "not an object": Raw(b"[]"),
    "not UTF-8": Raw(b'{"ErrorCode":0,"ActionStatus":"\xff"}'),
    "deeply nested": Raw(b'{"a":' * 100_000),
    "100004, but OK": Raw(b'{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":100004,"Response":{}}'),
    "100004 as text": Raw(b'{"ActionStatus":"FAIL","ErrorInfo":"","ErrorCode":"100004"}'),
    "0, but FAIL": Edited(lambda answer: answer.update(ActionStatus="FAIL")),
    "no ErrorCode": Edited(lambda answer: answer.pop("ErrorCode")),
    "no ActionStatus": Edited(lambda answer: answer.pop("ActionStatus")),
    "no Response": Edited(lambda answer: answer.pop("Response")),
    "Response is a list": Edited(lambda answer: answer.update(Response=[])),
    "missing fields": _response(lambda response: response.clear()),
    "null fields": _each_value_as(lambda _: None),
    "wrong types": _each_value_as(_wrong_type),
    "wrong types within": _each_value_as(_wrong_within),
}
"""For any command. The next are for those that have a list, or count."""

MORE_COUNTED = _count_off_by(1)
LESS_COUNTED = _count_off_by(-1)
"""A lying MemberCount."""
NEXT_REPEATED = _endless(lambda: "0")
NEXT_ENDLESS = _endless(lambda: str(next(_positions) + 1_000_000))
"""An endless list: of one page again and again, of ever new ones."""
