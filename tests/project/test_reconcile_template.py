"""The part of the template that asks Tencent, against the code and against itself."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import roomstate
from local.aws.template import resource, template
from roomstate.reconcile.reconciler import ROOM_S
from roomstate.reconcile.rest import READ_S
from roomstate.reconcile.settings import PlanSettings, ReconcileSettings
from tests.project.test_template import LIBRARIES, statements

PACKAGE = Path(roomstate.__file__).parent
RESOURCES = template()["Resources"]
WORKER = resource("ReconcileFunction")
ROOMS = WORKER["Events"]["Rooms"]["Properties"]


@pytest.mark.parametrize(
    ("function", "settings"), [("PlanFunction", PlanSettings), ("ReconcileFunction", ReconcileSettings)]
)
def test_the_environment_is_what_the_settings_read(function: str, settings: type[BaseModel]) -> None:
    shared = template()["Globals"]["Function"]["Environment"]["Variables"]
    variables = {*shared, *resource(function)["Environment"]["Variables"]}
    assert variables - LIBRARIES == {field.alias for field in settings.model_fields.values()}
    assert variables >= LIBRARIES


def test_who_plans_may_list_rooms_and_fill_the_queue_and_no_more() -> None:
    allowed = statements("PlanFunction")
    assert {sid: (one["Action"], one["Resource"]) for sid, one in allowed.items()} == {
        "Lists": ("dynamodb:Query", {"Fn::Sub": "${RoomTable.Arn}/index/LiveRooms"}),
        "Queue": (["sqs:GetQueueAttributes", "sqs:SendMessage"], {"Fn::GetAtt": "ReconcileQueue.Arn"}),
    }
    calls = re.findall(r"self\._client\.(\w+)\(", (PACKAGE / "reconcile/planner.py").read_text())
    assert {*calls} == {"get_queue_attributes", "send_message_batch"}


def test_who_asks_may_read_rooms_assert_facts_and_read_the_one_parameter() -> None:
    allowed = statements("ReconcileFunction")
    assert allowed.keys() == {"Rooms", "Forwarding", "Accounts"}
    assert set(allowed["Rooms"]["Action"]) == {
        "dynamodb:Query",
        "dynamodb:BatchGetItem",
        "dynamodb:PutItem",
    }
    assert allowed["Rooms"]["Resource"] == {"Fn::GetAtt": "RoomTable.Arn"}
    assert allowed["Accounts"]["Action"] == "ssm:GetParameter"
    assert allowed["Accounts"]["Resource"]["Fn::Sub"].endswith(":parameter${ReconcileParameter}")


@pytest.mark.parametrize("function", ["PlanFunction", "ReconcileFunction"])
def test_no_permission_is_for_more_than_named_resources(function: str) -> None:
    for statement in statements(function).values():
        assert "*" not in json.dumps([statement["Action"], statement["Resource"]])


def test_the_key_is_in_no_environment_but_that_of_who_asks() -> None:
    """Its name even: who plans, and who takes webhooks, has nothing to do with it."""
    naming = [name for name, made in RESOURCES.items() if "ReconcileParameter" in json.dumps(made)]
    assert naming == ["ReconcileFunction"]


def test_there_are_as_many_workers_as_share_the_rate() -> None:
    workers = {"Ref": "ReconcileWorkers"}
    assert WORKER["Environment"]["Variables"]["RECONCILE_WORKERS"] == workers
    assert ROOMS["ScalingConfig"]["MaximumConcurrency"] == workers
    rate = template()["Parameters"]["ReconcileCallsPerSecond"]
    [most] = [
        one.le for one in ReconcileSettings.model_fields["calls_per_second"].metadata if hasattr(one, "le")
    ]
    assert rate["Default"] <= rate["MaxValue"] == most


def test_a_room_fits_the_time_of_an_invocation_and_the_queue_waits_for_all() -> None:
    assert WORKER["Timeout"] > 2 * ROOM_S
    assert resource("ReconcileQueue")["VisibilityTimeout"] == 6 * WORKER["Timeout"]
    assert ROOMS["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_all_rooms_of_an_invocation_are_begun_however_slowly_tencent_answers() -> None:
    """What is not begun has been received all the same, and is a dead letter after three times."""
    slow_s = len(["info", "seats", "members", "admins", "metadata"]) * READ_S
    assert (ROOMS["BatchSize"] - 1) * slow_s + ROOM_S <= WORKER["Timeout"]


def test_what_cannot_be_asked_about_ends_with_dead_letters() -> None:
    policy = resource("ReconcileQueue")["RedrivePolicy"]
    assert policy["deadLetterTargetArn"] == {"Fn::GetAtt": "ReconcileDeadLetterQueue.Arn"}
    assert ROOMS["Queue"] == {"Fn::GetAtt": "ReconcileQueue.Arn"}


def test_without_minutes_there_is_nothing_of_it() -> None:
    assert template()["Parameters"]["ReconcileMinutes"]["Default"] == 0
    assert template()["Conditions"]["Reconciles"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "ReconcileMinutes"}, 0]}]
    }
    named = ("ReconcileQueue", "ReconcileFunction", "PlanFunction", "ReconcileDeadLetterQueue")
    parts: dict[str, Any] = {**RESOURCES, **template()["Outputs"]}
    of_it = {
        name: part.get("Condition")
        for name, part in parts.items()
        if name != "RoomDashboard"
        and (name.startswith(("Plan", "Reconcile")) or any(n in json.dumps(part) for n in named))
    }
    assert {*of_it.values()} == {"Reconciles"}


def test_minutes_without_a_parameter_are_refused() -> None:
    rule = template()["Rules"]["ReconcileIsWhole"]
    assert rule["RuleCondition"] == template()["Conditions"]["Reconciles"]
    [assertion] = rule["Assertions"]
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "ReconcileParameter"}, ""]}]}
