"""A room as it was at an earlier moment: what its log had come to by then.

The log is read backwards. What the watermark of that moment voids is not read: once the creation of the
room's life is known, all that is older says nothing any more.
"""

import heapq
from collections.abc import Iterator

from roomstate.aws.deadline import OutOfTime
from roomstate.aws.items import read_record
from roomstate.aws.marshal import Item
from roomstate.aws.reads import Asked, Reads, TooMany
from roomstate.aws.table import SHARDS, log_partition, sort_time
from roomstate.log.kept import Kept
from roomstate.log.record import LogRecord, assertions_of
from roomstate.state.life import Life
from roomstate.state.registers import Version

MAX_RECORDS = 5_000
MAX_BYTES = 16 * 1024 * 1024
"""Of the payloads that are folded, whatever their number."""
PAGE = 64
"""Records that are read at once of each of a log's partitions."""


def as_of(reads: Reads, sdk_app_id: str, room_id: str, at: int, now: Life) -> tuple[Kept, int]:
    """What the log had come to, and how many records were folded for it.

    Args:
        at: ms since the epoch; a record of that very moment counts.
        now: the room's life as it is, so that what it knows of that time is not looked for.

    Raises:
        TooMany: records, or their payloads, to be folded in the time there is.
    """
    kept = Kept(_known_then(now, at))
    records = payloads = 0
    try:
        for record in _backwards(reads, sdk_app_id, room_id, at):
            if kept.life.started_at is not None and kept.life.voids(record.occurred_at):
                break
            records += 1
            payloads += len(record.payload)
            if records > MAX_RECORDS or payloads > MAX_BYTES:
                raise TooMany(
                    f"The room's log up to that moment is too long to be folded: more than {MAX_RECORDS} "
                    f"records, or {MAX_BYTES} bytes of webhooks, since the room began."
                )
            if assertions := assertions_of(record):
                kept.take(Version(record.occurred_at, record.event_id), assertions)
    except OutOfTime:
        raise TooMany(
            "The room's log up to that moment is too long to be folded in time: "
            f"there was time for {records} records."
        ) from None
    return kept, records


def _known_then(life: Life, at: int) -> Life:
    """What a life tells of an earlier moment: its times are the last ones that there were."""
    return Life(
        started_at=life.started_at if life.started_at is not None and life.started_at <= at else None,
        ended_at=life.ended_at if life.ended_at is not None and life.ended_at <= at else None,
    )


def _backwards(reads: Reads, sdk_app_id: str, room_id: str, at: int) -> Iterator[LogRecord]:
    """A room's records up to a moment, the newest first."""
    shards = (
        reads.items(
            Asked(
                log_partition(sdk_app_id, room_id, shard),
                # "$" comes after "#", which ends the time in a sort key.
                "#sort < :end",
                {":end": f"{sort_time(at)}$"},
                descending=True,
            ),
            page=PAGE,
        )
        for shard in range(SHARDS)
    )
    for item in heapq.merge(*shards, key=_sort_key, reverse=True):
        yield read_record(item)


def _sort_key(item: Item) -> str:
    return item["sk"]["S"]
