"""moto's items and tables, made quick enough for rooms of thousands. What they do stays the same.

moto copies every item of the table for each action of a transaction, to be able to roll back, where copying
the index of what is touched is enough (nothing here changes an item in place but its expiry); for each query
it sorts the whole table, and copies all that it finds; it weighs an item anew for each of its attributes; and
it looks at each value, to compare it or to answer it, as if it could be of any type.
"""

import copy
import inspect
import operator
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any
from unittest.mock import patch

from moto.dynamodb import responses
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models import DynamoDBBackend, utilities
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table

_MAX_ITEM_BYTES = 405_000
"""moto's."""


def _make_item(item: Any, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]) -> None:
    item.hash_key, item.range_key, item.attrs = hash_key, range_key, LimitedSizeDict()
    dict.update(item.attrs, {name: DynamoType(value) for name, value in attrs.items()})
    item.weight = _weigh_item(item)
    if item.weight > _MAX_ITEM_BYTES:
        raise ItemSizeTooLarge


_weigh_item = Item.size
_update_item = DynamoDBBackend.update_item


def _item_size(item: Item) -> int:
    """Pages of queries are cut by it. It is weighed once, unless it is changed in place."""
    weight: int | None = getattr(item, "weight", None)
    return _weigh_item(item) if weight is None else weight


def _update(backend: DynamoDBBackend, *args: Any, **kwargs: Any) -> Item:
    updated = _update_item(backend, *args, **kwargs)
    vars(updated).pop("weight", None)
    return updated


def _hash(value: DynamoType) -> int:
    return hash((value.type, value.value if value.type == "S" else value.cast_value))


def _equals(value: DynamoType, other: DynamoType) -> bool:
    if value.type == other.type == "S":
        return bool(value.value == other.value)
    return value.type == other.type and bool(value.cast_value == other.cast_value)


_to_plain_any = utilities.dynamo_to_dict


def _to_plain(value: Any) -> Any:
    if type(value) is DynamoType and value.type in ("S", "N"):
        return {value.type: value.value}
    return _to_plain_any(value)


_weigh = DynamoType.size


def _size(value: DynamoType) -> int:
    return len(value.value.encode()) if value.type == "S" else _weigh(value)


_transact_items = DynamoDBBackend.transact_write_items


def _transact(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    """A transaction that takes back what it did when it fails, and copies no table beforehand."""
    before: dict[tuple[str, DynamoType], Any] = {}
    for action in transact_items:
        kind, of = next(iter(action.items()))
        table, key = backend.tables.get(of.get("TableName")), of.get("Item" if kind == "Put" else "Key", {})
        if table is not None and table.hash_key_attr in key:
            partition = DynamoType(key[table.hash_key_attr])
            before[table.name, partition] = copy.copy(table.items.get(partition))
    try:
        _transact_items(backend, transact_items)
    except Exception:
        for (name, partition), items in before.items():
            if items is None:
                backend.tables[name].items.pop(partition, None)
            else:
                backend.tables[name].items[partition] = items
        raise


_query_table = Table.query
_QUERY = inspect.signature(Table.query)
_COMPARE: Mapping[str, Callable[..., bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "BETWEEN": lambda key, first, last: first <= key <= last,
    "BEGINS_WITH": str.startswith,
}


def _query_partition(table: Table, *args: Any, **kwargs: Any) -> Any:
    """moto's query, of as few items as it may find."""
    asked = _QUERY.bind(table, *args, **kwargs).arguments
    partition, sort = "pk", "sk"
    if asked.get("index_name"):
        schema = table.get_index(asked["index_name"], error_if_not=True).schema
        partition, sort = (key["AttributeName"] for key in schema)
        everyone = (item for items in table.items.values() for item in items.values())
        wanted = asked["hash_key"].value
        listed = [
            item for item in everyone if partition in item.attrs and item.attrs[partition].value == wanted
        ]
    else:
        listed = list(table.items.get(asked["hash_key"], {}).values())
    comparison = asked["range_comparison"]
    bounds = [bound.value for bound in asked["range_objs"]]
    found = [
        item
        for item in listed
        if comparison not in _COMPARE or _COMPARE[comparison](item.attrs[sort].value, *bounds)
    ]
    if asked["limit"] and asked["exclusive_start_key"] is None:
        found.sort(key=lambda item: item.attrs[sort].value, reverse=asked["scan_index_forward"] is False)
        del found[asked["limit"] + 1 :]  # one more, to be told that there is more
    only = copy.copy(table)
    only.items = defaultdict(dict)
    for item in found:
        only.items[item.hash_key][item.range_key] = item
    # It copies what it found, which nobody changes.
    with patch.object(Item, "__deepcopy__", _copy_item, create=True):
        return _query_table(only, *args, **kwargs)


def _copy_item(item: Item, _: Any) -> Item:
    clone = copy.copy(item)
    clone.attrs = LimitedSizeDict(item.attrs)
    return clone


QUICK_ITEMS: Mapping[tuple[Any, str], Any] = {
    (Item, "__init__"): _make_item,
    (Item, "size"): _item_size,
    (DynamoDBBackend, "update_item"): _update,
    (DynamoType, "__hash__"): _hash,
    (DynamoType, "__eq__"): _equals,
    (DynamoType, "size"): _size,
    (utilities, "dynamo_to_dict"): _to_plain,
    (responses, "dynamo_to_dict"): _to_plain,
    (DynamoDBBackend, "transact_write_items"): _transact,
    (Table, "__deepcopy__"): lambda table, _: table,  # only a transaction does, and takes it back itself
    (Table, "query"): _query_partition,
}
"""What is put in whose place."""
