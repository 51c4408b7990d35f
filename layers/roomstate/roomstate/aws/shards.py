"""One list in several partitions, read page by page in one order.

Of each partition only so much is read as a page may need. What is read of all of them up to some sort key is
*settled*: nothing that is still to be read comes before it.

    partition 0   a . . d . . . | more
    partition 1   . b . . . f | more          settled: up to f, the least of the ends
    partition 2   . . c . e . . . h           (read to its end)
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from roomstate.aws.marshal import Item
from roomstate.aws.reads import Page

READ_MOST = 4
"""Items that are read for a page, at most, for each that it may have."""
SHARE_MORE = 4
"""Items that are read of each partition beyond one and a half times its share: they are filled evenly, but
not exactly so."""

Read = Callable[[int, str | None, int], Page]
"""Reads of a partition, by its number, the items after a sort key, so many at most."""


def check_limit(limit: int) -> None:
    """Raise ValueError for a page of nothing: its `next` would lead past what it does not show."""
    if limit < 1:
        raise ValueError("The limit of a page is less than 1.")


class Found(NamedTuple):
    """The items of a page."""

    items: list[Item]
    next: str | None
    """The sort key after which the next page begins; None at the end. A short page need not be the last."""


@dataclass(slots=True)
class _Partition:
    number: int
    end: str | None
    """How far it is read: where the page begins, before it is."""
    items: list[Item] = field(default_factory=list)
    is_whole: bool = False


class Shards:
    """A list in several partitions.

    Args:
        read: reads a page of a partition.
        count: how many partitions there are.
        sort: the attribute that it is sorted by.
        descending: the greatest sort key comes first, and what is *after* another is less.
        once: each is read once for a page, though the page be short.
    """

    def __init__(
        self, read: Read, count: int, *, sort: str = "sk", descending: bool = False, once: bool = False
    ) -> None:
        self._read = read
        self._count = count
        self._sort = sort
        self._descending = descending
        self._once = once

    def page(self, after: str | None, limit: int, keep: Callable[[Item], bool] = lambda _: True) -> Found:
        """The first `limit` items after a sort key that are kept; fewer where too many are not.

        It reads `READ_MOST` times the limit at most, or one share of each partition, if that is more.

        Raises:
            ValueError: the limit is less than 1.
        """
        check_limit(limit)
        partitions = [_Partition(number, after) for number in range(self._count)]
        share = limit // self._count
        share += share // 2 + SHARE_MORE
        budget = share * self._count
        if not self._once:
            budget = max(budget, READ_MOST * limit)
        due = partitions
        with ThreadPoolExecutor(self._count) as pool:
            while True:
                list(pool.map(lambda partition: self._read_on(partition, share), due))
                budget -= share * len(due)
                horizon = self._horizon(partitions)
                settled = self._settled(partitions, horizon)
                kept = [item for item in settled if keep(item)]
                due = self._lagging(partitions, horizon, share)[: budget // share]
                if len(kept) >= limit or not due:
                    break
        if len(kept) > limit:
            return Found(kept[:limit], self._key(kept[limit - 1]))
        return Found(kept, horizon)

    def _read_on(self, partition: _Partition, share: int) -> None:
        page = self._read(partition.number, partition.end, share)
        partition.items.extend(page.items)
        partition.is_whole = page.end is None
        partition.end = page.end or partition.end

    def _horizon(self, partitions: list[_Partition]) -> str | None:
        """The sort key that all partitions are read up to; None where they are read whole."""
        ends = [partition.end or "" for partition in partitions if not partition.is_whole]
        if not ends:
            return None
        return max(ends) if self._descending else min(ends)

    def _settled(self, partitions: list[_Partition], horizon: str | None) -> list[Item]:
        items = [item for partition in partitions for item in partition.items]
        items = [item for item in items if not self._is_beyond(item, horizon)]
        return sorted(items, key=self._key, reverse=self._descending)

    def _lagging(self, partitions: list[_Partition], horizon: str | None, share: int) -> list[_Partition]:
        """Those that are to be read on, the one that holds up the others first."""
        behind = [
            partition
            for partition in partitions
            if not partition.is_whole
            and sum(self._is_beyond(item, horizon) for item in partition.items) < share // 2
        ]
        return sorted(behind, key=lambda partition: partition.end or "", reverse=self._descending)

    def _is_beyond(self, item: Item, horizon: str | None) -> bool:
        if horizon is None:
            return False
        return self._key(item) < horizon if self._descending else self._key(item) > horizon

    def _key(self, item: Item) -> str:
        return item[self._sort]["S"]
