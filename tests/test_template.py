"""The template against the code: what one names, the other uses."""

import re
from pathlib import Path
from typing import Any

import botocore.session

import roomstate
from local.template import resource, template
from roomstate.settings import Settings
from roomstate.table import TTL_ATTRIBUTE

SOURCES = "\n".join(path.read_text() for path in Path(roomstate.__file__).parent.glob("*.py"))
POWERTOOLS = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"}


def statements(function: str) -> list[dict[str, Any]]:
    return [statement for policy in resource(function)["Policies"] for statement in policy["Statement"]]


def test_the_ttl_attribute_is_the_one_the_store_writes() -> None:
    assert resource("RoomTable")["TimeToLiveSpecification"] == {
        "AttributeName": TTL_ATTRIBUTE,
        "Enabled": True,
    }


def test_the_keys_are_those_of_every_item() -> None:
    keys = [key["AttributeName"] for key in resource("RoomTable")["KeySchema"]]
    assert keys == ["pk", "sk"]


def test_the_environment_is_what_the_settings_read() -> None:
    variables = set(resource("WebhookFunction")["Environment"]["Variables"])
    assert variables - POWERTOOLS == {field.alias for field in Settings.model_fields.values()}
    assert variables >= POWERTOOLS


def test_the_function_may_do_what_it_calls_and_no_more() -> None:
    # GIVEN the DynamoDB calls in the store's source, as IAM names them
    operations = botocore.session.get_session().get_service_model("dynamodb").operation_names
    calls = set(re.findall(r"self\._client\.([a-z_]+)\(", (_source("store"))))
    called = {name for name in operations if _snake(name) in calls}
    assert len(called) == len(calls)
    # A transaction is allowed by what it is made of, and the store's are made of puts.
    assert set(re.findall(r'"(Put|Update|Delete|ConditionCheck)": ', _source("store"))) == {"Put"}
    needed = {f"dynamodb:{name}" for name in called - {"TransactWriteItems"}} | {"dynamodb:PutItem"}
    # THEN its role has these, by name, on the one table
    [rooms] = statements("WebhookFunction")
    assert set(rooms["Action"]) == needed
    assert rooms["Resource"] == {"Fn::GetAtt": "RoomTable.Arn"}


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
    return (Path(roomstate.__file__).parent / f"{module}.py").read_text()


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
