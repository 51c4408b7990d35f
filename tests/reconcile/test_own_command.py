"""`roomstate.Reconciled`: asserted when it was made here, and by nobody else, however it comes."""

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from local.aws.embedded import TABLE_NAME
from roomstate.aws.parking import Parking
from roomstate.aws.reader import Reader
from roomstate.aws.store import Store
from roomstate.log.fold import fold
from roomstate.log.forwarded import forwarded
from roomstate.log.record import assertions_of
from roomstate.log.replica import Replica
from roomstate.receive.receiver import Receiver, Request
from roomstate.reconcile.answers import SEATS
from roomstate.reconcile.compare import Dated
from roomstate.reconcile.webhooks import webhooks
from roomstate.state.life import LifeFact
from roomstate.state.registers import LIFE, ROOM, Admin, Key, Member, Metadata, RoomFacts, Seat
from roomstate.state.webhook import Webhook
from roomstate.tencent.decode import decode
from roomstate.tencent.delivery import Delivery
from tests.aws.test_store import contents
from tests.payloads import AN_HOUR, APP, NOW, create, members, webhook
from tests.reconcile.rooms import ASKED, ASKED_AT, STARTED, live

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

R = "r"
COMMAND = "roomstate.Reconciled"
EVERYTHING = (
    (LIFE, LifeFact(created=True)),
    (ROOM, RoomFacts({"owner": "ann", "room_name": "n", "category": [1, 2], "is_seat_enabled": False})),
    (Key("seat", 0), Seat("ann", locked=True)),
    (Key("seat", 3), Seat()),
    (Key("admin", "bob"), Admin(True)),
    (Key("admin", "cat"), Admin(False)),
    (Key("member", "ann"), Member(True, "Reconciled")),
    (Key("member", "ghost"), Member(False, "Reconciled")),
    (Key("metadata", "k"), Metadata("v")),
)


def made(*assertions: Any, at: int = ASKED) -> Webhook:
    [webhook] = webhooks(APP, R, Dated(at, assertions), live(), NOW)
    return webhook


def posted() -> dict[str, Any]:
    """What a stranger posts: the very body of one of ours."""
    body: dict[str, Any] = json.loads(made(*EVERYTHING).payload)
    return body


class TestMadeHere:
    def test_it_says_all_that_is_asserted_when_when_asked_and_what_was_answered(self) -> None:
        heard: tuple[Any, ...] = ((SEATS, {"SeatList": []}),)
        [one] = webhooks(APP, R, Dated(ASKED, EVERYTHING), live(heard=heard), NOW)
        assert json.loads(one.payload) == {
            "CallbackCommand": COMMAND,
            "RoomId": R,
            "EventTime": ASKED,
            "AskedAt": ASKED_AT,
            "Differences": {
                "Created": True,
                "RoomInfo": {
                    "RoomId": R,
                    "Owner_Account": "ann",
                    "RoomName": "n",
                    "Category": [1, 2],
                    "IsSeatEnabled": False,
                },
                "SeatList": [seat_entry(0, "ann", taken=True), seat_entry(3, None)],
                "Online_Account": ["ann"],
                "Offline_Account": ["ghost"],
                "AdminAdded_Account": ["bob"],
                "AdminRemoved_Account": ["cat"],
                "Metadata": [{"Key": "k", "Value": "v"}],
            },
            "Answers": [{"Command": "get_seat_list", "Response": {"SeatList": []}}],
            "AnswersLeftOut": 0,
        }
        assert (one.occurred_at, one.command, one.unreadable) == (ASKED, COMMAND, None)
        assert [dict(unit.assertions) for unit in one.units] == [dict(EVERYTHING)]

    def test_an_end(self) -> None:
        [unit] = made((LIFE, LifeFact(ended=True))).units
        assert unit.assertions == ((LIFE, LifeFact(ended=True)),)

    def test_stored_it_is_what_readers_consumers_and_the_past_know(
        self, dynamodb: "DynamoDBClient", store: Store, reader: Reader
    ) -> None:
        # GIVEN a room with a ghost
        store.record(webhook(create(R, STARTED, Owner_Account="ann")), AN_HOUR)
        store.record(webhook(members(R, "Online", "ghost", at=STARTED + 1)), AN_HOUR)
        # WHEN it is reconciled
        ours = made((Key("member", "ghost"), Member(False, "Reconciled")), (Key("seat", 1), Seat("ann")))
        [record] = store.record(ours, AN_HOUR)
        # THEN readers see it, and consumers hear why
        assert found(reader.members(APP, R)) == []
        assert [(change.type, getattr(change, "cause", None)) for change in record.changes] == [
            ("seat.occupied", None),
            ("member.offline", "Reconciled"),
        ]
        detail = forwarded(record)
        assert (detail.command, detail.outcome, len(detail.facts)) == (COMMAND, "applied", 2)
        # AND the log, folded, is the table; the past is as it was
        log = list(reader.records(APP, R))
        registers = contents(dynamodb)[1][R]
        assert fold(log) == registers
        assert [one.user_id for one in found(reader.members(APP, R, at=ASKED - 1))] == ["ghost"]
        assert found(reader.members(APP, R, at=ASKED)) == []
        # AND whoever keeps rooms of his own by events has the same, in any order
        replica = Replica()
        for one in reversed(log):
            replica.apply(forwarded(one).model_dump(mode="json"))
        assert replica.room(APP, R) == reader.room(APP, R)
        assert replica.members(APP, R) == []

    def test_stored_again_it_is_no_second_event(self, dynamodb: "DynamoDBClient", store: Store) -> None:
        ours = made(*EVERYTHING)
        once, again = store.record(ours, AN_HOUR), store.record(made(*EVERYTHING), AN_HOUR)
        assert once == again
        assert len(contents(dynamodb)[0]) == 1


