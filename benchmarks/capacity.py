"""What DynamoDB reckons for an item, and what a partition takes.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
"""

from typing import Any

PARTITION_WRITE_UNITS = 1_000
"""A second."""
PARTITION_READ_UNITS = 3_000
"""A second."""
WRITE_UNIT_BYTES = 1_024
READ_UNIT_BYTES = 4_096


def write_units(before: int, after: int) -> float:
    """Of a put in a transaction, which counts twice. Bytes of the item that was there (0: none) and is."""
    return 2 * started(max(before, after), WRITE_UNIT_BYTES)


def index_units(before: tuple[Any, Any] | None, after: tuple[Any, Any] | None) -> int:
    """Of one item in an index of keys alone, which a transaction does not double.

    Nothing where its keys stay as they are; one unit to put it or to take it away, so two where they change.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
    """
    return 0 if before == after else (before is not None) + (after is not None)


def read_units(size: int, *, consistent: bool) -> float:
    """Of one key of a BatchGetItem. Bytes of the item; one that is not there (0) counts like a small one."""
    return started(size, READ_UNIT_BYTES) * (1 if consistent else 0.5)


def started(size: int, unit: int) -> int:
    """Units of so many bytes that are started, at least one."""
    return max(1, -(-size // unit))
