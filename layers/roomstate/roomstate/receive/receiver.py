"""One webhook, from request to answer."""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

from roomstate.aws.clients import SQS_CALL_S
from roomstate.aws.deadline import Deadline
from roomstate.aws.parking import Parking
from roomstate.log.record import LogRecord
from roomstate.receive.recorder import Recorder
from roomstate.state.webhook import Webhook
from roomstate.tencent.answer import ACCEPTED, Answer, refusal
from roomstate.tencent.caller import Caller, authenticate
from roomstate.tencent.catalogue import is_blocking
from roomstate.tencent.decode import decode
from roomstate.tencent.delivery import MAX_BODY_BYTES, Delivery
from roomstate.tencent.errors import Refused, TooLarge, Unreadable


@dataclass(frozen=True, slots=True)
class Request:
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
    """None where the caller is not authentic."""
    webhook: Webhook | None = None
    """None where it was refused before it was decoded."""
    records: tuple[LogRecord, ...] = ()
    refused: Refused | None = None
    """Why it was refused, or would have been, did Tencent not wait for our consent."""
    parked: Exception | None = None
    """Why it was parked, where it was."""


class Receiver:
    """Takes webhooks in.

    Args:
        sdk_app_ids: the apps whose webhooks are taken.
        tokens_of: the tokens of an app; an app that has none is taken unsigned.
        recorder: where they go.
        parking: where they wait when it cannot take them.
    """

    def __init__(
        self,
        sdk_app_ids: Set[str],
        tokens_of: Callable[[str], Sequence[str]],
        recorder: Recorder,
        parking: Parking,
    ) -> None:
        self._sdk_app_ids = sdk_app_ids
        self._tokens_of = tokens_of
        self._recorder = recorder
        self._parking = parking

    def receive(self, request: Request, deadline: Deadline) -> Receipt:
        """Take a webhook in, before the deadline."""
        receipt = Receipt()
        try:
            receipt.caller = authenticate(
                request.query, request.received_at, self._sdk_app_ids, self._tokens_of
            )
            self._store_or_park(_delivery(receipt.caller, request), deadline, receipt)
            if receipt.webhook is not None and receipt.webhook.unreadable is not None:
                raise Unreadable(receipt.webhook.unreadable)
        except Refused as reason:
            receipt.refused = reason
            receipt.answer = ACCEPTED if _waits(receipt) else refusal(reason)
        return receipt

    def _store_or_park(self, delivery: Delivery, deadline: Deadline, receipt: Receipt) -> None:
        try:
            receipt.webhook = decode(delivery)
            receipt.records = self._recorder.record(receipt.webhook, deadline.earlier(SQS_CALL_S))
        except Exception as reason:  # whatever it is, a defect of ours too: nothing authentic is lost
            receipt.parked = reason
            self._parking.park(delivery, deadline)


def _delivery(caller: Caller, request: Request) -> Delivery:
    if len(request.body) > MAX_BODY_BYTES:
        raise TooLarge(f"The body is larger than {MAX_BODY_BYTES} bytes.")
    return Delivery(
        sdk_app_id=caller.sdk_app_id,
        body=request.body,
        received_at=request.received_at,
        url_command=caller.command,
        opt_platform=caller.opt_platform,
    )


def _waits(receipt: Receipt) -> bool:
    """Whether an authentic caller waits for our consent, which nothing may withhold."""
    if receipt.webhook is not None:
        return receipt.webhook.is_blocking
    return receipt.caller is not None and is_blocking(receipt.caller.command)
