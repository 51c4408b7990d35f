"""`make console` over the deployed table, with the credentials of somebody who may read it."""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.credentials import Credentials

from e2e.emulator import client
from e2e.stack import Stack
from e2e.test_stack import outgoing
from local.aws.template import ROOT
from local.tencent import SAMPLE_APP
from tests.payloads import create, members, seat, seats
from tests.serving import Server
from tests.started import started

NOW = int(time.time() * 1000) - 10_000
ROOM = {"sdk_app_id": SAMPLE_APP, "room_id": "looked at"}
RIGHTS = ["dynamodb:Query", "dynamodb:BatchGetItem"]
"""What docs/console.md asks for."""


def principal(name: str, allowed: Mapping[str, Any]) -> Credentials:
    """A new user of the account, who may do this alone."""
    iam = client("iam")
    iam.create_user(UserName=name)
    policy = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", **allowed}})
    iam.put_user_policy(UserName=name, PolicyName="console", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


@contextmanager
def console(table: str, credentials: Credentials | None) -> Iterator["subprocess.Popen[str]"]:
    """`make console`, started."""
    known = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_ACCESS", "AWS_SECRET"))
    }
    environment = {
        **known,
        "AWS_ENDPOINT_URL": os.environ["EMULATOR_URL"],
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": str(ROOT / "layers" / "roomstate"),
    }
    if credentials:
        environment |= {
            "AWS_ACCESS_KEY_ID": credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        }
    command = ["-m", "local.commands.console", "--table", table, "--app", SAMPLE_APP, "--port", "0"]
    with started(command, environment) as process:
        yield process


@pytest.fixture(scope="module")
def reader(forwarding: Stack, heard: str) -> Credentials:  # noqa: ARG001  it listens
    """Somebody who may read the table, which has a room."""
    for payload in (
        create("looked at", NOW, RoomName="seen", MaxSeatCount=4),
        members("looked at", "Online", "ines", at=NOW + 1_000),
        seats("looked at", seat(1, "ines"), at=NOW + 2_000),
    ):
        assert forwarding.deliver(outgoing(payload)).ok
    arn = client("dynamodb").describe_table(TableName=forwarding.outputs["TableName"])["Table"]["TableArn"]
    return principal("console-reader", {"Action": RIGHTS, "Resource": [arn, f"{arn}/index/*"]})


@pytest.fixture(scope="module")
def server(forwarding: Stack, reader: Credentials) -> Iterator[Server]:
    with console(forwarding.outputs["TableName"], reader) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert "read-only: http://127.0.0.1:" in said, process.communicate()[1]
        yield Server(said.split()[-1])


class TestTheConsole:
    def test_serves_its_page(self, server: Server) -> None:
        status, settings = server.send("GET", "/console/settings")
        assert (status, settings["sends"], settings["apps"]) == (200, False, [SAMPLE_APP])

    def test_lists_rooms_with_their_seats(self, server: Server) -> None:
        status, shown = read(server, "/console/rooms", sdk_app_id=SAMPLE_APP, filter="LOOKED")
        assert status == 200
        assert [(room["room_id"], room["seats_taken"], room["seats"]) for room in shown["rooms"]] == [
            ("looked at", 1, 4)
        ]

    def test_reads_the_room_its_log_and_its_past(self, server: Server) -> None:
        status, room = read(server, "/v1/room", **ROOM, count="members")
        assert (status, room["seats"][0]["user_id"], room["member_count"]) == (200, "ines", 1)
        status, log = read(server, "/v1/log", **ROOM, order="desc")
        assert (status, len(log["records"])) == (200, 3)
        status, then = read(server, "/v1/room", **ROOM, at=NOW + 1_000)
        assert (status, then["seats"], then["folded"]["records"]) == (200, [], 2)
        status, listed = read(server, "/v1/members", **ROOM)
        assert (status, [member["user_id"] for member in listed["members"]]) == (200, ["ines"])

    def test_finds_a_user(self, server: Server) -> None:
        status, found = read(server, "/v1/user", sdk_app_id=SAMPLE_APP, user_id="ines")
        assert status == 200
        assert "looked at" in [room["room_id"] for room in found["rooms"]]

    def test_sends_nothing(self, server: Server) -> None:
        same = ("Origin", server.url)
        status, refused = server.send("POST", "/console/send", b"{}", same)
        assert (status, refused["error"]["code"]) == (403, "read_only")
        status, _ = server.send("POST", f"/webhook?SdkAppid={SAMPLE_APP}", b"{}", same)
        assert status == 404


class TestWhatIsSaid:
    def test_without_credentials(self, forwarding: Stack) -> None:
        assert "There are no AWS credentials in the environment" in said(
            forwarding.outputs["TableName"], None
        )

    def test_of_a_table_that_is_not_there(self, reader: Credentials) -> None:
        assert reader
        everything = principal("console-root", {"Action": "dynamodb:*", "Resource": "*"})
        assert said("nothing", everything).startswith("There is no table 'nothing'")

    def test_of_rights_that_are_missing(self, forwarding: Stack) -> None:
        stranger = principal("console-stranger", {"Action": "sqs:*", "Resource": "*"})
        assert "may not read the table" in said(forwarding.outputs["TableName"], stranger)


def said(table: str, credentials: Credentials | None) -> str:
    """What it says before it gives up."""
    with console(table, credentials) as process:
        _, errors = process.communicate()
        assert process.returncode == 1
        assert len(errors.splitlines()) == 1
        return errors


def read(server: Server, path: str, **query: Any) -> tuple[int, Any]:
    return server.send("GET", f"{path}?{urlencode(query)}")
