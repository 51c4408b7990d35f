"""The administrators' accounts, from Parameter Store: kept, read again, and never quoted."""

import json
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from roomstate.reconcile.accounts import KEPT_S, PAUSE_S, Accounts, NoAccount, parse
from roomstate.tencent.errors import Unavailable
from tests.payloads import AN_HOUR, APP, Time
from tests.reconcile.functions import ENTRY
from tests.reconcile.world import SECRET_KEY


class Parameters:
    """A Parameter Store that can be changed, and can fail."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.reads = 0

    def get_parameter(self, **asked: Any) -> Any:
        assert asked == {"Name": "/p", "WithDecryption": True}
        self.reads += 1
        if isinstance(self.value, Exception):
            raise self.value
        return {"Parameter": {"Value": self.value}}


def accounts(store: Parameters, time: Time) -> Accounts:
    client: Any = store
    return Accounts(client, "/p", time.time)


def value(**changes: Any) -> str:
    return json.dumps({APP: {**ENTRY, **changes}})


def test_they_are_kept_for_a_while_then_a_new_key_is_used() -> None:
    store, time = Parameters(value()), Time()
    ours = accounts(store, time)
    assert ours.of(APP, AN_HOUR).administrator.secret_key == SECRET_KEY
    store.value = value(**{"secret_key": "rotated"})
    time.sleep(KEPT_S - 1)
    assert ours.of(APP, AN_HOUR).administrator.secret_key == SECRET_KEY
    time.sleep(2)
    assert ours.of(APP, AN_HOUR).administrator.secret_key == "rotated"
    assert store.reads == 2


def test_while_they_cannot_be_read_those_read_before_are_used() -> None:
    store, time = Parameters(value()), Time()
    ours = accounts(store, time)
    ours.of(APP, AN_HOUR)
    store.value = ReadTimeoutError(endpoint_url="ssm")
    time.sleep(10 * KEPT_S)
    assert ours.of(APP, AN_HOUR).host == ENTRY["host"]


def test_without_any_the_room_is_tried_again_later() -> None:
    with pytest.raises(Unavailable):
        accounts(Parameters(ReadTimeoutError(endpoint_url="ssm")), Time()).of(APP, AN_HOUR)


@pytest.mark.parametrize("wrong", [ReadTimeoutError(endpoint_url="ssm"), "no JSON"])
def test_what_cannot_be_read_is_not_read_again_for_each_room(wrong: Any) -> None:
    """The account's reads of SSM are few, and webhooks need them for their tokens."""
    # GIVEN a parameter that fails, without any account or with those read before
    store, time = Parameters(wrong), Time()
    ours = accounts(store, time)
    for _ in range(50):
        with pytest.raises((NoAccount, Unavailable)):
            ours.of(APP, AN_HOUR)
    tries = store.reads
    assert tries <= 5
    # WHEN it is mended
    store.value = value()
    time.sleep(PAUSE_S + 1)
    # THEN it is soon in use
    assert ours.of(APP, AN_HOUR).host == ENTRY["host"]
    # AND once it fails again, the old one is
    store.value = wrong
    time.sleep(KEPT_S + 1)
    reads = store.reads
    for _ in range(50):
        assert ours.of(APP, AN_HOUR).host == ENTRY["host"]
    assert store.reads - reads == tries


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("", "no JSON object"),
        ("[]", "no JSON object"),
        ("[" * 100_000, "no JSON object"),
        (value(host="example.com"), f"host of SdkAppid {APP} is none under"),
        (value(host="im.qcloud.com.example.com"), f"host of SdkAppid {APP} is none under"),
        (value(host=None), f"fault at {APP}.host"),
        (value(identifier=""), f"fault at {APP}.identifier"),
        (value(secret_key=""), f"fault at {APP}.secret_key"),
        (value(secretkey="x"), f"fault at {APP}"),
        (json.dumps({"my app": ENTRY}), "has a fault"),
        (json.dumps({APP: SECRET_KEY}), f"fault at {APP}"),
    ],
)
def test_what_makes_no_sense_is_told_where_it_is_and_never_quoted(wrong: str, says: str) -> None:
    with pytest.raises(NoAccount, match=says) as refused:
        parse(wrong)
    assert SECRET_KEY not in f"{refused.value!r} {refused.value.__cause__!r} {refused.value.__context__!r}"


anything = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([APP, "host", "identifier", "secret_key"]) | st.text(), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(st.text() | anything.map(json.dumps))
def test_anything_is_accounts_or_none(value: str) -> None:
    with suppress(NoAccount):
        assert isinstance(parse(value), dict)
