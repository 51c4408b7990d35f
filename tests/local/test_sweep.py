"""`make sweep`."""

from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from local.aws.embedded import TABLE_NAME
from local.commands.sweep import main
from roomstate.aws.reader import Reader
from roomstate.aws.reads import Reads
from roomstate.aws.store import Store
from roomstate.tencent.errors import Unavailable
from tests.payloads import AN_HOUR, APP, destroy, members, webhook

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def test_a_room_is_swept_and_it_says_what_was_done(
    store: Store, reader: Reader, capsys: pytest.CaptureFixture[str]
) -> None:
    for payload in (members("it's\x1b[2J", "Online", "ann", "bob"), destroy("it's\x1b[2J", 2_000)):
        store.record(webhook(payload), AN_HOUR)
    assert main(["--table", TABLE_NAME, "--app", APP, "--room", "it's\x1b[2J"]) == 0
    # What a stranger wrote is shown as a literal: it could steer a terminal.
    assert capsys.readouterr().out == 'Deleted 2 items of room "it\'s\\x1b[2J".\n'
    assert len(reader.registers(APP, "it's\x1b[2J")) == 1


def test_what_aws_says_is_told_in_a_line(
    dynamodb: "DynamoDBClient",  # noqa: ARG001  the embedded one, rather than none
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--table", "no-such-table", "--app", APP, "--room", "r"]) == 2
    assert capsys.readouterr().err.startswith("AWS: ")


def test_so_is_a_table_too_busy_to_be_read(
    dynamodb: "DynamoDBClient",  # noqa: ARG001
    capsys: pytest.CaptureFixture[str],
) -> None:
    with patch.object(Reads, "get", side_effect=Unavailable("The table could not be read.")):
        assert main(["--table", TABLE_NAME, "--app", APP, "--room", "r"]) == 2
    assert capsys.readouterr().err == "AWS: The table could not be read.\n"
