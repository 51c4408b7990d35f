"""Queries of one partition of the table, page by page."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from roomstate.aws.marshal import Item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def query(
    client: "DynamoDBClient",
    table_name: str,
    pk: str,
    *,
    condition: str | None = None,
    bounds: Mapping[str, str] | None = None,
    page: int | None = None,
) -> Iterator[Item]:
    """The items of a partition by sort key, strongly consistent, read as they are asked for.

    Args:
        condition: on `sk`, with the values that `bounds` names.
        page: how many items are read at once; what fits 1 MB unless told.
    """
    asked: dict[str, Any] = {
        "TableName": table_name,
        "KeyConditionExpression": "pk = :pk" + (f" AND {condition}" if condition else ""),
        "ExpressionAttributeValues": to_item({":pk": pk, **(bounds or {})}),
        "ConsistentRead": True,
        **({"Limit": page} if page else {}),
    }
    while True:
        answer = client.query(**asked)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
