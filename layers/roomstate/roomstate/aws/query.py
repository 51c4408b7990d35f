"""Queries of one partition of the table, page by page."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from roomstate.aws.marshal import Item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def query(client: "DynamoDBClient", table_name: str, pk: str) -> Iterator[Item]:
    """The items of a partition by sort key, strongly consistent, read as they are asked for."""
    request = {
        "TableName": table_name,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": to_item({":pk": pk}),
        "ConsistentRead": True,
    }
    for answer in query_pages(client, request):
        yield from answer["Items"]


def query_pages(
    client: "DynamoDBClient", request: dict[str, Any], before: Callable[[], None] = lambda: None
) -> Iterator[Any]:
    """The answers to a query, one after another, to its end.

    Args:
        before: called before each call.
    """
    start: Any = {}
    while True:
        before()
        answer = client.query(**request, **start)
        yield answer
        if "LastEvaluatedKey" not in answer:
            return
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
