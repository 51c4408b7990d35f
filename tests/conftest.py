import gc
import os
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings

from e2e import emulator
from local.aws.embedded import (
    DEAD_LETTER_QUEUE_URL,
    ENVIRONMENT,
    PARKING_QUEUE_URL,
    TABLE_NAME,
    create_table,
    embedded_dynamodb,
)
from roomstate.aws.clients import sqs_client
from roomstate.aws.deadline import Deadline
from roomstate.aws.parking import Parking
from roomstate.aws.reader import Reader
from roomstate.aws.store import Store
from tests.payloads import AN_HOUR

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# No test depends on timing, and a failure is found again: no deadline, the same examples each time.
settings.register_profile(
    "default",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("default")

# By default Python looks through all that moto and botocore hold again and again: a tenth of the time.
gc.set_threshold(50_000)

FUNCTION_ENVIRONMENT = {
    **ENVIRONMENT,
    "TABLE_NAME": TABLE_NAME,
    "PARKING_QUEUE_URL": PARKING_QUEUE_URL,
    "DEAD_LETTER_QUEUE_URL": DEAD_LETTER_QUEUE_URL,
    "EVENT_BUS": "",
    "SDK_APP_IDS": "1400000001, 1400000002",
    "LOG_RETENTION_DAYS": "90",
    "USER_INDEX": "true",
    "RECONCILE_QUEUE_URL": PARKING_QUEUE_URL.replace("ParkingQueue", "ReconcileQueue"),
    "RECONCILE_PARAMETER": "/roomstate/reconcile",
    "RECONCILE_CALLS_PER_SECOND": "100",
    "RECONCILE_WORKERS": "2",
    "POWERTOOLS_SERVICE_NAME": "webhook",
    "POWERTOOLS_METRICS_NAMESPACE": "roomstate",
}


@pytest.fixture(scope="session", autouse=True)
def environment() -> Iterator[None]:
    """What Lambda sets for the functions."""
    with patch.dict(os.environ, FUNCTION_ENVIRONMENT):
        yield


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody hangs up after 2 s: only tests/test_time.py, in processes of its own, is about that."""
    monkeypatch.setattr(Deadline, "of_answer", lambda _: AN_HOUR)
    monkeypatch.setattr(Deadline, "of_invocation", lambda _: AN_HOUR)


@pytest.fixture
def dynamodb() -> "Iterator[DynamoDBClient]":
    """An empty table: in moto, or in the emulator that runs (`make e2e`)."""
    if "EMULATOR_URL" in os.environ:
        yield from emulated_dynamodb()
        return
    with embedded_dynamodb() as client:
        yield client


def emulated_dynamodb() -> "Iterator[DynamoDBClient]":
    client: DynamoDBClient = emulator.client("dynamodb")
    create_table(client)
    # The tests' webhooks are received at a fixed time. One day they would expire here.
    client.update_time_to_live(
        TableName=TABLE_NAME, TimeToLiveSpecification={"AttributeName": "expires_at", "Enabled": False}
    )
    try:
        yield client
    finally:
        client.delete_table(TableName=TABLE_NAME)


@pytest.fixture
def store(dynamodb: "DynamoDBClient") -> Store:
    return Store(dynamodb, TABLE_NAME, retention_days=90)


@pytest.fixture
def parking(dynamodb: "DynamoDBClient") -> Parking:  # noqa: ARG001  in the same AWS
    return Parking(sqs_client, PARKING_QUEUE_URL)


@pytest.fixture
def reader(dynamodb: "DynamoDBClient") -> Reader:
    return Reader(dynamodb, TABLE_NAME)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print which faults were tried at which calls to AWS (test_crash_points.py)."""
    tried: Counter[tuple[str, str]] = Counter()
    failed: set[str] = set()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, points in getattr(report, "user_properties", []):
                if name == "crash points":
                    tried.update({(place, fault): count for place, fault, count in points})
                    failed.update(fault for _, fault, _ in points if outcome == "failed")
    if not tried:
        return
    faults = sorted({fault for _, fault in tried})
    table = [["call to AWS", *faults]]
    for place in sorted({place for place, _ in tried}):
        counts = (tried[place, fault] for fault in faults)
        table.append([place, *(str(count) if count else "-" for count in counts)])
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    terminalreporter.section("crash points: runs with one fault at one call, by fault")
    for row in table:
        cells = [
            row[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
        ]
        terminalreporter.write_line("  ".join(cells))
    for fault in sorted(failed):
        terminalreporter.write_line(f"FAILED: {fault}")
