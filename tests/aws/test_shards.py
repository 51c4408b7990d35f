"""One list in several partitions, read page by page."""

from collections.abc import Iterator
from typing import Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roomstate.aws.marshal import Item
from roomstate.aws.reads import Page
from roomstate.aws.shards import READ_MOST, SHARE_MORE, Shards
from tests.reading import pages


class Partitions:
    """Some partitions, and how many items were read of them."""

    def __init__(self, shards: int, keys: set[str], *, descending: bool = False) -> None:
        self.shards = shards
        self.keys = keys
        self.descending = descending
        self.read = 0

    def page(self, shard: int, after: str | None, limit: int) -> Page:
        def is_left(key: str) -> bool:
            return after is None or (key < after if self.descending else key > after)

        mine = [key for key in self.keys if sum(key.encode()) % self.shards == shard and is_left(key)]
        found = sorted(mine, reverse=self.descending)[:limit]
        self.read += len(found)
        return Page([item(key) for key in found], found[-1] if len(found) == limit else None)


def item(key: str) -> Item:
    return {"sk": {"S": key}}


def keys(items: list[Item]) -> list[str]:
    return [one["sk"]["S"] for one in items]


def share(limit: int, shards: int) -> int:
    return limit // shards + limit // shards // 2 + SHARE_MORE


names = st.text("abcü文😀#/", min_size=1, max_size=3)
few_names = st.sets(names, max_size=5)


class AtOnce:
    """Stands in for a pool of threads, where thousands of pages are read of a dict."""

    def __init__(self, _: int) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    map = staticmethod(map)


@pytest.fixture
def serially(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roomstate.aws.shards.ThreadPoolExecutor", AtOnce)


@pytest.mark.usefixtures("serially")
@settings(max_examples=400)
@given(
    shards=st.integers(1, 5),
    there=st.sets(names, min_size=20, max_size=60),
    shown=st.sets(names, max_size=30),
    limit=st.integers(1, 9),
    descending=st.booleans(),
    data=st.data(),
)
def test_nobody_who_stays_is_missing_or_doubled(
    shards: int, there: set[str], shown: set[str], limit: int, descending: bool, data: st.DataObject
) -> None:
    # GIVEN a list of which some is not shown, and of which any comes and goes between two pages
    members = st.sampled_from(sorted(there))
    leavers = st.sets(members, max_size=5)
    partitions = Partitions(shards, set(there), descending=descending)
    stayed = set(there)
    hidden = set(data.draw(st.sets(members))) - shown
    found = Shards(partitions.page, shards, descending=descending)

    def read_pages() -> Iterator[list[str]]:
        following: str | None = None
        while True:
            partitions.read = 0
            page = found.page(following, limit, keep=lambda one: one["sk"]["S"] not in hidden)
            # THEN a page reads no more than it may, and has no more than it may
            assert partitions.read <= max(READ_MOST * limit, shards * share(limit, shards))
            assert len(page.items) <= limit
            yield keys(page.items)
            following = page.next
            if following is None:
                return
            going = data.draw(leavers)
            coming = data.draw(few_names)
            partitions.keys = (partitions.keys - going) | coming
            stayed.difference_update(going - coming)

    # WHEN it is read to its end
    seen = [key for page in read_pages() for key in page]
    # THEN all who stayed are there, each once, in order
    assert seen == sorted(set(seen), reverse=descending)
    assert stayed - hidden <= set(seen)
    assert not hidden & set(seen)


@pytest.mark.parametrize("limit", [1, 10, 100, 1_000])
def test_a_page_is_full_where_the_list_is(limit: int) -> None:
    partitions = Partitions(16, {f"user-{n:05}" for n in range(10_000)})
    shards = Shards(partitions.page, 16)
    for number, page in enumerate(pages(lambda following: shards.page(following, limit))):
        assert len(page.items) == limit
        if number == 5 or page.next is None:
            break


def test_a_partition_that_holds_up_the_others_is_read_on() -> None:
    """The members of one hash, or a log of which most is of one millisecond."""
    # GIVEN one partition that has all that comes first
    first = {f"a{n:03}" for n in range(100)}
    first = {key for key in first if sum(key.encode()) % 4 == 0}
    partitions = Partitions(4, first | {f"b{n:03}" for n in range(100)})
    # THEN it is read until the page is full
    assert keys(Shards(partitions.page, 4).page(None, 20).items) == sorted(first)[:20]


def test_a_list_of_nothing_that_is_shown_is_read_on_by_its_pages() -> None:
    partitions = Partitions(4, {f"{n:03}" for n in range(500)})
    found = Shards(partitions.page, 4)
    empty = list(pages(lambda following: found.page(following, 10, keep=lambda _: False)))
    assert all(page.items == [] for page in empty)
    assert 500 / (READ_MOST * 10) <= len(empty) <= 500 / 10


def test_a_list_may_be_read_once_for_a_page() -> None:
    # GIVEN a list that is read by index
    calls: list[int] = []

    def read(shard: int, after: str | None, limit: int) -> Page:
        calls.append(shard)
        return partitions.page(shard, after, limit)

    partitions = Partitions(4, {f"{n:03}" for n in range(500)}, descending=True)
    shards = Shards(read, 4, descending=True, once=True)
    # THEN each page is one read of each partition, however little of it is shown
    for page in pages(lambda following: shards.page(following, 100)):
        assert sorted(calls) == [0, 1, 2, 3]
        assert len(page.items) == 100
        calls.clear()
