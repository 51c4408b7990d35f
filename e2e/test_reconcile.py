"""Reconciling as deployed: schedule, plan, queue, worker, and a simulated Tencent that the worker asks.

The emulator's scheduler fires. The deployed schedule is for each hour, so what it does is done by another one
with the same target, at once.
"""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from e2e.conftest import RECONCILE_KEY, RECONCILED_APP, Tencent
from e2e.emulator import client
from e2e.stack import Stack, eventually, say, waiting
from e2e.test_stack import outgoing
from local.commands.run import everybody
from local.tencent_cloud.faults import Hang
from roomstate.tencent.catalogue.own import Reconciled

MINUTE_MS = 60_000


@pytest.fixture
def schedule(forwarding: Stack) -> dict[str, Any]:
    """What is deployed. To send in batches, the emulator wants an action that AWS does not have."""
    statement = {"Effect": "Allow", "Action": "sqs:SendMessageBatch", "Resource": "*"}
    client("iam").put_role_policy(
        RoleName=forwarding.resource("PlanFunctionRole"),
        PolicyName="batches",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement}),
    )
    found: dict[str, Any] = client("scheduler").get_schedule(Name=forwarding.resource("PlanFunctionRound"))
    return found


def members(stack: Stack, room: str) -> set[str]:
    return {member.user_id for member in everybody(stack.reader, RECONCILED_APP, room)}


def status(stack: Stack, room: str) -> str | None:
    found = stack.reader.room(RECONCILED_APP, room)
    return found.status if found else None


def deliver_all(stack: Stack, tencent: Tencent) -> None:
    """Deliver the webhooks of what happened at Tencent since the last time."""
    for body in tencent.webhooks:
        assert stack.deliver(outgoing(body, RECONCILED_APP)).ok
    tencent.webhooks.clear()


def test_what_was_lost_is_found_and_put_right(
    forwarding: Stack, tencent: Tencent, schedule: dict[str, Any]
) -> None:
    # GIVEN two rooms, of which all webhooks came
    tencent.ago_ms = 10 * MINUTE_MS
    tencent.create("live", "healed", "ann", seats=2)
    tencent.enter("healed", "ann", "bob")
    tencent.seat("healed", 1, "bob")
    tencent.create("live", "gone", "eve")
    tencent.enter("gone", "eve")
    deliver_all(forwarding, tencent)
    # AND what happened then, of which none came
    tencent.ago_ms = 5 * MINUTE_MS
    tencent.leave("healed", "bob")
    tencent.seat("healed", 1)
    tencent.enter("healed", "carl")
    tencent.destroy("gone")
    tencent.webhooks.clear()
    tencent.ago_ms = 0
    assert members(forwarding, "healed") == {"ann", "bob"}
    assert status(forwarding, "gone") == "live"
    # WHEN it is time for a round
    say("a round of reconciling")
    assert schedule["ScheduleExpression"] == "rate(60 minutes)"
    client("scheduler").create_schedule(
        Name="now",
        ScheduleExpression=f"at({datetime.now(UTC):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=schedule["Target"],
    )
    # THEN the rooms are as they are at Tencent
    assert eventually(lambda: members(forwarding, "healed"), {"ann", "carl"}) == {"ann", "carl"}
    assert eventually(lambda: status(forwarding, "gone"), "ended") == "ended"
    seat = forwarding.reader.seat(RECONCILED_APP, "healed", 1)
    assert seat is not None
    assert seat.user_id is None
    # AND the log says who said so
    records = forwarding.reader.records(RECONCILED_APP, "gone")
    assert Reconciled.names[0] in {record.command for record in records}
    # AND nothing is left in the queue
    assert eventually(lambda: waiting(queue(forwarding)), 0) == 0
    # AND no log has the key
    assert RECONCILE_KEY not in "\n".join(forwarding.logs())


def test_a_tencent_that_does_not_answer_leaves_rooms_as_they_are_and_dead_letters(
    forwarding: Stack, tencent: Tencent
) -> None:
    # GIVEN a room, and a Tencent that hangs
    tencent.create("live", "unanswered", "ann")
    deliver_all(forwarding, tencent)
    tencent.destroy("unanswered")
    tencent.webhooks.clear()
    tencent.fail("get_room_info", Hang())
    # AND a queue that waits for less than the 12 minutes between two tries
    sqs, url = client("sqs"), queue(forwarding)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    # WHEN a message for it is in the queue
    say("a Tencent that hangs")
    named = json.dumps({"sdk_app_id": RECONCILED_APP, "room_id": "unanswered"})
    sqs.send_message(QueueUrl=url, MessageBody=named)
    # THEN it ends with the dead letters
    dead_letters = forwarding.outputs["ReconcileDeadLetterQueueUrl"]
    assert eventually(lambda: waiting(dead_letters), 1) == 1
    assert waiting(url) == 0
    # AND the room is as it was
    assert status(forwarding, "unanswered") == "live"
    # WHEN Tencent answers, THEN whoever asks for the room by its name is told
    tencent.heal()
    answer = client("lambda").invoke(
        FunctionName=forwarding.outputs["ReconcileFunctionName"], Payload=named.encode()
    )
    assert "FunctionError" not in answer


def queue(stack: Stack) -> str:
    """The URL of the queue of rooms."""
    return stack.resource("ReconcileQueue")
