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


def check_item(item: Any) -> int:
    """Raise OutOfLimits for an item that DynamoDB would refuse. Gives the bytes of any other."""
    item_key(item)
    size = item_bytes(item)
    if size > MAX_ITEM_BYTES:
        raise OutOfLimits(f"The item has {size} bytes.")
    return size


def item_key(item: Any) -> tuple[str, str]:
    """An item's key, pk and sk. Raises OutOfLimits for one that DynamoDB would refuse."""
    for name, most in ("pk", MAX_PK_BYTES), ("sk", MAX_SK_BYTES):
        size = len(item[name]["S"].encode())
        if not 0 < size <= most:
            raise OutOfLimits(f"{name} has {size} bytes.")
    return item["pk"]["S"], item["sk"]["S"]


def item_bytes(item: Any) -> int:
    """What an item weighs: its names and values, 3 bytes for a list or map, 1 for each element.

    Raises:
        OutOfLimits: a number of too many digits, or lists and maps too deep in each other.
    """
    return sum(len(name.encode()) + _bytes(value, 1) for name, value in item.items())


def _bytes(value: Any, depth: int) -> int:
    if depth > MAX_NESTING:
        raise OutOfLimits("The item is nested too deeply.")
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(content)
        case "N":
            if not _NUMBER.fullmatch(content):
                raise OutOfLimits("A number has more than 38 digits, or is none.")
            return (len(content) + 1) // 2 + 2
        case "L":
            size = 3 + len(content)
            for element in content:
                size += _bytes(element, depth + 1)
            return size
        case "M":
            size = 3 + len(content)
            for name, element in content.items():
                size += len(name.encode()) + _bytes(element, depth + 1)
            return size
        case "BOOL" | "NULL":
            return 1
    raise OutOfLimits(f"{kind} is no type that is stored here.")
