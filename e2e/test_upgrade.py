"""A stack from before rooms had lives, with data and a parked webhook, that is updated to this one.

The old stack is what of it holds data: a checkout without its history has no more of it. Table and queues are
those of the old template, items and message what the old code wrote (`tests/before_lives.py`).
"""

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from e2e.emulator import client
from e2e.stack import Stack, deploy, eventually, say, waiting
from e2e.test_stack import outgoing
from local.commands.replay import progress
from local.commands.run import everybody
from local.commands.upgrade import upgrade
from local.tencent import SAMPLE_APP
from roomstate.state.registers import LIFE
from tests import before_lives
from tests.before_lives import ROOMS, T, read_now
from tests.payloads import members

NAME = "upgraded"
OLD_TEMPLATE = Path(__file__).parent / "before_lives.yaml"


def rooms(stack: Stack) -> dict[str, Any]:
    """All old rooms that are read, with their members, as they were read before."""
    found = {}
    for name in ROOMS:
        room = stack.reader.room(SAMPLE_APP, name)
        if room is not None:
            shown = room.model_dump(mode="json", exclude={"member_count", "folded"})
            people = everybody(stack.reader, SAMPLE_APP, name)
            found[name] = {**shown, "members": [member.model_dump(mode="json") for member in people]}
    return found


def inside(stack: Stack, user: str) -> bool:
    """Whether a user is in the room "live"."""
    found = stack.reader.member(SAMPLE_APP, "live", user)
    return found is not None and found.online


@pytest.fixture(scope="module")
def old() -> dict[str, str]:
    """The outputs of the old stack, with data in it."""
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName=NAME, TemplateBody=OLD_TEMPLATE.read_text())
    cloudformation.get_waiter("stack_create_complete").wait(StackName=NAME, WaiterConfig={"Delay": 1})
    [stack] = cloudformation.describe_stacks(StackName=NAME)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    before_lives.put(client("dynamodb"), outputs["TableName"])
    client("sqs").send_message(QueueUrl=outputs["ParkingQueueUrl"], MessageBody=before_lives.PARKED)
    return outputs


def test_an_old_stack_is_updated_and_nothing_is_lost(old: dict[str, str], built: Path) -> None:
    # WHEN the stack is updated, THEN table and queues are the same
    say("sam deploy, over a stack from before rooms had lives")
    stack = deploy(built, NAME, SdkAppIds=SAMPLE_APP, ReadAccess="none", RedriveConcurrency="0")
    assert old.items() <= stack.outputs.items()
    # AND what was parked is stored
    assert eventually(lambda: inside(stack, "lea"), True)
    assert eventually(lambda: waiting(old["ParkingQueueUrl"]), 0) == 0
    # WHEN the rooms get their lives
    say("make upgrade")
    with progress(Console(stderr=True)) as shown:
        done = upgrade(client("dynamodb"), old["TableName"], shown, dry_run=False)
    assert done.rooms == len(ROOMS)
    # THEN each room is read as before, with who was parked
    wanted = read_now()
    wanted["live"]["members"].append({"user_id": "lea", "cause": "Enter", "updated_at": T + 7_000})
    assert rooms(stack) == wanted
    # AND what had ended is swept
    assert eventually(lambda: stack.registers("ended"), {LIFE.kind}) == {LIFE.kind}
    # AND the index knows who lives
    live = {name for name, room in wanted.items() if room["status"] == "live"}
    assert {room.room_id for room in stack.reader.rooms(SAMPLE_APP).rooms} == live
    # AND the log is as it was, but for who was parked
    log = [
        (record.room_id, record.event_id, record.outcome)
        for name in (*ROOMS, None)
        for record in stack.reader.records(SAMPLE_APP, name)
    ]
    assert [record for record in log if record in before_lives.RECORDS] == before_lives.RECORDS
    assert len(log) == len(before_lives.RECORDS) + 1
    # AND webhooks are taken
    assert stack.deliver(outgoing(members("live", "Online", "mia", at=T + 20_000))).ok
    assert eventually(lambda: inside(stack, "mia"), True)
