"""Tencent's signature: the documented vector, and each way to get it wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomstate.tencent.errors import BadSignature
from roomstate.tencent.signature import WINDOW_MS, Claim, sign, verify

TOKEN = "xxxxyyyy"
TIME = "1669872112"
SIGN = "17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061"
NOW = int(TIME) * 1000
CLAIM = Claim.of([SIGN], [TIME])


def test_the_documented_vector() -> None:
    """Page 64412."""
    assert sign(TOKEN, TIME) == SIGN
    verify(CLAIM, [TOKEN], NOW)


@pytest.mark.parametrize("skew", [0, -WINDOW_MS, WINDOW_MS])
def test_a_minute_either_way_is_taken(skew: int) -> None:
    verify(CLAIM, [TOKEN], NOW + skew)


@pytest.mark.parametrize(
    ("signs", "times", "skew", "why"),
    [
        ([], [TIME], 0, "missing or repeated"),
        ([SIGN], [], 0, "missing or repeated"),
        ([SIGN, SIGN], [TIME], 0, "missing or repeated"),
        ([SIGN], [TIME, TIME], 0, "missing or repeated"),
        ([""], [TIME], 0, "malformed"),
        ([SIGN], [""], 0, "malformed"),
        ([SIGN.upper()], [TIME], 0, "malformed"),
        ([SIGN[:-1]], [TIME], 0, "malformed"),
        ([SIGN + "0"], [TIME], 0, "malformed"),
        ([SIGN + "\n"], [TIME], 0, "malformed"),
        ([SIGN[:-1] + "\u0661"], [TIME], 0, "malformed"),
        ([SIGN], ["+" + TIME], 0, "malformed"),
        ([SIGN], ["-" + TIME], 0, "malformed"),
        ([SIGN], [" " + TIME], 0, "malformed"),
        ([SIGN], [TIME + "\n"], 0, "malformed"),
        ([SIGN], [TIME + ".0"], 0, "malformed"),
        ([SIGN], ["1669872_112"], 0, "malformed"),
        ([SIGN], ["16698e5"], 0, "malformed"),
        ([SIGN], ["\u0661669872112"], 0, "malformed"),
        ([SIGN], ["0" + TIME], 0, "malformed"),
        ([SIGN], ["9" * 5_000], 0, "malformed"),
        (["0" * 64], [TIME], 0, "does not match"),
        ([SIGN], ["1669872113"], 0, "does not match"),
        ([SIGN], [TIME], WINDOW_MS + 1, "60 s"),
        ([SIGN], [TIME], -WINDOW_MS - 1, "60 s"),
    ],
)
def test_refused(signs: list[str], times: list[str], skew: int, why: str) -> None:
    with pytest.raises(BadSignature, match=why):
        verify(Claim.of(signs, times), [TOKEN], NOW + skew)


@given(st.lists(st.text(), max_size=2), st.lists(st.text(), max_size=2))
def test_nothing_but_bad_signature_leaves_the_module(signs: list[str], times: list[str]) -> None:
    with pytest.raises(BadSignature):
        verify(Claim.of(signs, times), [TOKEN], NOW)


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.integers(0, 9_999_999_999))
def test_who_knows_the_token_is_let_in_and_nobody_else(token: str, time: int) -> None:
    claim = Claim.of([sign(token, str(time))], [str(time)])
    verify(claim, ["another", token], time * 1000)
    with pytest.raises(BadSignature):
        verify(claim, [token + "x"], time * 1000)


@pytest.mark.parametrize("claim", [CLAIM, Claim.of([], []), Claim.of(["0" * 64], ["1"])])
def test_an_app_without_tokens_is_taken_unsigned(claim: Claim) -> None:
    verify(claim, [], NOW)


@given(st.lists(st.text(), max_size=2), st.lists(st.text(), max_size=2))
def test_a_claim_that_waits_is_small_and_holds_nothing_to_call_with(
    signs: list[str], times: list[str]
) -> None:
    claim = Claim.of(signs, times)
    assert len(claim.sign_digest + claim.request_time + claim.defect) < 100
    assert not any(len(text) == 64 and text in claim.sign_digest for text in signs)


def test_a_digest_is_no_sign() -> None:
    """Who reads the queue within the minute cannot call with what he finds there."""
    with pytest.raises(BadSignature, match="does not match"):
        verify(Claim.of([CLAIM.sign_digest], [CLAIM.request_time]), [TOKEN], NOW)
