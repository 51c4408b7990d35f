"""The typical handler (`benchmarks/typical`) as Lambda would run it, in the world of the crash tests."""

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from math import inf
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
from botocore.exceptions import ReadTimeoutError

from benchmarks.capacity import WRITE_UNIT_BYTES, started
from benchmarks.fate import DEAD, Answer, Case, Fate
from benchmarks.function import function
from benchmarks.webhooks import Event, signed, to_event
from local.aws.gateway import Handler
from local.aws.limits import item_bytes
from local.aws.template import load
from tests.payloads import NOW
from tests.receive.crash import BUS, CALL_S, TOKEN, TOKENS_PARAMETER, Cloud
from tests.receive.faults import FAULTS, Killed, WorldTime, aws, take_over

TYPICAL = Path(__file__).parent / "typical"
TEMPLATE: dict[str, Any] = load(TYPICAL / "template.yaml")["Resources"]
TIME_OUT_S: float = TEMPLATE["WebhookFunction"]["Properties"]["Timeout"]
TABLES = {"TABLE_NAME": "RoomTable", "IDEMPOTENCY_TABLE": "IdempotencyTable"}
ENVIRONMENT = {
    **dict(zip(TABLES, TABLES.values(), strict=True)),
    "EVENT_BUS": BUS,
    "TOKENS_PARAMETER": TOKENS_PARAMETER,
}


class Typical:
    """The typical handler, in an AWS of its own tables."""

    def __init__(self, aws_: Cloud, handler: Handler, time: WorldTime, clients: list[Any]) -> None:
        self._dynamodb: Any = aws_.dynamodb
        self._handler = handler
        self._time = time
        self._case: Case | None = None
        self._out_until = -inf
        self.failing: Mapping[str, str] = {}
        """What goes wrong with an operation, each time."""
        self.calls: list[str] = []
        for client in clients:
            take_over(client, partial(self._before_send, client))

    def fate(self, case: Case) -> Fate:
        """What becomes of webhooks with it."""
        fate, self.calls = Fate(), []
        for number, payload in enumerate(case.webhooks, 1):
            before, made = self.held("RoomTable"), len(self.calls)
            self._case = case if number == len(case.webhooks) and case.fault else None
            fate.answers.append(self.deliver(to_event(payload, NOW + number)))
            fate.calls = self.calls[made:]
        self._case = None
        state = self.held("RoomTable")
        fate.write_units = self._write_units(fate.calls)
        fate.last_changed = state != before
        fate.at_once = fate.in_the_end = next((item["user_id"]["S"] for item in state), None)
        fate.forwarded = self.calls.count("PutEvents")
        return fate

    def deliver(self, event: Event, token: str = TOKEN) -> Answer:
        """Invoke it, as API Gateway would."""
        self._out_until = self._time.now + (self._case.seconds if self._case else -inf)
        began = self._time.now
        try:
            with (
                self._time.invocation(TIME_OUT_S) as invocation,
                warnings.catch_warnings(action="ignore"),  # a killed process counts nothing
            ):
                status: int | None = self._handler(signed(event, token), invocation)["statusCode"]
        except Killed:
            return Answer(None, TIME_OUT_S)
        return Answer(status, self._time.now - began)

    def held(self, table: str) -> list[Any]:
        return self._dynamodb.scan(TableName=table)["Items"]  # type: ignore[no-any-return]

    def _write_units(self, calls: list[str]) -> float:
        """Of calls that each write one item, none of which fills a unit."""
        sizes = [item_bytes(item) for table in TABLES.values() for item in self.held(table)]
        assert all(started(size, WRITE_UNIT_BYTES) == 1 for size in sizes)
        return sum(call in ("PutItem", "UpdateItem", "DeleteItem") for call in calls)

    def _before_send(self, client: Any, request: Any, event_name: str, **_: Any) -> Any:
        """Called in place of each request to AWS. Gives the answer."""
        _prefix, service, operation = event_name.split(".")
        self.calls.append(operation)
        if operation in self.failing:
            return FAULTS[self.failing[operation]](self._time, event_name, request)
        if service != "dynamodb" or self._time.now >= self._out_until:
            self._time.sleep(CALL_S)
            return aws(event_name, request)
        assert self._case is not None
        if self._case.fault == DEAD:  # for as long as its own client waits
            self._time.sleep(client.meta.config.read_timeout)
            raise ReadTimeoutError(endpoint_url="aws")
        return FAULTS[str(self._case.fault)](self._time, event_name, request)


@contextmanager
def typical(aws_: Cloud) -> Iterator[Typical]:
    """The typical handler, started anew, with nothing stored."""
    time, clients = WorldTime(), list[Any]()
    dynamodb: Any = aws_.dynamodb
    for table in TABLES.values():
        wanted = {**TEMPLATE[table]["Properties"]}
        wanted.pop("TimeToLiveSpecification", None)
        dynamodb.create_table(TableName=table, **wanted)
    with (
        patch.object(boto3, "DEFAULT_SESSION", None),
        patch("botocore.endpoint.time", time),
        function(TYPICAL / "app.py", ENVIRONMENT, clients.append, io.StringIO()) as handler,
    ):
        yield Typical(aws_, handler, time, clients)
    for table in TABLES.values():
        dynamodb.delete_table(TableName=table)
