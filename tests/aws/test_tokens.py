"""Tokens, read from SSM: kept a while, used on when SSM fails, and never an open door."""

import json
import logging
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from roomstate.aws.tokens import KEPT_S, RETRY_S, Tokens
from roomstate.tencent.errors import TokensUnavailable

APP = "1400000001"


class Parameter:
    """A stand-in for SSM: a value, or what goes wrong."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.reads = 0

    def get_parameter(self, **asked: Any) -> Any:
        assert asked == {"Name": "/roomstate/tokens", "WithDecryption": True}
        self.reads += 1
        if isinstance(self.value, Exception):
            raise self.value
        return {"Parameter": {"Value": self.value}}


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


UNREACHABLE = EndpointConnectionError(endpoint_url="ssm")


def make(value: Any) -> tuple[Tokens, Parameter, Clock]:
    parameter, clock = Parameter(value), Clock()
    return Tokens(parameter, "/roomstate/tokens", clock), parameter, clock  # type: ignore[arg-type]


def test_each_app_has_its_own() -> None:
    tokens, _, _ = make(json.dumps({APP: ["new", "old"], "1400000002": []}))
    assert tokens.of(APP) == ("new", "old")
    assert tokens.of("1400000002") == ()


def test_they_are_read_when_first_needed_and_again_after_a_while() -> None:
    tokens, parameter, clock = make(json.dumps({APP: ["first"]}))
    assert parameter.reads == 0
    assert [tokens.of(APP), tokens.of(APP)] == [("first",)] * 2
    assert parameter.reads == 1
    parameter.value = json.dumps({APP: ["second"]})
    clock.now += KEPT_S
    assert tokens.of(APP) == ("second",)
    assert parameter.reads == 2


@pytest.mark.parametrize(
    "value",
    [
        UNREACHABLE,
        "",
        "a token",
        '"a token"',
        "[]",
        json.dumps({APP: "a token"}),
        json.dumps({APP: [""]}),
        json.dumps({APP: [1]}),
        json.dumps({APP: None}),
        json.dumps({"1400000002": ["another app's"]}),
    ],
)
def test_what_was_never_read_lets_nobody_in(value: Any) -> None:
    tokens, _, _ = make(value)
    with pytest.raises(TokensUnavailable):
        tokens.of(APP)


def test_a_failure_is_logged_once_without_the_value_and_ssm_is_left_alone_for_a_while(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # GIVEN a parameter that is no list of tokens
    tokens, parameter, clock = make("my secret token")
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            with pytest.raises(TokensUnavailable):
                tokens.of(APP)
    # THEN it was read once, and the log says so once
    assert parameter.reads == 1
    assert len(caplog.records) == 1
    assert "secret" not in caplog.text
    # AND it is read again later
    parameter.value = json.dumps({APP: ["token"]})
    clock.now += RETRY_S
    assert tokens.of(APP) == ("token",)


def test_tokens_that_were_read_are_used_on_while_ssm_fails() -> None:
    tokens, parameter, clock = make(json.dumps({APP: ["token"]}))
    tokens.of(APP)
    parameter.value = UNREACHABLE
    clock.now += KEPT_S
    assert [tokens.of(APP), tokens.of(APP)] == [("token",)] * 2
    assert parameter.reads == 2
