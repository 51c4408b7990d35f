"""What a double of DynamoDB refuses, as DynamoDB would."""

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local.aws.embedded import TABLE_NAME
from local.aws.limits import OutOfLimits, check_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY: dict[str, Any] = {"pk": {"S": "p"}, "sk": {"S": "s"}}


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"S": "x"}
    for _ in range(levels):
        value = {"L": [value]}
    return value


# An item's names and key weigh 6 bytes here, the attribute's name 1.
TAKEN = {
    "the longest key": {"pk": {"S": "p" * 2_048}, "sk": {"S": "s" * 1_024}},
    "the largest item": KEY | {"a": {"S": "x" * 409_593}},
    "a number of 38 digits": KEY | {"a": {"N": "-" + "9" * 38}},
    "lists to the 32nd level": KEY | {"a": nested(31)},
}
REFUSED = {
    "a partition key too long": KEY | {"pk": {"S": "é" * 1_025}},
    "a sort key too long": KEY | {"sk": {"S": "s" * 1_025}},
    "an empty key": KEY | {"sk": {"S": ""}},
    "an item too large": KEY | {"a": {"B": b"x" * 409_594}},
    "a number of 39 digits": KEY | {"a": {"M": {"n": {"N": "9" * 39}}}},
    "a number that is none": KEY | {"a": {"N": "1e400"}},
    "lists to the 33rd level": KEY | {"a": nested(32)},
    "a type that is not stored": KEY | {"a": {"SS": ["x"]}},
}


@pytest.mark.parametrize("item", TAKEN.values(), ids=TAKEN)
def test_taken(item: Any) -> None:
    check_item(item)


@pytest.mark.parametrize("item", REFUSED.values(), ids=REFUSED)
def test_refused(dynamodb: "DynamoDBClient", item: Any) -> None:
    with pytest.raises(OutOfLimits):
        check_item(item)
    with pytest.raises(ClientError, match="ValidationException"):
        dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": TABLE_NAME, "Item": item}}])
