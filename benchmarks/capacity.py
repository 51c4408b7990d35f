"""What DynamoDB reckons for an item, and what a partition takes.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
"""

PARTITION_WRITE_UNITS = 1_000
"""A second."""
PARTITION_READ_UNITS = 3_000
"""A second."""
WRITE_UNIT_BYTES = 1_024
READ_UNIT_BYTES = 4_096


def write_units(before: int, after: int) -> float:
    """Of a put in a transaction, which counts twice. Bytes of the item that was there (0: none) and is."""
    return 2 * started(max(before, after), WRITE_UNIT_BYTES)


def read_units(size: int, *, consistent: bool) -> float:
    """Of one key of a BatchGetItem. Bytes of the item; one that is not there (0) counts like a small one."""
    return started(size, READ_UNIT_BYTES) * (1 if consistent else 0.5)


def started(size: int, unit: int) -> int:
    """Units of so many bytes that are started, at least one."""
    return max(1, -(-size // unit))
