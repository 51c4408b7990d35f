"""Query strings, read strictly."""

import string
from contextlib import suppress
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomstate.read.errors import Code, Refused
from roomstate.read.query import parse_query


@given(st.dictionaries(st.text(min_size=1).filter(lambda name: not name.startswith("X-Amz-")), st.text()))
def test_what_was_encoded_is_read(parameters: dict[str, str]) -> None:
    for encode in (quote, quote_plus):
        pairs = (f"{encode(name, safe='')}={encode(value, safe='')}" for name, value in parameters.items())
        assert parse_query("&".join(pairs)) == parameters


@pytest.mark.parametrize(
    ("raw", "parameters"),
    [
        ("", {}),
        ("&&", {}),
        ("a", {"a": ""}),
        ("a=", {"a": ""}),
        ("=", {"": ""}),
        ("a=b=c", {"a": "b=c"}),
        ("a=b,c", {"a": "b,c"}),
        ("a=b;c=d", {"a": "b;c=d"}),
        ("a=+%2B%20", {"a": " + "}),
        ("a=%00", {"a": "\0"}),
        ("a=%e6%96%87%F0%9F%98%80", {"a": "文😀"}),
        ("a=文😀", {"a": "文😀"}),
        ("%61=b", {"a": "b"}),
        ("a=b&X-Amz-Date=1&X-Amz-Date=2&X-Amz-Signature=1", {"a": "b"}),
    ],
)
def test_is_read(raw: str, parameters: dict[str, str]) -> None:
    assert parse_query(raw) == parameters


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("a=1&a=2", "The parameter a is there more than once."),
        ("a=1&%61=1", "The parameter a is there more than once."),
        ("a=%", "The parameter a has a % without two hexadecimal digits after it."),
        ("a=%f", "The parameter a has a % without two hexadecimal digits after it."),
        ("a=%zz", "The parameter a has a % without two hexadecimal digits after it."),
        ("a=%u0041", "The parameter a has a % without two hexadecimal digits after it."),
        ("a=%ff", "The parameter a is not UTF-8."),
        ("a=%c0%af", "The parameter a is not UTF-8."),
        ("a=%ed%a0%80", "The parameter a is not UTF-8."),
        ("a=\ud800", "The parameter a is not UTF-8."),
        ("%ff=1", "The name of a parameter is not UTF-8."),
        ("%zz=1", "The name of a parameter has a % without two hexadecimal digits after it."),
        ("%0a=1&%0a=1", "The parameter '\\n' is there more than once."),
        (f"{'a' * 99}=%", f"The parameter {'a' * 40}… has a % without two hexadecimal digits after it."),
    ],
)
def test_what_may_mean_two_things_is_refused_by_its_name(raw: str, message: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_query(raw)
    assert (refused.value.code, str(refused.value)) == (Code.PARAMETER_INVALID, message)


@given(st.text(string.printable + "%&=é\ud800", max_size=40))
def test_anything_is_read_or_refused(raw: str) -> None:
    with suppress(Refused):
        assert all(isinstance(value, str) for value in parse_query(raw).values())
