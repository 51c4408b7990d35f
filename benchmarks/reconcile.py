"""How long a round of reconciliation takes, and what it costs: the table of docs/reconcile.md.

    python -m benchmarks.reconcile

writes it there. It is arithmetic, on list prices and on times that are assumed: nobody here ever called
Tencent.
"""

import re

from benchmarks.cost import LAMBDA_GB_SECOND, LAMBDA_REQUEST, MILLION, OUT_GB, READ_UNIT
from local.aws.template import ROOT, parameter_default, resource, template
from roomstate.aws.table import SHARDS

DOCUMENT = ROOT / "docs/reconcile.md"
MARKED = re.compile(
    r"(?<=<!-- python -m benchmarks.reconcile -->\n).*?(?=<!-- /python -m benchmarks.reconcile -->)",
    re.DOTALL,
)
ROOMS = (100, 10_000, 100_000)
"""That live."""
WORKERS = (int(parameter_default("ReconcileWorkers")), 20, 60)
"""The default, and more."""
CALLS_PER_SECOND = 100
"""With each command, of the 200 that Tencent takes (63404)."""
CALL_S = 0.1
"""Assumed of a call of Tencent's."""
READ_S = 0.05
"""Assumed of reading all partitions of a room, side by side."""
CALLS = {"Live": 5, "Room": 3}
"""Commands for a room whose members fit a page."""
CALL_BYTES = 1_500
"""Sent for a call, TLS and all; assumed."""
SENT = 10
"""Messages sent at once. Received as many as the template says."""
# https://aws.amazon.com/sqs/pricing/ (standard queues)
SQS_REQUEST = 0.40 / MILLION
ROUNDS = 24 * 365 / 12
"""A month, one an hour."""


def main() -> None:
    """Write the table, and show it."""
    written = table()
    DOCUMENT.write_text(MARKED.sub(lambda _: written, DOCUMENT.read_text()))
    print(written)


def room_s(calls: int) -> float:
    """How long a worker is busy with one room in which nothing differs, s."""
    return calls * CALL_S + 2 * READ_S


def round_s(rooms: int, workers: int, calls: int) -> float:
    """How long a round takes, s: as the workers are quick, or as often as each command may be called."""
    return rooms / min(CALLS_PER_SECOND, workers / room_s(calls))


def usd(rooms: int, calls: int) -> float:
    """What a round costs in which nothing differs."""
    memory_gb = template()["Globals"]["Function"]["MemorySize"] / 1024
    queries = 2 * (SHARDS + 1)
    received = resource("ReconcileFunction")["Events"]["Rooms"]["Properties"]["BatchSize"]
    parts = (
        room_s(calls) * memory_gb * LAMBDA_GB_SECOND + LAMBDA_REQUEST / received,
        queries * READ_UNIT,
        SQS_REQUEST * (1 / SENT + 2 / received),  # to send; to receive and to delete
        calls * CALL_BYTES * OUT_GB / 10**9,
    )
    return rooms * sum(parts)


def table() -> str:
    """What is between the marks of the document."""
    calls = CALLS["Live"]
    head = ["Live rooms", *(f"a round, {workers} workers" for workers in WORKERS), "USD a month, hourly"]
    lines = [head, ["---:" for _ in head]]
    for rooms in ROOMS:
        times = (_duration(round_s(rooms, workers, calls)) for workers in WORKERS)
        lines.append([f"{rooms:,}", *times, f"{usd(rooms, calls) * ROUNDS:,.2f}"])
    return "\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n\n"


def _duration(seconds: float) -> str:
    for limit, unit, size in ((120, "s", 1), (120 * 60, "min", 60)):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 3600:.1f} h"


if __name__ == "__main__":
    main()
