"""Every fault at every call to AWS: nothing is lost, nothing counts twice, what is forwarded is the log.

A slow AWS is one of the faults, and so is one that hangs: nothing is lost while the queue takes it before
the invocation ends.

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
from roomstate.aws.clients import DYNAMODB_CALL_S, EVENTS_CALL_S, SSM_CALL_S
from roomstate.tencent.errors import ErrorCode
from tests.histories import histories
from tests.payloads import Payload, admins, create, destroy, members, seat, seats, set_metadata
from tests.queues import failed
from tests.receive.crash import UNIT, Cloud, Outage, Plan, cloud, unfound
from tests.receive.faults import FAULTS, applies

PLACES = {
    "webhook ssm.GetParameter",
    "webhook dynamodb.BatchGetItem",
    "webhook dynamodb.TransactWriteItems",
    "webhook eventbridge.PutEvents",
    "webhook sqs.SendMessage",
    "redrive ssm.GetParameter",
    "redrive dynamodb.BatchGetItem",
    "redrive dynamodb.TransactWriteItems",
    "redrive eventbridge.PutEvents",
    "redrive sqs.ChangeMessageVisibility",
    "redrive sqs.SendMessage",
}
"""Every call to AWS on the path. A new one belongs here, and in the histories below."""

ANN = seats("r", seat(1, "ann"), at=2_000)
ANN_ITEMS = 4
"""Of the table: a seat, a record, and the room's life twice."""
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
SCENARIOS: dict[str, tuple[list[Payload], Outage]] = {
    "stored": (HISTORY, Outage()),
    "parked": (PARKED, Outage(frozenset({1}))),
    "unverified": (PARKED, Outage(frozenset({0}), frozenset({"ssm"}))),
}
DELIVERED_ONCE = [fault for fault in FAULTS if not fault.startswith("killed")]
"""A webhook whose function is killed is lost where Tencent does not deliver again."""
WITHIN = [fault for fault in DELIVERED_ONCE if fault != "slow 1.9 s"]
"""Of which an invocation has time for two, though it be the queue that is slow."""
SLOW = [fault for fault in FAULTS if fault.startswith("slow")]
OTHERS = ["dynamodb", "ssm", "eventbridge"]
"""All services but the queue."""
TENCENT_WAITS_S = 2.0
Recorder = Callable[[str, object], None]
Undisturbed = dict[str, tuple[Any, list[str]]]


@pytest.fixture(scope="module")
def aws() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


@pytest.fixture(scope="module")
def undisturbed(aws: Cloud) -> Undisturbed:
    """What each scenario leaves with no fault but its outage, and the calls that it makes."""

    def run(history: list[Payload], outage: Outage) -> tuple[Any, list[str]]:
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
        # GIVEN a fault at one call, WHEN the history is lived through, and Tencent delivers again only
        # where nothing else can help
        plan = Plan({number: fault}, outage, once=fault in DELIVERED_ONCE)
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
    _, outage = SCENARIOS["parked"]
    first = places.index("redrive dynamodb.BatchGetItem")
    failing = {first + attempt: "5xx" for attempt in range(5)}
    plan = Plan(failing, outage)
    assert aws.live(PARKED, plan) == expected
    pause = plan.places.index("redrive sqs.ChangeMessageVisibility")
    plan = Plan({**failing, pause: fault}, outage)
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
    registers, records = aws.live(HISTORY, Plan(faults, Outage(outage)), drain_late=True)
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
    registers, records = aws.live(history, Plan(faults, Outage(outage)), drain_late=drain_late)
    # THEN nothing is lost and nothing counts twice
    assert registers == expected_registers
    assert sorted(map(unfound, records), key=str) == sorted(map(unfound, expected_records), key=str)


