"""What the dearest bodies take: each of `tests/dearest.py` through the whole function, with forwarding.

In a fresh process the function runs on a table in memory and a bus that takes everything. A process is forked
for each body, so that none finds memory that another has left.
"""

import gc
import io
import json
import math
import os
import resource
import subprocess
import sys
import time
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from traceback import print_exc
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

from benchmarks.capacity import write_units
from benchmarks.figure import Figure, at_most
from benchmarks.function import ENVIRONMENT
from benchmarks.webhooks import Event
from fuzz.memory import Memory
from local.aws.gateway import Context
from local.aws.limits import item_bytes
from local.aws.template import ROOT
from roomstate.aws.deadline import Deadline
from roomstate.aws.forwarder import Forwarder
from roomstate.aws.parking import Parking
from roomstate.aws.recorder import ForwardingRecorder
from roomstate.aws.store import Store
from roomstate.receive.receiver import Receiver
from roomstate.tencent.units import MAX_WRITTEN_BYTES
from tests.dearest import BODIES, opposite
from tests.payloads import APP, event, seat, seats

MOST_CPU_MS = 150
"""About half a second at the share of a core that 512 MB have."""
MOST_MEMORY_MB = 100
ROUNDS = 3
MB = 1_000_000
MIB = 1024 * 1024
QUERY = f"SdkAppid={APP}"


@dataclass(frozen=True, slots=True)
class Taken:
    """What one body takes."""

    name: str
    cpu_ms: float
    """Of the quickest round."""
    memory_mb: float
    """The most, above what the process holds before."""
    written_bytes: int
    """Of records and registers."""
    write_units: float


def figures() -> list[Figure]:
    """Measure, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.dearest"]
    ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    taken = [Taken(**json.loads(line)) for line in ran.stdout.splitlines()]
    assert len(taken) == len(BODIES)
    slowest = max(taken, key=lambda each: each.cpu_ms)
    largest = max(taken, key=lambda each: each.memory_mb)
    longest = max(taken, key=lambda each: each.written_bytes)
    priciest = max(taken, key=lambda each: each.write_units)
    how = f"of {len(taken)} bodies of up to 256 KiB (tests/dearest.py), stored in memory and forwarded"
    return [
        at_most(
            "CPU for the dearest body",
            slowest.cpu_ms,
            limit=MOST_CPU_MS,
            unit=" ms",
            measured=f"{slowest.cpu_ms:.0f} ms ({slowest.name})",
            how=f"a whole core of this machine, the best of {ROUNDS} rounds; {how}",
        ),
        at_most(
            "Memory for the dearest body, above the idle function",
            largest.memory_mb,
            limit=MOST_MEMORY_MB,
            unit=" MB",
            measured=f"{largest.memory_mb:.0f} MB ({largest.name})",
            how=f"resident set, the most while it is handled; {how}",
        ),
        at_most(
            "Written to DynamoDB for one body",
            longest.written_bytes / MIB,
            limit=MAX_WRITTEN_BYTES / MIB,
            unit=" MiB",
            measured=f"{longest.written_bytes / MIB:.2f} MiB ({longest.name}); "
            f"{priciest.write_units:,.0f} write units ({priciest.name})",
            how=f"items as DynamoDB reckons them; the most {how}",
        ),
    ]


def main() -> None:
    """Measure all in this process, and print a line of JSON for each."""
    told = sys.stdout
    with (
        patch.dict(os.environ, ENVIRONMENT),
        patch.object(Deadline, "of_answer", lambda _: Deadline(math.inf)),
        redirect_stdout(io.StringIO()),  # a function's stdout is its log
    ):
        from functions.webhook import app  # noqa: PLC0415  it reads the environment

        for name, make in BODIES.items():
            print(json.dumps(asdict(in_a_fork(name, app, make()))), file=told, flush=True)


def in_a_fork(name: str, app: Any, body: bytes) -> Taken:
    """Fork, and measure there."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, json.dumps(asdict(handle(name, app, body))).encode())
        except BaseException:
            print_exc()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        taken = told.read()
    os.waitpid(child, 0)
    if not taken:
        raise RuntimeError(f"{name}: the function failed")
    return Taken(**json.loads(taken))


def handle(name: str, app: Any, body: bytes) -> Taken:
    """Have the function handle a body, then one that takes all back; some times, on an empty table."""
    bus = SimpleNamespace(put_events=lambda **_: {"FailedEntryCount": 0, "Entries": []})
    context = Context()
    dear, then = event(body, QUERY), event(opposite(body), QUERY)
    cheap = event(seats("r", seat(1, "ann")), QUERY)

    def begin() -> Memory:
        memory = Memory()
        store = Store(cast("Any", memory), ENVIRONMENT["TABLE_NAME"], 90)
        recorder = ForwardingRecorder(store, Forwarder(cast("Any", bus), "bus"))
        app.receiver = Receiver(frozenset({APP}), lambda *_: None, recorder, NoParking())
        app.lambda_handler(cheap, context)
        gc.collect()
        return memory

    def cpu_ms(memory: Memory, event: Event) -> float:
        memory.written.clear()
        begun = time.process_time()
        app.lambda_handler(event, context)
        return (time.process_time() - begun) * 1_000

    memory = begin()
    idle = resident()
    rounds = []
    for _ in range(ROUNDS):
        rounds.append(max(cpu_ms(memory, dear), cpu_ms(memory, then)))
        sizes = [item_bytes(item) for item in memory.written]
        memory = begin()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    units = sum(write_units(0, size) for size in sizes)
    return Taken(name, min(rounds), (most - idle) / MB, sum(sizes), units)


class NoParking(Parking):
    """The store here is never out of order, so what it does not take is a defect."""

    def __init__(self) -> None:
        pass

    def park(self, delivery: Any, _: Any) -> str:
        raise AssertionError(f"parked: {delivery.body[:100]}")


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
