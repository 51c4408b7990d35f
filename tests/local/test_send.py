"""`make send`: what is sent in which order, how it is signed, and what it says of the answers."""

import json
import re
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs

import pytest
from werkzeug.wrappers import Request, Response

from local.aws.gateway import HOST, serve
from local.commands.send import main, read_file, schedule
from local.tencent import SAMPLE_APP, Outgoing, from_event, payload, samples, signed
from roomstate.tencent.signature import Claim, sign, verify
from tests.local.test_run import all_it_says, http, serving
from tests.payloads import body, seat, seats
from tests.receive.test_events import LIVE, ROOMS

TOKEN = "a token of theirs"
SAMPLES = [(name, from_event(event)) for name, event in samples().items()]
SEAT = seats("r", seat(1, "ann"))
OK = {"ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": 0}


class Receiver:
    """A stand-in: keeps the requests, and answers what it is told to."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.answer = json.dumps(OK)
        self.requests: list[tuple[str, str, bytes, str]] = []

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        content_type = request.headers["content-type"]
        self.requests.append((request.path, request.query_string.decode(), request.get_data(), content_type))
        return Response(self.answer, self.status)(environ, start_response)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    stand_in = Receiver()
    with socket.create_server((HOST, 0)) as listener, serve(stand_in, listener) as url:
        stand_in.url = f"{url}/w/secret"
        yield stand_in


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WEBHOOK_TOKEN", "SDK_APP_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def seat_file(tmp_path: Path) -> Path:
    path = tmp_path / "a seat.json"
    path.write_bytes(body(SEAT))
    return path


# --- the order -----------------------------------------------------------------------------------


def test_as_they_stand_unless_told() -> None:
    assert schedule(SAMPLES, Random(1), twice=False, shuffle=False, late=False) == (SAMPLES, [])


def test_twice_is_each_twice_in_a_row() -> None:
    in_time, late = schedule(SAMPLES, Random(1), twice=True, shuffle=False, late=False)
    assert in_time[::2] == in_time[1::2] == SAMPLES
    assert late == []


def test_shuffled_is_all_of_them_in_an_order_that_the_seed_gives() -> None:
    first, again, other = (
        schedule(SAMPLES, Random(seed), twice=False, shuffle=True, late=False)[0] for seed in (1, 1, 2)
    )
    assert first == again
    assert Counter(first) == Counter(other) == Counter(SAMPLES)
    assert len({tuple(first), tuple(other), tuple(SAMPLES)}) == 3


def test_late_are_some_of_them_and_the_others_stay_as_they_stand() -> None:
    in_time, late = schedule(SAMPLES, Random(1), twice=False, shuffle=False, late=True)
    assert len(late) == 8  # a fourth of 30, rounded up
    assert Counter(in_time + late) == Counter(SAMPLES)
    assert in_time == [sample for sample in SAMPLES if sample in in_time]
    assert late == [sample for sample in SAMPLES if sample in late]
    assert schedule(SAMPLES, Random(2), twice=False, shuffle=False, late=True)[1] != late


def test_of_two_copies_one_may_be_late() -> None:
    in_time, late = schedule(SAMPLES, Random(1), twice=True, shuffle=True, late=True)
    assert Counter(in_time + late) == Counter(SAMPLES * 2)
    assert set(in_time) & set(late)


# --- what is sent --------------------------------------------------------------------------------


def test_an_event_is_sent_as_it_came(receiver: Receiver) -> None:
    # WHEN
    assert main(["--url", receiver.url]) == 0

    # THEN
    assert receiver.requests == [
        ("/w/secret", event["rawQueryString"], payload(event), event["headers"]["content-type"])
        for event in samples().values()
    ]


def test_a_body_is_sent_as_it_is_in_a_url_like_tencents(receiver: Receiver, seat_file: Path) -> None:
    assert main(["--url", receiver.url, str(seat_file)]) == 0
    query = f"SdkAppid={SAMPLE_APP}&CallbackCommand=Mic.CallbackAfterSeatInfoChanged&contenttype=json"
    assert receiver.requests == [("/w/secret", query, body(SEAT), "application/json")]


def test_it_is_the_app_that_is_asked_for(
    receiver: Receiver, seat_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDK_APP_ID", "7&8")
    main(["--url", receiver.url])
    main(["--url", receiver.url, str(seat_file)])
    assert len(receiver.requests) == len(SAMPLES) + 1
    for _, query, _, _ in receiver.requests:
        assert query.startswith("SdkAppid=7%268&CallbackCommand=")
        assert SAMPLE_APP not in query


def test_what_does_not_belong_in_a_url_is_encoded() -> None:
    event = {
        "rawQueryString": "SdkAppid=7&CallbackCommand=a b\n%20é",
        "body": "e30=",
        "isBase64Encoded": True,
    }
    assert from_event(event) == Outgoing("SdkAppid=7&CallbackCommand=a%20b%0A%20%C3%A9", b"{}")


@pytest.mark.parametrize("command", [{}, {"CallbackCommand": 7}, {"CallbackCommand": None}])
def test_a_body_without_a_command_goes_without_one(command: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_bytes(body(command))
    assert read_file(path, "7") == Outgoing("SdkAppid=7&contenttype=json", body(command))


def test_a_lone_surrogate_for_a_command_is_sent_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_text('{"CallbackCommand": "\\ud800"}')
    assert read_file(path, "7").query == "SdkAppid=7&CallbackCommand=%3F&contenttype=json"


# --- the signature -------------------------------------------------------------------------------


def test_a_signature_stands_at_the_end() -> None:
    assert signed("SdkAppid=7", "token", 1_700_000_000) == (
        f"SdkAppid=7&Sign={sign('token', '1700000000')}&RequestTime=1700000000"
    )


def test_an_events_own_signature_is_left_out() -> None:
    event = {"rawQueryString": "SdkAppid=7&Sign=old&OptPlatform=Web&RequestTime=1", "body": "{}"}
    assert from_event(event).query == "SdkAppid=7&OptPlatform=Web"


def test_all_are_signed_with_the_token_and_the_time_of_their_posting(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # GIVEN
    monkeypatch.setenv("WEBHOOK_TOKEN", TOKEN)
    moments = iter(range(1_700_000_000, 1_700_000_000 + 60 * len(SAMPLES), 60))
    clock = SimpleNamespace(time=lambda: next(moments) + 0.9)
    monkeypatch.setattr("local.tencent.time", clock)

    # WHEN
    main(["--url", receiver.url])

    # THEN
    for minute, (_, query, _, _) in enumerate(receiver.requests):
        parameters = parse_qs(query)
        assert parameters["RequestTime"] == [str(1_700_000_000 + 60 * minute)]
        claim = Claim.of(parameters["Sign"], parameters["RequestTime"])
        verify(claim, [TOKEN], (1_700_000_000 + 60 * minute) * 1000)
    shown = capsys.readouterr()
    assert shown.out.startswith(f"Webhooks to {receiver.url}, signed\n")
    assert TOKEN not in shown.out + shown.err


# --- what it says --------------------------------------------------------------------------------


def test_one_line_for_each_answer_and_a_sum(
    receiver: Receiver, seat_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--url", receiver.url, "--twice", str(seat_file)]) == 0
    line = f"  {'a seat':<40} 200 OK\n"
    assert (
        capsys.readouterr().out == f"Webhooks to {receiver.url}, unsigned\n\n{line}{line}\n2 OK, 0 refused\n"
    )


@pytest.mark.parametrize(
    ("status", "answer", "shown"),
    [
        (401, json.dumps({**OK, "ActionStatus": "FAIL", "ErrorInfo": "no"}), "401 FAIL no"),
        (200, json.dumps({**OK, "ActionStatus": "FAIL"}), "200 FAIL"),
        (201, json.dumps(OK), "201 OK"),
        (404, '{"message": "Not Found"}', "404 NOT FOUND (not an answer to Tencent)"),
        (200, "<html>", "200 OK (not an answer to Tencent)"),
        (200, "[]", "200 OK (not an answer to Tencent)"),
    ],
)
def test_all_but_200_and_ok_is_a_refusal(
    status: int, answer: str, shown: str, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.status, receiver.answer = status, answer
    assert main(["--url", receiver.url]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:] == [*(f"  {name:<40} {shown}" for name, _ in SAMPLES), "", "0 OK, 30 refused"]


def test_an_order_can_be_repeated(receiver: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
    # GIVEN a random one
    main(["--url", receiver.url, "--twice", "--shuffle", "--late"])
    shown = capsys.readouterr().out
    sent, receiver.requests = receiver.requests, []

    # WHEN
    (seed,) = re.findall(r"^Repeat with --seed (\d+)$", shown, re.MULTILINE)
    main(["--url", receiver.url, "--twice", "--shuffle", "--late", "--seed", seed])

    # THEN
    assert receiver.requests == sent
    assert capsys.readouterr().out == shown
    assert len(re.findall(" 200 OK$", shown.partition("\nHeld back until now\n")[2], re.MULTILINE)) == 15


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read: No such file or directory."),
        (b"", "is not JSON: Expecting value: line 1 column 1 (char 0)."),
        (b"\xff", "is not JSON: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte."),
        (b"[" * 100_000, "is not JSON: "),
        (b"[]", "is not a JSON object: neither a webhook's body nor an event."),
        (b'{"rawQueryString": 7}', "has a rawQueryString, but is no event of an HTTP API: "),
        (b'{"rawQueryString": "", "body": 7}', "has a rawQueryString, but is no event of an HTTP API: "),
        (b'{"rawQueryString": "", "headers": 7}', "has a rawQueryString, but is no event of an HTTP API: "),
    ],
)
def test_a_file_that_holds_no_webhook_is_named(
    content: bytes | None, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd.json"
    if content is not None:
        path.write_bytes(content)
    assert main(["--url", "http://127.0.0.1:1/", str(path)]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"{path} {why}")
    assert shown.err.count("\n") == 1


def test_says_in_one_line_that_nobody_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    # GIVEN a port that nobody listens on
    with socket.socket() as bound:
        bound.bind((HOST, 0))
        url = f"http://{HOST}:{bound.getsockname()[1]}/webhook"

        # WHEN
        assert main(["--url", url]) == 1

    # THEN
    why = "Connection refused. `make run` starts one."
    assert capsys.readouterr().err == f"No receiver answers at {url}: {why}\n"


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:3000", "ftp://h/", "http://", "http://h:x/", "http://[/", "http://h/?a=b", "http://h/ "],
)
def test_refuses_a_url_that_is_none(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--url", url])
    assert "not a receiver's URL, such as http://127.0.0.1:3000/webhook" in capsys.readouterr().err


# --- end to end ----------------------------------------------------------------------------------


def test_samples_doubled_shuffled_and_late_change_nothing_in_a_signed_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # GIVEN a run that wants signatures
    monkeypatch.setenv("WEBHOOK_TOKEN", TOKEN)
    with serving(tmp_path, token=TOKEN) as process:
        shown = all_it_says(process)
        assert shown.count("200 OK") == len(SAMPLES)
        assert TOKEN not in shown
        (url,) = re.findall(r"Post all again: WEBHOOK_TOKEN=… make send URL=(\S+)", shown)
        (room_url,) = re.findall(r"Read the room: +(\S+)", shown)

        def get(url: str) -> Any:
            with http.open(url, timeout=30) as answer:
                return json.load(answer)

        def room() -> dict[str, Any]:
            inside = get(room_url.replace("/v1/room?", "/v1/members?"))
            return {**get(room_url), "members": inside["members"]}

        before = room()
        assert ROOMS[LIVE].items() <= before.items()

        # WHEN
        code = main(["--url", url, "--twice", "--shuffle", "--late"])

        # THEN
        assert (code, capsys.readouterr().out.splitlines()[-1]) == (0, "60 OK, 0 refused")
        assert room() == before

        # AND without a signature, nobody is heard
        query, wire = f"SdkAppid={SAMPLE_APP}", body(seats(LIVE, seat(1, "mallory"), at=None))
        with pytest.raises(HTTPError) as refused:
            http.open(f"{url}?{query}", wire, timeout=30)
        with refused.value as answer:
            assert (answer.status, json.load(answer)["ActionStatus"]) == (401, "FAIL")
        monkeypatch.setenv("WEBHOOK_TOKEN", "another token")
        assert main(["--url", url]) == 1
        assert capsys.readouterr().out.splitlines()[-1] == "0 OK, 30 refused"
        assert room() == before
