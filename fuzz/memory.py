"""A DynamoDB of one table in a dict: as much of it as `roomstate.store` uses, and as strict.

An item, a key, a number or a call that DynamoDB would refuse is a failed assertion here.
"""

import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

MAX_KEYS = MAX_ACTIONS = 100
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
MAX_ITEM_BYTES = 400 * 1024
MAX_PK_BYTES, MAX_SK_BYTES = 2_048, 1_024
MAX_NESTING = 32

_NUMBER = re.compile(r"-?[0-9]{1,38}", re.ASCII)

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
        """What was put since it was last cleared."""

    def batch_get_item(self, **call: Any) -> Any:
        ((table, wanted),) = call["RequestItems"].items()
        keys = [_key(item) for item in wanted["Keys"]]
        assert 0 < len(set(keys)) == len(keys) <= MAX_KEYS
        return {
            "Responses": {table: [self.items[key] for key in keys if key in self.items]},
            "UnprocessedKeys": {},
        }

    def transact_write_items(self, **call: Any) -> None:
        puts = [action["Put"] for action in call["TransactItems"]]
        keys = [_key(put["Item"]) for put in puts]
        sizes = [size(put["Item"]) for put in puts]
        assert 0 < len(set(keys)) == len(keys) <= MAX_ACTIONS
        assert max(sizes) <= MAX_ITEM_BYTES
        assert sum(sizes) <= MAX_TRANSACTION_BYTES
        reasons = [_refusal(self.items.get(key), put) for key, put in zip(keys, puts, strict=True)]
        if any(reason["Code"] != "None" for reason in reasons):
            raise TransactionCanceledException(reasons)
        for key, put in zip(keys, puts, strict=True):
            self.items[key] = put["Item"]
            self.written.append(put["Item"])


def size(value: Any, depth: int = 0) -> int:
    """What an item or an attribute's value weighs, in bytes, at least."""
    assert depth <= MAX_NESTING
    if depth == 0:
        return sum(len(name.encode()) + size(part, 1) for name, part in value.items())
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(content)
        case "N":
            assert _NUMBER.fullmatch(content)
            return len(content) // 2
        case "L":
            return 3 + sum(1 + size(part, depth + 1) for part in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + size(part, depth + 1) for name, part in content.items())
    assert kind in ("BOOL", "NULL")
    return 1


def _key(item: Item) -> Key:
    pk, sk = item["pk"]["S"], item["sk"]["S"]
    assert 0 < len(pk.encode()) <= MAX_PK_BYTES
    assert 0 < len(sk.encode()) <= MAX_SK_BYTES
    return pk, sk


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
