"""A JSON object from hostile bytes, and its one canonical form."""

import json
import re
from typing import Any

from roomstate.tencent.errors import Unreadable

MAX_DEPTH = 32
"""Nesting of a body. The deepest documented one has 4 levels."""
MAX_VALUES = 32_768
"""Values in a body, and members of its objects: 8 bytes for each in 256 KiB. Reading takes time for each."""
MAX_DIGITS = 100
"""Digits of a number in a body."""


def parse(body: bytes) -> dict[str, Any]:
    """A JSON object from hostile bytes.

    Raises:
        Unreadable: not UTF-8, not JSON, not an object, of too many values, or JSON that two parsers would
            read in two ways: duplicate keys, NaN, numbers out of range, lone surrogates, deep nesting.
    """
    try:
        text = body.decode()
        brackets = text.count("{") + text.count("[")
        # A value is the first in its brackets, or follows a comma. Those in strings count too.
        if brackets + text.count(",") > MAX_VALUES:
            raise Unreadable(f"The body has more than {MAX_VALUES} values.")
        document = _DECODER.decode(text)
    except UnicodeDecodeError:
        raise Unreadable("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        fault = error.msg.removesuffix(" at")
        raise Unreadable(f"The body is not JSON: {fault} at character {error.pos}.") from None
    except RecursionError:
        raise Unreadable("The body is nested too deeply.") from None
    if not isinstance(document, dict):
        raise Unreadable("The body is not a JSON object.")
    if brackets >= MAX_DEPTH:
        _check_depth(document)
    if _SURROGATE.search(text):
        _check_surrogates(document)
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Unreadable("The body has a key twice in one object.")
    return members


def _refuse_constant(_: str) -> None:
    raise Unreadable("The body has a number that is not JSON (NaN or Infinity).")


def _float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise Unreadable("The body has a number that is out of range.")
    return number


def _int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise Unreadable("The body has a number that is out of range.")
    return int(digits)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_float, parse_int=_int
)


_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""Half a character. Only an escape can spell it: UTF-8 cannot."""


def _check_depth(document: dict[str, Any]) -> None:
    """Walk without recursion."""
    level: list[Any] = [document]
    for _ in range(1, MAX_DEPTH):
        inner = (value.values() if isinstance(value, dict) else value for value in level)
        level = [value for values in inner for value in values if isinstance(value, dict | list)]
        if not level:
            return
    raise Unreadable("The body is nested too deeply.")


def _check_surrogates(document: dict[str, Any]) -> None:
    try:
        canonical(document)
    except UnicodeEncodeError:
        raise Unreadable("The body has a lone surrogate in a string.") from None


def canonical(document: dict[str, Any]) -> bytes:
    """One form for all ways to write the same JSON: sorted keys, no white space."""
    return _CANONICAL.encode(document).encode()


_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
