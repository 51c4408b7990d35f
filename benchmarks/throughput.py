"""How many webhooks a second one process takes, and whether its memory stays flat.

In a fresh process the whole function runs, and AWS answers where botocore would send: each webhook is
validated, serialised, signed and parsed for, and nothing waits. Every webhook is another: users come and go,
seats change, in many rooms, and some commands are ones that nobody has heard of.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from botocore.awsrequest import AWSPreparedRequest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.figure import Figure, at_most
from benchmarks.webhooks import Event, created, to_body, to_event
from local.aws.template import ROOT
from roomstate.aws.items import register_item
from roomstate.state.decide import decide
from roomstate.state.registers import LIFE
from roomstate.tencent.decode import decode
from roomstate.tencent.delivery import Delivery
from tests.payloads import APP, NOW, Payload, members, seat, seats

WEBHOOKS = 100_000
WARM_UP = 10_000
"""Webhooks after which memory has to stay as it is."""
MOST_GROWTH_MB = 5
STEP = 1_000
ROOMS = 1_000
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Step:
    """How far it is."""

    webhooks: int
    seconds: float
    """CPU spent in the function. Nothing waits here, and this machine may have other things to do."""
    memory: int
    """Resident, bytes."""


def figures(console: Console | None = None) -> list[Figure]:
    """Measure it, in a process of its own, and show how far it is."""
    steps = list(_measure(console or Console(stderr=True)))
    warm = next(step for step in steps if step.webhooks == WARM_UP)
    last = steps[-1]
    growth = (last.memory - warm.memory) / MB
    return [
        Figure(
            name="Webhooks a second through one process",
            measured=f"{last.webhooks / last.seconds:,.0f}/s",
            target="",
            met=None,
            how="CPU of one core of this machine; AWS answers in the process, without a network",
        ),
        at_most(
            f"Memory after {last.webhooks:,} webhooks",
            growth,
            limit=MOST_GROWTH_MB,
            unit=" MB more",
            measured=f"{last.memory / MB:.0f} MB, {growth:+.1f} MB since {warm.webhooks:,}",
            how="resident set of a fresh process; every webhook is another",
        ),
    ]


def _measure(console: Console) -> Iterator[Step]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    program = [sys.executable, "-m", "benchmarks.throughput"]
    with (
        subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process,
        Progress(*columns, console=console, transient=True) as progress,
    ):
        task = progress.add_task("webhooks through one process", total=WEBHOOKS)
        assert process.stdout is not None
        try:
            for line in process.stdout:
                step = Step(**json.loads(line))
                progress.update(task, completed=step.webhooks)
                yield step
        except BaseException:  # nobody reads what else it has to say
            process.kill()
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, program)


def main() -> None:
    """Put all webhooks through the function in this process, and print a line for each step."""
    # Not before: `figures` has no use for what it loads.
    from benchmarks.function import answering, dynamodb_of, webhook_function  # noqa: PLC0415

    told = sys.stdout
    seconds = 0.0
    events = (to_event(payload, NOW) for payload in webhooks())
    # A line is a write, as on Lambda.
    clients: list[Any] = []
    with (
        open(os.devnull, "w", buffering=1) as log,
        webhook_function({}, clients.append, log) as function,
        answering(dynamodb_of(clients), DynamoDB().answer),
    ):
        for done in range(STEP, WEBHOOKS + 1, STEP):
            batch: list[Event] = list(islice(events, STEP))
            begun = time.process_time()
            answers = [function(event)["statusCode"] for event in batch]
            seconds += time.process_time() - begun
            assert set(answers) == {200}
            step = {"webhooks": done, "seconds": seconds, "memory": _resident()}
            print(json.dumps(step), file=told, flush=True)


def webhooks() -> Iterator[Payload]:
    """Without end, each another one."""
    number = 0
    while True:
        for change in range(20):
            number += 1
            room, user, at = f"live_{number % ROOMS}", f"{10**17 + number}", NOW - 10**8 + number
            match change:
                case 0:
                    unknown = f"Live.CallbackAfter{_letters(number)}"
                    yield {**members(room, "Online", user, at=at), "CallbackCommand": unknown}
                case 1 | 6 | 11 | 16:
                    yield seats(room, seat(number % 16, user, Taken=False, Audio=number % 3 == 0), at=at)
                case 4 | 9 | 14 | 19:
                    came = f"{10**17 + number - 2}"
                    yield members(room, "Offline", came, at=at, cause="Leave")
                case _:
                    yield members(room, "Online", user, at=at)


class DynamoDB:
    """Every room is there, as created; nothing else is; whatever is written is taken."""

    def __init__(self) -> None:
        webhook = decode(Delivery(APP, to_body(created("live_0", at=NOW - 10**9)), NOW))
        life = decide(webhook.version, webhook.units[0].assertions, {}).writes[LIFE]
        found = [register_item(APP, "live_0", LIFE, life, writer=webhook.event_id, received_at=NOW)]
        page = {"Responses": {"roomstate": found}, "UnprocessedKeys": {}}
        self._answers = {
            b"DynamoDB_20120810.BatchGetItem": json.dumps(page).encode(),
            b"DynamoDB_20120810.TransactWriteItems": b"{}",
        }

    def answer(self, request: AWSPreparedRequest) -> bytes:
        """The body of the response to a request."""
        target: Any = request.headers["X-Amz-Target"]
        return self._answers[target]


def _resident() -> int:
    """Bytes of this process in memory."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource  # noqa: PLC0415  not on every system

    # The most it ever was, which is a bound: in KB, but for macOS.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _letters(number: int) -> str:
    """A name for each number, as Tencent's commands look."""
    name = ""
    while number:
        number, digit = divmod(number, 26)
        name += chr(ord("a") + digit)
    return name


if __name__ == "__main__":
    main()
