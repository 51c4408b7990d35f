"""How a webhook is cut into units, and how much they write.

Both depend on the webhook alone, so that a part means the same in each delivery: what is already stored is
assumed to be as large as it can be. Bytes are counted as DynamoDB counts an item's, with names and keys.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from roomstate.state.life import LifeFact
from roomstate.state.registers import Admin, Assertion, Member, Metadata, RoomFacts, Seat
from roomstate.state.webhook import Unit
from roomstate.tencent.catalogue.base import Command
from roomstate.tencent.errors import Unreadable
from roomstate.tencent.wire import MAX_IDENTIFIER_BYTES, MAX_LIST, MAX_METADATA_BYTES, MAX_TEXT_BYTES

MAX_WRITTEN_BYTES = 1024 * 1024
"""Records and registers of a webhook. Each record holds the payload: 100 of them with 256 KiB are 25 MB."""
MAX_ROOMS = 100
"""A battle's records are written one after another, and Tencent waits 2 s."""
MAX_ASSERTIONS = 97
"""A DynamoDB transaction takes 100 items; one is the record, and two may be the life of the room."""
MAX_CHANGES_BYTES = 140_000
"""In a record. An item takes 409,600 bytes: these, the largest body, and the names. The size of this body
does not count: with more white space it is the same webhook, and must be cut in the same places."""

RECORD_BYTES = 270 + MAX_IDENTIFIER_BYTES
REVIVED_BYTES = 60
"""Of room.revived, which any webhook that shows somebody in the room may cause."""
"""What a record holds beside app, room, command, operator, changes and payload. OptPlatform, which may differ
from one delivery to the next, is counted at its longest."""
ROOM_BYTES = 8 * MAX_TEXT_BYTES + 12 * MAX_LIST + 4_096
"""The room's item with every field at its longest, or a change's map of all these fields."""
LIFE_BYTES = 2_048
"""The life of a room, both copies, with the longest names."""
APP_BYTES = 20
"""An SdkAppid has ten digits."""


class Weight(NamedTuple):
    """What assertions write, at most, beside app and room. Bytes."""

    changes: int
    """In the record."""
    registers: int


def cut(parsed: Command | None, sdk_app_id: str, payload_bytes: int) -> tuple[Unit, ...]:
    """One unit a room; a room's assertions in as many units as transactions take.

    Raises:
        Unreadable: it would write too much, and bears state. Else it has one unit, of no room.
    """
    rooms = tuple(dict.fromkeys(parsed.rooms())) if parsed else ()
    if parsed is None or not rooms or len(rooms) > MAX_ROOMS:
        return (Unit(room_id=None),)
    # If a webhook names a register twice, the later one counts.
    assertions = dict(parsed.assertions()).items()
    weighed = split(rooms[0], assertions) if assertions else ((Unit(room_id), 0) for room_id in rooms)
    record = RECORD_BYTES + _bytes(parsed.names[0]) + _bytes(parsed.operator) + payload_bytes
    units: list[Unit] = []
    written = LIFE_BYTES if assertions else 0
    for unit, weight in weighed:
        # App and room are in each item's key, and beside it.
        names = 2 * (_bytes(sdk_app_id) + _bytes(unit.room_id))
        revived = REVIVED_BYTES if unit.assertions else 0
        written += record + weight + revived + names * (1 + len(unit.assertions))
        if written > MAX_WRITTEN_BYTES and unit.assertions:
            raise Unreadable(f"The body names too much: to store it takes over {MAX_WRITTEN_BYTES} bytes.")
        if written > MAX_WRITTEN_BYTES:
            return (Unit(room_id=None),)
        units.append(unit)
    return tuple(units)


def split(room_id: str, assertions: Iterable[Assertion]) -> Iterator[tuple[Unit, int]]:
    """Cut assertions, at least one, into units that each fit a transaction and a record.

    Yields each with the bytes of its changes and registers.
    """
    part: list[Assertion] = []
    weight = Weight(0, 0)
    for assertion in assertions:
        more = weigh(assertion)
        if part and (len(part) == MAX_ASSERTIONS or weight.changes + more.changes > MAX_CHANGES_BYTES):
            yield Unit(room_id, tuple(part)), sum(weight)
            part, weight = [], Weight(0, 0)
        part.append(assertion)
        weight = Weight(weight.changes + more.changes, weight.registers + more.registers)
    yield Unit(room_id, tuple(part)), sum(weight)


def weigh(assertion: Assertion) -> Weight:
    """What one assertion writes. A test checks the numbers against the table's layout."""
    key, fact = assertion
    name = len(str(key.name).encode())
    match fact:
        case Seat(user_id=user_id):
            user = _bytes(user_id)
            return Weight(changes=230 + MAX_IDENTIFIER_BYTES + user, registers=192 + user)
        case Admin():
            return Weight(changes=46 + name, registers=136 + 2 * name)
        case Member(online=online, cause=cause):
            indexed = 12 + APP_BYTES + name if online else 0
            registers = 140 + 2 * name + _bytes(cause) + indexed
            return Weight(changes=54 + name + _bytes(cause), registers=registers)
        case Metadata(value=value):
            changes = 48 + name + MAX_METADATA_BYTES + _bytes(value)
            return Weight(changes, registers=136 + 2 * name + _bytes(value))
        case LifeFact():
            return Weight(changes=200, registers=0)  # the item is LIFE_BYTES
        case RoomFacts():
            return Weight(changes=2 * ROOM_BYTES, registers=ROOM_BYTES)


def _bytes(text: str | None) -> int:
    return len(text.encode()) if text else 0
