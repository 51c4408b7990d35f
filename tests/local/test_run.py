"""`make run`, from its start to its end."""

import io
import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from rich.console import Console

from local.aws.gateway import HOST, Context, Gateway, serve
from local.commands.run import main, tell
from local.tencent import SAMPLE_APP, samples
from tests.payloads import body, seat, seats
from tests.started import started

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TOKEN = "our-token"

http = build_opener(ProxyHandler({}))


@contextmanager
def serving(
    temporary: Path,
    *,
    program: Sequence[str] = ("-m", "local.commands.run"),
    sdk_app_ids: str = "",
    token: str = "",
) -> Iterator[subprocess.Popen[str]]:
    mine = {"SDK_APP_IDS": sdk_app_ids, "WEBHOOK_TOKEN": token, "TMPDIR": str(temporary)}
    with started([*program, "--port", "0"], {**os.environ, **mine}) as process:
        yield process


def all_it_says(process: subprocess.Popen[str]) -> str:
    """What it shows until it serves on."""
    assert process.stdout is not None
    shown = ""
    while "Ctrl-C" not in shown:
        line = process.stdout.readline()
        assert line, f"it ended, having said {shown}"
        shown += line
    return shown


@pytest.mark.parametrize(
    ("sdk_app_ids", "app", "end"),
    [("", "1400000001", signal.SIGINT), ("7, 8", "7", signal.SIGTERM)],
)
def test_shows_the_samples_then_serves_until_it_is_ended(
    sdk_app_ids: str, app: str, end: signal.Signals, tmp_path: Path
) -> None:
    with serving(tmp_path, sdk_app_ids=sdk_app_ids) as process:
        # WHEN it says all it has to say
        shown = all_it_says(process)

        # THEN each sample was taken in its turn, with what came of it
        told = re.findall(r"^  (\S+) +200 OK  (\w.*)$", shown, re.MULTILINE)
        assert [name for name, _ in told] == list(samples())
        assert [done.split()[0] for _, done in told].count("room.ended") == 2
        assert "NOT STORED" not in shown

        # AND the rooms are shown as they are then
        rooms = re.findall(rf"─ (.+) \(app {app}\) ─+╮\n│ status +(\w+)", shown)
        assert rooms == [("pk-5", "ended"), ("rid-123", "live"), ("weekly sync #7", "ended")]

        # AND all that fits a terminal
        story, _, invitation = shown.partition("\nTake a seat:")
        assert invitation
        assert max(map(len, story.splitlines())) <= 80

        # AND the function's log is where it is said to be
        (log,) = re.findall(r"logs to (\S+)", shown)
        assert "CallbackAfterSeatInfoChanged" in Path(log).read_text()
        assert '"level"' not in shown

        # AND it takes a new webhook
        (url,) = re.findall(rf"curl '(http://{HOST}:\d+/webhook\?\S+)'", shown)
        with http.open(url, body(seats("rid-123", seat(3, "you"), at=None)), timeout=30) as answer:
            assert json.load(answer)["ActionStatus"] == "OK"
        (url,) = re.findall(rf"http://{HOST}:\d+/v1/room\?\S+", shown)
        with http.open(url, timeout=30) as answer:
            assert {"index": 3, "user_id": "you"}.items() <= json.load(answer)["seats"][-1].items()

        # WHEN it is ended
        process.send_signal(end)

        # THEN it goes quietly
        rest, errors = process.communicate()
        assert (process.returncode, rest, errors) == (0, "", "")


def test_shows_a_page_that_sends_what_is_signed(tmp_path: Path) -> None:
    # GIVEN a receiver that takes what is signed
    with serving(tmp_path, token=TOKEN) as process:
        (url,) = re.findall(r"Look at it: +(\S+)", all_it_says(process))
        # THEN a browser gets the page
        with http.open(url, timeout=30) as answer:
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
        # AND what the page sends is signed, and taken
        webhook = body(seats("rid-123", seat(3, "you"), at=None)).decode()
        asked = {"sdk_app_id": SAMPLE_APP, "body": webhook, "dated": "now", "twice": False}
        request = Request(f"{url}/console/send", json.dumps(asked).encode(), {"Origin": url})  # noqa: S310
        with http.open(request, timeout=30) as answer:
            told = json.load(answer)
        assert [one["status"] for one in told["answers"]] == [200]
        assert [record["changes"] for record in told["records"]] == [["seat.occupied"]]


def test_parks_nothing_for_being_slow(tmp_path: Path) -> None:
    # GIVEN a machine on which there is never time
    program = (
        "import local.commands.run, roomstate.aws.deadline as d; d.BUDGET_S = 0; local.commands.run.main()"
    )
    with serving(tmp_path, program=("-c", program)) as process:
        # WHEN
        shown = all_it_says(process)

    # THEN
    assert shown.count("200 OK") == len(samples())
    assert "NOT STORED" not in shown


def test_says_so_where_a_sample_is_not_stored(dynamodb: "DynamoDBClient") -> None:
    # GIVEN a function that answers OK, and stores every second webhook's record
    def parks(event: dict[str, Any], _: object) -> dict[str, Any]:
        parked.append(not parked[-1])
        if not parked[-1]:
            lambda_handler(event, Context())
        return {
            "statusCode": 200,
            "body": json.dumps({"ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": 0}),
        }

    from functions.webhook.app import lambda_handler  # noqa: PLC0415  it reads the environment

    parked = [True]
    console = Console(file=io.StringIO(), width=80, markup=False, highlight=False, emoji=False)

    # WHEN
    with socket.create_server((HOST, 0)) as listener, serve(Gateway(parks), listener) as url:
        tell(console, dynamodb, f"{url}/webhook", SAMPLE_APP, None)

    # THEN
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    told = re.findall(r"^  \S+ +200 OK  (NOT STORED)?", shown, re.MULTILINE)
    assert told == ["", "NOT STORED"] * (len(samples()) // 2)
    assert f"\n{len(samples()) // 2} NOT STORED, so the rooms lack them." in shown


def test_says_in_one_line_that_its_port_is_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    # GIVEN
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]

        # WHEN
        code = main(["--port", str(port)])

    # THEN
    assert code == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == f"Cannot serve on port {port}: Address already in use. PORT=0 takes a free one.\n"


def test_refuses_a_port_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--port", "65536"])

    assert "--port is not between 0 and 65535" in capsys.readouterr().err
