"""`make console`: look at the rooms of a deployed table, on the page that `make run` has too. It only reads.

Credentials and region are those of the environment, as for the AWS CLI. Whoever can reach this port of this
machine reads with them: it is served on the loopback address alone, and to no other site.

Each second that a page is seen it reads what docs/console.md says, and DynamoDB charges for that.
"""

import argparse
import logging
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from functools import partial
from tempfile import NamedTemporaryFile
from threading import Event
from typing import TYPE_CHECKING, cast
from unittest.mock import patch

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.aws.gateway import Gateway, serve
from local.aws.template import parameter_default
from local.commands.run import function_environment
from local.commands.serving import add_port, check_port, until_interrupted
from local.console.lists import Lists
from local.console.server import Console, Settings
from local.console.trouble import explain
from roomstate.aws.reader import Reader
from roomstate.aws.telemetry import make_logger
from roomstate.read.api import Api
from roomstate.read.settings import ReadSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONNECT_S, READ_S, ATTEMPTS = 3, 10, 3
CONNECTIONS = 32
"""All partitions of a log are read side by side, and several seats of rooms."""
NOBODY = "-"
"""A room and a user to ask for, to see whether it is allowed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted. Gives the exit code."""
    asked = _ask(arguments)
    apps: list[str] = list(dict.fromkeys(asked.app))
    try:
        client = _client()
        user_index = probe(Reader(client, asked.table), apps[0])
    except (BotoCoreError, ClientError) as error:
        print(explain(error, asked.table), file=sys.stderr)
        return 1
    return until_interrupted(asked.port, lambda listener: run(client, asked, apps, user_index, listener))


def probe(reader: Reader, app: str) -> bool:
    """Read a little of everything that the console reads. Gives whether the table has the index of users.

    Raises:
        BotoCoreError, ClientError: the table cannot be read.
    """
    reader.rooms(app, limit=1)
    reader.room(app, NOBODY)
    reader.member(app, NOBODY, NOBODY)
    reader.log(app, NOBODY, limit=1)
    try:
        reader.user(app, NOBODY, limit=1)
    except ClientError:
        return False
    return True


def run(
    client: "DynamoDBClient",
    asked: argparse.Namespace,
    apps: Sequence[str],
    user_index: bool,
    listener: socket.socket,
) -> None:
    """Serve on a listening socket. Ends by exception only."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    told = {
        "TABLE_NAME": asked.table,
        "SDK_APP_IDS": ",".join(apps),
        "USER_INDEX": user_index,
        "LOG_RETENTION_DAYS": asked.log_retention_days,
    }
    make_reader = partial(Reader, client, asked.table, log_retention_days=asked.log_retention_days)
    settings = Settings(
        apps=apps, webhook_url=None, table=asked.table, sends=False, signed=False, fill_command=None
    )
    with (
        NamedTemporaryFile("w", 1, "utf-8", prefix="roomstate-", suffix=".log", delete=False) as log,
        patch.dict(os.environ, function_environment("ReadFunction", apps)),
    ):
        api = Api(
            ReadSettings.model_validate(told), lambda deadline: make_reader(deadline=deadline), make_logger()
        )
        page = Console(Gateway(None, api.handle), settings, Lists(make_reader(), apps))
        with serve(page, listener) as url:
            print(
                f"The rooms of {asked.table}, read-only: {url}",
                f"What fails is logged to {log.name}",
                sep="\n",
            )
            print("Ctrl-C ends it.", flush=True)
            with redirect_stdout(log):
                Event().wait()


def _client() -> "DynamoDBClient":
    config = Config(
        connect_timeout=CONNECT_S,
        read_timeout=READ_S,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=CONNECTIONS,
    )
    return cast("DynamoDBClient", botocore.session.get_session().create_client("dynamodb", config=config))


def _ask(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local.commands.console",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--table", required=True, help="TableName of the stack's outputs")
    parser.add_argument(
        "--app",
        required=True,
        type=_apps,
        action="extend",
        help="an SdkAppId, or several with commas between",
    )
    add_port(parser)
    parser.add_argument(
        "--log-retention-days",
        type=int,
        default=int(parameter_default("LogRetentionDays")),
        help="the stack's LogRetentionDays, to tell what an earlier moment lacks (default: %(default)s)",
    )
    asked = parser.parse_args(arguments)
    check_port(parser, asked.port)
    if asked.log_retention_days < 1:
        parser.error("--log-retention-days is not a number of days")
    return asked


def _apps(text: str) -> list[str]:
    """argparse's type of SdkAppIds."""
    apps = [app.strip() for app in text.split(",") if app.strip()]
    if not apps or not all(app.isascii() and app.isdigit() for app in apps):
        raise argparse.ArgumentTypeError(f"not an SdkAppId, such as 1400000001: {text!r}")
    return apps


if __name__ == "__main__":
    sys.exit(main())
