"""`make ghost`: a ghost comes and goes, on a simulated Tencent and an embedded DynamoDB.

A member leaves a room, and the webhook that says so is lost. The read API goes on showing him, until a
reconciliation asks Tencent. Nothing here is real but roomstate: the function that receives, the API that
reads, and the code that asks.
"""

import argparse
import json
import logging
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from typing import Any
from urllib.request import ProxyHandler, build_opener

from rich.console import Console
from urllib3 import HTTPConnectionPool

from local.aws.embedded import TABLE_NAME, embedded_dynamodb
from local.aws.gateway import HOST, WEBHOOK_PATH, serve
from local.commands.reconcile import show
from local.commands.run import AN_HOUR_S, both_functions
from local.tencent import SAMPLE_APP, Outgoing, post
from local.tencent_cloud.caller import App
from local.tencent_cloud.cloud import SimulatedTencent
from local.tencent_cloud.server import serve as serve_tencent
from roomstate.aws.deadline import Deadline
from roomstate.aws.reader import Reader
from roomstate.aws.store import Store
from roomstate.reconcile.reconciler import Reconciler
from roomstate.reconcile.rest import Administrator, Connection, TencentApi

ROOM, KEY = "party", "a key that only this simulation knows"
AGO_MS = 180_000
"""How long ago the room began: longer than Live's list of members is kept, and our margin."""
LEFT_AGO_MS = 90_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Show it. Gives the exit code."""
    argparse.ArgumentParser(prog="python -m local.commands.ghost", description=__doc__).parse_args(arguments)
    console = Console(file=sys.stdout, markup=False, highlight=False, emoji=False, soft_wrap=True)
    with (
        redirect_stdout(StringIO()),  # the functions' logs
        socket.create_server((HOST, 0)) as listener,
        embedded_dynamodb() as client,
        both_functions([SAMPLE_APP]) as gateway,
    ):
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        ago = AGO_MS
        tencent = SimulatedTencent(App(int(SAMPLE_APP), KEY), lambda: int(time.time() * 1000) - ago)
        with (
            serve(gateway, listener) as url,
            serve_tencent(tencent) as port,
        ):
            console.print(f"1. Three minutes ago a Live room began, and ann and bob came. Room {ROOM!r}:")
            tencent.create("live", ROOM, "ann", seats=2, RoomName="Party")
            tencent.enter(ROOM, "ann", "bob")
            for body in tencent.webhooks:
                console.print(f"   webhook {body['CallbackCommand']}: {deliver(url, body)}")
            console.print(f"   The read API shows: {members(url)}")

            ago = LEFT_AGO_MS
            tencent.leave(ROOM, "bob")
            lost = tencent.webhooks[-1]["CallbackCommand"]
            console.print(f"\n2. Then bob left, and the webhook was lost on its way: {lost}")
            console.print(f"   Tencent has:        {', '.join(tencent.rooms[ROOM].members)}")
            console.print(f"   The read API shows: {members(url)}. bob is a ghost")

            ago = 0
            console.print("\n3. A reconciliation asks Tencent's REST API about the room:")
            connection = Connection(HTTPConnectionPool(HOST, port))
            api = TencentApi(connection, Administrator(int(SAMPLE_APP), "administrator", KEY))
            reconciler = Reconciler(
                lambda deadline: Reader(client, TABLE_NAME, deadline=deadline),
                Store(client, TABLE_NAME, retention_days=90),
                lambda *_: api.call,
            )
            report = reconciler.reconcile(SAMPLE_APP, ROOM, Deadline(AN_HOUR_S))
            console.print(f"   {', '.join(command for _, command in tencent.calls)}")
            show(report, console, dry_run=False)

            console.print("\n4. The ghost is gone, and the log says why:")
            console.print(f"   The read API shows: {members(url)}")
            for record in report.records:
                changes = ", ".join(str(change.type) for change in record.changes)
                console.print(f"   {record.command}: {changes}, event {record.event_id}")
    return 0


def deliver(url: str, body: dict[str, Any]) -> str:
    """Post a webhook as Tencent does. Gives the answer."""
    query = f"SdkAppid={SAMPLE_APP}&CallbackCommand={body['CallbackCommand']}&contenttype=json"
    return str(post(f"{url}{WEBHOOK_PATH}", Outgoing(query, json.dumps(body).encode())))


def members(url: str) -> str:
    """Who is in the room, as the read API answers it."""
    asked = f"{url}/v1/members?sdk_app_id={SAMPLE_APP}&room_id={ROOM}"
    with build_opener(ProxyHandler({})).open(asked) as answer:
        return ", ".join(member["user_id"] for member in json.load(answer)["members"]) or "nobody"


if __name__ == "__main__":
    sys.exit(main())
