"""What alarms watch and the dashboard shows, against what is measured; and where an operator reads of it."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from local.aws.template import resource, template
from tests.project.metrics import Metric, counted

RESOURCES = template()["Resources"]
OPERATIONS = Path("docs/operations.md").read_text()

FUNCTION, API, QUEUE, TABLE = (
    "AWS::Serverless::Function",
    "AWS::ApiGatewayV2::Api",
    "AWS::SQS::Queue",
    "AWS::DynamoDB::Table",
)
OF_AWS: Mapping[tuple[str, str], tuple[str, set[str]]] = {
    ("AWS/Lambda", "FunctionName"): (
        FUNCTION,
        {"Errors", "Throttles", "ConcurrentExecutions", "IteratorAge"},
    ),
    # of an HTTP API; a REST API has other names for metric and dimension
    ("AWS/ApiGateway", "ApiId"): (API, {"Count", "4xx", "5xx", "Latency"}),
    ("AWS/SQS", "QueueName"): (
        QUEUE,
        {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"},
    ),
    ("AWS/DynamoDB", "TableName"): (
        TABLE,
        {
            "ConsumedReadCapacityUnits",
            "ConsumedWriteCapacityUnits",
            "ReadThrottleEvents",
            "WriteThrottleEvents",
        },
    ),
}
"""What AWS measures, of what is used here: by namespace and dimension, whose it is, and the names."""


def alarms() -> dict[str, Any]:
    return {
        name: resource(name) for name, one in RESOURCES.items() if one["Type"] == "AWS::CloudWatch::Alarm"
    }


def watched() -> dict[Metric, str]:
    """The metrics that alarms watch, and the alarm."""
    return {
        Metric(
            alarm["Namespace"],
            alarm["MetricName"],
            tuple((one["Name"], _id(one["Value"])) for one in alarm["Dimensions"]),
        ): name
        for name, alarm in alarms().items()
    }


def _id(value: Any) -> str:
    """A dimension's value: a word, or the logical id of the resource."""
    if isinstance(value, str):
        return value
    [reference] = value.values()
    return str(reference).partition(".")[0]


def widgets(condition: str = "") -> list[dict[str, Any]]:
    """The dashboard's widgets, those of a condition alone where one is named."""
    text, parts = resource("RoomDashboard")["DashboardBody"]["Fn::Sub"]
    optional = {name: part["Fn::If"][1]["Fn::Sub"] for name, part in parts.items()}
    whole = {part["Fn::If"][0]: optional[name] for name, part in parts.items()}
    if condition:
        text = f'{{"widgets": [{{}} {whole[condition]}]}}'
    for name, part in optional.items():
        text = text.replace(f"${{{name}}}", part)
    found: list[dict[str, Any]] = json.loads(text)["widgets"]
    return found


def shown(condition: str = "") -> Iterator[Metric]:
    """The metrics that the dashboard shows."""
    for widget in widgets(condition):
        for namespace, name, *rest in widget.get("properties", {}).get("metrics", []):
            names = [re.sub(r"^\$\{(\w+).*\}$", r"\1", one) for one in rest if isinstance(one, str)]
            yield Metric(namespace, name, tuple(zip(names[::2], names[1::2], strict=True)))


@pytest.mark.parametrize("metric", [*watched(), *shown()], ids=lambda one: "-".join(map(str, one[:2])))
def test_what_is_watched_or_shown_is_measured(metric: Metric) -> None:
    if metric.namespace == "roomstate":
        assert metric in counted()
        return
    (dimension, name), *more = metric.dimensions
    whose, measured = OF_AWS[metric.namespace, dimension]
    assert metric.name in measured
    assert RESOURCES[name]["Type"] == whose
    indexes = [
        index["IndexName"]
        for index in resource("RoomTable")["GlobalSecondaryIndexes"]
        if "IndexName" in index
    ]
    assert more in ([], [("GlobalSecondaryIndexName", indexes[0])])


def test_the_dashboard_shows_all_that_the_functions_count() -> None:
    """But for the codes of what Tencent refuses, and for what is rare and in the log."""
    codes = {metric for metric in counted() if re.fullmatch(r"ReconcileFailures.+", metric.name)}
    assert counted() - codes - {Metric("roomstate", "NeverForwarded", (("service", "reconcile"),))} <= {
        *shown()
    }


@pytest.mark.parametrize(("condition", "names"), [("HasReadApi", "Read"), ("Reconciles", "Plan|Reconcile")])
def test_what_is_not_deployed_is_not_shown(condition: str, names: str) -> None:
    # GIVEN the resources that are there on a condition
    optional = {name for name, made in RESOURCES.items() if made.get("Condition") == condition}
    services = {
        Metric("roomstate", metric.name, metric.dimensions)
        for metric in counted()
        if metric.dimensions in [(("service", one.lower()),) for one in names.split("|")]
    }
    theirs = {
        metric
        for metric in shown()
        if metric in services or any(name in optional for _, name in metric.dimensions)
    }
    # THEN what is shown of them is in widgets on the same condition
    assert theirs
    assert theirs == {*shown(condition)}


def test_at_the_defaults_it_is_one_of_the_three_that_are_free() -> None:
    assert len([*shown()]) - len([*shown("Reconciles")]) <= 50


def test_every_graph_says_where_and_when() -> None:
    for widget in widgets():
        assert widget["properties"].keys() >= {"title", "region", "stat", "period", "metrics"}
        assert widget["properties"]["region"] == "${AWS::Region}"


@pytest.mark.parametrize(
    "function", ["WebhookFunction", "RedriveFunction", "ReadFunction", "ReconcileFunction"]
)
@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_every_function_has_an_alarm_for_what_it_cannot_count_itself(function: str, metric: str) -> None:
    assert Metric("AWS/Lambda", metric, (("FunctionName", function),)) in watched()


def test_a_round_that_fails_has_an_alarm() -> None:
    assert Metric("AWS/Lambda", "Errors", (("FunctionName", "PlanFunction"),)) in watched()


@pytest.mark.parametrize("api", ["WebhookApi", "ReadApi"])
def test_the_gateways_own_failures_have_an_alarm(api: str) -> None:
    assert Metric("AWS/ApiGateway", "5xx", (("ApiId", api),)) in watched()


@pytest.mark.parametrize("queue", ["DeadLetterQueue", "SweepDeadLetterQueue", "ReconcileDeadLetterQueue"])
def test_dead_letters_have_an_alarm(queue: str) -> None:
    assert Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", (("QueueName", queue),)) in watched()


def test_an_alarm_is_there_when_what_it_watches_is() -> None:
    for metric, alarm in watched().items():
        for _, name in metric.dimensions:
            if name in RESOURCES:
                assert RESOURCES[alarm].get("Condition") == RESOURCES[name].get("Condition"), alarm


def test_every_metric_is_named_where_an_operator_looks() -> None:
    for metric in counted():
        name = re.sub(r"^(ReconcileFailures).+", r"\1…", metric.name)
        assert f"`{name}`" in OPERATIONS, name


def test_every_alarm_has_a_line_where_an_operator_looks() -> None:
    rows = [line for line in OPERATIONS.splitlines() if re.match(r"\| `\w+Alarm` \| .+ \| .+ \|$", line)]
    assert [re.findall(r"\w+Alarm", row)[0] for row in rows] == list(alarms())