class TestOfAnybodyElse:
    """A stranger, Tencent itself, a message of the parking queue, or the log of what they sent."""

    @pytest.mark.parametrize("query", ["", f"&CallbackCommand={COMMAND}"])
    @pytest.mark.parametrize("in_body", [True, False])
    def test_posted_it_changes_nothing(
        self, dynamodb: "DynamoDBClient", store: Store, parking: Parking, query: str, in_body: bool
    ) -> None:
        # GIVEN a room
        store.record(webhook(create(R, STARTED)), AN_HOUR)
        reader = Reader(dynamodb, TABLE_NAME)
        before = reader.registers(APP, R)
        # WHEN one of our own webhooks is posted, its command in the body or in the URL
        body = posted()
        if not in_body:
            del body["CallbackCommand"]
        receiver = Receiver({APP}, lambda *_: None, store, parking)
        receipt = receiver.receive(
            Request(f"SdkAppid={APP}{query}", json.dumps(body).encode(), NOW), AN_HOUR, AN_HOUR
        )
        # THEN it is refused, or names no command; it is kept for whoever looks into it, and changes nothing
        assert reader.registers(APP, R) == before
        [record] = receipt.records
        assert (record.outcome, record.room_id, record.changes) == ("unreadable", None, ())
        assert receipt.answer.code.status == 400
        if in_body or query:
            assert receipt.answer.info == f"{COMMAND} is made here, and taken from nobody."
        # AND nothing that reads the log takes it for ours
        assert not record.is_ours
        assert assertions_of(record) == ()
        assert fold([record]) == {}
        assert forwarded(record).facts == ()
        [kept] = reader.records(APP, None)
        assert kept == record

    def test_in_another_spelling_it_is_an_unknown_command(self) -> None:
        for name in (COMMAND.lower(), COMMAND.upper(), f" {COMMAND}", f"{COMMAND}\x00"):
            arrived = webhook({**posted(), "CallbackCommand": name})
            assert [unit.assertions for unit in arrived.units] == [()]

    def test_a_parked_message_cannot_claim_it(self) -> None:
        # GIVEN a message of the parking queue that says so itself
        fields = {
            "sdk_app_id": APP,
            "body": b64encode(json.dumps(posted()).encode()).decode(),
            "received_at": NOW,
            "url_command": COMMAND,
            "opt_platform": None,
            "is_ours": True,
        }
        # WHEN, THEN
        delivery = Delivery.from_message(json.dumps(fields))
        assert not delivery.is_ours
        assert decode(delivery).units[0].assertions == ()

    def test_no_message_says_that_it_is_ours(self) -> None:
        delivery = Delivery(APP, made(*EVERYTHING).payload, NOW, is_ours=True)
        assert "is_ours" not in json.loads(delivery.to_message())


def found(page: Any) -> Any:
    assert page is not None
    return page.members


def seat_entry(index: int, user: str | None, *, taken: bool = False) -> dict[str, Any]:
    flags = {"IsTakenDisabled": taken, "IsAudioDisabled": False, "IsVideoDisabled": False}
    return {"Index": index, "Member_Account": user, **flags}
