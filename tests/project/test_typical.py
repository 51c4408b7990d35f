"""The typical handler that roomstate is compared with is no straw man, and what is said of both was found."""

from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.beside import became, counted
from benchmarks.fate import CASES, NEW, OLD, Answer, Case, Fate
from benchmarks.fates import Fates, fates
from benchmarks.typical_world import Typical, typical
from benchmarks.webhooks import to_event
from tests.payloads import NOW, Payload, members
from tests.receive.crash import TOKEN, Cloud, cloud


@pytest.fixture(scope="module")
def aws() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


@pytest.fixture
def handler(aws: Cloud) -> Iterator[Typical]:
    with typical(aws) as started:
        yield started


def status(handler: Typical, payload: Payload, token: str = TOKEN) -> int | None:
    return handler.deliver(to_event(payload, NOW), token).status


def users(handler: Typical) -> list[Any]:
    return [item["user_id"]["S"] for item in handler.held("RoomTable")]


class TestTypical:
    def test_stores_and_forwards(self, handler: Typical) -> None:
        assert status(handler, NEW) == 200
        assert status(handler, members("r", "Online", "carl", at=NOW)) == 200
        assert sorted(users(handler)) == ["bob", "carl"]
        assert handler.calls.count("PutEvents") == 2

    def test_handles_a_webhook_once(self, handler: Typical) -> None:
        assert [status(handler, NEW) for _ in range(3)] == [200, 200, 200]
        assert handler.calls.count("PutEvents") == 1

    def test_is_not_misled_by_a_forged_one(self, handler: Typical) -> None:
        # GIVEN a body that somebody else sends first
        assert status(handler, NEW, "another token") == 401
        assert users(handler) == []
        # THEN it is taken from Tencent all the same
        assert status(handler, NEW) == 200
        assert users(handler) == ["bob"]

    def test_takes_up_what_failed(self, handler: Typical) -> None:
        handler.failing = {"PutEvents": "5xx"}
        assert status(handler, NEW) == 500
        handler.failing = {}
        assert status(handler, NEW) == 200

    def test_refuses_what_it_cannot_read(self, handler: Typical) -> None:
        assert status(handler, {"CallbackCommand": NEW["CallbackCommand"]}) == 400


@pytest.mark.parametrize("name", ["late", "dead"])
def test_here_the_newest_counts_and_nothing_is_lost(aws: Cloud, name: str) -> None:
    found = fates(aws, {name: CASES[name]})[name]
    assert [fate.in_the_end for fate in found.ours] == ["bob"]


def test_the_table_says_what_was_found() -> None:
    """The words are the runs': a handler that does better is said to."""

    def table(fate: Fate) -> list[str]:
        return [row.typical for row in became({name: Fates([fate], [fate]) for name in CASES})][2:]

    answers = [Answer(200, 0.1)]
    good = Fate(answers, at_once="bob", in_the_end="bob", forwarded=1)
    bad = Fate([Answer(None, 10)], at_once="ann", in_the_end="ann", last_changed=True, forwarded=2)
    parked = Fate(answers, at_once="ann", in_the_end="bob", forwarded=2, event_ids=1)
    assert table(good) == [
        "changes nothing; forwarded once",
        "kept out",
        *["stored; answered 200 after 0.1 s"] * 2,
    ]
    assert table(bad) == [
        "changes the state again; forwarded 2 times, with no ids",
        "overwrites the newer seat",
        *["lost; no answer in 10 s"] * 2,
    ]
    assert table(parked) == [
        "changes nothing; forwarded 2 times, with one id",
        "kept out",
        *["stored from the queue; answered 200 after 0.1 s"] * 2,
    ]
    assert counted([good, bad, parked]) == (
        "of 3, stored: 1, stored from the queue: 1, lost: 1; answered OK within Tencent's 2 s: 2"
    )


def test_it_may_be_late_and_still_be_stored(aws: Cloud) -> None:
    """botocore's own tries count: a handler that waits for DynamoDB stores, when Tencent has hung up."""
    with typical(aws) as handler:
        fate = handler.fate(Case((OLD, NEW), "5xx", seconds=0.02))
    assert fate.in_the_end == "bob"
