import os
from collections.abc import Iterator
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings

from local.embedded import ENVIRONMENT, TABLE_NAME, embedded_dynamodb
from roomstate.reader import Reader
from roomstate.store import Store

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

FUNCTION_ENVIRONMENT = {
    **ENVIRONMENT,
    "TABLE_NAME": TABLE_NAME,
    "SDK_APP_IDS": "1400000001, 1400000002",
    "LOG_RETENTION_DAYS": "90",
    "POWERTOOLS_SERVICE_NAME": "webhook",
    "POWERTOOLS_METRICS_NAMESPACE": "roomstate",
}


@pytest.fixture(scope="session", autouse=True)
def environment() -> Iterator[None]:
    """What Lambda sets for the functions."""
    with patch.dict(os.environ, FUNCTION_ENVIRONMENT):
        yield


@pytest.fixture
def dynamodb() -> "Iterator[DynamoDBClient]":
    with embedded_dynamodb() as client:
        yield client


@pytest.fixture
def store(dynamodb: "DynamoDBClient") -> Store:
    return Store(dynamodb, TABLE_NAME, retention_days=90)


@pytest.fixture
def reader(dynamodb: "DynamoDBClient") -> Reader:
    return Reader(dynamodb, TABLE_NAME)
