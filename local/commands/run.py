"""`make run`: the webhook function behind a local gateway, on an embedded DynamoDB.

It delivers the sample webhooks of `events/` to itself, shows the rooms they leave, and serves on: the
receiver, the routes for reading, and a page to look at.
SDK_APP_IDS says whose webhooks are taken. With WEBHOOK_TOKEN they have to be signed with it.
"""

import argparse
import json
import logging
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from tempfile import NamedTemporaryFile
from textwrap import shorten
from threading import Event
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import quote

from pydantic import BaseModel
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from local.aws.embedded import PARKING_QUEUE_URL, TABLE_NAME, embedded_dynamodb
from local.aws.gateway import WEBHOOK_PATH, Gateway, serve
from local.aws.template import parameter_default, resource, template
from local.commands.serving import add_port, check_port, until_interrupted
from local.console.lists import Lists
from local.console.sending import Sender
from local.console.server import Console as Page
from local.console.server import Settings
from local.console.totals import recorded as records_of
from local.console.totals import totals
from local.tencent import SAMPLE_APP, from_event, payload, post, samples
from roomstate.aws.clients import ssm_client
from roomstate.aws.deadline import Deadline
from roomstate.aws.items import read_record
from roomstate.aws.reader import Reader
from roomstate.state.rooms import Member, Room

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


TOKENS_PARAMETER = "/roomstate/tokens"
AN_HOUR_S = 3_600


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted. Gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.commands.run", description=__doc__)
    add_port(parser)
    port: int = parser.parse_args(arguments).port
    check_port(parser, port)
    console = Console(file=sys.stdout, markup=False, highlight=False, emoji=False)
    return until_interrupted(port, lambda listener: run(listener, console))


@contextmanager
def both_functions(apps: Sequence[str], tokens_parameter: str = "") -> Iterator[Gateway]:
    """The webhook function and the read function, behind the local gateway."""
    with (
        patch.dict(os.environ, function_environment("WebhookFunction", apps, tokens_parameter)),
        # The budget is for AWS and for Tencent, who waits 2 s. Here nobody does, moto is slower than
        # DynamoDB, and a slow machine would park webhooks that nothing takes up again.
        patch.object(Deadline, "of_answer", lambda _: Deadline(AN_HOUR_S)),
    ):
        from functions.webhook.app import lambda_handler  # noqa: PLC0415  it reads the environment

        with patch.dict(os.environ, function_environment("ReadFunction", apps)):
            from functions.read import app as read  # noqa: PLC0415  it too

        yield Gateway(lambda_handler, read.lambda_handler)


def run(listener: socket.socket, console: Console) -> None:
    """Serve on a listening socket, after a round of samples. Ends by exception only."""
    apps = [app.strip() for app in (os.environ.get("SDK_APP_IDS") or SAMPLE_APP).split(",")]
    app = SAMPLE_APP if SAMPLE_APP in apps else apps[0]
    token = os.environ.get("WEBHOOK_TOKEN") or None
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with (
        NamedTemporaryFile("w", 1, "utf-8", prefix="roomstate-", suffix=".log", delete=False) as log,
        redirect_stdout(log),  # a function's stdout is its log
        embedded_dynamodb() as client,
        both_functions(apps, put_tokens(apps, token)) as gateway,
    ):
        reader = Reader(client, TABLE_NAME)
        with serve(page(gateway, reader, apps, token, listener), listener) as url:
            tell(console, client, f"{url}{WEBHOOK_PATH}", app, token)
            console.print("\nThe rooms now", style="bold")
            for room in rooms(client, reader):
                console.print(panel(*room))
            console.print(invitation(url, app, token is not None, log.name), soft_wrap=True)
            Event().wait()


def page(
    gateway: Gateway, reader: Reader, apps: Sequence[str], token: str | None, listener: socket.socket
) -> Page:
    """The console, before the gateway."""
    host, port = listener.getsockname()
    receiver = f"http://{host}:{port}{WEBHOOK_PATH}"
    settings = Settings(
        apps=apps,
        webhook_url=receiver,
        table=None,
        sends=True,
        signed=token is not None,
        fill_command=send_command(receiver, apps[0], token is not None),
    )
    return Page(gateway, settings, Lists(reader, apps, totals), Sender(receiver, token, apps, records_of))


def send_command(receiver: str, app: str, signed: bool) -> str:
    """How the samples are sent to the receiver."""
    command = f"make send URL={receiver}"
    if app != SAMPLE_APP:
        command = f"SDK_APP_ID={app} {command}"
    # A signature is good for a minute: none can be shown.
    return f"WEBHOOK_TOKEN=… {command}" if signed else command


def put_tokens(apps: Sequence[str], token: str | None) -> str:
    """Put the apps' token into the embedded Parameter Store. Gives the parameter's name: none without one."""
    if token is None:
        return ""
    value = json.dumps({app: [token] for app in apps})
    ssm_client().put_parameter(Name=TOKENS_PARAMETER, Type="SecureString", Value=value)
    return TOKENS_PARAMETER


