"""The dearest bodies that were found: each as large as a body may be, or as is still taken.

`tests/receive/test_hostile.py` bounds what they write and what is done for them, `make bench` for how long.
Whoever finds a dearer one adds it here.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial

from roomstate.tencent.body import MAX_DEPTH, MAX_VALUES
from roomstate.tencent.delivery import MAX_BODY_BYTES
from roomstate.tencent.wire import MAX_ENTRIES
from tests.payloads import NOW, Payload, webhook

Element = Callable[[int], str]
Body = Callable[[], bytes]

ROOM: Payload = {"RoomId": "r", "EventTime": NOW}
MEMBERS: Payload = {
    "CallbackCommand": "Live.CallbackAfterMemberStateChanged",
    **ROOM,
    "EventType": "Offline",
}
SEATS: Payload = {"CallbackCommand": "Mic.CallbackAfterSeatInfoChanged", **ROOM}
ADMINS: Payload = {"CallbackCommand": "Live.CallbackAfterModifyAdmin", **ROOM, "opType": "delete"}
SET: Payload = {"CallbackCommand": "Live.CallbackAfterSetMetadata", **ROOM}
DELETE: Payload = {"CallbackCommand": "Live.CallbackAfterDelMetadata", **ROOM}
ENTER: Payload = {"CallbackCommand": "Room.CallbackAfterMemberEnter", **ROOM}
BATTLE: Payload = {"CallbackCommand": "Live.CallbackAfterCreateBattle", "FromRoomId": "r", "EventTime": NOW}
FOLLOW: Payload = {"CallbackCommand": "Follow.CallbackAfterFollowAdd", "EventTime": NOW}
MESSAGE: Payload = {"CallbackCommand": "Group.CallbackAfterSendMsg", "GroupId": "r", "EventTime": NOW}
UNKNOWN: Payload = {"CallbackCommand": "Live.CallbackAfterTomorrow", "EventTime": NOW}

THREE_PARTS = {**MEMBERS, "MemberList": [{"Member_Account": f"{number}"} for number in range(250)]}
THREE_ROOMS = {**BATTLE, "ToRoomIdList": ["s", "t"]}
NINETY_ROOMS = {**BATTLE, "ToRoomIdList": [f"{number}" for number in range(89)]}

LISTS: dict[str, tuple[Payload, str, str]] = {
    # A command, its list, and a short element that is read.
    "members": (MEMBERS, "MemberList", '{"Member_Account":%d}'),
    "seats": (SEATS, "SeatList", '{"Index":%d}'),
    "administrators": (ADMINS, "Admin_Account", "%d"),
    "metadata": (SET, "Metadata", '{"Key":%d,"Value":""}'),
    "deleted metadata": (DELETE, "Keys", "%d"),
    "members of Room": (ENTER, "MemberList_Account", "%d"),
    "rooms of a battle": (BATTLE, "ToRoomIdList", "%d"),
}
JUNK: dict[str, Element] = {
    # What the values of a field may be that nobody reads.
    "objects": lambda _: "{}",
    "lists": lambda _: "[]",
    "digits": lambda _: "1",
    "keys": lambda number: f'{{"{number:x}":0}}',
    "short fractions": lambda _: "1.5e-7",
    "long fractions": lambda _: "1.2345678901234567e-300",
    "long numbers": lambda _: "9" * 100,
    "texts": lambda _: '""',
    "escapes": lambda _: r'"\u00e9"',
    "objects in objects": lambda _: '{"":' * (MAX_DEPTH - 3) + "1" + "}" * (MAX_DEPTH - 3),
    "lists in lists": lambda _: "[" * (MAX_DEPTH - 3) + "]" * (MAX_DEPTH - 3),
}


def stuffed(
    head: Payload, name: str, element: Element, size: int = MAX_BODY_BYTES, most: int | None = None
) -> bytes:
    """A body with as many elements in a list as it may have, filled up with text to its size.

    Args:
        head: its other fields.
        name: of the list.
        element: JSON, by its number.
        size: of the body, bytes.
        most: elements, at the most; and then no text.
    """
    begin, end = f'{json.dumps(head, separators=(",", ":"))[:-1]},"{name}":[', r'],"_":"\u00e9'
    room, values = size - len(begin) - len(end) - len('"}'), MAX_VALUES - _values(begin + end)
    elements: list[str] = []
    for number in range(MAX_VALUES if most is None else most):
        following = element(number) + ","
        room, values = room - len(following), values - _values(following)
        if room < 0 or values < 0:
            break
        elements.append(following)
    text = f"{begin}{''.join(elements)[:-1]}{end}"
    if most is None:
        text += r"\n" * ((size - len(text) - len('"}')) // 2)
    return (text + '"}').encode()


def _values(text: str) -> int:
    return text.count("{") + text.count("[") + text.count(",")


def largest(head: Payload, name: str, element: Element) -> bytes:
    """A body with the longest list that is still stored where it belongs, and nothing else."""
    taken, refused = 1, MAX_ENTRIES + 1
    while refused - taken > 1:
        middle = (taken + refused) // 2
        stored = webhook(stuffed(head, name, element, most=middle)).units[0].room_id is not None
        taken, refused = (middle, refused) if stored else (taken, middle)
    return stuffed(head, name, element, most=taken)


def opposite(wire: bytes) -> bytes:
    """A body that takes back what another says, a moment later: all it names is there then."""
    later = wire.replace(b'"EventTime":%d' % NOW, b'"EventTime":%d' % (NOW + 1))
    return later.replace(b'"Offline"', b'"Online"').replace(b'"delete"', b'"add"')


def counting(form: str) -> Element:
    """An element that is another each time."""
    return lambda number: form % number


def always(text: str) -> Element:
    return lambda _: text


def _bodies() -> dict[str, Body]:
    found: dict[str, Body] = {}
    for what, (head, name, form) in LISTS.items():
        found |= {
            f"as many {what} as are stored": partial(largest, head, name, counting(form)),
            f"more {what} than are stored": partial(stuffed, head, name, counting(form)),
            f"{what}, one again and again": partial(stuffed, head, name, always(form % 1)),
        }
        for bad in ("{}", "0.5", '""'):
            found[f"{what} that are {bad}"] = partial(stuffed, head, name, always(bad))
    for what, element in JUNK.items():
        found |= {
            f"an unknown command with {what}": partial(stuffed, UNKNOWN, "_list", element),
            f"a message of {what}": partial(stuffed, MESSAGE, "MsgBody", element),
            f"members in three parts with {what}": partial(stuffed, THREE_PARTS, "_list", element),
            f"a battle of three rooms with {what}": partial(stuffed, THREE_ROOMS, "_list", element),
            f"a battle of ninety rooms with {what}": partial(stuffed, NINETY_ROOMS, "_list", element, 9_000),
        }
    found["followers"] = partial(stuffed, FOLLOW, "FollowList", always('{"To_Account":1}'))
    return found | {
        what: partial(bytes, wire)
        for what, wire in {
            "only brackets": b'{"a":' + b"[" * (MAX_BODY_BYTES - 5),
            "brackets as deep as they count": b'{"a":' + b"[" * (MAX_VALUES - 1),
            "a digit again and again": b'{"a":' + b"9" * (MAX_BODY_BYTES - 6) + b"}",
            "a fraction without end": b'{"a":0.' + b"9" * (MAX_BODY_BYTES - 8) + b"}",
            "one key again and again": b'{"a":1' + b',"a":1' * (MAX_VALUES - 1) + b"}",
            "half characters": b'{"a":"' + rb"\ud800" * 43_000 + b'"}',
            "blanks": b" " * MAX_BODY_BYTES,
            "lines": b"{" + b"\n" * (MAX_BODY_BYTES - 1),
            "no UTF-8": b'{"a":"' + b"x" * (MAX_BODY_BYTES - 7) + b"\xff",
        }.items()
    }


BODIES: Mapping[str, Body] = _bodies()
"""By what is dear about them."""
