"""Parked webhooks, taken up again."""

from contextlib import suppress

from roomstate.aws.clients import SQS_CALL_S
from roomstate.aws.deadline import Deadline
from roomstate.aws.parking import Parking
from roomstate.log.record import LogRecord
from roomstate.receive.recorder import Recorder
from roomstate.tencent.decode import decode
from roomstate.tencent.delivery import Delivery


class Redriver:
    """Runs parked webhooks through the path they could not take at first.

    Args:
        recorder: where they go.
        parking: where they waited.
    """

    def __init__(self, recorder: Recorder, parking: Parking) -> None:
        self._recorder = recorder
        self._parking = parking

    def redrive(
        self, message: str, receipt_handle: str, receive_count: int, deadline: Deadline
    ) -> tuple[LogRecord, ...]:
        """Store a parked webhook, as of the time it was received at.

        Raises:
            Exception: it could not be stored. The message waits before it is tried again.
        """
        try:
            webhook = decode(Delivery.from_message(message))
            return self._recorder.record(webhook, deadline.earlier(SQS_CALL_S))
        except Exception:
            with suppress(Exception):  # then it waits as long as the queue lets it
                self._parking.back_off(receipt_handle, receive_count)
            raise
