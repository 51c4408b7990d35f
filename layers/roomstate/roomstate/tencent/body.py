"""A JSON object from hostile bytes, and its one canonical form."""

import json
from itertools import chain
from typing import Any

from roomstate.tencent.errors import Unreadable

MAX_DEPTH = 32
"""Nesting of a body. The deepest documented one has 4 levels."""
MAX_DIGITS = 100
"""Digits of a number in a body."""


def parse(body: bytes) -> dict[str, Any]:
    """A JSON object from hostile bytes.

    Raises:
        Unreadable: not UTF-8, not JSON, not an object, or JSON that two parsers would read in two
            ways: duplicate keys, NaN, numbers out of range, lone surrogates, deep nesting.
    """
    try:
        text = body.decode()
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
    # Few bodies need the walk: a surrogate comes by an escape alone, as UTF-8 has none.
    if "\\u" in text or text.count("{") + text.count("[") >= MAX_DEPTH:
        _check(document)
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


def _check(document: dict[str, Any]) -> None:
    """Walk without recursion: the depth, and strings that are not Unicode."""
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        children: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                children.extend(chain(value.keys(), value.values()))
            elif isinstance(value, list):
                children.extend(value)
            elif isinstance(value, str):
                try:
                    value.encode()
                except UnicodeEncodeError:
                    raise Unreadable("The body has a lone surrogate in a string.") from None
        if not children:
            return
        level = children
    raise Unreadable("The body is nested too deeply.")


def canonical(document: dict[str, Any]) -> bytes:
    """One form for all ways to write the same JSON: sorted keys, no white space."""
    return _CANONICAL.encode(document).encode()


_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
