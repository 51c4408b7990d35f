"""Parked webhooks, tried again."""

from contextlib import suppress
from dataclasses import dataclass

from roomstate.aws.clients import SQS_CALL_S
from roomstate.aws.dead_letters import DeadLetters
from roomstate.aws.deadline import Deadline
from roomstate.aws.parking import Parking
from roomstate.aws.recorder import Recorder
from roomstate.aws.refusals import NeverForwarded
from roomstate.aws.tokens import Verify
from roomstate.state.webhook import Webhook
from roomstate.tencent.decode import decode
from roomstate.tencent.delivery import Delivery
from roomstate.tencent.errors import BadSignature


@dataclass(frozen=True, slots=True)
class Redriven:
    """What became of a parked webhook that is stored now."""

    webhook: Webhook
    never: NeverForwarded | None = None
    """Why it can never be forwarded, where that is so: it is with the dead letters."""


class Redriver:
    """Runs parked webhooks through the path they could not take at first.

    Args:
        verify: verifies what their callers claimed.
        recorder: where they go.
        parking: where they waited.
        dead_letters: where they end that can never be forwarded.
    """

    def __init__(
        self, verify: Verify, recorder: Recorder, parking: Parking, dead_letters: DeadLetters
    ) -> None:
        self._verify = verify
        self._recorder = recorder
        self._parking = parking
        self._dead_letters = dead_letters

    def redrive(self, message: str, receipt_handle: str, receive_count: int, deadline: Deadline) -> Redriven:
        """Store a parked webhook, as of the time it was received at.

        Raises:
            BadSignature: its caller was not authentic. It is to be dropped.
            Exception: it could not be stored and forwarded. The message waits before it is tried again.
        """
        store_by = deadline.earlier(SQS_CALL_S)
        try:
            delivery = Delivery.from_message(message)
            if delivery.claim is not None:
                self._verify(delivery.sdk_app_id, delivery.claim, delivery.received_at, store_by)
            return self._store_or_bury(delivery, message, store_by)
        except BadSignature:
            raise
        except Exception:
            with suppress(Exception):  # then it waits as long as the queue lets it
                self._parking.back_off(receipt_handle, receive_count, deadline)
            raise

    def _store_or_bury(self, delivery: Delivery, message: str, deadline: Deadline) -> Redriven:
        webhook = decode(delivery)
        try:
            self._recorder.record(webhook, deadline)
        except NeverForwarded as why:
            self._dead_letters.bury(message, str(why), deadline)
            return Redriven(webhook, why)
        return Redriven(webhook)
