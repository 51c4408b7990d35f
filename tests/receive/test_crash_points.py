"""Every fault at every call to AWS: nothing is lost, nothing counts twice, what is forwarded is the log.

The table of what was tried (fault by place) is printed at the end of the tests.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import roomstate
from local.aws.embedded import TABLE_NAME
from roomstate.tencent.answer import ACCEPTED
from tests.histories import histories
from tests.payloads import Payload, admins, create, destroy, members, seat, seats, set_metadata
from tests.receive.crash import FAULTS, UNIT, Cloud, Plan, applies, cloud, unfound

PLACES = {
    "webhook ssm.GetParameter",
    "webhook dynamodb.BatchGetItem",
    "webhook dynamodb.TransactWriteItems",
    "webhook eventbridge.PutEvents",
    "webhook sqs.SendMessage",
    "redrive dynamodb.BatchGetItem",
    "redrive dynamodb.TransactWriteItems",
    "redrive eventbridge.PutEvents",
    "redrive sqs.ChangeMessageVisibility",
    "redrive sqs.SendMessage",
}
"""Every call to AWS on the path. A new one belongs here, and in the histories below."""

ANN = seats("r", seat(1, "ann"), at=2_000)
ANN_ITEMS = 3
"""Of the table: a seat, and a record."""
HISTORY: list[Payload] = [
    create("r", 1_000, RoomName="a room", Owner_Account="ann"),
    ANN,
    members("r", "Online", *range(UNIT + 1), at=3_000),  # in two parts
    seats("r", seat(1, "bob"), at=4_000),
    ANN,  # again, and late
    {"CallbackCommand": "Follow.CallbackAfterFollowAdd", "From_Account": "ann", "EventTime": 5_000},
    destroy("r", 6_000),
]
PARKED: list[Payload] = [
    seats("r", seat(1, "ann"), at=1_000),
    admins("r", "add", "ann", at=2_000),  # parked: DynamoDB is out when it comes
    set_metadata("r", 3_000, key="value"),
]
SCENARIOS: dict[str, tuple[list[Payload], frozenset[int]]] = {
    "stored": (HISTORY, frozenset()),
    "parked": (PARKED, frozenset({1})),
}
Recorder = Callable[[str, object], None]
Undisturbed = dict[str, tuple[Any, list[str]]]


@pytest.fixture(scope="module")
def aws() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


@pytest.fixture(scope="module")
def undisturbed(aws: Cloud) -> Undisturbed:
    """What each scenario leaves with no fault but its outage, and the calls that it makes."""

    def run(history: list[Payload], outage: frozenset[int]) -> tuple[Any, list[str]]:
        plan = Plan(outage=outage)
        left = aws.live(history, plan)
        assert left == aws.live(history, Plan()), "an outage alone already loses something"
        return left, plan.places

    return {name: run(*scenario) for name, scenario in SCENARIOS.items()}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_one_fault_anywhere_changes_nothing(
    aws: Cloud,
    undisturbed: Undisturbed,
    scenario: str,
    fault: str,
    record_property: Recorder,
) -> None:
    history, outage = SCENARIOS[scenario]
    expected, places = undisturbed[scenario]
    tried: Counter[str] = Counter()
    for number, place in enumerate(places):
        if not applies(fault, place):
            continue
        # GIVEN a fault at one call, WHEN the history is lived through
        plan = Plan({number: fault}, outage)
        left = aws.live(history, plan)
        # THEN state and log are those of a run with no fault
        assert left == expected, (number, place)
        tried.update(place for place, _ in plan.hit)
    # AND the fault came to be at every place where it can
    record_property("crash points", [[place, fault, count] for place, count in tried.items()])
    assert set(tried) == {place for place in places if applies(fault, place)}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_redrive_that_fails_backs_off_and_is_tried_again(
    aws: Cloud, undisturbed: Undisturbed, fault: str, record_property: Recorder
) -> None:
    """The pause after a failed redrive is a call too: here DynamoDB fails all tries of one redrive."""
    expected, places = undisturbed["parked"]
    first = places.index("redrive dynamodb.BatchGetItem")
    failing = {first + attempt: "5xx" for attempt in range(5)}
    plan = Plan(failing, frozenset({1}))
    assert aws.live(PARKED, plan) == expected
    pause = plan.places.index("redrive sqs.ChangeMessageVisibility")
    plan = Plan({**failing, pause: fault}, frozenset({1}))
    assert aws.live(PARKED, plan) == expected
    tried = Counter(place for place, named in plan.hit if named == fault and "sqs" in place)
    record_property("crash points", [[place, fault, count] for place, count in tried.items()])
    assert set(tried) == (
        {"redrive sqs.ChangeMessageVisibility"} if applies(fault, "ChangeMessageVisibility") else set()
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_one_that_is_never_taken_ends_with_the_dead_letters_whatever_fails(
    aws: Cloud, fault: str, record_property: Recorder
) -> None:
    # GIVEN an EventBridge that never takes a webhook, and the calls that are made for it
    def live(faults: dict[int, str]) -> Plan:
        plan = Plan(faults, never="InvalidArgument")
        with aws.world(plan) as world:
            world.deliver(ANN, 0)
            world.drain()
            letters = aws.dead_letters()
            stored = aws.dynamodb.scan(TableName=TABLE_NAME)["Count"]
        # THEN it is stored, is with the dead letters (a message may come twice), and says why
        assert stored == ANN_ITEMS
        assert {(json.loads(letter.body)["RoomId"], reason) for letter, reason in letters} == {
            ("r", "InvalidArgument")
        }
        return plan

    places = live({}).places
    assert places[-1] == "redrive sqs.SendMessage"
    # WHEN any one of them goes wrong
    tried: Counter[str] = Counter()
    for number in (number for number, place in enumerate(places) if applies(fault, place)):
        tried.update(place for place, _ in live({number: fault}).hit)
    record_property("crash points", [[place, fault, count] for place, count in tried.items()])
    assert set(tried) == {place for place in places if applies(fault, place)}


@settings(max_examples=60)
@given(
    scenario=st.sampled_from(sorted(SCENARIOS)),
    faults=st.dictionaries(st.integers(0, 40), st.sampled_from(sorted(FAULTS)), min_size=2, max_size=2),
)
def test_two_faults_anywhere_change_nothing(
    aws: Cloud, undisturbed: Undisturbed, scenario: str, faults: dict[int, str]
) -> None:
    history, outage = SCENARIOS[scenario]
    assert aws.live(history, Plan(faults, outage)) == undisturbed[scenario][0]


@settings(max_examples=40)
@given(
    faults=st.dictionaries(st.integers(0, 40), st.sampled_from(sorted(FAULTS)), max_size=2),
    outage=st.frozensets(st.integers(0, len(HISTORY) - 1)),
)
def test_webhooks_that_wait_in_the_queue_while_others_pass_them_are_stored_all_the_same(
    aws: Cloud, undisturbed: Undisturbed, faults: dict[int, str], outage: frozenset[int]
) -> None:
    # GIVEN any webhooks that are parked, and redriven after all the others
    registers, records = aws.live(HISTORY, Plan(faults, outage), drain_late=True)
    # THEN the state is the same, and so is the log, but for what each webhook found when it came
    expected_registers, expected_records = undisturbed["stored"][0]
    assert registers == expected_registers
    assert sorted(map(unfound, records), key=str) == sorted(map(unfound, expected_records), key=str)


@settings(max_examples=30)
@given(
    history=histories,
    faults=st.dictionaries(st.integers(0, 40), st.sampled_from(sorted(FAULTS)), max_size=2),
    outage=st.frozensets(st.integers(0, 13)),
    drain_late=st.booleans(),
)
def test_any_history_with_any_faults_is_stored_and_forwarded_whole(
    aws: Cloud, history: list[Payload], faults: dict[int, str], outage: frozenset[int], drain_late: bool
) -> None:
    # GIVEN any history (`live` holds what was forwarded against the log, in each run)
    expected_registers, expected_records = aws.live(history, Plan())
    # WHEN it is lived through with faults
    registers, records = aws.live(history, Plan(faults, outage), drain_late=drain_late)
    # THEN nothing is lost and nothing counts twice
    assert registers == expected_registers
    assert sorted(map(unfound, records), key=str) == sorted(map(unfound, expected_records), key=str)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if not fault.startswith("killed")])
def test_a_blocking_command_is_allowed_whatever_fails(aws: Cloud, fault: str) -> None:
    gift = {
        "CallbackCommand": "Live.CallbackBeforeSendGift",
        "RoomId": "r",
        "GiftWater": {"From_Account": "ann", "GiftId": "g", "Count": 1},
    }
    # GIVEN a fault at every call after the tokens were read, and at none
    for faults in ({}, dict.fromkeys(range(1, 40), fault)):
        # THEN Tencent gets its answer at the first delivery
        with aws.world(Plan(faults)) as world:
            world.deliver(gift, 0)
        assert world.answers == [ACCEPTED]


def test_every_call_to_aws_is_a_place() -> None:
    # GIVEN the calls that the package's source makes, but for reading and sweeping, which are not on the path
    others = ("reads", "query", "sweeper")
    sources = [path for path in Path(roomstate.__file__).parent.rglob("*.py") if path.stem not in others]
    calls = {call for path in sources for call in re.findall(r"_client\.([a-z]\w+)\(", path.read_text())}
    operations = {place.split(".")[-1] for place in PLACES}
    # THEN the places know them all
    assert {call.replace("_", "") for call in calls} == {name.lower() for name in operations}


def test_the_scenarios_make_every_call(undisturbed: Undisturbed) -> None:
    made = {place for scenario in SCENARIOS for place in undisturbed[scenario][1]}
    # These have tests of their own.
    assert made == PLACES - {"redrive sqs.ChangeMessageVisibility", "redrive sqs.SendMessage"}
