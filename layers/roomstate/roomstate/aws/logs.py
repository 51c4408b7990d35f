"""The log of a room: all of it, record by record, or a page."""

import heapq
import re
from collections.abc import Iterator
from typing import Literal

from roomstate.aws.items import read_record
from roomstate.aws.marshal import Item
from roomstate.aws.pages import LogPage, fill
from roomstate.aws.reads import Asked, Page, Reads
from roomstate.aws.shards import Shards
from roomstate.aws.table import SHARDS, log_partition, sort_time
from roomstate.log.forwarded import ForwardedWebhook, forwarded
from roomstate.log.record import LogRecord

Order = Literal["asc", "desc"]

POSITION = re.compile(r"[0-9]{15}#[0-9a-f]{32}#[0-9]{5}", re.ASCII)
"""The sort key of a record."""


def records(reads: Reads, sdk_app_id: str, room_id: str | None, start: int, end: int) -> Iterator[LogRecord]:
    """The records from `start` to before `end`, by occurred_at, read as they are asked for."""
    bounds = _between(start, end)
    if bounds is None:
        return
    shards = (
        reads.items(Asked(log_partition(sdk_app_id, room_id, shard), BETWEEN, bounds))
        for shard in range(SHARDS)
    )
    for item in heapq.merge(*shards, key=lambda item: item["sk"]["S"]):
        yield read_record(item)


def page_of_log(
    reads: Reads,
    sdk_app_id: str,
    room_id: str | None,
    *,
    start: int,
    end: int,
    order: Order,
    limit: int,
    after: str | None,
) -> LogPage:
    """The records from `start` to before `end`, by occurred_at: `limit` at most of those that come after.

    Raises:
        ValueError: `after` is no record's sort key.
    """
    if after is not None and not POSITION.fullmatch(after):
        raise ValueError("There is no such page of a log.")
    descending = order == "desc"

    def read(shard: int, after: str | None, share: int) -> Page:
        bounds = _between(start, end, after, descending=descending)
        if bounds is None:
            return Page([], None)
        pk = log_partition(sdk_app_id, room_id, shard)
        return reads.page(Asked(pk, BETWEEN, bounds, descending=descending), share)

    def show(item: Item) -> ForwardedWebhook:
        return forwarded(read_record(item))

    found = Shards(read, SHARDS, descending=descending).page(after, limit)
    shown, following = fill(found.items, show, "sk", found.next)
    return LogPage(records=shown, next=following)


BETWEEN = "#sort BETWEEN :first AND :last"


def _between(
    start: int, end: int, after: str | None = None, *, descending: bool = False
) -> dict[str, str] | None:
    """The bounds of sort keys; None where nothing can lie between, which DynamoDB refuses to be asked for."""
    # No sort key is a time alone, so `end` is left out.
    first, last = sort_time(start), sort_time(end)
    if after is not None and not descending:
        first = max(first, f"{after} ")  # it comes after, and before any other that does
    if after is not None and descending:
        # All that comes before has a less digit somewhere, so it also comes before this.
        last = min(last, f"{after[:-1]}{chr(ord(after[-1]) - 1)}~")
    return {":first": first, ":last": last} if first <= last else None
