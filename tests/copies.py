"""The two copies of each room's life, as they are in a table."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from local.aws.embedded import TABLE_NAME
from roomstate.aws.items import is_torn
from roomstate.aws.table import life_copy, life_keys
from tests.payloads import APP, Payload, webhook

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FIRST, SECOND = 0, 1


def copies(dynamodb: "DynamoDBClient", room: str = "r") -> list[Any]:
    """Each copy, or None."""
    return [
        dynamodb.get_item(TableName=TABLE_NAME, Key=key.item(), ConsistentRead=True).get("Item")
        for key in life_keys(APP, room)
    ]


def lose(dynamodb: "DynamoDBClient", copy: int, room: str = "r") -> Any:
    """Delete one copy, as TTL does. Gives what it was."""
    key = life_keys(APP, room)[copy].item()
    return dynamodb.delete_item(TableName=TABLE_NAME, Key=key, ReturnValues="ALL_OLD").get("Attributes")


def without_place(copy: Mapping[str, Any]) -> dict[str, Any]:
    """What has to be the same in both copies."""
    return {name: copy[name] for name in copy.keys() - {"pk", "live_app", "live_since"}}


def assert_same_copies(items: Iterable[Any]) -> None:
    """Both copies of each life are there, and say the same."""
    by_room: dict[str, list[Any]] = {}
    for item in items:
        if item.get("kind") == {"S": "life"}:
            by_room.setdefault(item["room_id"]["S"], []).append(item)
    for found in by_room.values():
        assert not is_torn(found)
        one, other = map(without_place, found)
        assert one == other


def reading(copy: int, payload: Payload) -> Payload:
    """The payload, with a text that nobody reads, so that its webhook reads that copy first."""
    spelt = ({**payload, "Unread": number} for number in range(100))
    return next(each for each in spelt if life_copy(webhook(each).event_id, 0) == copy)