class TestDeliveredOnce:
    """Tencent does not deliver again: by default it does not."""

    @settings(max_examples=80)
    @given(
        scenario=st.sampled_from(sorted(SCENARIOS)),
        faults=st.dictionaries(
            st.integers(0, 40),
            st.sampled_from(WITHIN),
            min_size=2,
            max_size=2,
        ),
    )
    def test_two_faults_anywhere_lose_nothing(
        self, aws: Cloud, undisturbed: Undisturbed, scenario: str, faults: dict[int, str]
    ) -> None:
        history, outage = SCENARIOS[scenario]
        assert aws.live(history, Plan(faults, outage, once=True)) == undisturbed[scenario][0]

    @pytest.mark.parametrize("fault", ["5xx", "throttled", "time-out before", "time-out after", *SLOW])
    @pytest.mark.parametrize(
        "services", [["dynamodb"], ["ssm"], ["eventbridge"], ["dynamodb", "ssm"], OTHERS], ids=" ".join
    )
    def test_a_service_that_fails_for_as_long_as_webhooks_come_loses_nothing(
        self, aws: Cloud, undisturbed: Undisturbed, services: list[str], fault: str
    ) -> None:
        outage = Outage(frozenset(range(len(HISTORY))), frozenset(services), fault)
        registers, records = aws.live(HISTORY, Plan(outage=outage, once=True), drain_late=True)
        expected_registers, expected_records = undisturbed["stored"][0]
        assert registers == expected_registers
        assert sorted(map(unfound, records), key=str) == sorted(map(unfound, expected_records), key=str)

    @pytest.mark.parametrize(
        ("service", "fault", "takes_s"),
        [
            ("none", "", 0),
            ("ssm", "time-out before", SSM_CALL_S),
            ("ssm", "slow 0.5 s", 0.5),
            ("dynamodb", "5xx", 0),
            ("dynamodb", "time-out before", DYNAMODB_CALL_S),
            ("dynamodb", "slow 0.5 s", 0.5),
            ("eventbridge", "time-out before", EVENTS_CALL_S),
        ],
    )
    def test_an_invocation_that_ends_at_any_step_loses_nothing(
        self, aws: Cloud, service: str, fault: str, takes_s: float
    ) -> None:
        """Less is left of an invocation where an init was cut off, and is made again within it."""
        webhooks = [members("r", "Online", *range(UNIT + 1), at=1_000), seats("r", seat(1, "ann"), at=2_000)]
        expected = aws.live(webhooks, Plan())
        outage = Outage(frozenset({0, 1}), frozenset({service}), fault)
        # GIVEN time for the call that goes wrong and for one to the queue, or for more, up to all of it
        for time_out_ms in range(round(takes_s * 1000) + 50, 3_001, 100):
            plan = Plan(outage=outage, once=True, time_out_s=time_out_ms / 1000)
            assert aws.live(webhooks, plan) == expected, time_out_ms

    def test_a_queue_that_fails_for_two_seconds_loses_nothing(
        self, aws: Cloud, undisturbed: Undisturbed
    ) -> None:
        expected, places = undisturbed["parked"]
        _, outage = SCENARIOS["parked"]
        first = places.index("webhook sqs.SendMessage")
        for failures in range(1, 8):
            plan = Plan(dict.fromkeys(range(first, first + failures), "5xx"), outage, once=True)
            assert aws.live(PARKED, plan) == expected, failures
            assert plan.places.count("webhook sqs.SendMessage") == failures + 1


GIFT: Payload = {
    "CallbackCommand": "Live.CallbackBeforeSendGift",
    "RoomId": "r",
    "GiftWater": {"From_Account": "ann", "GiftId": "g", "Count": 1},
}


class TestABlockingCommand:
    """Tencent waits for our consent: no answer is a no."""

    @pytest.mark.parametrize("fault", WITHIN)
    def test_is_allowed_whatever_fails(self, aws: Cloud, fault: str) -> None:
        # GIVEN a fault at every call after the tokens were read, or at every call at all, and at none
        for faults in ({}, dict.fromkeys(range(1, 40), fault), dict.fromkeys(range(40), fault)):
            # THEN Tencent gets its answer at the first delivery
            with aws.world(Plan(faults, once=True)) as world:
                world.deliver(GIFT, 0)
            [(answer, took_s)] = world.answers
            assert answer is ErrorCode.OK
            # AND in time, but for what no time-out bounds
            assert took_s < TENCENT_WAITS_S or "slow" in fault

    def test_is_parked_until_the_invocation_ends_where_tencent_has_hung_up(self, aws: Cloud) -> None:
        # GIVEN a DynamoDB that took all of the time there was to answer, and a queue that fails at first
        with aws.world(Plan({1: "slow 1.9 s", 2: "5xx", 3: "5xx"}, once=True)) as world:
            world.deliver(GIFT, 0)
            # THEN the answer comes too late anyway, and the webhook is parked
            assert len(aws.parked()) == 1


@pytest.mark.parametrize("hanging", [{"dynamodb"}, {"dynamodb", "sqs"}, {"ssm", "dynamodb", "sqs"}])
def test_a_redrive_that_runs_out_of_time_ends_before_it_is_cut_off(aws: Cloud, hanging: set[str]) -> None:
    # GIVEN ten webhooks that wait to be verified, and services that hang while they are redriven
    webhooks = [seats("r", seat(number, "ann"), at=1_000) for number in range(10)]
    plan = Plan(outage=Outage(frozenset(range(10)), frozenset({"dynamodb", "ssm"})), once=True)
    with aws.world(plan) as world:
        for number, payload in enumerate(webhooks):
            world.deliver(payload, number)
        messages = aws.parked()
        assert len(messages) == 10
        plan.outage = Outage(services=frozenset(hanging), fault="time-out before")
        # THEN each is reported as not stored, before the function is cut off and all of them are
        assert failed(world.redrive(messages, is_out=True)) == {message["MessageId"] for message in messages}
        assert not world.was_killed
        # AND where the queue is well, each has a pause of its own, also those that there was no time for
        if "sqs" not in hanging:
            assert plan.places.count("redrive sqs.ChangeMessageVisibility") == 10


def test_every_call_to_aws_is_a_place() -> None:
    # GIVEN the calls that the package's source makes, but for what is not on the path: reading, sweeping, and
    # planning what Tencent is asked about
    others = ("reads", "query", "sweeper", "planner")
    sources = [path for path in Path(roomstate.__file__).parent.rglob("*.py") if path.stem not in others]
    calls = {call for path in sources for call in re.findall(r"_client\.([a-z]\w+)\(", path.read_text())}
    operations = {place.split(".")[-1] for place in PLACES}
    # THEN the places know them all
    assert {call.replace("_", "") for call in calls} == {name.lower() for name in operations}


def test_the_scenarios_make_every_call(undisturbed: Undisturbed) -> None:
    made = {place for scenario in SCENARIOS for place in undisturbed[scenario][1]}
    # These have tests of their own.
    assert made == PLACES - {"redrive sqs.ChangeMessageVisibility", "redrive sqs.SendMessage"}