def function_environment(function: str, apps: Sequence[str], tokens_parameter: str = "") -> dict[str, str]:
    """A function's environment as the template sets it, with the embedded table."""
    known = {
        "RoomTable": TABLE_NAME,
        "ParkingQueue": PARKING_QUEUE_URL,
        "SdkAppIds": ",".join(apps),
        "TokensParameter": tokens_parameter,
        "UserIndex": "true",  # the embedded table has all indexes
    }
    shared = template()["Globals"]["Function"]["Environment"]["Variables"]
    variables = shared | resource(function)["Environment"]["Variables"]
    plain = {name: value for name, value in variables.items() if isinstance(value, str)}
    references = {name: value["Ref"] for name, value in variables.items() if "Ref" in value}
    # What depends on a condition, the bus to forward to, is not there.
    return plain | {name: known.get(ref) or parameter_default(ref) for name, ref in references.items()}


def tell(console: Console, client: "DynamoDBClient", url: str, app: str, token: str | None) -> None:
    """Post the samples, and show what came of each."""
    console.print(f"Webhooks of events/, posted to {url}{', signed' if token else ''}\n", style="bold")
    missing = 0
    for name, event in samples().items():
        answer = post(url, from_event(event, app), token)
        done = recorded(client, event)
        missing += not done
        done = shorten(done or "NOT STORED", 28, placeholder=" …")
        console.print(f"  {name:<40} {answer!s:<7} {done}", soft_wrap=True)
    if missing:
        text = f"\n{missing} NOT STORED, so the rooms lack them. The function's log, named below, says why."
        console.print(text, style="bold red", soft_wrap=True)


def recorded(client: "DynamoDBClient", event: dict[str, Any]) -> str:
    """What the log says of an event's webhook: what changed, or else the outcome. Empty where it has none."""
    items = client.scan(
        TableName=TABLE_NAME,
        FilterExpression="payload = :payload",
        ExpressionAttributeValues={":payload": {"S": payload(event).decode()}},
    )["Items"]
    records = [read_record(item) for item in items]
    changes: list[str] = [change.type for record in records for change in record.changes]
    return " ".join(dict.fromkeys(changes or (record.outcome for record in records)))


def rooms(client: "DynamoDBClient", reader: Reader) -> list[tuple[Room, list[Member]]]:
    """Every room of the table, and its members."""
    items = client.scan(TableName=TABLE_NAME)["Items"]
    names = sorted({(item["sdk_app_id"]["S"], item["room_id"]["S"]) for item in items if "room_id" in item})
    return [(room, everybody(reader, *name)) for name in names if (room := reader.room(*name))]


def everybody(reader: Reader, sdk_app_id: str, room_id: str) -> list[Member]:
    """All members of a room."""
    found: list[Member] = []
    following = None
    while page := reader.members(sdk_app_id, room_id, next=following):
        found.extend(page.members)
        following = page.next
        if following is None:
            break
    return found


def panel(room: Room, members: Sequence[Member]) -> Panel:
    """A room, to look at."""
    facts = Table.grid(padding=(0, 2))
    for name in ("status", "owner", "started_at", "ended_at"):
        facts.add_row(_label(name), _text(name, getattr(room, name)))
    for name, value in room.info.items():
        facts.add_row(_label(name), _text(name, value))
    for key, text in room.metadata.items():
        facts.add_row("metadata", f"{key} = {text}")
    lists: dict[str, Sequence[BaseModel]] = {
        "seats": room.seats,
        "admins": room.admins,
        "members": members,
    }
    tables = [_table(title, rows) for title, rows in lists.items() if rows]
    title = Text(f"{room.room_id} (app {room.sdk_app_id})", style="bold")
    return Panel(Group(facts, *tables), title=title, title_align="left", expand=False)


def _table(title: str, rows: Sequence[BaseModel]) -> Table:
    table = Table(title=f"\n{title}", title_justify="left", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in type(rows[0]).model_fields:
        table.add_column(_label(name))
    for row in rows:
        table.add_row(*(_text(name, value) for name, value in row))
    return table


def _label(name: str) -> str:
    label = name.replace("_disabled", " off").replace("_id", "").replace("_at", " (UTC)")
    return label.replace("_time", " time (UTC)").replace("_", " ")


def _text(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith(("_at", "_time")):
        seconds = value / 1000 if name.endswith("_at") else value
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
    return str(value)


def invitation(url: str, app: str, signed: bool, log: str) -> str:
    """What to try next."""
    command, room_id = "Mic.CallbackAfterSeatInfoChanged", "rid-123"
    query = f"SdkAppid={app}&CallbackCommand={command}&contenttype=json"
    webhook = {
        "CallbackCommand": command,
        "RoomId": room_id,
        "SeatList": [{"Index": 3, "Member_Account": "you"}],
    }
    seat = f"curl '{url}{WEBHOOK_PATH}?{query}' -d '{json.dumps(webhook)}'"
    send = send_command(f"{url}{WEBHOOK_PATH}", app, signed)
    if signed:
        seat = f"{send} FILE=seat.json, where that holds {json.dumps(webhook)}"
    return f"""
Look at it:     {url}
Take a seat:    {seat}
Read the room:  {url}/v1/room?sdk_app_id={app}&room_id={quote(room_id, safe="")}
Post all again: {send} ARGS="--twice --shuffle --late"
Lose a webhook: make ghost, which needs none of this
The function logs to {log}
Ctrl-C ends it."""


if __name__ == "__main__":
    sys.exit(main())
