"""How often Tencent is called, by a clock of the test's own."""

from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomstate.aws.deadline import Deadline
from roomstate.reconcile import rest
from roomstate.reconcile.answers import LIVE_ADMINS, SEATS
from roomstate.reconcile.errors import Unreachable
from roomstate.reconcile.pacer import Paced, Pacer, turn
from roomstate.reconcile.rest import CALL_S, Connection, TencentApi
from roomstate.reconcile.settings import ReconcileSettings
from roomstate.reconcile.wiring import caller
from tests.conftest import FUNCTION_ENVIRONMENT
from tests.payloads import APP, Time
from tests.reconcile.table import ACCOUNT

A_LONG_TIME_S = 10**6
OK = b'{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Response":{}}'
TOO_OFTEN = b'{"ActionStatus":"FAIL","ErrorInfo":"","ErrorCode":60007}'


class Noting(Connection):
    """Takes a time for each call, and notes when each command was called."""

    def __init__(self, time: Time, takes_s: float = 0.0, content: bytes = OK) -> None:
        self.time, self.takes_s, self.content = time, takes_s, content
        self.called: list[tuple[str, float]] = []

    def post(self, command: str, target: str, body: bytes) -> tuple[int, bytes]:  # noqa: ARG002
        self.called.append((command, self.time.now))
        self.time.sleep(self.takes_s)
        return 200, self.content

    def most_within_a_second(self, command: str) -> int:
        moments = [at for name, at in self.called if name == command]
        return max(sum(first <= at < first + 1 - 1e-6 for at in moments) for first in moments)


@given(st.none() | st.floats(0, 1e9), st.floats(0, 1e9), st.floats(0.001, 10))
def test_a_turn_is_never_past_nor_too_soon_after_the_last(
    last: float | None, now: float, interval: float
) -> None:
    at = turn(last, now, interval)
    assert at >= now
    assert last is None or at >= last + interval
    assert at == now or (last is not None and at == last + interval)


@pytest.mark.parametrize("takes_s", [0.0, 0.003, 0.3])
def test_no_command_is_called_more_often_than_configured(takes_s: float) -> None:
    # GIVEN two workers of 20 calls a second together, each with a pacer of its own
    time = Time()
    noting = Noting(time, takes_s)
    paced = Paced(noting, Pacer(20 / 2, time), Deadline(A_LONG_TIME_S, time))
    # WHEN one asks as fast as it may
    for _ in range(40):
        for command in ("get_room_info", "get_seat_list"):
            paced.post(command, "", b"")
    # THEN it takes its share of the calls, and no more
    assert noting.most_within_a_second("get_room_info") <= 10
    assert noting.most_within_a_second("get_seat_list") <= 10


def test_what_is_tried_again_waits_for_its_turn_too() -> None:
    # GIVEN a Tencent that is too busy, and a rate below that of the pauses between tries
    time = Time()
    noting = Noting(time, content=TOO_OFTEN)
    paced = Paced(noting, Pacer(0.1, time), Deadline(A_LONG_TIME_S, time))
    api = TencentApi(paced, ACCOUNT.administrator, time.time, time.sleep)
    # WHEN
    for command in (SEATS, SEATS, LIVE_ADMINS):
        with pytest.raises(Exception, match="60007"):
            api.call(command, {})
    # THEN
    moments = [at for name, at in noting.called if name == "get_seat_list"]
    assert len(moments) == 8
    assert all(later - earlier >= 10 - 1e-6 for earlier, later in pairwise(moments))


def test_no_call_is_begun_that_might_not_be_over_in_time() -> None:
    # GIVEN
    time = Time()
    noting = Noting(time, takes_s=1.0)
    paced = Paced(noting, Pacer(1_000, time), Deadline(CALL_S + 2.5, time))
    # WHEN
    reasons: list[Any] = []
    for _ in range(5):
        try:
            paced.post("get_seat_list", "", b"")
        except Unreachable as why:
            reasons.append(why.reason)
    # THEN
    assert len(noting.called) == 3
    assert reasons == ["no_time", "no_time"]


def test_nobody_sleeps_until_a_turn_that_comes_too_late() -> None:
    """A function would be killed in its sleep, with what it has to assert."""
    # GIVEN a pace of a call a minute, and 20 s
    time = Time()
    noting = Noting(time)
    paced = Paced(noting, Pacer(1 / 60, time), Deadline(20, time))
    paced.post("get_seat_list", "", b"")
    # WHEN
    before = time.now
    with pytest.raises(Unreachable, match="no_time"):
        paced.post("get_seat_list", "", b"")
    # THEN
    assert time.now == before


def test_a_connection_is_kept_while_it_is_used_and_not_after_the_environment_slept() -> None:
    # GIVEN
    time, made = Time(), []

    def connect(host: str) -> Connection:
        made.append(host)
        return Noting(time)

    with patch.object(rest, "connect", connect):
        call = caller(lambda *_: ACCOUNT, Pacer(100, time), time.time)
        # WHEN rooms follow one another, and then an hour passes
        for pause in (0, 30, 30, 30, 3_600, 1):
            time.sleep(pause)
            call(APP, Deadline(A_LONG_TIME_S, time))(SEATS, {})
    # THEN
    assert made == [ACCOUNT.host] * 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RECONCILE_CALLS_PER_SECOND", "0"),
        ("RECONCILE_CALLS_PER_SECOND", "201"),
        ("RECONCILE_CALLS_PER_SECOND", "many"),
        ("RECONCILE_WORKERS", "0"),
        ("RECONCILE_PARAMETER", ""),
        ("LOG_RETENTION_DAYS", "1"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named_and_not_shown(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name) as refused:
        ReconcileSettings.model_validate({**FUNCTION_ENVIRONMENT, name: value})
    assert "input_value" not in str(refused.value)
