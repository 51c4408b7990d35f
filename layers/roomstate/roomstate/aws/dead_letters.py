"""The dead-letter queue, for a webhook that can never be forwarded. SQS itself adds what failed too often."""

from typing import TYPE_CHECKING

from roomstate.aws.clients import SQS_CALL_S
from roomstate.aws.deadline import Deadline
from roomstate.aws.retry import persist, tries

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

REASON = "reason"
"""The message attribute that says why a message is there. Messages that SQS moved there have none."""


class DeadLetters:
    """Puts messages of the parking queue with the dead letters.

    Args:
        client: an SQS client.
        queue_url: the dead-letter queue's.
    """

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def bury(self, message: str, reason: str, deadline: Deadline) -> None:
        """Put a message there. One that is sent twice is one webhook all the same.

        Raises:
            Unavailable: it could not be put there in time.
        """

        def send(_: int) -> None:
            deadline.require(SQS_CALL_S)
            self._client.send_message(
                QueueUrl=self._queue_url,
                MessageBody=message,
                MessageAttributes={REASON: {"DataType": "String", "StringValue": reason}},
            )

        persist(
            send,
            tries(deadline, SQS_CALL_S),
            again_on=(Exception,),
            given_up="The webhook could not be put with the dead letters.",
        )
