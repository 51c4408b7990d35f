"""The two functions: schedule to queue to table, and what operators see."""

import json
import logging
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from local.aws.embedded import TABLE_NAME, fill_table
from local.tencent_cloud.faults import FAULTS
from roomstate.aws.deadline import OutOfTime
from roomstate.aws.items import register_item
from roomstate.aws.lists import rooms_listed_live
from roomstate.aws.reader import Reader
from roomstate.aws.reads import Reads
from roomstate.reconcile import rest
from roomstate.reconcile.accounts import NoAccount
from roomstate.reconcile.names import NoRoom, to_message
from roomstate.state.life import Life
from roomstate.state.registers import LIFE
from tests.payloads import APP, NOW
from tests.queues import received, to_records
from tests.reconcile.functions import ENTRY, QUEUE_URL, Functions, put_accounts
from tests.reconcile.world import SECRET_KEY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

OTHER_APP = "1400000002"


@pytest.fixture
def functions(dynamodb: "DynamoDBClient") -> Functions:
    return Functions(dynamodb)


def metrics(capsys: pytest.CaptureFixture[str]) -> Counter[str]:
    """What was counted since the last look, by name."""
    counted: Counter[str] = Counter()
    for line in capsys.readouterr().out.splitlines():
        blob = json.loads(line)
        for metric in blob["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
            counted[metric["Name"]] += int(sum(blob[metric["Name"]]))
    return counted


def rooms_with_ghosts(functions: Functions, *rooms: str) -> None:
    """Rooms that a member left long ago, of which no webhook told."""
    functions.ago_ms = 600_000
    for room in rooms:
        functions.tencent.create("live", room, "owner", seats=1)
        functions.tencent.enter(room, "ghost")
    functions.deliver(*functions.tencent.webhooks)
    for room in rooms:
        functions.tencent.leave(room, "ghost")
    functions.ago_ms = 0


def members(dynamodb: "DynamoDBClient", room: str) -> list[str]:
    page = Reader(dynamodb, TABLE_NAME).members(APP, room)
    assert page is not None
    return [member.user_id for member in page.members]


class TestARound:
    def test_every_ghost_goes(
        self, dynamodb: "DynamoDBClient", functions: Functions, capsys: pytest.CaptureFixture[str]
    ) -> None:
        # GIVEN rooms with ghosts, some with names that JSON and SQS do not take as they are
        rooms = [*(f"r{n}" for n in range(12)), "\x01/é\u2028\ufffe", 'a"b\\c#d']
        rooms_with_ghosts(functions, *rooms)
        # WHEN a round is planned, and its queue drained
        assert functions.plan() == {"planned": len(rooms), "missed": 0, "skipped": False}
        functions.drain()
        # THEN
        assert [members(dynamodb, room) for room in rooms] == [[]] * len(rooms)
        # AND it is told how many were asked, and what differed
        counted = metrics(capsys)
        assert +counted == {
            "RoomsPlanned": len(rooms),
            "RoomsAsked": len(rooms),
            "MemberDifferences": len(rooms),
        }
        lines = [line for line in functions.logged() if line["message"] == "asserted what differed"]
        assert {line["room_id"] for line in lines} == set(rooms)
        assert all(line["differences"] == {"member": 1} for line in lines)

    def test_a_round_without_differences_logs_no_room(
        self, functions: Functions, capsys: pytest.CaptureFixture[str]
    ) -> None:
        functions.ago_ms = 600_000
        functions.tencent.create("room", "r", "owner", seats=1)
        functions.deliver(*functions.tencent.webhooks)
        functions.ago_ms = 0
        functions.plan()
        functions.drain()
        assert metrics(capsys)["RoomsAsked"] == 1
        assert [line["message"] for line in functions.logged()] == ["planned"]


class TestPlan:
    def test_the_rooms_of_every_app_that_live_the_oldest_first(self, functions: Functions) -> None:
        # GIVEN
        fill_table(
            register_item(
                app, f"{app}-{n}", LIFE, Life(n, started_at=10**9 + n), writer="0" * 32, received_at=NOW
            )
            for app in (APP, OTHER_APP)
            for n in range(33)
        )
        ended = Life(1, started_at=1, ended_at=2)
        fill_table([register_item(APP, "ended", LIFE, ended, writer="0" * 32, received_at=NOW)])
        # WHEN
        assert functions.plan() == {"planned": 66, "missed": 0, "skipped": False}
        # THEN
        sent = [json.loads(message["Body"]) for message in all_messages(functions)]
        assert Counter(one["sdk_app_id"] for one in sent) == {APP: 33, OTHER_APP: 33}
        assert len({one["room_id"] for one in sent}) == 66
        assert "ended" not in {one["room_id"] for one in sent}
        # AND what is sent first is what has lived longest
        listed = list(rooms_listed_live(Reads(functions.store._client, TABLE_NAME), APP))
        assert listed == [f"{APP}-{n}" for n in range(33)]

    def test_no_round_begins_while_the_last_one_waits(
        self, functions: Functions, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Else a Tencent that is slow for a day would leave a queue that takes days."""
        rooms_with_ghosts(functions, "r")
        functions.plan()
        assert functions.plan() == {"planned": 0, "missed": 0, "skipped": True}
        assert metrics(capsys) == {"RoomsPlanned": 1, "RoundsSkipped": 1}
        assert len(all_messages(functions)) == 1

    def test_nor_while_its_rooms_wait_to_be_tried_again(self, functions: Functions) -> None:
        """Each round would add all rooms to those that a busy Tencent leaves."""
        rooms_with_ghosts(functions, "r")
        functions.plan()
        assert len(all_messages(functions)) == 1  # received, and not done
        assert functions.plan() == {"planned": 0, "missed": 0, "skipped": True}

    def test_a_round_that_runs_out_of_time_while_it_reads_says_so(
        self, functions: Functions, capsys: pytest.CaptureFixture[str]
    ) -> None:
        rooms_with_ghosts(functions, "r0", "r1")

        def running_out(*_: Any) -> Iterator[str]:
            yield "r0"
            raise OutOfTime

        with patch("roomstate.reconcile.planner.rooms_listed_live", running_out):
            planned = functions.plan()
        # THEN what was read is sent, and it is told that there are more
        assert (planned["planned"] > 0, planned["missed"] > 0) == (True, True)
        assert metrics(capsys)["RoomsMissed"] > 0
        [line] = functions.logged()
        assert line["level"] == "ERROR"

    @pytest.mark.parametrize("times", [1, 100])
    def test_messages_that_sqs_refuses_are_sent_again_and_what_is_left_is_told(
        self, functions: Functions, capsys: pytest.CaptureFixture[str], times: int
    ) -> None:
        # GIVEN an SQS that takes a batch but for one message, once or always
        rooms_with_ghosts(functions, *(f"r{n}" for n in range(3)))
        client = functions.queue
        left = [times]

        def refusing(**call: Any) -> Any:
            if not left[0]:
                return client.send_message_batch(**call)
            left[0] -= 1
            *taken, refused = call["Entries"]
            answer: Any = client.send_message_batch(**{**call, "Entries": taken}) if taken else {}
            return {
                **answer,
                "Failed": [{"Id": refused["Id"], "Code": "InternalError", "SenderFault": False}],
            }

        class Refusing:
            send_message_batch = staticmethod(refusing)
            get_queue_attributes = client.get_queue_attributes

        # WHEN
        with patch("roomstate.reconcile.planning.sqs_client", Refusing):
            planned = functions.plan()
        # THEN
        missed = 0 if times == 1 else 1
        assert planned == {"planned": 3 - missed, "missed": missed, "skipped": False}
        assert len(all_messages(functions)) == 3 - missed
        assert metrics(capsys)["RoomsMissed"] == missed


class TestWorker:
    def test_one_room_fails_and_the_others_are_done(
        self, dynamodb: "DynamoDBClient", functions: Functions, capsys: pytest.CaptureFixture[str]
    ) -> None:
        # GIVEN a Tencent that is too busy for the first room that is asked for: at all of its tries
        rooms_with_ghosts(functions, "r0", "r1", "r2")
        functions.tencent.fail("get_room_info", FAULTS["100012"], 4)
        functions.plan()
        # WHEN
        messages = received(functions.queue, QUEUE_URL)
        with patch("roomstate.reconcile.rest.PAUSES_S", (0.0, 0.0, 0.0)):
            answer = functions.reconcile(to_records(messages))
        # THEN that one comes again, and the others are healed
        [failed] = answer["batchItemFailures"]
        [room] = [
            json.loads(message["Body"])["room_id"]
            for message in messages
            if message["MessageId"] == failed["itemIdentifier"]
        ]
        assert {one: members(dynamodb, one) for one in ("r0", "r1", "r2")} == {
            one: ["ghost"] if one == room else [] for one in ("r0", "r1", "r2")
        }
        counted = metrics(capsys)
        assert (counted["ReconcileFailures100012"], counted["ReconcileUnfinished"]) == (1, 1)

    def test_what_is_never_answered_is_a_dead_letter_in_the_end(
        self, functions: Functions, capsys: pytest.CaptureFixture[str]
    ) -> None:
        rooms_with_ghosts(functions, "r")
        functions.tencent.fail("get_seat_list", FAULTS["http 502"])
        functions.plan()
        assert functions.drain() == 3
        assert functions.dead_letters() == [{"sdk_app_id": APP, "room_id": "r"}]
        # What was answered before the fault was asserted, and each try is counted.
        assert metrics(capsys)["ReconcileUnfinished"] == 3

    @pytest.mark.parametrize(
        ("entries", "code"),
        [
            ({}, "NoAccount"),
            ("not JSON: " + SECRET_KEY, "NoAccount"),
            ({APP: {**ENTRY, "host": f"{SECRET_KEY}.example.com"}}, "NoAccount"),
            ({APP: {**ENTRY, SECRET_KEY: "x"}}, "NoAccount"),
            ({APP: {**ENTRY, "secret_key": [SECRET_KEY]}}, "NoAccount"),
            ({APP: {**ENTRY, "secret_key": f"{SECRET_KEY}\ud800"}}, "NoAccount"),
            ({SECRET_KEY: ENTRY}, "NoAccount"),
            ({APP: {**ENTRY, "secret_key": "another"}}, "60004"),
            ({APP: {**ENTRY, "identifier": "nobody"}}, "60010"),
        ],
    )
    def test_what_another_try_would_not_change_is_counted_and_done_with(
        self, functions: Functions, capsys: pytest.CaptureFixture[str], entries: Any, code: str
    ) -> None:
        rooms_with_ghosts(functions, "r")
        put_accounts(entries)
        functions.plan()
        functions.drain()
        assert functions.dead_letters() == []
        captured = capsys.readouterr().out
        assert f'"ReconcileFailures{code}"' in captured
        assert SECRET_KEY not in captured + functions.log.getvalue()

    def test_an_unknown_code_makes_no_metric_of_its_own(
        self, functions: Functions, capsys: pytest.CaptureFixture[str]
    ) -> None:
        rooms_with_ghosts(functions, "r")
        raw = b'{"ActionStatus":"FAIL","ErrorInfo":"","ErrorCode":987654321}'
        from local.tencent_cloud.faults import Raw  # noqa: PLC0415

        functions.tencent.fail("get_admin_list", Raw(raw))
        functions.plan()
        functions.drain()
        counted = metrics(capsys)
        assert (counted["ReconcileFailures"], counted["ReconcileFailuresOther"]) == (1, 1)
        assert not [name for name in counted if "987654321" in name]

    def test_a_list_that_is_too_long_for_its_time_is_no_dead_letter(
        self, functions: Functions, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is as long at the next try: each round would bury the room anew."""
        monkeypatch.setattr("roomstate.reconcile.ask.MAX_MS", -1)
        rooms_with_ghosts(functions, "r")
        functions.plan()
        assert functions.drain() == 1
        assert metrics(capsys)["ReconcileFailuresTooSlow"] == 1

    @pytest.mark.parametrize("body", ["", "[]", "null", '{"sdk_app_id": "x", "room_id": "r"}', "{"])
    def test_a_message_that_names_no_room_is_done_with(
        self, functions: Functions, capsys: pytest.CaptureFixture[str], body: str
    ) -> None:
        assert functions.reconcile(to_records([message_of(body)])) == {"batchItemFailures": []}
        assert metrics(capsys)["ReconcileFailuresNoRoom"] == 1


class TestByName:
    def test_a_room_is_reconciled_at_once_and_its_report_answered(
        self, dynamodb: "DynamoDBClient", functions: Functions
    ) -> None:
        rooms_with_ghosts(functions, "r")
        answer = functions.reconcile({"sdk_app_id": APP, "room_id": "r"})
        assert members(dynamodb, "r") == []
        [group] = answer["differences"]
        assert group["facts"] == [
            {"kind": "member", "user_id": "ghost", "online": False, "cause": "Reconciled"}
        ]
        assert (answer["product"], answer["failures"], len(answer["event_ids"])) == ("live", [], 1)
        json.dumps(answer)

    @pytest.mark.parametrize("event", [{}, {"room_id": "r"}, {"sdk_app_id": APP, "room_id": ""}])
    def test_an_event_that_names_no_room_says_what_does(self, functions: Functions, event: Any) -> None:
        with pytest.raises(NoRoom, match="Name a room"):
            functions.reconcile(event)

    def test_an_app_without_an_account_is_told(self, functions: Functions) -> None:
        with pytest.raises(NoAccount, match=f"no entry for SdkAppid {OTHER_APP}"):
            functions.reconcile({"sdk_app_id": OTHER_APP, "room_id": "r"})

    def test_an_answer_of_a_large_room_fits(
        self, functions: Functions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("roomstate.reconcile.answer.MAX_FACTS", 10)
        functions.ago_ms = 600_000
        functions.tencent.create("room", "r", "owner")
        functions.deliver(*functions.tencent.webhooks)
        functions.tencent.enter("r", *(f"{n:04}" for n in range(15)))
        functions.ago_ms = 0
        [group] = functions.reconcile({"sdk_app_id": APP, "room_id": "r"})["differences"]
        assert (group["count"], len(group["facts"])) == (15, 10)


class TestSecrets:
    @pytest.mark.parametrize("fault", ["100001", "http 502", "wrong types"])
    def test_key_and_signature_are_in_nothing_that_anybody_sees(
        self,
        functions: Functions,
        capfd: pytest.CaptureFixture[str],
        caplog: pytest.LogCaptureFixture,
        fault: str,
    ) -> None:
        """All output, all log lines at every level, the table, the queues, and what an exception says."""
        # GIVEN
        rooms_with_ghosts(functions, "r")
        functions.tencent.fail("get_member_list", FAULTS[fault])
        signed: list[str] = []
        post = functions.tencent.post

        def noting(target: str, body: bytes) -> Any:
            signed.append(target.partition("usersig=")[2].partition("&")[0])
            return post(target, body)

        functions.tencent.post = noting  # type: ignore[method-assign]
        # WHEN
        functions.plan()
        with caplog.at_level(logging.DEBUG):
            functions.drain()
            told = json.dumps(functions.reconcile({"sdk_app_id": APP, "room_id": "r"}))
            with patch.object(rest, "TencentApi", side_effect=RuntimeError("a defect")):
                try:
                    functions.reconcile({"sdk_app_id": APP, "room_id": "r"})
                except Exception:
                    told += traceback.format_exc()
        # THEN
        captured = capfd.readouterr()
        seen = [captured.out, captured.err, caplog.text, functions.log.getvalue(), told]
        seen += [json.dumps(functions.dead_letters()), repr(sys.argv)]
        scan = functions.store._client.scan(TableName=TABLE_NAME)["Items"]
        seen.append(json.dumps(scan, default=str))
        assert signed
        for secret in (SECRET_KEY, "usersig", *signed):
            assert not [text for text in seen if secret in text]


def all_messages(functions: Functions) -> list[Any]:
    """The queue's messages, each received once."""
    found: list[Any] = []
    while messages := received(functions.queue, QUEUE_URL):
        found.extend(messages)
    return found


def message_of(body: str) -> dict[str, Any]:
    attributes = {"ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1"}
    return {"MessageId": "m", "ReceiptHandle": "h", "Body": body, "Attributes": attributes}


def test_messages_name_rooms() -> None:
    assert json.loads(to_message(APP, "r\x00")) == {"sdk_app_id": APP, "room_id": "r\x00"}
