"""The deployed stack: what only shows when template, artifact, roles and services come together.

What the emulator leaves out, these tests cannot see: the table's TTL, recovery and encryption, the
route's throttling and access log, alarms, an archive (it refuses a stack with ArchiveDays), and whether
API Gateway may invoke the function.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import pytest

from e2e.emulator import REGION, client
from e2e.stack import TOKEN, Stack, deploy, eventually, get, say, waiting
from local.aws.template import template
from local.commands.run import everybody
from local.commands.schema import SCHEMAS
from local.commands.send import Named, from_body, schedule
from local.tencent import SAMPLE_APP, Outgoing, post
from local.tencent import signed as with_sign
from roomstate.aws.table import register_key
from roomstate.log.forwarded import SCHEMA_VERSION, forwarded
from roomstate.state.registers import LIFE
from roomstate.state.rooms import Member, Room
from roomstate.tencent.delivery import Delivery
from roomstate.tencent.signature import Claim, sign
from tests.payloads import (
    Payload,
    admins,
    body,
    create,
    destroy,
    members,
    seat,
    seats,
    set_metadata,
    webhook,
)

DAY_S = 86_400


def outgoing(payload: Payload, app: str = SAMPLE_APP) -> Outgoing:
    return from_body(body(payload), payload["CallbackCommand"], app)


def occupant(stack: Stack, room: str) -> str | None:
    """Who has seat 1."""
    shown = stack.reader.seat(SAMPLE_APP, room, 1)
    return shown.user_id if shown else None


def rooms_of(stack: Stack, user: str) -> list[str]:
    """The rooms that a user is in, by the index UserRooms."""
    return [room.room_id for room in stack.reader.user(SAMPLE_APP, user).rooms]


def rooms_like(stack: Stack, rooms: list[tuple[Room, list[Member]]]) -> list[Any]:
    names = [(room.sdk_app_id, room.room_id) for room, _ in rooms]
    return [(stack.reader.room(*name), everybody(stack.reader, *name)) for name in names]


class TestOutputs:
    def test_a_stack_that_forwards_has_them_all(self, forwarding: Stack) -> None:
        assert forwarding.outputs.keys() == template()["Outputs"].keys()

    def test_one_that_does_not_has_those_without_a_condition(self, signed: Stack) -> None:
        wanted = {name for name, output in template()["Outputs"].items() if "Condition" not in output}
        assert signed.outputs.keys() == {*wanted, "ReadApiUrl"}


@pytest.fixture(scope="module")
def answers(forwarding: Stack, heard: str, samples: list[Named]) -> dict[str, str]:  # noqa: ARG001  it listens
    """What the stack that forwards says to each sample, in their order."""
    say("the samples, in order")
    return {name: str(forwarding.deliver(sample)) for name, sample in samples}


class TestSamples:
    def test_each_is_answered_ok(self, answers: dict[str, str]) -> None:
        assert answers == dict.fromkeys(answers, "200 OK")
        assert answers

    def test_they_leave_the_rooms_of_the_embedded_run(
        self, forwarding: Stack, answers: dict[str, str], embedded: list[tuple[Room, list[Member]]]
    ) -> None:
        assert answers
        assert eventually(lambda: rooms_like(forwarding, embedded), embedded) == embedded

    def test_signed_shuffled_twice_and_late_they_leave_the_same_rooms(
        self, signed: Stack, samples: list[Named], embedded: list[tuple[Room, list[Member]]]
    ) -> None:
        # WHEN each comes twice, in no order, some of them late
        say("the samples twice, shuffled, signed")
        in_time, late = schedule(samples, Random(1), twice=True, shuffle=True, late=True)
        answers = [str(signed.deliver(sample, TOKEN)) for _, sample in in_time + late]
        # THEN each is taken, and what is left is the same
        assert set(answers) == {"200 OK"}
        assert len(answers) == 2 * len(samples)
        assert eventually(lambda: rooms_like(signed, embedded), embedded) == embedded

    def test_each_record_is_forwarded_by_the_contract(
        self, forwarding: Stack, heard: str, answers: dict[str, str]
    ) -> None:
        assert answers
        # GIVEN the events that a rule on the bus lets through
        arrived: dict[tuple[str, int], Any] = {}

        def arrivals() -> set[tuple[str, int]]:
            for event in receive(heard):
                arrived[event["detail"]["event_id"], event["detail"]["part"]] = event
            return arrived.keys() & recorded.keys()

        # THEN there is one for each record of the log
        recorded = {(record.event_id, record.part): record for record in forwarding.records()}
        assert eventually(arrivals, set(recorded)) == set(recorded)
        # AND it is the record, as the schema says
        schema = jsonschema_rs.validator_for(
            json.loads((SCHEMAS / f"forwarded-webhook-{SCHEMA_VERSION}.json").read_bytes())
        )
        for key, record in recorded.items():
            event = arrived[key]
            schema.validate(event["detail"])
            assert event["detail"] == forwarded(record).model_dump(mode="json")
            assert (event["source"], event["detail-type"]) == ("roomstate", record.command)


class TestSweep:
    def test_a_room_that_ended_leaves_its_life_and_its_log(self, forwarding: Stack) -> None:
        # GIVEN a room with everything in it
        say("a room that ends")
        now = int(time.time() * 1000)
        payloads = [
            create("swept", now - 60_000, RoomName="a room"),
            members("swept", "Online", *(f"user-{n}" for n in range(150)), at=now - 50_000),
            seats("swept", seat(1, "user-1"), at=now - 50_000),
            admins("swept", "add", "user-1", at=now - 50_000),
            set_metadata("swept", now - 50_000, key="value"),
        ]
        for payload in payloads:
            assert forwarding.deliver(outgoing(payload)).ok
        assert forwarding.registers("swept") == {"life", "room", "seat", "admin", "member", "metadata"}
        # AND both indexes have it
        assert "swept" in [room.room_id for room in forwarding.reader.rooms(SAMPLE_APP).rooms]
        assert rooms_of(forwarding, "user-1") == ["swept"]
        # WHEN it ends
        assert forwarding.deliver(outgoing(destroy("swept", now))).ok
        # THEN the stream tells the sweep, which leaves its life, to expire, and its log
        assert eventually(lambda: forwarding.registers("swept"), {"life"}) == {"life"}
        key = register_key(SAMPLE_APP, "swept", LIFE).item()
        table = forwarding.outputs["TableName"]

        def expires() -> bool:
            item = client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
            return int(item.get("expires_at", {"N": "0"})["N"]) > now / 1000 + 89 * 86_400

        assert eventually(expires, True)
        assert len([record for record in forwarding.records() if record.room_id == "swept"]) == 7
        # AND neither index has anything of it
        assert "swept" not in [room.room_id for room in forwarding.reader.rooms(SAMPLE_APP).rooms]
        assert rooms_of(forwarding, "user-1") == []
        # AND it is read as it was before
        room = forwarding.reader.room(SAMPLE_APP, "swept")
        assert room is not None
        assert (room.status, room.ended_at) == ("ended", now)


def receive(queue_url: str) -> Iterator[Any]:
    """The messages of a queue that are there now, each of them taken off it."""
    sqs = client("sqs")
    while messages := sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            yield json.loads(message["Body"])
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])


class TestCallers:
    @pytest.mark.parametrize("sign", ["none", "of another token", "too old"])
    def test_a_bad_sign_is_refused_and_nothing_written(self, signed: Stack, sign: str) -> None:
        # GIVEN
        room = f"refused: {sign}"
        good = outgoing(seats(room, seat(1, "ann")))
        now = int(time.time())
        bad = {
            "none": good,
            "of another token": replace(good, query=with_sign(good.query, "another token", now)),
            "too old": replace(good, query=with_sign(good.query, TOKEN, now - 120)),
        }[sign]
        # WHEN
        answer = signed.deliver(bad)
        # THEN
        assert (answer.status, answer.text.partition(" ")[0]) == (401, "FAIL")
        assert signed.reader.registers(SAMPLE_APP, room) == {}
        assert list(signed.reader.records(SAMPLE_APP, room)) == []
        # AND it was for its Sign
        assert signed.deliver(good, TOKEN).ok

    def test_another_app_is_refused(self, forwarding: Stack, signed: Stack) -> None:
        payload = seats("of another app", seat(1, "ann"))
        assert signed.deliver(outgoing(payload, "1400000002"), TOKEN).status == 403
        assert forwarding.deliver(outgoing(payload, "1400000002")).ok

    def test_the_route_is_where_it_was_put_and_nowhere_else(self, signed: Stack) -> None:
        elsewhere = signed.url.replace("/w/9f2c6d0e", "/webhook")
        assert post(elsewhere, outgoing(seats("r", seat(1, "ann"))), TOKEN).status == 404

    def test_logs_hold_no_body_and_no_signature(self, signed: Stack) -> None:
        # GIVEN
        assert signed.deliver(outgoing(seats("a room", seat(1, "a secret user"))), TOKEN).ok
        # THEN
        logged = "\n".join(signed.logs())
        assert '"stored"' in logged
        for secret in ("SeatList", "a secret user", TOKEN, "RequestTime="):
            assert secret not in logged


class TestParking:
    def test_what_is_parked_is_taken_up_and_what_is_no_webhook_stays(self, forwarding: Stack) -> None:
        # GIVEN two messages in the queue, of which one holds no webhook
        sqs, queue = client("sqs"), forwarding.outputs["ParkingQueueUrl"]
        delivery = Delivery(SAMPLE_APP, body(seats("parked", seat(1, "ann"))), int(time.time() * 1000))
        for message in ("no delivery", delivery.to_message()):
            sqs.send_message(QueueUrl=queue, MessageBody=message)
        # THEN the other is stored, and off the queue
        say("waiting for the redrive function")
        assert eventually(lambda: occupant(forwarding, "parked"), "ann") == "ann"
        assert eventually(lambda: waiting(queue), 1) == 1

    def test_what_cannot_be_stored_is_parked_answered_ok_and_stored_later(self, signed: Stack) -> None:
        # GIVEN a webhook function that may not use DynamoDB for now
        payload = seats("denied", seat(1, "ann"))
        iam, role = client("iam"), signed.resource("WebhookFunctionRole")
        deny = {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"},
        }
        iam.put_role_policy(RoleName=role, PolicyName="deny", PolicyDocument=json.dumps(deny))
        try:
            # WHEN a webhook comes, THEN it is answered OK, and parked
            assert signed.deliver(outgoing(payload), TOKEN).ok
        finally:
            iam.delete_role_policy(RoleName=role, PolicyName="deny")
        event_id = webhook(payload).event_id
        assert any("parked" in line and event_id in line for line in signed.logs())
        # AND the redrive function, which may, stores it
        say("waiting for the redrive function")
        assert eventually(lambda: occupant(signed, "denied"), "ann") == "ann"

    def test_what_came_while_tokens_were_unknown_is_verified_when_it_is_taken_up(self, signed: Stack) -> None:
        # GIVEN two webhooks that nobody could verify, of which one is forged
        sqs, queue, now = client("sqs"), signed.outputs["ParkingQueueUrl"], int(time.time())
        for room, token in (("forged", "a guess"), ("authentic", TOKEN)):
            claim = Claim.of([sign(token, str(now))], [str(now)])
            delivery = Delivery(SAMPLE_APP, body(seats(room, seat(1, "ann"))), now * 1000, claim=claim)
            sqs.send_message(QueueUrl=queue, MessageBody=delivery.to_message())
        # THEN the redrive function, which may read the tokens, stores the other and drops this one
        say("waiting for the redrive function")
        assert eventually(lambda: occupant(signed, "authentic"), "ann") == "ann"
        assert eventually(lambda: waiting(queue), 0) == 0
        assert occupant(signed, "forged") is None


class TestRoles:
    def test_they_allow_all_that_the_functions_do(self, forwarding: Stack, answers: dict[str, str]) -> None:
        """What one function is denied, the other may have done later: all would look well."""
        assert answers
        assert not [line for line in forwarding.logs() if "AccessDenied" in line]


class TestDashboard:
    def test_it_is_there_and_names_what_was_deployed(self, forwarding: Stack) -> None:
        found = client("cloudwatch").get_dashboard(DashboardName=f"{forwarding.name}-{REGION}")
        body: str = found["DashboardBody"]
        assert "${" not in body
        assert len(json.loads(body)["widgets"]) == 20
        for part in ("WebhookApi", "ReadApi", "ReconcileFunction", "DeadLetterQueue", "RoomTable"):
            assert forwarding.resource(part).rpartition("/")[2] in body


class TestLayers:
    @pytest.mark.parametrize("function", ["Webhook", "Redrive", "Sweep", "Read", "Plan", "Reconcile"])
    def test_they_hold_all_that_a_function_loads(self, built: Path, forwarding: Stack, function: str) -> None:
        """The emulator runs functions beside packages of its own: they would hide what a layer lacks."""
        function = f"{function}Function"
        name = forwarding.resource(function)
        configuration = client("lambda").get_function_configuration(FunctionName=name)
        folders = [str(built / function), *map(str, built.glob("*/python"))]
        subprocess.run(
            ["python3.13", "-ISc", f"import sys; sys.path[:0] = {folders!r}; import app"],
            env={
                **os.environ,
                **configuration["Environment"]["Variables"],
                "AWS_DEFAULT_REGION": REGION,
            },
            check=True,
        )


class TestDeployingAgain:
    def test_without_a_change_succeeds(self, signed: Stack, built: Path) -> None:
        say("sam deploy, without a change")
        assert deploy(built, signed.name, **signed.parameters) == signed

    def test_with_other_parameters_takes_effect(self, signed: Stack, built: Path) -> None:
        # GIVEN somebody who is in a room, in a table without the index of users
        inside = members("indexed later", "Online", "index-me", at=int(time.time() * 1000))
        assert signed.deliver(outgoing(inside), TOKEN).ok
        # WHEN records are kept for 60 days from now on, users are indexed, and rooms are not read over HTTP
        say("sam deploy, with another LogRetentionDays, UserIndex true, and ReadAccess none")
        changed = {"LogRetentionDays": "60", "UserIndex": "true", "ReadAccess": "none"}
        updated = deploy(built, signed.name, **{**signed.parameters, **changed})
        # THEN there is nothing left of the read API, and all else is the same
        assert updated.outputs == {
            name: value for name, value in signed.outputs.items() if name != "ReadApiUrl"
        }
        assert get(f"{signed.read_url}/v1/openapi.json")[0] == 404
        # AND the index knows who was there before it
        found = eventually(lambda: rooms_of(updated, "index-me"), ["indexed later"])
        assert found == ["indexed later"]
        # AND the version that is invoked knows how long records are kept
        assert updated.deliver(outgoing(seats("kept for 60 days", seat(1, "ann"))), TOKEN).ok
        assert eventually(lambda: occupant(updated, "kept for 60 days"), "ann") == "ann"
        [record] = updated.reader.records(SAMPLE_APP, "kept for 60 days")
        assert record.expires_at == record.received_at // 1000 + 60 * DAY_S
