"""The embedded AWS answers as moto does, which it hurries."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, NoCredentialsError
from moto import mock_aws

from local.aws.embedded import PARKING_QUEUE_URL, TABLE_NAME, create_queues, create_table
from local.aws.quick import quick
from roomstate.aws.clients import dynamodb_client, events_client, sqs_client, ssm_client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def item(sk: str, **attributes: Any) -> Any:
    """An item with something of each type that is stored."""
    values = {"deep": {"M": {"list": {"L": [{"N": "1"}, {"BOOL": True}, {"NULL": True}, {"M": {}}]}}}}
    return {"pk": {"S": "p"}, "sk": {"S": sk}, "n": {"N": "7"}, **values, **attributes}


def put(sk: str, condition: str = "attribute_not_exists(pk)", **more: Any) -> Any:
    told = {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    return {"Put": {"TableName": TABLE_NAME, "Item": item(sk, **more), **told}}


def unlike(number: int) -> Any:
    """A write of a, if it has another number."""
    values = {"ExpressionAttributeValues": {":n": {"N": str(number)}}}
    return {"Put": {**put("a", "n = :n", n={"N": "8"})["Put"], **values}}


def delete(sk: str) -> Any:
    return {"Delete": {"TableName": TABLE_NAME, "Key": {"pk": {"S": "p"}, "sk": {"S": sk}}}}


def answers(dynamodb: "DynamoDBClient") -> Iterator[Callable[[], Any]]:
    """Calls, one after the other."""

    def transact(*actions: Any) -> Callable[[], Any]:
        return lambda: dynamodb.transact_write_items(TransactItems=list(actions))

    def query(**asked: Any) -> Callable[[], Any]:
        values: Any = {":pk": {"S": "p"}, ":sk": {"S": "b"}}
        condition = "pk = :pk AND sk > :sk"
        told = {"KeyConditionExpression": condition, "ExpressionAttributeValues": values, **asked}
        return lambda: dynamodb.query(TableName=TABLE_NAME, **told)

    scan = lambda: dynamodb.scan(TableName=TABLE_NAME)  # noqa: E731
    key: Any = {"pk": {"S": "p"}, "sk": {"S": "c"}}
    yield transact(put("a"), put("b", payload={"B": b"\0bytes"}), put("c"), put("d"), put("e"))
    yield scan
    # Some of a transaction's conditions fail, and nothing of it is done.
    yield transact(put("f"), delete("b"), put("a"), put("g"))
    yield transact(put("f"), unlike(6))
    yield scan
    yield transact(delete("b"), unlike(7), put("f"))
    yield scan
    yield transact(put("h"), put("h"))
    yield transact(put("h", payload={"S": "x" * 405_000}))
    yield scan
    yield query()
    yield query(Limit=2)
    yield query(Limit=2, ScanIndexForward=False)
    yield query(Limit=2, ExclusiveStartKey=key)
    yield query(FilterExpression="n = :sk")
    yield query(ProjectionExpression="sk, payload")
    yield query(IndexName="nothing")
    yield lambda: dynamodb.get_item(TableName=TABLE_NAME, Key=key)
    yield lambda: dynamodb.batch_get_item(RequestItems={TABLE_NAME: {"Keys": [key]}})
    update: Any = {"TableName": TABLE_NAME, "Key": key, "UpdateExpression": "SET expires_at = :at"}
    values: Any = {":at": {"N": "9"}, ":n": {"N": "7"}}
    condition = {"ConditionExpression": "n = :n", "ExpressionAttributeValues": values}
    yield lambda: dynamodb.update_item(**update, **condition)
    gone: Any = {"TableName": TABLE_NAME, "Key": key, "ConditionExpression": "attribute_not_exists(n)"}
    yield lambda: dynamodb.delete_item(**gone)
    yield lambda: dynamodb.delete_item(TableName=TABLE_NAME, Key=key, ReturnValues="ALL_OLD")
    yield lambda: dynamodb.get_item(TableName="nothing", Key=key)
    yield lambda: dynamodb.get_item(TableName=TABLE_NAME, Key={"pk": {"S": "p"}})
    yield scan
    yield lambda: sqs_client().send_message(QueueUrl=PARKING_QUEUE_URL, MessageBody="직播 #1")
    yield lambda: sqs_client().send_message(QueueUrl=f"{PARKING_QUEUE_URL}2", MessageBody="a body")
    yield lambda: sqs_client().receive_message(QueueUrl=PARKING_QUEUE_URL)
    yield lambda: events_client().create_event_bus(Name="rooms")
    entry: Any = {"EventBusName": "rooms", "Source": "s", "DetailType": "t", "Detail": "{}"}
    broken: Any = {**entry, "Detail": "no JSON"}
    yield lambda: events_client().put_events(Entries=[entry, broken])
    yield lambda: ssm_client().get_parameter(Name="/nothing")
    yield lambda: ssm_client().put_parameter(Name="/something", Type="SecureString", Value="a secret")
    yield lambda: ssm_client().get_parameter(Name="/something", WithDecryption=True)


BY_CHANCE = {"ResponseMetadata", "MessageId", "ReceiptHandle", "EventId", "LastModifiedDate"}


def lasting(answer: Any) -> Any:
    """An answer without what is another each time."""
    match answer:
        case dict():
            return {name: lasting(value) for name, value in answer.items() if name not in BY_CHANCE}
        case list():
            return [lasting(element) for element in answer]
        case _:
            return answer


def told(hurried: AbstractContextManager[None]) -> Iterator[tuple[Any, int]]:
    """What AWS answers to each call, and with which status."""
    with hurried, mock_aws():
        dynamodb = dynamodb_client()
        create_table(dynamodb)
        create_queues(sqs_client())
        for call in answers(dynamodb):
            try:
                answer = call()
            except ClientError as error:
                answer = error.response
            yield lasting(answer), answer["ResponseMetadata"]["HTTPStatusCode"]


def test_the_answers_are_the_same() -> None:
    expected = list(told(nullcontext()))
    assert list(told(quick())) == expected
    statuses = [status for _, status in expected]
    assert statuses.count(200) > 20
    assert statuses.count(400) >= 10


def test_who_has_no_credentials_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with quick(), mock_aws():
        client: Any = dynamodb_client()
        monkeypatch.setattr(client._request_signer, "_credentials", None)
        with pytest.raises(NoCredentialsError):
            client.list_tables()


@pytest.mark.parametrize("endpoint", ["http://localhost:4566", "https://lambda.us-east-1.amazonaws.com"])
def test_what_goes_elsewhere_is_signed(endpoint: str) -> None:
    request = AWSRequest("POST", endpoint)
    with quick():
        SigV4Auth(Credentials("key", "secret"), "dynamodb", "us-east-1").add_auth(request)
    assert request.headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=key/")
