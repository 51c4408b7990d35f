"""Tokens, read from SSM: kept a while, used on when SSM fails, and never an open door."""

import json
import logging
import time
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from roomstate.aws.clients import SSM_CALL_S
from roomstate.aws.deadline import Deadline
from roomstate.aws.retry import ATTEMPTS
from roomstate.aws.tokens import DOUBTED_S, KEPT_S, KNOWN_PAUSE_S, PAUSE_S, Tokens
from roomstate.tencent.errors import BadSignature, TokensUnavailable
from roomstate.tencent.signature import Claim, sign
from tests.payloads import NOW, Time

APP = "1400000001"
TIME = str(NOW // 1000)
UNREACHABLE = EndpointConnectionError(endpoint_url="ssm")


class Parameter:
    """A stand-in for SSM: a value, or what goes wrong; once, where more follow."""

    def __init__(self, *values: Any) -> None:
        self.values = list(values)
        self.reads = 0

    def get_parameter(self, **asked: Any) -> Any:
        assert asked == {"Name": "/roomstate/tokens", "WithDecryption": True}
        self.reads += 1
        value = self.values[0] if len(self.values) == 1 else self.values.pop(0)
        if isinstance(value, Exception):
            raise value
        return {"Parameter": {"Value": value}}


class Environment:
    """An environment of the function, with time that passes only when told."""

    def __init__(self, *values: Any) -> None:
        self.time = Time()
        self.parameter = Parameter(*values)
        self.tokens = Tokens(self.parameter, "/roomstate/tokens", self.time.time)  # type: ignore[arg-type]

    def call(self, *signed: str, app: str = APP, within_s: float = 10) -> str:
        """Call, signed with a token or with none: what becomes of it."""
        claim = Claim.of([sign(token, TIME) for token in signed], [TIME for _ in signed])
        try:
            self.tokens.verify(app, claim, NOW, Deadline(within_s, self.time))
        except (BadSignature, TokensUnavailable) as reason:
            return type(reason).__name__
        return "taken"

    def put(self, *values: Any) -> None:
        self.parameter.values = list(values)


def holding(*tokens: str, app: str = APP) -> str:
    return json.dumps({app: tokens})


def test_each_app_has_its_own() -> None:
    environment = Environment(json.dumps({APP: ["new", "old"], "1400000002": []}))
    assert [environment.call(token) for token in ("new", "old")] == ["taken"] * 2
    assert [environment.call(), environment.call("older")] == ["BadSignature"] * 2
    assert environment.call(app="1400000002") == "taken"


def test_they_are_read_when_first_needed_and_again_after_a_while() -> None:
    environment = Environment(holding("first"))
    assert environment.parameter.reads == 0
    assert [environment.call("first"), environment.call("first")] == ["taken"] * 2
    assert environment.parameter.reads == 1
    environment.put(holding("second"))
    environment.time.now += KEPT_S
    assert environment.call("first") == "BadSignature"
    assert environment.call("second") == "taken"
    assert environment.parameter.reads == 2


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
        json.dumps({APP: ["\ud800"]}),
        json.dumps({APP: [1]}),
        json.dumps({APP: None}),
        json.dumps({"1400000002": ["another app's"]}),
    ],
)
@pytest.mark.parametrize("signed", [[], [""], ["a token"], ["another app's"]])
def test_what_was_never_read_lets_nobody_in_and_refuses_nobody(value: Any, signed: list[str]) -> None:
    assert Environment(value).call(*signed) == "TokensUnavailable"


class TestWhileNothingWasEverRead:
    def test_one_failed_read_is_not_noticed(self) -> None:
        environment = Environment(UNREACHABLE, holding("token"))
        assert environment.call("token") == "taken"
        assert environment.parameter.reads == 2

    def test_it_is_tried_for_as_long_as_the_deadline_allows(self) -> None:
        # GIVEN an SSM that hangs
        environment = Environment(UNREACHABLE)

        def hang(**_: Any) -> Any:
            environment.parameter.reads += 1
            environment.time.now += SSM_CALL_S
            raise UNREACHABLE

        environment.parameter.get_parameter = hang  # type: ignore[method-assign]
        began = environment.time.now
        # WHEN there is time for two calls and a bit
        assert environment.call("token", within_s=2.5 * SSM_CALL_S) == "TokensUnavailable"
        # THEN there are two, and pauses do not pass the deadline
        assert environment.parameter.reads == 2
        assert environment.time.now - began <= 2.5 * SSM_CALL_S

    def test_without_time_for_a_call_none_is_made(self) -> None:
        environment = Environment(holding("token"))
        assert environment.call("token", within_s=SSM_CALL_S - 0.01) == "TokensUnavailable"
        assert environment.parameter.reads == 0

    def test_ssm_is_asked_again_within_a_second(self) -> None:
        environment = Environment(UNREACHABLE)
        environment.call("token")
        assert environment.parameter.reads == ATTEMPTS
        environment.put(holding("token"))
        environment.time.now += PAUSE_S
        assert environment.call("token") == "taken"

    def test_a_failure_is_logged_without_the_value(self, caplog: pytest.LogCaptureFixture) -> None:
        # GIVEN a parameter that is no list of tokens
        environment = Environment("my secret token")
        with caplog.at_level(logging.ERROR):
            environment.call("my secret token")
        # THEN it was read once, and the log says so once
        assert environment.parameter.reads == 1
        [record] = caplog.records
        assert record.getMessage() == "tokens cannot be read from SSM: JSONDecodeError"

    def test_what_ssm_says_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        environment = Environment(UNREACHABLE)
        with caplog.at_level(logging.ERROR):
            environment.call("token")
        [record] = caplog.records
        assert record.getMessage() == "tokens cannot be read from SSM: EndpointConnectionError"


