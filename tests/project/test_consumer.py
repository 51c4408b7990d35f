"""Rules on what is forwarded: those the documents show, and the example consumer behind its own."""

import json
import re
from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from moto.events.models import EventPattern

from examples.consumer import app as consumer
from local.aws.embedded import TABLE_NAME
from local.aws.template import ROOT, load
from local.commands.schema import Rooms, examples, records_of, sample_records
from roomstate.aws.forwarder import Forwarder
from roomstate.aws.reader import Reader
from roomstate.aws.store import Store
from roomstate.log.forwarded import forwarded
from roomstate.log.record import LogRecord
from roomstate.reconcile.answers import Answers
from roomstate.reconcile.compare import Dated
from roomstate.reconcile.webhooks import webhooks
from roomstate.state.registers import Key, Member
from tests.payloads import AN_HOUR, APP, Payload, create, destroy, members, seat, seats, webhook

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

JSON_BLOCK = re.compile(r"```json\n(.*?)```", re.DOTALL)


def rules() -> dict[str, Any]:
    """The patterns of docs/forwarding.md, by their headings."""
    text = (ROOT / "docs" / "forwarding.md").read_text("utf-8")
    sections = text.split("\n## Rules\n")[1].split("\n## ")[0].split("\n### ")[1:]
    return {
        title: pattern
        for title, _, rest in (section.partition("\n") for section in sections)
        for pattern in blocks(rest)
    }


def blocks(text: str) -> list[Any]:
    return [json.loads(block) for block in JSON_BLOCK.findall(text)]


def consumer_pattern() -> Any:
    template = load(ROOT / "examples" / "consumer" / "template.yaml")
    [rule] = template["Resources"]["ConsumerFunction"]["Properties"]["Events"].values()
    return rule["Properties"]["Pattern"]


def events(*records: LogRecord) -> list[dict[str, Any]]:
    """What targets get of the entries that are put."""

    class Client:
        def put_events(self, Entries: list[Any]) -> Any:
            delivered.extend(map(_delivered, Entries))
            return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in Entries]}

    delivered: list[dict[str, Any]] = []
    Forwarder(Client(), "rooms").forward(records, AN_HOUR)  # type: ignore[arg-type]
    return delivered


def event(*payloads: Payload | bytes, app: str = APP) -> dict[str, Any]:
    """The event of the last of some webhooks, one part each."""
    rooms: Rooms = {}
    records = [record for payload in payloads for record in records_of(webhook(payload, app), rooms)]
    return events(records[-1])[0]


def _delivered(entry: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "00000000-0000-0000-0000-000000000000",
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": "123456789012",
        "time": f"{entry['Time']:%Y-%m-%dT%H:%M:%SZ}",
        "region": "us-east-1",
        "resources": entry["Resources"],
        "detail": json.loads(entry["Detail"]),
    }


def matches(pattern: Any, event: dict[str, Any]) -> bool:
    """Whether a rule takes an event.

    moto's matcher has EventBridge's pattern language, but looks into no array of objects. EventBridge does:
    a field matches where that of any element does (aws/event-ruler, README, JSON Array Matching). That is to
    match any of the events that are left by choosing one element of each array.
    """
    rule = EventPattern.load(json.dumps(pattern))
    return any(rule.matches_event(chosen) for chosen in _choices(event))


