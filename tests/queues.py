"""A queue of SQS, as Lambda's event source reads it."""

from typing import TYPE_CHECKING, Any

from local.aws.embedded import ENVIRONMENT

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def received(queue: "SQSClient", url: str) -> list[Any]:
    """Up to ten messages that nobody else has received."""
    answer = queue.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"])
    return answer.get("Messages", [])


def to_records(messages: list[Any]) -> dict[str, Any]:
    """Messages as Lambda hands them over."""
    records = [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "eventSource": "aws:sqs",
            "awsRegion": ENVIRONMENT["AWS_DEFAULT_REGION"],
        }
        for message in messages
    ]
    return {"Records": records}


def failed(answer: Any) -> set[str]:
    """The ids of the messages that a function's answer says failed."""
    return {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}


def all_failed(messages: list[Any]) -> Any:
    """What Lambda makes of a function that did not answer."""
    return {"batchItemFailures": [{"itemIdentifier": message["MessageId"]} for message in messages]}


def settle(queue: "SQSClient", url: str, messages: list[Any], answer: Any) -> None:
    """What Lambda does with an answer: what is done is deleted, and what failed is seen again in time."""
    for message in messages:
        handle = message["ReceiptHandle"]
        if message["MessageId"] in failed(answer):
            # Time passes, until it may be seen again.
            queue.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
        else:
            queue.delete_message(QueueUrl=url, ReceiptHandle=handle)
