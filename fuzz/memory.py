"""A DynamoDB of one table in a dict: as much of it as `roomstate.aws.store` uses, and as strict.

An item or a key that DynamoDB would refuse is `OutOfLimits` here, such a call a failed assertion.
"""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from local.aws.limits import check_item, item_key

MAX_KEYS = MAX_ACTIONS = 100
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024

Key = tuple[str, str]
Item = Mapping[str, Any]


class TransactionCanceledException(ClientError):
    def __init__(self, reasons: list[dict[str, Any]]) -> None:
        super().__init__({"Error": {"Code": type(self).__name__}}, "TransactWriteItems")
        self.response["CancellationReasons"] = reasons  # type: ignore[typeddict-item]


class Memory:
    """Stands in for the DynamoDB client of a `Store`."""

    exceptions = SimpleNamespace(TransactionCanceledException=TransactionCanceledException)

    def __init__(self) -> None:
        self.items: dict[Key, Item] = {}
        self.written: list[Item] = []
        self.written_bytes = 0
        """What was put since they were last cleared."""

    def batch_get_item(self, **call: Any) -> Any:
        ((table, wanted),) = call["RequestItems"].items()
        keys = [item_key(item) for item in wanted["Keys"]]
        assert 0 < len(set(keys)) == len(keys) <= MAX_KEYS
        return {
            "Responses": {table: [self.items[key] for key in keys if key in self.items]},
            "UnprocessedKeys": {},
        }

    def transact_write_items(self, **call: Any) -> None:
        puts = [action["Put"] for action in call["TransactItems"]]
        keys = [item_key(put["Item"]) for put in puts]
        size = sum(check_item(put["Item"]) for put in puts)
        assert 0 < len(set(keys)) == len(keys) <= MAX_ACTIONS
        assert size <= MAX_TRANSACTION_BYTES
        reasons = [_refusal(self.items.get(key), put) for key, put in zip(keys, puts, strict=True)]
        if any(reason["Code"] != "None" for reason in reasons):
            raise TransactionCanceledException(reasons)
        for key, put in zip(keys, puts, strict=True):
            self.items[key] = put["Item"]
            self.written.append(put["Item"])
        self.written_bytes += size


def _refusal(held: Item | None, put: Any) -> dict[str, Any]:
    if put["ConditionExpression"] == "attribute_not_exists(pk)":
        holds = held is None
    else:
        name, _, placeholder = put["ConditionExpression"].partition(" = ")
        expected = put["ExpressionAttributeValues"][placeholder]
        holds = held is not None and held.get(name) == expected
    if holds:
        return {"Code": "None"}
    old = {"Item": held} if put.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and held else {}
    return {"Code": "ConditionalCheckFailed", **old}