def _choices(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        for values in product(*map(list, map(_choices, node.values()))):
            yield dict(zip(node, values, strict=True))
    elif isinstance(node, list) and any(isinstance(element, dict | list) for element in node):
        for element in node:
            yield from _choices(element)
    else:
        yield node


ROOM = "rid-123"
INSIDE = members(ROOM, "Online", "ann", "bob")
GIFT: Payload = {"CallbackCommand": "Live.CallbackBeforeSendGift", "RoomId": ROOM}


def offline(user: str, cause: str = "Leave", at: int = 2_000) -> Payload:
    return members(ROOM, "Offline", user, at=at, cause=cause)


def reconciled() -> LogRecord:
    """A record of our own making."""
    gone = Dated(5_000, ((Key("member", "ann"), Member(False, "Reconciled")),))
    [ours] = webhooks("1400000001", ROOM, gone, Answers(asked_at=15_000), 15_000)
    [record] = records_of(ours, {})
    return record


KIND, THE_ROOM, COMMAND, RECONCILED = rules()


@pytest.mark.parametrize(
    ("title", "event"),
    [
        (KIND, event(seats("r", seat(1, "ann")))),
        (KIND, event(seats("r", seat(1, "ann")), seats("r", seat(1), at=2_000))),
        (KIND, event(seats("r", seat(1, Taken=True), seat(2, "ann"), seat(3, Audio=True)))),
        (THE_ROOM, event(seats(ROOM, seat(1, "ann")))),
        (THE_ROOM, event(GIFT)),
        (THE_ROOM, event(seats(ROOM, seat(1, "ann")), seats(ROOM, seat(1, "bob"), at=1))),
        (COMMAND, event(GIFT)),
        (RECONCILED, events(reconciled())[0]),
    ],
)
def test_a_rule_of_the_documents_takes(title: str, event: dict[str, Any]) -> None:
    assert matches(rules()[title], event)


@pytest.mark.parametrize(
    ("title", "event"),
    [
        (KIND, event(seats("r", seat(1, Taken=True)))),
        (KIND, event(seats("r", seat(1, "ann")), seats("r", seat(1, "bob"), at=1))),
        (KIND, event(GIFT)),
        (KIND, event(INSIDE)),
        (THE_ROOM, event(seats("rid-124", seat(1, "ann")))),
        (THE_ROOM, event(seats(ROOM, seat(1, "ann")), app="1400000002")),
        (THE_ROOM, event(b"no JSON")),
        (COMMAND, event(INSIDE)),
        (COMMAND, event(b"no JSON")),
        (RECONCILED, event(INSIDE)),
        # A stranger's, with the very body of one of ours.
        (RECONCILED, event(reconciled().payload)),
    ],
)
def test_a_rule_of_the_documents_leaves(title: str, event: dict[str, Any]) -> None:
    assert not matches(rules()[title], event)


@pytest.mark.parametrize("title", rules())
def test_a_rule_of_the_documents_leaves_what_is_not_of_roomstate(title: str) -> None:
    taken = [
        events(reconciled())[0],
        event(GIFT),
        event(seats(ROOM, seat(1, "ann"))),
        event(INSIDE, offline("bob", "Kicked")),
    ]
    assert any(matches(rules()[title], one) for one in taken)
    assert not any(matches(rules()[title], one | {"source": "aws.ec2"}) for one in taken)


@pytest.mark.parametrize("pattern", [*rules().values(), consumer_pattern()])
def test_a_rule_names_one_field_of_changes_at_most(pattern: dict[str, Any]) -> None:
    assert len(pattern.get("detail", {}).get("changes", {})) <= 1


def test_prefix_takes_all_changes_of_a_seat_as_the_documents_say() -> None:
    pattern = {"detail": {"changes": {"type": [{"prefix": "seat."}]}}}
    assert matches(pattern, event(seats("r", seat(1, Taken=True))))
    assert not matches(pattern, event(INSIDE))


@pytest.mark.parametrize(
    ("document", "place", "example"),
    [("docs/forwarding.md", 0, "seat-occupied"), ("docs/forwarding.md", 1, "member-offline")],
)
def test_an_event_in_the_documents_is_what_is_delivered(document: str, place: int, example: str) -> None:
    # GIVEN
    shown = [block for block in blocks((ROOT / document).read_text("utf-8")) if "detail-type" in block][place]
    [record] = [one for one in sample_records().values() if forwarded(one) == examples()[example]]

    # THEN
    assert {**shown, "id": None} == {**events(record)[0], "id": None}


def test_the_rule_that_is_shown_is_the_consumers_and_takes_the_event_beside_it() -> None:
    _, rule, shown, *_ = [
        block for block in blocks((ROOT / "docs/forwarding.md").read_text("utf-8")) if block.get("source")
    ]
    assert rule == consumer_pattern()
    assert matches(rule, shown)


def heard(caplog: pytest.LogCaptureFixture, *records: LogRecord) -> list[str]:
    """What the consumer logs of the events that its rule lets through."""
    caplog.clear()
    for one in events(*records):
        if matches(consumer_pattern(), one):
            consumer.lambda_handler(one, None)
    return [record.getMessage() for record in caplog.records if record.name == consumer.__name__]


def test_the_consumer_hears_of_each_who_goes_offline_and_of_nobody_else(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # GIVEN a consumer with no table
    monkeypatch.setattr(consumer, "reader", None)
    story = [
        create(ROOM, at=500),
        INSIDE,
        GIFT,
        seats(ROOM, seat(1, "ann")),
        members(ROOM, "Offline", "ann", "bob", at=2_000, cause="Kicked"),
        members(ROOM, "Online", "ann", at=1_500),
    ]

    # WHEN
    records = [record for payload in story for record in store.record(webhook(payload), AN_HOUR)]

    # THEN
    assert heard(caplog, *records) == [f"{user} left room {ROOM}: Kicked" for user in ("ann", "bob")]


LEFT = [f"ann left room {ROOM}: Leave"]


@pytest.mark.parametrize(
    ("before", "since", "news"),
    [
        ([], [], LEFT),
        ([], [members(ROOM, "Online", "bob", at=3_000)], LEFT),
        ([], [members(ROOM, "Online", "ann", at=3_000)], []),
        ([], [destroy(ROOM, at=3_000)], []),
        ([], [destroy(ROOM, at=3_000), create(ROOM, at=4_000)], []),
        ([destroy(ROOM, at=500)], [], LEFT),
        ([create(ROOM, at=100), destroy(ROOM, at=500)], [], LEFT),
        ([], [destroy(ROOM, at=1_500)], LEFT),
    ],
    ids=[
        "still away",
        "another is there",
        "back",
        "the room has ended",
        "the room has ended and begun again",
        "the room lives again, its creation was lost",
        "the same, and an earlier creation came",
        "the room had ended before, which came late",
    ],
)
def test_the_consumer_passes_over_what_is_no_longer_so(
    before: list[Payload],
    since: list[Payload],
    news: list[str],
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # GIVEN a consumer that reads the table, ann inside since 1,000 and away since 2,000
    monkeypatch.setattr(consumer, "reader", consumer.make_reader())
    for payload in (*before, INSIDE):
        store.record(webhook(payload), AN_HOUR)
    [left] = store.record(webhook(offline("ann")), AN_HOUR)

    # WHEN more happens before the event arrives
    for payload in since:
        store.record(webhook(payload), AN_HOUR)

    # THEN
    assert heard(caplog, left) == news


def test_the_consumer_may_make_the_calls_that_it_makes(
    store: Store,
    dynamodb: "DynamoDBClient",
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # GIVEN a room of many, of whom two leave
    many = [f"user-{number}" for number in range(50)]
    store.record(webhook(members(ROOM, "Online", "ann", "bob", *many)), AN_HOUR)
    [left] = store.record(webhook(members(ROOM, "Offline", "ann", "bob", at=2_000, cause="Leave")), AN_HOUR)
    # WHEN the consumer hears of it
    calls: list[str] = []
    dynamodb.meta.events.register("before-call.dynamodb.*", lambda model, **_: calls.append(model.name))
    monkeypatch.setattr(consumer, "reader", Reader(dynamodb, TABLE_NAME))
    assert len(heard(caplog, left)) == 2
    # THEN it reads a few items, not the room
    assert len(calls) <= 6
    # AND its role allows that, and no more
    policies = load(ROOT / "examples/consumer/template.yaml")["Resources"]["ConsumerFunction"]["Properties"]
    [policy] = policies["Policies"]
    [statement] = policy["Fn::If"][1]["Statement"]
    assert {f"dynamodb:{name}" for name in calls} == set(statement["Action"])


def test_the_consumer_reads_a_table_where_it_is_given_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLE_NAME", "rooms")
    assert isinstance(consumer.make_reader(), Reader)
    monkeypatch.setenv("TABLE_NAME", "")
    assert consumer.make_reader() is None
