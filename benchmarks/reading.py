"""What readers take: a room of a crowd against one of a few, a page of its members, and a moment of its log.

In a fresh process the read function answers from the embedded DynamoDB, whose CPU counts as well.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

from benchmarks.figure import Figure, at_most
from local.aws.embedded import ENVIRONMENT, TABLE_NAME, embedded_dynamodb, fill_table
from local.aws.gateway import Context
from local.aws.template import ROOT
from roomstate.aws.items import record_item, register_item
from roomstate.aws.marshal import Item
from roomstate.aws.past import MAX_RECORDS
from roomstate.log.record import log_record
from roomstate.state.life import Life
from roomstate.state.registers import LIFE, AnyRegister, Key, Member, Register, Seat, Version
from tests.payloads import APP, members, webhook

TARGET = 1.2
"""A room of `CROWD`, to 1 of a room of `FEW`."""
CROWD, FEW = 100_000, 10
ROUNDS = 60
AN_HOUR_S = 3_600
PAGE = 100
MOST_READ = 400
"""Items, for a page of `PAGE`."""
EVENT = "e" * 32
FUNCTION_ENVIRONMENT = {
    **ENVIRONMENT,
    "TABLE_NAME": TABLE_NAME,
    "SDK_APP_IDS": APP,
    "LOG_RETENTION_DAYS": "90",
    "USER_INDEX": "true",
    "POWERTOOLS_SERVICE_NAME": "read",
    "POWERTOOLS_METRICS_NAMESPACE": "roomstate",
}


@dataclass(frozen=True, slots=True)
class Measured:
    crowd_ms: float
    """CPU of `/v1/room` for a room of many, the median."""
    few_ms: float
    items: int
    """Looked at for a page of members."""
    fold_ms: float
    """CPU of the longest log that is folded."""


def figures() -> list[Figure]:
    """Measure, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.reading"]
    ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    found = Measured(**json.loads(ran.stdout.splitlines()[-1]))
    ratio = found.crowd_ms / found.few_ms
    return [
        at_most(
            f"CPU to read a room of {CROWD:,} members, against one of {FEW}",
            ratio,
            limit=TARGET,
            unit=" x",
            measured=f"{ratio:.2f} x ({found.crowd_ms:.1f} ms / {found.few_ms:.1f} ms)",
            how=f"`/v1/room` of the embedded DynamoDB, median of {ROUNDS} rounds",
        ),
        at_most(
            f"Items read for a page of {PAGE} of {CROWD:,} members",
            found.items,
            limit=MOST_READ,
            measured=f"{found.items}",
            how="`ScannedCount` of its queries, and the room's life",
        ),
        Figure(
            f"CPU to fold the longest log that is folded, {MAX_RECORDS:,} records",
            f"{found.fold_ms / 1000:.1f} s",
            "",
            None,
            "`/v1/room` with `at`, of the embedded DynamoDB, once",
        ),
    ]


def main() -> None:
    """Measure in this process, and print it as JSON."""
    with patch.dict(os.environ, FUNCTION_ENVIRONMENT), embedded_dynamodb():
        from functions.read.app import lambda_handler, make_reader  # noqa: PLC0415  it reads the environment

        fill_table(room("crowd", CROWD))
        fill_table(room("few", FEW))
        fill_table(records("logged"))
        counted: list[int] = []

        def cpu_ms(**parameters: Any) -> float:
            event = request("room", **parameters)
            begun = time.process_time()
            answer = lambda_handler(event, unhurried())
            taken = (time.process_time() - begun) * 1_000
            assert "error" not in json.loads(answer["body"])
            return taken

        rounds = [(cpu_ms(room_id="crowd"), cpu_ms(room_id="few")) for _ in range(ROUNDS)]
        fold_ms = cpu_ms(room_id="logged", at=MAX_RECORDS)
        client = make_reader.args[0]
        client.meta.events.register(
            "after-call.dynamodb", lambda parsed, **_: counted.append(parsed.get("ScannedCount", 1))
        )
        lambda_handler(request("members", room_id="crowd", limit=PAGE), unhurried())
        crowd, few = zip(*rounds, strict=True)
        print(json.dumps(asdict(Measured(median(crowd), median(few), sum(counted), fold_ms))))


def unhurried() -> Any:
    """An invocation that is not cut off."""
    return Context(function_name="read", deadline=time.monotonic() + AN_HOUR_S)


def request(route: str, **parameters: Any) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": f"/v1/{route}",
        "rawQueryString": urlencode({"sdk_app_id": APP, **parameters}),
        "headers": {},
        "requestContext": {"http": {"method": "GET", "path": f"/v1/{route}"}, "stage": "$default"},
    }


def room(room_id: str, inside: int) -> Iterator[Item]:
    """A room of some seats, and as many members."""
    version = Version(1_000, EVENT)
    registers: dict[Key, AnyRegister] = {LIFE: Life(500, 500)}
    registers |= {Key("seat", index): Register(version, Seat(f"user-{index}")) for index in range(16)}
    registers |= {Key("member", f"user-{n}"): Register(version, Member(True, "Enter")) for n in range(inside)}
    for key, register in registers.items():
        yield register_item(APP, room_id, key, register, writer=EVENT, received_at=0)


def records(room_id: str) -> Iterator[Item]:
    """As many as are folded."""
    for at in range(MAX_RECORDS):
        one = webhook(members(room_id, "Online", f"user-{at}", at=at))
        yield record_item(log_record(one, 0, (), won=True, expires_at=2_000_000_000))


if __name__ == "__main__":
    main()
