"""A room's log, folded: its registers again, from the payloads alone."""

from collections.abc import Iterable

from roomstate.log.record import LogRecord
from roomstate.state.decide import decide
from roomstate.state.registers import ROOM, AnyRegister, Key
from roomstate.state.webhook import Webhook
from roomstate.tencent.decode import decode
from roomstate.tencent.delivery import Delivery


def fold(records: Iterable[LogRecord]) -> dict[Key, AnyRegister]:
    """The registers that the records of one room assert, in whatever order the records come."""
    registers: dict[Key, AnyRegister] = {}
    for record in records:
        webhook = decode_again(record)
        unit = webhook.units[record.part]
        named = (ROOM, *(key for key, _ in unit.assertions))
        found = {key: registers[key] for key in named if key in registers}
        registers.update(decide(webhook.version, unit.assertions, found).writes)
    return registers


def decode_again(record: LogRecord) -> Webhook:
    """The webhook of a record, as it was received."""
    return decode(
        Delivery(
            sdk_app_id=record.sdk_app_id,
            body=record.payload,
            received_at=record.received_at,
            url_command=record.command,
            opt_platform=record.opt_platform,
        )
    )
