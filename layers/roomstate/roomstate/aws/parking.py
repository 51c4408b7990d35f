"""The parking queue: where a webhook waits that could not be stored, or not be verified, at once."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from roomstate.aws.clients import SQS_CALL_S
from roomstate.aws.deadline import Deadline
from roomstate.aws.retry import persist, tries
from roomstate.tencent.delivery import Delivery

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

PARKING_ATTEMPTS = 12
"""Tries to park. With the pauses between them, an invocation has no time for more."""
FIRST_BACKOFF_S = 30
MAX_BACKOFF_S = 900


class Parking:
    """Parks deliveries in an SQS queue.

    Args:
        connect: makes an SQS client. It is made once it is needed: most environments never park anything.
        queue_url: the queue's.
    """

    def __init__(self, connect: Callable[[], "SQSClient"], queue_url: str) -> None:
        self._connect = connect
        self._queue_url = queue_url

    @cached_property
    def _client(self) -> "SQSClient":
        return self._connect()

    def park(self, delivery: Delivery, deadline: Deadline) -> str:
        """Put a delivery in the queue. It is tried at least once, however little time is left.

        A message that is sent twice, because the first answer was lost, is one webhook all the same.

        Returns:
            The message's id, which SQS gave it.

        Raises:
            Unavailable: it could not be put there in time.
        """

        def send(attempt: int) -> str:
            if attempt:
                deadline.require(SQS_CALL_S)
            sent = self._client.send_message(QueueUrl=self._queue_url, MessageBody=delivery.to_message())
            return sent["MessageId"]

        return persist(
            send,
            tries(deadline, SQS_CALL_S, PARKING_ATTEMPTS),
            again_on=(Exception,),  # whatever it is: there is nobody else to take it
            given_up="The webhook could neither be stored nor parked.",
        )

    def back_off(self, receipt_handle: str, receive_count: int, deadline: Deadline) -> None:
        """Let a message that failed wait, longer each time, rather than the queue's own time.

        Raises:
            OutOfTime: there is no time left to say so. The message waits as long as the queue has it wait.
        """
        deadline.require(SQS_CALL_S)
        wait_s = min(FIRST_BACKOFF_S * 2 ** (receive_count - 1), MAX_BACKOFF_S)
        self._client.change_message_visibility(
            QueueUrl=self._queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=wait_s
        )
