"""An embedded DynamoDB, and the queues beside it: moto in this process, as `template.yaml` has them.

moto is made as atomic as DynamoDB is: its calls interleave between threads, and a transaction would
see another one half done. It is made as strict, where a transaction puts items (`limits`), and it is made
quick (`quick`).
"""

import json
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.dynamo_type import Item as StoredItem

from local.aws.limits import OutOfLimits, check_item
from local.aws.quick import quick
from local.aws.template import resource, with_optional
from roomstate.aws.clients import dynamodb_client, sqs_client
from roomstate.aws.marshal import Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

TABLE_NAME = "roomstate"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "embedded",
    "AWS_SECRET_ACCESS_KEY": "embedded",
    "AWS_DEFAULT_REGION": "us-east-1",
}

PARKING_QUEUE_URL = f"https://sqs.us-east-1.amazonaws.com/{DEFAULT_ACCOUNT_ID}/ParkingQueue"
DEAD_LETTER_QUEUE_URL = f"https://sqs.us-east-1.amazonaws.com/{DEFAULT_ACCOUNT_ID}/DeadLetterQueue"
DEAD_LETTER_QUEUE_ARN = f"arn:aws:sqs:us-east-1:{DEFAULT_ACCOUNT_ID}:DeadLetterQueue"

_SERIALISED = ("transact_write_items", "put_item", "get_item", "query", "delete_item", "update_item")


@contextmanager
def embedded_dynamodb() -> "Iterator[DynamoDBClient]":
    """A DynamoDB that holds one empty table, `TABLE_NAME`, for as long as the context lasts.

    In the same AWS are the parking queue and its dead-letter queue, empty.
    """
    with patch.dict(os.environ, ENVIRONMENT), quick(), _atomic(), mock_aws():
        client = dynamodb_client()
        create_table(client)
        create_queues(sqs_client())
        yield client


def create_table(client: "DynamoDBClient", name: str = TABLE_NAME) -> None:
    """Make the template's table, with its TTL and all its indexes."""
    wanted = resource("RoomTable")
    client.create_table(
        TableName=name,
        BillingMode=wanted["BillingMode"],
        KeySchema=wanted["KeySchema"],
        AttributeDefinitions=with_optional(wanted["AttributeDefinitions"]),
        GlobalSecondaryIndexes=with_optional(wanted["GlobalSecondaryIndexes"]),
    )
    client.update_time_to_live(TableName=name, TimeToLiveSpecification=wanted["TimeToLiveSpecification"])


def create_queues(client: "SQSClient") -> None:
    """Make the template's queues, but for the delay: nobody waits here."""
    for name in ("DeadLetterQueue", "ParkingQueue"):
        attributes: Any = {attribute: str(value) for attribute, value in resource(name).items()}
        attributes.pop("DelaySeconds", None)
        if "RedrivePolicy" in attributes:
            policy = {**resource(name)["RedrivePolicy"], "deadLetterTargetArn": DEAD_LETTER_QUEUE_ARN}
            attributes["RedrivePolicy"] = json.dumps(policy)
        client.create_queue(QueueName=name, Attributes=attributes)


def empty_table(name: str = TABLE_NAME) -> None:
    """Drop all items of the embedded table."""
    backend = dynamodb_backends[DEFAULT_ACCOUNT_ID][ENVIRONMENT["AWS_DEFAULT_REGION"]]
    backend.tables[name].items.clear()


def fill_table(items: Iterable[Item], name: str = TABLE_NAME) -> None:
    """Put items into the embedded table, thousands in a second. Only for items that are valid."""
    backend = dynamodb_backends[DEFAULT_ACCOUNT_ID][ENVIRONMENT["AWS_DEFAULT_REGION"]]
    table = backend.tables[name]
    for item in items:
        attributes: dict[str, Any] = item
        stored = StoredItem(DynamoType(attributes["pk"]), DynamoType(attributes["sk"]), attributes)
        table.items[stored.hash_key][stored.range_key] = stored


def stored_items(name: str = TABLE_NAME) -> Iterator[StoredItem]:
    """All items of the embedded table, to be looked at: a scan copies each of them."""
    backend = dynamodb_backends[DEFAULT_ACCOUNT_ID][ENVIRONMENT["AWS_DEFAULT_REGION"]]
    for partition in list(backend.tables[name].items.values()):
        yield from list(partition.values())


@contextmanager
def _atomic() -> Iterator[None]:
    lock = threading.RLock()

    def serialised(call: Any) -> Any:
        def locked(*args: Any, **kwargs: Any) -> Any:
            with lock:
                return call(*args, **kwargs)

        return locked

    calls = {name: serialised(getattr(DynamoDBBackend, name)) for name in _SERIALISED}
    calls["transact_write_items"] = _strict(calls["transact_write_items"])
    with patch.multiple(DynamoDBBackend, **calls):
        yield


def _strict(transact: Any) -> Any:
    def checked(backend: DynamoDBBackend, transact_items: list[Any]) -> Any:
        try:
            for action in transact_items:
                if "Put" in action:
                    check_item(action["Put"]["Item"])
        except OutOfLimits as why:
            raise MockValidationException(str(why)) from why
        return transact(backend, transact_items)

    return checked
