"""A room's log, folded: its registers again, from the payloads alone."""

from collections.abc import Iterable

from roomstate.log.record import LogRecord, assertions_of
from roomstate.state.decide import decide
from roomstate.state.registers import LIFE, AnyRegister, Key, Version


def fold(records: Iterable[LogRecord]) -> dict[Key, AnyRegister]:
    """The registers that the records of one room assert, in whatever order the records come."""
    registers: dict[Key, AnyRegister] = {}
    for record in records:
        assertions = assertions_of(record)
        named = (LIFE, *(key for key, _ in assertions))
        found = {key: registers[key] for key in named if key in registers}
        version = Version(record.occurred_at, record.event_id)
        registers.update(decide(version, assertions, found).writes)
    return registers
