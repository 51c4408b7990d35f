"""One webhook, from request to answer."""

from collections.abc import Set
from dataclasses import dataclass
from typing import NamedTuple

from roomstate.aws.clients import SQS_CALL_S
from roomstate.aws.deadline import Deadline
from roomstate.aws.parking import Parking
from roomstate.aws.recorder import Recorder
from roomstate.aws.tokens import Verify
from roomstate.log.record import LogRecord
from roomstate.state.webhook import Webhook
from roomstate.tencent.answer import ACCEPTED, Answer, refusal
from roomstate.tencent.caller import Caller, identify
from roomstate.tencent.catalogue import is_blocking
from roomstate.tencent.decode import decode
from roomstate.tencent.delivery import MAX_BODY_BYTES, Delivery
from roomstate.tencent.errors import BadSignature, Refused, TooLarge, Unreadable


class Request(NamedTuple):
    """A webhook, before anybody has looked at it."""

    query: str
    """The query string as it came, percent-encoded."""
    body: bytes
    received_at: int
    """ms since the epoch."""


@dataclass(slots=True)
class Receipt:
    """What became of a request."""

    answer: Answer = ACCEPTED
    caller: Caller | None = None
    """None if the caller is known not to be authentic."""
    webhook: Webhook | None = None
    """None where it was refused, or parked, before it was decoded."""
    records: tuple[LogRecord, ...] = ()
    refused: Refused | None = None
    """Why it was refused, or would have been if it were not a blocking command."""
    parked: Exception | None = None
    """Why it was parked, where it was."""
    message_id: str | None = None
    """SQS's, by which the parking queue knows it."""


class Receiver:
    """Takes webhooks in.

    Args:
        sdk_app_ids: the apps whose webhooks are taken.
        verify: verifies what callers claim.
        recorder: where webhooks go.
        parking: where they wait when it cannot take them, or when their claim cannot be verified yet.
    """

    def __init__(self, sdk_app_ids: Set[str], verify: Verify, recorder: Recorder, parking: Parking) -> None:
        self._sdk_app_ids = sdk_app_ids
        self._verify = verify
        self._recorder = recorder
        self._parking = parking

    def receive(self, request: Request, answer_by: Deadline, end: Deadline) -> Receipt:
        """Take a webhook in.

        Args:
            request: the webhook.
            answer_by: when Tencent must have its answer. A webhook that cannot be stored by then is parked.
            end: of the invocation. Parking is tried until then, even if Tencent may have hung up.
        """
        receipt = Receipt()
        store_by = answer_by.earlier(SQS_CALL_S)
        try:
            caller = identify(request.query, self._sdk_app_ids)
            hindrance = self._verify_claim(caller, request, store_by)
            receipt.caller = caller
            delivery = _delivery(caller, request, is_verified=hindrance is None)
            receipt.parked = hindrance or self._store(delivery, store_by, receipt)
            if receipt.parked is not None:
                receipt.message_id = self._parking.park(delivery, _until(receipt, answer_by, end))
            if receipt.webhook is not None and receipt.webhook.unreadable is not None:
                raise Unreadable(receipt.webhook.unreadable)
        except Refused as reason:
            receipt.refused = reason
            receipt.answer = ACCEPTED if _waits(receipt) else refusal(reason)
        return receipt

    def _verify_claim(self, caller: Caller, request: Request, deadline: Deadline) -> Exception | None:
        """Verify a caller's claim. If that is not possible at present, returns the reason."""
        try:
            self._verify(caller.sdk_app_id, caller.claim, request.received_at, deadline)
        except BadSignature:
            raise
        except Exception as reason:  # no tokens, or a defect of ours
            return reason
        return None

    def _store(self, delivery: Delivery, deadline: Deadline, receipt: Receipt) -> Exception | None:
        """Decode and store a webhook. If that fails, returns the reason."""
        try:
            receipt.webhook = decode(delivery)
            receipt.records = self._recorder.record(receipt.webhook, deadline)
        except Exception as reason:  # even a defect of ours: nothing authentic may be lost
            return reason
        return None


def _delivery(caller: Caller, request: Request, *, is_verified: bool) -> Delivery:
    if len(request.body) > MAX_BODY_BYTES:
        raise TooLarge(f"The body is larger than {MAX_BODY_BYTES} bytes.")
    return Delivery(
        sdk_app_id=caller.sdk_app_id,
        body=request.body,
        received_at=request.received_at,
        url_command=caller.command,
        opt_platform=caller.opt_platform,
        claim=None if is_verified else caller.claim,
    )


def _until(receipt: Receipt, answer_by: Deadline, end: Deadline) -> Deadline:
    """How long to go on trying to park. A caller who waits for our consent must not wait for the queue."""
    return answer_by if _waits(receipt) and not answer_by.is_over() else end


def _waits(receipt: Receipt) -> bool:
    """Whether a caller waits for our consent, which is given whatever happens.

    That includes one whose claim cannot be verified: nobody acts on what a stranger is answered.
    """
    if receipt.webhook is not None:
        return receipt.webhook.is_blocking
    return receipt.caller is not None and is_blocking(receipt.caller.command)
