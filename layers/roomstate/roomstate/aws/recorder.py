"""What becomes of a decoded webhook, whoever made it: it is stored, and forwarded where there is a bus."""

from typing import TYPE_CHECKING, Protocol

from roomstate.aws.clients import dynamodb_client, events_client
from roomstate.aws.deadline import Deadline
from roomstate.aws.settings import RecorderSettings
from roomstate.aws.store import Store
from roomstate.log.record import LogRecord
from roomstate.state.webhook import Webhook

if TYPE_CHECKING:
    from roomstate.aws.forwarder import Forwarder


class Recorder(Protocol):
    """Takes webhooks, each any number of times. `Store` is one."""

    def record(self, webhook: Webhook, deadline: Deadline) -> tuple[LogRecord, ...]:
        """Store a webhook, and whatever belongs to it.

        Raises:
            Unavailable: not all of it could be done in time.
            NeverForwarded: it is stored, and EventBridge would never take all of it.
        """
        ...


class ForwardingRecorder:
    """Stores webhooks, then forwards their records.

    A webhook that is stored already is forwarded again, so a crash between the two is repaired by whoever
    delivers it next.
    """

    def __init__(self, store: Store, forwarder: "Forwarder") -> None:
        self._store = store
        self._forwarder = forwarder

    def record(self, webhook: Webhook, deadline: Deadline) -> tuple[LogRecord, ...]:
        records = self._store.record(webhook, deadline)
        self._forwarder.forward(records, deadline)
        return records


def make_recorder(settings: RecorderSettings) -> Recorder:
    """Where webhooks go."""
    store = Store(dynamodb_client(), settings.table_name, settings.log_retention_days)
    if not settings.event_bus:
        return store
    # What consumers get is a third of all models. A cold start loads it only where something is forwarded.
    from roomstate.aws.forwarder import Forwarder  # noqa: PLC0415

    return ForwardingRecorder(store, Forwarder(events_client(), settings.event_bus))
