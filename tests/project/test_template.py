"""The template against the code: what one names, the other uses."""

import json
import re
from pathlib import Path
from typing import Any, ClassVar, cast

import botocore.session
import pytest
from moto.events.models import EventPattern
from pydantic import BaseModel, ValidationError

import roomstate
from local.aws.template import resource, template
from roomstate.aws.items import register_items
from roomstate.aws.settings import TableSettings
from roomstate.aws.table import DAY_S, TOMBSTONE_DAYS, TTL_ATTRIBUTE, item_key
from roomstate.read.settings import ReadSettings
from roomstate.receive.settings import RedriveSettings, Settings, WebhookSettings
from roomstate.state.life import Life
from roomstate.state.registers import LIFE, AnyRegister, Key, Member, Register, Version
from roomstate.tencent.delivery import MAX_BODY_BYTES, Delivery
from roomstate.tencent.signature import Claim

PACKAGE = Path(roomstate.__file__).parent
SOURCES = "\n".join(path.read_text() for path in Path(roomstate.__file__).parent.rglob("*.py"))
ENVIRONMENT = {"TABLE_NAME": "rooms", "PARKING_QUEUE_URL": "https://queue"}
LIBRARIES = {"PYDANTIC_DISABLE_PLUGINS", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"}


def statements(function: str) -> dict[str, dict[str, Any]]:
    """A function's permissions, by Sid; those under a condition as if it held."""
    given = [statement for policy in resource(function)["Policies"] for statement in policy["Statement"]]
    plain = [statement["Fn::If"][1] if "Fn::If" in statement else statement for statement in given]
    return {statement["Sid"]: statement for statement in plain}


def called(module: str, service: str) -> set[str]:
    """The operations of a service that a module's source calls, as IAM names them."""
    operations = botocore.session.get_session().get_service_model(service).operation_names
    calls = set(re.findall(r"self\._client\.([a-z_]+)\(", _source(module)))
    found = {name for name in operations if _snake(name) in calls}
    assert len(found) == len(calls)
    return found


def test_the_ttl_attribute_is_the_one_the_store_writes() -> None:
    assert resource("RoomTable")["TimeToLiveSpecification"] == {
        "AttributeName": TTL_ATTRIBUTE,
        "Enabled": True,
    }


def test_a_record_and_a_tombstone_outlive_every_message_of_the_queues() -> None:
    """A webhook whose record has expired would be decided anew, against its own registers: stale."""
    # GIVEN the longest that a message may wait: in the one queue to its last hour, then in the other
    waits_s = sum(resource(queue)["MessageRetentionPeriod"] for queue in ("ParkingQueue", "DeadLetterQueue"))
    # THEN the shortest retention that the template takes, and the settings, is longer
    assert waits_s < TOMBSTONE_DAYS * DAY_S
    assert template()["Parameters"]["LogRetentionDays"]["MinValue"] == TOMBSTONE_DAYS
    assert Settings.model_validate(ENVIRONMENT | {"LOG_RETENTION_DAYS": str(TOMBSTONE_DAYS)})
    with pytest.raises(ValidationError, match="LOG_RETENTION_DAYS"):
        Settings.model_validate(ENVIRONMENT | {"LOG_RETENTION_DAYS": str(TOMBSTONE_DAYS - 1)})


def test_the_keys_are_those_of_every_item() -> None:
    keys = [key["AttributeName"] for key in resource("RoomTable")["KeySchema"]]
    assert keys == ["pk", "sk"]


@pytest.mark.parametrize(
    ("function", "settings"),
    [
        ("WebhookFunction", WebhookSettings),
        ("RedriveFunction", RedriveSettings),
        ("SweepFunction", TableSettings),
        ("ReadFunction", ReadSettings),
    ],
)
def test_the_environment_is_what_the_settings_read(function: str, settings: type[BaseModel]) -> None:
    shared = template()["Globals"]["Function"]["Environment"]["Variables"]
    variables = {*shared, *resource(function)["Environment"]["Variables"]}
    assert variables - LIBRARIES == {field.alias for field in settings.model_fields.values()}
    assert variables >= LIBRARIES


FUNCTIONS = ["WebhookFunction", "RedriveFunction"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_on_the_table_what_the_store_calls_and_no_more(function: str) -> None:
    # A transaction is allowed by what it is made of, and the store's are made of puts.
    made_of = re.findall(r'"(Put|Update|Delete|ConditionCheck)": ', _source("store") + _source("items"))
    assert set(made_of) == {"Put"}
    needed = {f"dynamodb:{name}" for name in called("store", "dynamodb") - {"TransactWriteItems"}}
    allowed = statements(function)["Rooms"]
    assert set(allowed["Action"]) == needed | {"dynamodb:PutItem"}
    assert allowed["Resource"] == {"Fn::GetAtt": "RoomTable.Arn"}


def test_the_sweep_may_do_on_the_table_what_it_calls_and_no_more() -> None:
    aws = "".join(map(_source, ("query", "reads", "lives")))
    source = (PACKAGE / "sweep" / "sweeper.py").read_text() + aws
    calls = set(re.findall(r"client\.([a-z_]+)\(", source))
    # Its transactions are made of puts.
    needed = (calls - {"transact_write_items"}) | {"put_item"}
    allowed = statements("SweepFunction")["Rooms"]
    assert {_snake(action.removeprefix("dynamodb:")) for action in allowed["Action"]} == needed
    assert allowed["Resource"] == {"Fn::GetAtt": "RoomTable.Arn"}


class TestTheStreamThatTheSweepHears:
    source: ClassVar[dict[str, Any]] = resource("SweepFunction")["Events"]["Lives"]["Properties"]

    def test_has_both_images_and_loses_nothing(self) -> None:
        assert resource("RoomTable")["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
        assert self.source["StartingPosition"] == "TRIM_HORIZON"
        assert self.source["DestinationConfig"]["OnFailure"]["Destination"] == {
            "Fn::GetAtt": "SweepDeadLetterQueue.Arn"
        }

    @pytest.mark.parametrize(
        ("event", "old", "new", "heard"),
        [
            ("MODIFY", Life(1, 2), Life(1, 2, 3), True),
            ("MODIFY", Life(1, 2, 3), Life(1, 9, 3), True),
            ("REMOVE", Life(1, 2, 3), None, True),
            ("INSERT", None, Life(1, None, 3), True),
            ("INSERT", None, Life(1, 2), False),
            ("INSERT", None, Life(1), False),
        ],
    )
    def test_lets_through_what_leaves_something_to_sweep(
        self, event: str, old: Life | None, new: Life | None, heard: bool
    ) -> None:
        assert self.hears(event, LIFE, old, new) == heard
        # AND nothing of the second copies: each would be swept twice
        assert not self.hears(event, LIFE, old, new, copy=1)

    def test_does_not_hear_of_a_user_named_life(self) -> None:
        member = Register(Version(1, "0" * 32), Member(online=True))
        assert not self.hears("MODIFY", Key("member", "life"), member, member)

    def hears(
        self, event: str, key: Key, old: AnyRegister | None, new: AnyRegister | None, copy: int = 0
    ) -> bool:
        def image(register: AnyRegister) -> dict[str, Any]:
            return {**register_items("1", "r", key, register, writer="0" * 32, received_at=1)[copy]}

        registers = {"NewImage": new, "OldImage": old}
        images = {name: image(register) for name, register in registers.items() if register is not None}
        keys = next(item_key(item).item() for item in images.values())
        record = {"eventName": event, "dynamodb": {"Keys": keys, **images}}
        patterns = [json.loads(one["Pattern"]) for one in self.source["FilterCriteria"]["Filters"]]
        return any(EventPattern(pattern, pattern).matches_event(cast("Any", record)) for pattern in patterns)


def test_the_functions_may_do_on_the_queue_what_parking_calls_and_no_more() -> None:
    allowed = [statements(function)["Parking"] for function in FUNCTIONS]
    actions = [action for statement in allowed for action in statement["Action"]]
    assert sorted(actions) == sorted(f"sqs:{name}" for name in called("parking", "sqs"))
    assert {json.dumps(statement["Resource"]) for statement in allowed} == {
        '{"Fn::GetAtt": "ParkingQueue.Arn"}'
    }


def test_the_redrive_function_may_put_messages_with_the_dead_letters() -> None:
    allowed = statements("RedriveFunction")["DeadLetters"]
    assert {allowed["Action"]} == {f"sqs:{name}" for name in called("dead_letters", "sqs")}
    assert allowed["Resource"] == {"Fn::GetAtt": "DeadLetterQueue.Arn"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_put_events_on_the_one_bus_where_it_forwards(function: str) -> None:
    allowed = statements(function)["Forwarding"]
    assert {allowed["Action"]} == {f"events:{name}" for name in called("forwarder", "events")}
    assert allowed["Resource"]["Fn::Sub"][0].endswith(":event-bus/${Bus}")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_read_the_one_parameter_that_holds_the_tokens(function: str) -> None:
    allowed = statements(function)["Tokens"]
    assert {allowed["Action"]} == {f"ssm:{name}" for name in called("tokens", "ssm")}
    assert allowed["Resource"]["Fn::Sub"].endswith(":parameter${TokensParameter}")


@pytest.mark.parametrize("function", [*FUNCTIONS, "SweepFunction", "ReadFunction"])
def test_no_permission_is_for_more_than_named_resources(function: str) -> None:
    for statement in statements(function).values():
        assert "*" not in json.dumps([statement["Action"], statement["Resource"]])


def test_a_message_holds_the_largest_delivery() -> None:
    claim = Claim("f" * 64, "9" * 10, "Sign or RequestTime is missing or repeated.")
    largest = Delivery("9" * 20, b"\xff" * MAX_BODY_BYTES, 10**15, "\u20ac" * 85, "\u20ac" * 85, claim)
    for queue in ("ParkingQueue", "DeadLetterQueue"):
        assert len(largest.to_message().encode()) <= resource(queue)["MaximumMessageSize"]


def test_the_parking_queue_waits_longer_than_the_redrive_function_works() -> None:
    """Lambda asks for six times the function's time-out."""
    parking = resource("ParkingQueue")
    assert parking["VisibilityTimeout"] == 6 * resource("RedriveFunction")["Timeout"]


def test_redrive_has_executions_of_its_own_as_many_as_its_queue_asks_for() -> None:
    """A message that is received and throttled was not tried, but counts as a try (maxReceiveCount)."""
    # GIVEN as many as the source may invoke at once: Lambda throttles where fewer are reserved
    at_once = resource("RedriveFunction")["Events"]["Parked"]["Properties"]["ScalingConfig"]
    # THEN they are reserved, unless an account has none to spare
    reserved = template()["Parameters"]["RedriveConcurrency"]
    assert at_once["MaximumConcurrency"]["Fn::If"] == [
        "HasRedriveConcurrency",
        {"Ref": "RedriveConcurrency"},
        2,
    ]
    assert 1 not in reserved["AllowedValues"]  # a source takes 2 at least
    assert resource("RedriveFunction")["ReservedConcurrentExecutions"]["Fn::If"] == [
        "HasRedriveConcurrency",
        {"Ref": "RedriveConcurrency"},
        {"Ref": "AWS::NoValue"},
    ]


def test_a_bus_that_is_not_there_fails_the_deploy() -> None:
    """EventBridge answers OK to what is put on a bus that does not exist, and drops it."""
    # GIVEN a rule on the bus, which cannot be made without it; nor is a bus deleted that has one
    guard = template()["Resources"]["BusGuard"]
    assert guard["Condition"] == "Forwards"
    assert guard["Properties"]["EventBusName"] == {
        "Fn::If": ["MakesBus", {"Ref": "RoomBus"}, {"Ref": "ForwardTo"}]
    }
    # THEN it does nothing else
    assert guard["Properties"]["State"] == "DISABLED"
    assert "Targets" not in guard["Properties"]


def test_every_asynchronous_source_has_a_dead_letter_queue_that_keeps_as_long() -> None:
    sources = [event for function in FUNCTIONS for event in resource(function).get("Events", {}).values()]
    queues = [event["Properties"]["Queue"] for event in sources if event["Type"] == "SQS"]
    assert queues == [{"Fn::GetAtt": "ParkingQueue.Arn"}]
    assert resource("ParkingQueue")["RedrivePolicy"]["deadLetterTargetArn"] == {
        "Fn::GetAtt": "DeadLetterQueue.Arn"
    }
    kept = resource("DeadLetterQueue")["MessageRetentionPeriod"]
    assert kept == resource("ParkingQueue")["MessageRetentionPeriod"]


def test_every_function_has_a_log_group_with_a_retention() -> None:
    resources = template()["Resources"]
    functions = [name for name, made in resources.items() if made["Type"] == "AWS::Serverless::Function"]
    for name in functions:
        group = resource(name)["LoggingConfig"]["LogGroup"]["Ref"]
        assert resource(group)["RetentionInDays"] == {"Ref": "FunctionLogRetentionDays"}


NOT_FOR_CALLERS_TO_WRITE = {
    "$context.requestId": "nYpGbpbQ7w5KoWT=",
    "$context.requestTimeEpoch": "1795261180063",
    "$context.routeKey": "GET /v1/rooms",  # as the template has it, whatever path was asked for
    "$context.identity.sourceIp": "203.0.113.7",  # of the TCP connection, whatever X-Forwarded-For says
    "$context.status": "429",
    "$context.responseLength": "33",
    "$context.responseLatency": "1",
    "$context.integrationStatus": "200",
    "$context.error.responseType": "INTEGRATION_FAILURE",
}
"""Variables of an HTTP API's access log that are numbers, or words of AWS's own. Nothing in a line is
escaped: whoever can write a quote into it can hide a 429 from the metric filter."""


@pytest.mark.parametrize("stage", ["WebhookStage", "ReadStage"])
def test_no_caller_can_write_into_the_access_log(stage: str) -> None:
    # GIVEN the format, which is JSON made by hand
    line: str = resource(stage)["AccessLogSettings"]["Format"]
    # THEN it has only what no caller writes; neither the query string, which carries Sign or names rooms and
    # users, nor the path
    assert set(re.findall(r"\$[\w.]+", line)) <= NOT_FOR_CALLERS_TO_WRITE.keys()
    # AND with that, it is JSON, in which the metric filter finds a 429
    logged = json.loads(re.sub(r"\$[\w.]+", lambda name: NOT_FOR_CALLERS_TO_WRITE[name[0]], line))
    assert logged["status"] == "429"
    assert resource("GatewayThrottles")["FilterPattern"] == '{ $.status = "429" }'


def test_every_parameter_is_used_and_shown_in_a_group() -> None:
    text = Path("template.yaml").read_text()
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    shown = [name for group in groups for name in group["Parameters"]]
    assert sorted(shown) == sorted(template()["Parameters"])
    for name in template()["Parameters"]:
        assert re.search(rf"!Ref {name}\b|\$\{{{name}\}}", text), name


def _source(module: str) -> str:
    return (Path(roomstate.__file__).parent / "aws" / f"{module}.py").read_text()


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
