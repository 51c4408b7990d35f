"""The types of Tencent's wire, read strictly: what the documents show is taken, nothing is guessed.

Every error message is ours and holds nothing of the value: it goes back to the sender.
"""

import re
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field

MAX_IDENTIFIER_BYTES = 256
"""Documented are 48 bytes for a room and 32 for a user; a DynamoDB sort key takes 1,024."""
MAX_TEXT_BYTES = 4_096
"""A text field of a room. All of them, twice, and a payload of 256 KiB fit a 400 KB record."""
MAX_METADATA_BYTES = 16_384
"""A metadata value. Documented are 2 KB, and 10 keys (page 64375). `units` has how they fit a record."""
MAX_INTEGER = 10**15 - 1
"""Any integer that becomes state. In ms, the year 33658; DynamoDB takes 38 digits."""
MAX_ENTRIES = 2_048
"""Elements of a list. A longer one would be stored only where its ids have a few bytes (`units`)."""
MAX_LIST = 256
"""Elements of a list that becomes one field of a room (`Category`)."""

_DIGITS = re.compile(r"[0-9]{1,15}", re.ASCII)


def text(value: Any, most: int = MAX_TEXT_BYTES) -> str:
    """A string that DynamoDB takes: UTF-8 (no lone surrogate), at most `most` bytes."""
    if not isinstance(value, str):
        raise ValueError("is not a string")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise ValueError("holds a lone surrogate") from None
    if size > most:
        raise ValueError(f"is longer than {most} bytes")
    return value


def identifier(value: Any) -> str:
    """A user or room id. Samples show accounts as bare 18-digit integers: every digit is kept."""
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) >= 10**MAX_IDENTIFIER_BYTES:
            raise ValueError(f"is longer than {MAX_IDENTIFIER_BYTES} bytes")
        value = str(value)
    name = text(value, MAX_IDENTIFIER_BYTES)
    if not name:
        raise ValueError("is empty")
    return name


def optional_identifier(value: Any) -> str | None:
    """An id, or nobody: an empty seat has its account absent (page 64425), null or "" (60736)."""
    return None if value is None or value == "" else identifier(value)


def integer(value: Any) -> int:
    """A whole number from 0, also as a string of digits (Group.* samples, page 74348)."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("is not a whole number")
    if not 0 <= value <= MAX_INTEGER:
        raise ValueError(f"is not between 0 and {MAX_INTEGER}")
    return value


def flag(value: Any) -> bool:
    """True or false, also as a string (`IsCloudRecordingDisabled`, page 60731), or as 1 or 0."""
    match value:
        case bool():
            return value
        case "true" | 1:
            return True
        case "false" | 0:
            return False
    raise ValueError("is neither true nor false")


def tags(value: Any) -> list[int]:
    """A short list of whole numbers (`Category`)."""
    if not isinstance(value, list):
        raise ValueError("is not a list")
    if len(value) > MAX_LIST:
        raise ValueError(f"has more than {MAX_LIST} elements")
    return [integer(element) for element in value]


Identifier = Annotated[str, BeforeValidator(identifier)]
OptionalIdentifier = Annotated[str | None, BeforeValidator(optional_identifier)]
Text = Annotated[str, BeforeValidator(text)]
Integer = Annotated[int, BeforeValidator(integer)]
Flag = Annotated[bool, BeforeValidator(flag)]
T = TypeVar("T")
Listed = Annotated[list[T], Field(max_length=MAX_ENTRIES, fail_fast=True)]
"""A list. Its first fault ends it: only that one is told, and 100,000 of them would take a second."""
Tags = Annotated[Listed[int], BeforeValidator(tags)]
MetadataValue = Annotated[str, BeforeValidator(lambda value: text(value, MAX_METADATA_BYTES))]
