"""The sweep's Lambda: what the stream tells of is swept, and what fails comes again."""

import io
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ReadTimeoutError

from local.aws.embedded import TABLE_NAME
from local.aws.gateway import Context
from roomstate.aws.items import register_item
from roomstate.aws.store import Store
from roomstate.aws.table import register_key
from roomstate.state.life import Life
from roomstate.state.registers import LIFE
from roomstate.sweep.stream import Due
from roomstate.sweep.sweeper import Sweeper
from tests.aws.test_store import contents
from tests.payloads import AN_HOUR, APP, NOW, destroy, members, webhook

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def ended(room: str, number: int) -> dict[str, Any]:
    """A record of the stream: the life of a room that ended."""
    images = {
        name: register_item(APP, room, LIFE, life, writer="0" * 32, received_at=NOW)
        for name, life in (("OldImage", Life(1)), ("NewImage", Life(1, ended_at=2_000)))
    }
    return {
        "eventID": str(number),
        "eventName": "MODIFY",
        "eventSource": "aws:dynamodb",
        "dynamodb": {"Keys": register_key(APP, room, LIFE).item(), "SequenceNumber": str(number), **images},
    }


@pytest.fixture
def rooms(store: Store) -> None:
    """Two rooms that have ended."""
    for room in ("r", "other"):
        for payload in (members(room, "Online", "ann"), destroy(room, 2_000)):
            store.record(webhook(payload), AN_HOUR)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the function logs."""
    from functions.sweep import app  # noqa: PLC0415  it reads the environment

    stream = io.StringIO()
    handler: Any = app.logger.registered_handler
    before = handler.setStream(stream)
    yield stream
    handler.setStream(before)


def logged(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def invoke(client: "DynamoDBClient", *records: dict[str, Any]) -> Any:
    from functions.sweep import app  # noqa: PLC0415  it reads the environment

    with patch.object(app, "sweeper", Sweeper(client, TABLE_NAME)):
        return app.lambda_handler({"Records": list(records)}, Context())


@pytest.mark.usefixtures("rooms")
def test_each_room_is_swept(
    dynamodb: "DynamoDBClient", log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    # WHEN
    assert invoke(dynamodb, ended("r", 1), ended("other", 2)) == {"batchItemFailures": []}
    # THEN nothing but lives is left, and it is told how much went
    assert {room: held.keys() for room, held in contents(dynamodb)[1].items()} == {
        "r": {LIFE},
        "other": {LIFE},
    }
    swept = [(line["room_id"], line["deleted"]) for line in logged(log) if line["message"] == "swept"]
    assert swept == [("r", 1), ("other", 1)]
    [counted] = capsys.readouterr().out.splitlines()
    assert json.loads(counted)["SweptItems"] == [1.0, 1.0]


@pytest.mark.usefixtures("rooms")
def test_a_room_that_fails_comes_again_and_the_others_are_swept(
    dynamodb: "DynamoDBClient", log: io.StringIO
) -> None:
    # GIVEN a DynamoDB that hangs for one room
    sweep = Sweeper.sweep

    def hanging(self: Sweeper, room: Due, deadline: Any) -> int:
        if room.room_id == "r":
            raise ReadTimeoutError(endpoint_url="dynamodb")
        return sweep(self, room, deadline)

    # WHEN
    with patch.object(Sweeper, "sweep", hanging):
        answer = invoke(dynamodb, ended("r", 1), ended("other", 2))
    # THEN the stream is told which, and the log says why
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert contents(dynamodb)[1]["other"].keys() == {LIFE}
    [failed] = [line for line in logged(log) if line["level"] == "WARNING"]
    assert (failed["room_id"], failed["cause"].split()[0]) == ("r", "ReadTimeoutError")
