"""The part of the template that rooms are read with, against the code and against itself."""

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from local.aws.embedded import TABLE_NAME
from local.aws.gateway import READ_S
from local.aws.template import resource, template, with_optional
from roomstate.aws.reader import Reader
from roomstate.read.routes import PATHS
from tests.payloads import APP, NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RESOURCES = template()["Resources"]
NO_VALUE = {"Ref": "AWS::NoValue"}
GATEWAY_S = 30
"""What an HTTP API waits for a function."""


def of_type(kind: str) -> dict[str, Any]:
    """The properties of the read API's resources of a type."""
    found = {name: made for name, made in RESOURCES.items() if made["Type"] == kind}
    return {
        name: made["Properties"]
        for name, made in found.items()
        if made["Properties"].get("ApiId") == {"Ref": "ReadApi"}
    }


def test_the_routes_are_the_handlers() -> None:
    keys = [route["RouteKey"] for route in of_type("AWS::ApiGatewayV2::Route").values()]
    assert keys == [f"GET {path}" for path in PATHS]


@pytest.mark.parametrize("name", of_type("AWS::ApiGatewayV2::Route"))
def test_no_route_is_open(name: str) -> None:
    """With `jwt` a token with the scope is needed, which no ID token has; otherwise a signature."""
    route = resource(name)
    assert route["AuthorizationType"] == {"Fn::If": ["ReadsWithJwt", "JWT", "AWS_IAM"]}
    assert route["AuthorizerId"] == {"Fn::If": ["ReadsWithJwt", {"Ref": "ReadAuthorizer"}, NO_VALUE]}
    assert route["AuthorizationScopes"] == {"Fn::If": ["ReadsWithJwt", [{"Ref": "JwtScope"}], NO_VALUE]}
    assert route["Target"] == {"Fn::Sub": "integrations/${ReadIntegration}"}


def test_tokens_are_of_the_issuer_for_the_audience() -> None:
    assert RESOURCES["ReadAuthorizer"]["Condition"] == "ReadsWithJwt"
    authorizer = resource("ReadAuthorizer")
    assert authorizer["JwtConfiguration"] == {
        "Issuer": {"Ref": "JwtIssuer"},
        "Audience": {"Fn::Split": [",", {"Ref": "JwtAudience"}]},
    }
    # A token in the query string would be in logs and histories.
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]


def test_with_none_there_is_nothing_of_it() -> None:
    # GIVEN every resource and output that names the API or its function, and those that are named so
    named = ("ReadApi", "ReadFunction", "ReadStage", "ReadIntegration", "ReadAuthorizer")
    parts = {**RESOURCES, **template()["Outputs"]}
    of_reading = {
        name: part
        for name, part in parts.items()
        # the dashboard shows it on the same condition (test_metrics.py)
        if part.get("Condition") != "HasDashboard"
        and (name.startswith("Read") or any(one in json.dumps(part) for one in named))
    }
    # THEN each is there on a condition that ReadAccess decides
    assert {part.get("Condition") for part in of_reading.values()} == {
        "HasReadApi",
        "ReadsWithIam",
        "ReadsWithJwt",
    }
    conditions = template()["Conditions"]
    assert conditions["HasReadApi"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "ReadAccess"}, "none"]}]}
    assert conditions["ReadsWithIam"] == {"Fn::Equals": [{"Ref": "ReadAccess"}, "iam"]}
    assert conditions["ReadsWithJwt"] == {"Fn::Equals": [{"Ref": "ReadAccess"}, "jwt"]}


