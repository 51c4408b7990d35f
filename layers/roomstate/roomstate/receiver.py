"""One webhook, from request to answer."""

from dataclasses import dataclass

from roomstate.answer import ACCEPTED, Answer, refusal
from roomstate.caller import Caller, authenticate
from roomstate.catalogue import is_blocking
from roomstate.decode import decode
from roomstate.errors import Refused, TooLarge, Unreadable
from roomstate.settings import Settings
from roomstate.store import Store
from roomstate.webhook import LogRecord, Webhook

MAX_BODY_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    query: str
    """The query string as it came, percent-encoded."""
    body: bytes
    received_at: int
    """ms since the epoch."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a request."""

    answer: Answer
    webhook: Webhook | None = None
    """None where it was refused before it was decoded."""
    records: tuple[LogRecord, ...] = ()
    refused: Refused | None = None
    """Why it was refused, or would have been, did Tencent not wait for our consent."""


class Receiver:
    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store

    def receive(self, request: Request) -> Receipt:
        """Take a webhook in. Never raises what the webhook is the reason of."""
        caller, webhook = None, None
        records: tuple[LogRecord, ...] = ()
        try:
            caller = authenticate(request.query, self._settings.sdk_app_ids)
            if len(request.body) > MAX_BODY_BYTES:
                raise TooLarge(f"The body is larger than {MAX_BODY_BYTES} bytes.")
            webhook = decode(
                request.body,
                sdk_app_id=caller.sdk_app_id,
                received_at=request.received_at,
                url_command=caller.command,
                opt_platform=caller.opt_platform,
            )
            records = self._store.record(webhook)
            if webhook.unreadable is not None:
                raise Unreadable(webhook.unreadable)
        except Refused as reason:
            answer = ACCEPTED if _waits(caller, webhook) else refusal(reason)
            return Receipt(answer, webhook, records, reason)
        return Receipt(ACCEPTED, webhook, records)


def _waits(caller: Caller | None, webhook: Webhook | None) -> bool:
    """Whether an authentic caller waits for our consent, which nothing may withhold."""
    if webhook is not None:
        return webhook.is_blocking
    return caller is not None and is_blocking(caller.command)
