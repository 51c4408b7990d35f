"""The template against the code: what one names, the other uses."""

import json
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest

import roomstate
from local.aws.template import resource, template
from roomstate.aws.table import TTL_ATTRIBUTE
from roomstate.receive.settings import Settings, WebhookSettings
from roomstate.tencent.delivery import MAX_BODY_BYTES, Delivery
from roomstate.tencent.errors import ErrorCode
from roomstate.tencent.signature import Claim

SOURCES = "\n".join(path.read_text() for path in Path(roomstate.__file__).parent.rglob("*.py"))
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


def test_the_keys_are_those_of_every_item() -> None:
    keys = [key["AttributeName"] for key in resource("RoomTable")["KeySchema"]]
    assert keys == ["pk", "sk"]


@pytest.mark.parametrize(
    ("function", "settings"), [("WebhookFunction", WebhookSettings), ("RedriveFunction", Settings)]
)
def test_the_environment_is_what_the_settings_read(function: str, settings: type[Settings]) -> None:
    shared = template()["Globals"]["Function"]["Environment"]["Variables"]
    variables = {*shared, *resource(function)["Environment"]["Variables"]}
    assert variables - LIBRARIES == {field.alias for field in settings.model_fields.values()}
    assert variables >= LIBRARIES


FUNCTIONS = ["WebhookFunction", "RedriveFunction"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_on_the_table_what_the_store_calls_and_no_more(function: str) -> None:
    # A transaction is allowed by what it is made of, and the store's are made of puts.
    assert set(re.findall(r'"(Put|Update|Delete|ConditionCheck)": ', _source("store"))) == {"Put"}
    needed = {f"dynamodb:{name}" for name in called("store", "dynamodb") - {"TransactWriteItems"}}
    allowed = statements(function)["Rooms"]
    assert set(allowed["Action"]) == needed | {"dynamodb:PutItem"}
    assert allowed["Resource"] == {"Fn::GetAtt": "RoomTable.Arn"}


def test_the_functions_may_do_on_the_queue_what_parking_calls_and_no_more() -> None:
    allowed = [statements(function)["Parking"] for function in FUNCTIONS]
    actions = [action for statement in allowed for action in statement["Action"]]
    assert sorted(actions) == sorted(f"sqs:{name}" for name in called("parking", "sqs"))
    assert {json.dumps(statement["Resource"]) for statement in allowed} == {
        '{"Fn::GetAtt": "ParkingQueue.Arn"}'
    }


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


@pytest.mark.parametrize("function", FUNCTIONS)
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


def test_every_asynchronous_source_has_a_dead_letter_queue_that_keeps_as_long() -> None:
    sources = [event for function in FUNCTIONS for event in resource(function).get("Events", {}).values()]
    queues = [event["Properties"]["Queue"] for event in sources if event["Type"] == "SQS"]
    assert queues == [{"Fn::GetAtt": "ParkingQueue.Arn"}]
    assert resource("ParkingQueue")["RedrivePolicy"]["deadLetterTargetArn"] == {
        "Fn::GetAtt": "DeadLetterQueue.Arn"
    }
    kept = resource("DeadLetterQueue")["MessageRetentionPeriod"]
    assert kept == resource("ParkingQueue")["MessageRetentionPeriod"]


def test_every_alarm_on_our_own_metrics_is_on_one_that_the_code_counts() -> None:
    made = template()["Resources"]
    filters = {
        transformation["MetricName"]
        for name, one in made.items()
        if one["Type"] == "AWS::Logs::MetricFilter"
        for transformation in resource(name)["MetricTransformations"]
    }
    counted = {code.name.title().replace("_", "") for code in ErrorCode} | filters
    alarms = [resource(name) for name, one in made.items() if one["Type"] == "AWS::CloudWatch::Alarm"]
    ours = {alarm["MetricName"] for alarm in alarms if alarm["Namespace"] == "roomstate"}
    assert ours <= counted | {"RedriveFailed", "TokensUnavailable"}
    services = {
        resource(function)["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] for function in FUNCTIONS
    }
    for alarm in alarms:
        if alarm["Namespace"] == "roomstate" and alarm["MetricName"] not in filters:
            [dimension] = alarm["Dimensions"]
            assert dimension["Name"] == "service"
            assert dimension["Value"] in services
    documented = Path("docs/operations.md").read_text()
    for name, one in made.items():
        if one["Type"] == "AWS::CloudWatch::Alarm":
            assert f"`{name}`" in documented, name


def test_every_function_has_a_log_group_with_a_retention() -> None:
    resources = template()["Resources"]
    functions = [name for name, made in resources.items() if made["Type"] == "AWS::Serverless::Function"]
    for name in functions:
        group = resource(name)["LoggingConfig"]["LogGroup"]["Ref"]
        assert resource(group)["RetentionInDays"] == {"Ref": "FunctionLogRetentionDays"}


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
