"""Whether an answer is one: its status, its envelope, its ErrorCode."""

import json
from typing import Any

import pytest

from roomstate.reconcile.answers import verdict
from roomstate.reconcile.errors import Busy, Failed, Gone, NoAnswer, NoSeats, Unreachable


def envelope(code: Any = 0, **fields: Any) -> bytes:
    status = "OK" if code == 0 else "FAIL"
    return json.dumps(
        {
            "ActionStatus": status,
            "ErrorInfo": "secret words",
            "ErrorCode": code,
            "RequestId": "Id-7",
            **fields,
        }
    ).encode()


def test_an_ok_gives_the_response() -> None:
    assert verdict("c", 200, envelope(Response={"a": 1})) == {"a": 1}


@pytest.mark.parametrize(
    ("code", "kind"),
    [(100004, Gone), (100211, NoSeats)]
    + [(code, Busy) for code in (60007, 60011, 60018, 60019, 100012)]
    + [(code, Failed) for code in (60008, 60010, 100001, 100002, 100006, 100013, -1, 1)],
)
def test_each_error_code_has_its_kind(code: int, kind: type[NoAnswer]) -> None:
    with pytest.raises(NoAnswer) as raised:
        verdict("get_seat_list", 200, envelope(code))
    assert type(raised.value) is kind
    assert raised.value.reason == str(code)
    assert str(raised.value) == f"get_seat_list: {code} (RequestId Id-7)"


@pytest.mark.parametrize("status", [201, 204, 301, 400, 404, 429, 500, 502])
def test_another_status_is_no_word_of_the_api(status: int) -> None:
    with pytest.raises(Unreachable, match=f"http_{status}"):
        verdict("c", status, envelope(100004))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"ErrorCode":0,"ErrorCode":100004,"ActionStatus":"FAIL"}',
        b'{"ErrorCode":NaN,"ActionStatus":"FAIL"}',
        envelope(None),
        envelope("100004"),
        envelope(100004.0),
        envelope(True),
        envelope(100004, ActionStatus="OK"),
        envelope(0, ActionStatus="FAIL", Response={}),
        envelope(0, ActionStatus="ok", Response={}),
        envelope(0),
        envelope(0, Response=None),
        envelope(0, Response=[1]),
        envelope(0, Response="{}"),
    ],
)
def test_an_answer_that_contradicts_itself_or_is_none_fails(answer: bytes) -> None:
    with pytest.raises(Failed, match="unreadable") as raised:
        verdict("c", 200, answer)
    assert type(raised.value) is Failed


@pytest.mark.parametrize("request_id", [None, 7, "", "a b", "x" * 101, "eJyr*_", ["Id"]])
def test_a_request_id_that_is_none_is_not_repeated(request_id: Any) -> None:
    with pytest.raises(Failed) as raised:
        verdict("c", 200, envelope(100001, RequestId=request_id))
    assert str(raised.value) == "c: 100001"