class TestWhileOlderTokensAreKnown:
    @pytest.fixture
    def environment(self) -> Environment:
        """One that read its tokens, and cannot read them again."""
        environment = Environment(holding("token"))
        environment.call("token")
        environment.put(UNREACHABLE)
        environment.time.now += KEPT_S
        return environment

    def test_they_are_used_on(self, environment: Environment) -> None:
        assert [environment.call("token"), environment.call("token")] == ["taken"] * 2

    def test_none_waits_for_a_second_try(self, environment: Environment) -> None:
        before = environment.parameter.reads
        environment.call("token")
        assert environment.parameter.reads - before == 1
        environment.time.now += KNOWN_PAUSE_S
        environment.call("token")
        assert environment.parameter.reads - before == 2

    def test_they_do_not_prove_that_a_caller_is_a_stranger(self, environment: Environment) -> None:
        """The token he knows may be newer."""
        assert environment.call("a newer token") == "TokensUnavailable"
        assert environment.call() == "TokensUnavailable"


class TestInDoubt:
    """A claim does not hold: by a stranger, or because a token was put there a moment ago."""

    def test_a_token_that_was_put_there_a_minute_ago_is_known(self) -> None:
        environment = Environment(holding("old"))
        environment.call("old")
        environment.put(holding("new", "old"))
        environment.time.now += DOUBTED_S
        assert environment.call("new") == "taken"

    def test_strangers_cost_ssm_one_call_a_minute(self) -> None:
        environment = Environment(holding("token"))
        for _ in range(600):
            assert environment.call("a guess") == "BadSignature"
            assert environment.call() == "BadSignature"
            environment.time.now += 1
        assert environment.parameter.reads == 600 // DOUBTED_S

    def test_strangers_cost_an_ssm_that_fails_hardly_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("roomstate.aws.tokens.jitter", lambda seconds: seconds / 2)
        environment = Environment(holding("token"))
        environment.call("token")
        environment.put(UNREACHABLE)
        for _ in range(2 * KEPT_S):
            environment.time.now += 1
            assert environment.call("a guess") != "taken"
            assert environment.call("token") == "taken"
        assert environment.parameter.reads <= 1 + 2 * KEPT_S / (KNOWN_PAUSE_S / 2)

    def test_an_app_without_an_entry_is_logged_once_for_each_time_they_are_read(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        # GIVEN a parameter that does not name the app
        environment = Environment(holding("token", app="1400000002"))
        with caplog.at_level(logging.ERROR):
            assert [environment.call("token"), environment.call()] == ["TokensUnavailable"] * 2
        assert [record.getMessage() for record in caplog.records] == [
            f"the tokens parameter has no entry for SdkAppid {APP}"
        ]
        # AND the other app is served
        assert environment.call("token", app="1400000002") == "taken"
        # WHEN they are read again THEN it is logged again
        environment.time.now += DOUBTED_S
        environment.call("token")
        assert len(caplog.records) == 2
        # AND an entry is known as soon as it is there
        environment.put(holding("token"))
        environment.time.now += DOUBTED_S
        assert environment.call("token") == "taken"

    def test_a_clock_that_is_set_back_has_them_read_again(self) -> None:
        environment = Environment(holding("token"))
        environment.call("token")
        environment.time.now -= 3_600
        environment.put(holding("new"))
        assert environment.call("new") == "taken"


def test_their_age_goes_by_the_clock_on_the_wall() -> None:
    """A monotonic clock may stand still while the environment is frozen, for as long as nobody calls."""
    client: Any = Parameter(holding("token"))
    assert Tokens(client, "/roomstate/tokens")._clock is time.time
