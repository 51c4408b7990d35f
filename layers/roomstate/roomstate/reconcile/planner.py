"""A round: every room that lives, put in the queue to be asked for.

The oldest come first: what was lost long ago waits there. A round begins only when the last one is done, so
that a slow Tencent makes rounds rare, not the queue long.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from roomstate.aws.clients import SQS_CALL_S
from roomstate.aws.deadline import Deadline, OutOfTime
from roomstate.aws.lists import rooms_listed_live
from roomstate.aws.reads import Reads
from roomstate.aws.retry import persist, tries
from roomstate.reconcile.names import to_message
from roomstate.tencent.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

T = TypeVar("T")

BATCH = 10
"""Messages of one SendMessageBatch."""
WAITING: tuple["QueueAttributeNameType", ...] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
)
"""Rooms that wait to be asked for, and those that are being asked for or wait to be tried again."""
SENDERS = 8
"""Batches sent at once."""


class NotSent(Exception):
    """SQS did not take all messages of a batch."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What became of a round."""

    planned: int = 0
    missed: int = 0
    """Rooms that could not be put in the queue; one more where the time ended before all were read."""
    is_skipped: bool = False
    """Whether the last round was not done yet."""


class Planner:
    """Plans rounds.

    Args:
        reads_until: reads of the table that begin no call after a deadline.
        client: an SQS client. Its pool should take `SENDERS` connections.
        queue_url: the queue of rooms.
        sdk_app_ids: whose rooms.
    """

    def __init__(
        self,
        reads_until: Callable[..., Reads],
        client: "SQSClient",
        queue_url: str,
        sdk_app_ids: Iterable[str],
    ) -> None:
        self._reads_until = reads_until
        self._client = client
        self._queue_url = queue_url
        self._sdk_app_ids = tuple(sdk_app_ids)

    def plan(self, deadline: Deadline) -> Plan:
        """Put each room that lives in the queue.

        Raises:
            Unavailable: the queue could not be asked.
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: likewise.
        """
        if self._waiting(deadline):
            return Plan(is_skipped=True)
        reads = self._reads_until(deadline=deadline)
        sent = missed = 0

        def listed() -> Iterator[str]:
            nonlocal missed
            try:
                for app in self._sdk_app_ids:
                    yield from (to_message(app, room_id) for room_id in rooms_listed_live(reads, app))
            except OutOfTime:
                missed += 1  # how many more there are is not known

        with ThreadPoolExecutor(SENDERS) as pool:
            # A few hundred at a time: what is read is sent before more is read.
            for batches in _batched(_batched(listed(), BATCH), 50 * SENDERS):
                for batch, left in zip(
                    batches, pool.map(lambda one: self._send(one, deadline), batches), strict=True
                ):
                    sent += len(batch) - left
                    missed += left
        return Plan(sent, missed)

    def _waiting(self, deadline: Deadline) -> bool:
        """Whether rooms of the last round wait to be asked for."""

        def ask(_: int) -> bool:
            deadline.require(SQS_CALL_S)
            answer = self._client.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=list(WAITING))
            return any(int(answer["Attributes"][name]) > 0 for name in WAITING)

        return persist(
            ask,
            tries(deadline, SQS_CALL_S),
            again_on=(BotoCoreError, ClientError),
            given_up="The queue of rooms cannot be read.",
        )

    def _send(self, messages: list[str], deadline: Deadline) -> int:
        """Send a batch. Gives how many messages could not be sent."""
        left = dict(enumerate(messages))

        def send(_: int) -> None:
            deadline.require(SQS_CALL_S)
            answer = self._client.send_message_batch(
                QueueUrl=self._queue_url,
                Entries=[{"Id": str(number), "MessageBody": text} for number, text in left.items()],
            )
            for taken in answer.get("Successful", []):
                left.pop(int(taken["Id"]), None)
            if left:
                raise NotSent

        with suppress(Unavailable):  # it is counted
            persist(
                send,
                tries(deadline, SQS_CALL_S),
                again_on=(NotSent, BotoCoreError, ClientError),
                given_up="Rooms could not be put in the queue.",
            )
        return len(left)


def _batched(things: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(things)
    while batch := list(islice(iterator, size)):
        yield batch
