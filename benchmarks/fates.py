"""What becomes of a webhook that is doubled, late, or met by a DynamoDB that fails: with a typical handler,
and here.

Both run as they are, in the world of the crash tests: an AWS in this process, faults where botocore would
send, and a time of its own, which passes in calls and pauses. A webhook is delivered once, as Tencent does by
default. Then the outage is over, and what waits in a queue is taken up.

How long the pauses between tries are is a matter of chance, in botocore and here: a case that hangs on it
is run `TIMES` times.
"""

import io
import json
import os
import random
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from typing import Any
from unittest.mock import patch

from benchmarks.capacity import read_units, write_units
from benchmarks.fate import CASES, ROOM, Answer, Case, Fate
from benchmarks.typical_world import typical
from local.aws.embedded import TABLE_NAME
from local.aws.limits import item_bytes, item_key
from roomstate.aws.items import read_register
from roomstate.state.registers import Register, Seat
from tests.conftest import FUNCTION_ENVIRONMENT
from tests.payloads import NOW, create
from tests.receive.crash import Cloud, Outage, Plan, cloud


def ours(aws_: Cloud, case: Case) -> Fate:
    """What becomes of them here."""
    *_, last = range(len(case.webhooks))
    outage = Outage(frozenset({last}), fault=case.fault, seconds=case.seconds) if case.fault else Outage()
    plan = Plan(outage=outage, once=True)
    fate, keys = Fate(), list[Any]()

    def note(params: dict[str, Any], **_: Any) -> None:
        keys.extend(params["RequestItems"][TABLE_NAME]["Keys"])

    # As it is: the crash tests take the longest.
    chance = patch("roomstate.aws.retry.jitter", lambda seconds: random.uniform(0, seconds))
    reads = aws_.clients["dynamodb"].meta.events
    reads.register("provide-client-params.dynamodb.BatchGetItem", note, "fates")
    with aws_.world(plan) as world, chance:
        world.deliver(create(ROOM, at=NOW - 60_000), -1)
        for number, payload in enumerate(case.webhooks):
            before, made, asked = _items(aws_), len(plan.places), len(keys)
            world.deliver(payload, number)
            fate.calls = [place.rpartition(".")[2] for place in plan.places[made:]]
            fate.read_units = len(keys[asked:]) * read_units(0, consistent=False)
        fate.at_once = _holder(_items(aws_))
        world.drain()
        after = _items(aws_)
        changed = {key: item for key, item in after.items() if item != before.get(key)}
        fate.write_units = sum(
            write_units(item_bytes(before.get(key, {})), item_bytes(item)) for key, item in changed.items()
        )
        fate.last_changed = any("kind" in item for item in changed.values())
        fate.in_the_end = _holder(after)
        fate.answers = [Answer(code.status, seconds) for code, seconds in world.answers[1:]]
        fate.forwarded = sum("PutEvents" in place for place in plan.places) - 1
        fate.event_ids = len(world.forwarded) - 1
    reads.unregister("provide-client-params.dynamodb.BatchGetItem", note, "fates")
    return fate


def _items(aws_: Cloud) -> dict[Any, Any]:
    return {item_key(item): item for item in aws_.dynamodb.scan(TableName=TABLE_NAME)["Items"]}


def _holder(items: Mapping[Any, Any]) -> str | None:
    """Who has the one seat that there is."""
    [seat] = (item for item in items.values() if item.get("kind") == {"S": "seat"})
    _, register = read_register(seat)
    assert isinstance(register, Register)
    assert isinstance(register.fact, Seat)
    return register.fact.user_id


@dataclass(frozen=True, slots=True)
class Fates:
    """Of one case, each time that it was run."""

    typical: list[Fate]
    ours: list[Fate]


def fates(aws_: Cloud, cases: Mapping[str, Case] = CASES) -> dict[str, Fates]:
    """Run every case with both."""
    found = {name: Fates([], []) for name in cases}
    random.seed(0)
    for name, case in cases.items():
        for _ in range(case.times):
            with typical(aws_) as handler:
                found[name].typical.append(handler.fate(case))
            found[name].ours.append(ours(aws_, case))
    return found


def main() -> None:
    """Run every case in this process, and print what becomes of them as JSON."""
    with patch.dict(os.environ, FUNCTION_ENVIRONMENT), redirect_stdout(io.StringIO()), cloud() as aws_:
        found = fates(aws_)
    json.dump({name: asdict(each) for name, each in found.items()}, sys.stdout)


if __name__ == "__main__":
    main()