def complaints(**given: str) -> list[str]:
    """What CloudFormation says to parameters before it makes anything."""
    declared = template()["Parameters"]

    def holds(node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        [(function, argument)] = node.items()
        match function:
            case "Ref":
                return given.get(argument, declared[argument].get("Default"))
            case "Fn::Equals":
                first, second = map(holds, argument)
                return first == second
            case "Fn::Not":
                return not holds(argument[0])
        raise AssertionError(function)

    return [
        assertion["AssertDescription"]
        for rule in template()["Rules"].values()
        if holds(rule["RuleCondition"])
        for assertion in rule["Assertions"]
        if not holds(assertion["Assert"])
    ]


JWT = {"JwtIssuer": "https://issuer.example", "JwtAudience": "rooms", "JwtScope": "rooms/read"}


@pytest.mark.parametrize("missing", JWT)
def test_jwt_is_not_deployed_without_all_that_it_needs(missing: str) -> None:
    given = {name: value for name, value in JWT.items() if name != missing}
    [complaint] = complaints(ReadAccess="jwt", **given)
    assert missing in complaint


@pytest.mark.parametrize("given", [{"ReadAccess": "jwt", **JWT}, {}, {"ReadAccess": "none"}])
def test_all_else_is_deployed(given: dict[str, str]) -> None:
    assert complaints(**given) == []


def test_the_function_may_read_the_table_and_its_indexes_as_it_does_and_no_more(
    dynamodb: "DynamoDBClient",
) -> None:
    # GIVEN what is called for each question that there is
    called: set[tuple[str, str | None]] = set()

    def note(model: Any, params: Any, **_: Any) -> None:
        called.add((f"dynamodb:{model.name}", params.get("IndexName")))

    dynamodb.meta.events.register("provide-client-params.dynamodb.*", note)
    reader = Reader(dynamodb, TABLE_NAME)
    reader.rooms(APP)
    reader.room(APP, "r", count_members=True)
    reader.room(APP, "r", at=NOW)
    reader.members(APP, "r")
    reader.member(APP, "r", "ann")
    reader.user(APP, "ann")
    reader.log(APP, "r")
    # THEN its role allows that
    [policy] = resource("ReadFunction")["Policies"]
    table, lists = policy["Statement"]
    assert set(table["Action"]) == {action for action, index in called if index is None}
    assert table["Resource"] == {"Fn::GetAtt": "RoomTable.Arn"}
    assert {lists["Action"]} == {action for action, index in called if index is not None}
    assert [one["Fn::Sub"] for one in with_optional(lists["Resource"])] == [
        f"${{RoomTable.Arn}}/index/{index}" for index in sorted(index for _, index in called if index)
    ]
    # AND nothing but reading
    assert {table["Effect"], lists["Effect"]} == {"Allow"}
    assert {*table["Action"], lists["Action"]} <= {
        "dynamodb:Query",
        "dynamodb:GetItem",
        "dynamodb:BatchGetItem",
    }


@pytest.mark.parametrize("user_index", [True, False])
def test_each_attribute_that_is_defined_is_of_a_key(user_index: bool) -> None:
    """DynamoDB refuses a table with one that is not."""
    table = resource("RoomTable")

    def there(elements: list[Any]) -> list[Any]:
        given = [one for one in elements if user_index or "Fn::If" not in one]
        return with_optional(given)

    indexes = there(table["GlobalSecondaryIndexes"])
    keys = [key for schema in (table, *indexes) for key in schema["KeySchema"]]
    defined = [one["AttributeName"] for one in there(table["AttributeDefinitions"])]
    assert sorted(defined) == sorted({key["AttributeName"] for key in keys})
    # AND an index holds keys alone, so that a write to it is one unit
    assert {index["Projection"]["ProjectionType"] for index in indexes} == {"KEYS_ONLY"}


def test_what_is_there_on_a_condition_is_there_with_the_user_index() -> None:
    table = resource("RoomTable")
    optional = [*table["AttributeDefinitions"], *table["GlobalSecondaryIndexes"]]
    branches = [one["Fn::If"] for one in optional if "Fn::If" in one]
    assert [(condition, otherwise) for condition, _, otherwise in branches] == [
        ("HasUserIndex", NO_VALUE)
    ] * 3
    assert resource("ReadFunction")["Environment"]["Variables"]["USER_INDEX"] == {"Ref": "UserIndex"}


def test_readers_are_throttled_apart_from_webhooks() -> None:
    throttled = {
        stage: resource(stage)["DefaultRouteSettings"]["ThrottlingRateLimit"]["Ref"]
        for stage in ("WebhookStage", "ReadStage")
    }
    assert throttled == {"WebhookStage": "RequestsPerSecond", "ReadStage": "ReadRequestsPerSecond"}
    # AND take no more executions from webhooks than are theirs
    assert resource("ReadFunction")["ReservedConcurrentExecutions"] == {
        "Fn::If": ["HasReadConcurrency", {"Ref": "ReadConcurrency"}, NO_VALUE]
    }


def test_the_function_is_cut_off_before_the_gateway_gives_up() -> None:
    assert resource("ReadFunction")["Timeout"] < GATEWAY_S
    assert resource("ReadFunction")["Timeout"] == READ_S


@pytest.mark.parametrize(
    ("origins", "fits"),
    [
        ("", True),
        ("https://app.example.com", True),
        ("https://app.example.com,http://localhost:5173", True),
        ("*", False),
        ("https://*.example.com", False),
        ("https://app.example.com/", False),
        ("app.example.com", False),
        ("https://a.example, https://b.example", False),
    ],
)
def test_origins_are_named_one_by_one(origins: str, fits: bool) -> None:
    """What a browser sends as Origin is compared with each to the letter: one with a slash would fit none."""
    pattern = template()["Parameters"]["CorsOrigins"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, origins)) == fits


def test_a_page_may_send_and_see_what_it_needs() -> None:
    condition, cors, otherwise = resource("ReadApi")["CorsConfiguration"]["Fn::If"]
    assert (condition, otherwise) == ("HasCorsOrigins", NO_VALUE)
    assert cors["AllowOrigins"] == {"Fn::Split": [",", {"Ref": "CorsOrigins"}]}
    assert cors["AllowMethods"] == ["GET"]
    assert {"authorization", "if-none-match"} <= set(cors["AllowHeaders"])
    assert set(cors["ExposeHeaders"]) == {"etag", "retry-after"}
    # No cookies: nothing that a browser would send along unasked.
    assert "AllowCredentials" not in cors
