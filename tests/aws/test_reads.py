"""Reading keys in batches, where DynamoDB leaves some unread."""

from typing import Any

import pytest

from roomstate.aws.deadline import Deadline, OutOfTime
from roomstate.aws.reads import Asked, Reads
from roomstate.aws.table import ItemKey
from roomstate.tencent.errors import Unavailable

KEYS = [ItemKey(f"pk-{n}", "sk") for n in range(5)]


class Busy:
    """A DynamoDB that reads so many keys of a batch at once."""

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once
        self.asked: list[int] = []

    def batch_get_item(self, **asked: Any) -> Any:
        keys = asked["RequestItems"]["t"]["Keys"]
        self.asked.append(len(keys))
        rest = {"t": {"Keys": keys[self.at_once :]}} if keys[self.at_once :] else {}
        return {"Responses": {"t": keys[: self.at_once]}, "UnprocessedKeys": rest}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)


def reads(client: Any, deadline: Deadline | None = None) -> Reads:
    return Reads(client, "t", deadline)


def test_what_is_left_unread_is_asked_for_again() -> None:
    busy = Busy(2)
    assert reads(busy).get(KEYS).keys() == set(KEYS)
    assert busy.asked == [5, 3, 1]


def test_in_vain_it_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        reads(Busy(0)).get(KEYS)


def test_what_is_read_at_once_is_asked_for_once() -> None:
    busy = Busy(5)
    assert reads(busy).get([*KEYS, *KEYS]).keys() == set(KEYS)
    assert busy.asked == [5]
    assert reads(busy).get([]) == {}
    assert busy.asked == [5]


def test_no_call_is_begun_too_late() -> None:
    late = reads(None, Deadline(-1))
    for read in (
        lambda: late.get(KEYS),
        lambda: late.page(Asked("pk"), 1),
        lambda: list(late.items(Asked("pk"))),
    ):
        with pytest.raises(OutOfTime):
            read()
