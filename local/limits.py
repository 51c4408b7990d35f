"""What DynamoDB takes, for doubles of it to take no more. moto takes any key, and any number."""

import re
from typing import Any

MAX_ITEM_BYTES = 409_600
MAX_PK_BYTES = 2_048
MAX_SK_BYTES = 1_024
MAX_NESTING = 32

_NUMBER = re.compile(r"-?[0-9]{1,38}", re.ASCII)


class OutOfLimits(Exception):
    """An item that DynamoDB would refuse. `decode` sees to it that none comes to be."""


def check_item(item: Any) -> None:
    """Raise OutOfLimits for an item that DynamoDB would refuse."""
    check_key(item)
    size = item_bytes(item)
    if size > MAX_ITEM_BYTES:
        raise OutOfLimits(f"The item has {size} bytes.")


def check_key(key: Any) -> None:
    """Raise OutOfLimits for a key that DynamoDB would refuse."""
    for name, most in ("pk", MAX_PK_BYTES), ("sk", MAX_SK_BYTES):
        size = len(key[name]["S"].encode())
        if not 0 < size <= most:
            raise OutOfLimits(f"{name} has {size} bytes.")


def item_bytes(item: Any) -> int:
    """What an item weighs: its names and values, 3 bytes for a list or map, 1 for each element.

    Raises:
        OutOfLimits: a number of too many digits, or lists and maps too deep in each other.
    """
    return sum(len(name.encode()) + _bytes(value, 1) for name, value in item.items())


def _bytes(value: Any, depth: int) -> int:
    if depth > MAX_NESTING:
        raise OutOfLimits("The item is nested too deeply.")
    match next(iter(value.items())):
        case "S", content:
            return len(content.encode())
        case "B", content:
            return len(content)
        case "N", content:
            if not _NUMBER.fullmatch(content):
                raise OutOfLimits("A number has more than 38 digits, or is none.")
            return (len(content) + 1) // 2 + 2
        case "L", content:
            return 3 + sum(1 + _bytes(element, depth + 1) for element in content)
        case "M", content:
            return 3 + sum(
                1 + len(name.encode()) + _bytes(element, depth + 1) for name, element in content.items()
            )
        case "BOOL" | "NULL", _:
            return 1
        case kind, _:
            raise OutOfLimits(f"{kind} is no type that is stored here.")
    raise AssertionError("unreachable")
