"""How a webhook is cut, and that it is never reckoned lighter than what is written."""

import json
from bisect import bisect_left
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.memory import MAX_ACTIONS
from local.aws.limits import MAX_ITEM_BYTES, item_bytes
from roomstate.aws.items import record_item, register_item, register_items
from roomstate.log.record import LogRecord, log_record
from roomstate.state.decide import decide
from roomstate.state.life import Life
from roomstate.state.registers import (
    LIFE,
    ROOM,
    Admin,
    AnyRegister,
    Assertion,
    Field,
    Key,
    Member,
    Metadata,
    Register,
    RoomFacts,
    RoomRegister,
    Seat,
    Version,
)
from roomstate.state.webhook import Unit
from roomstate.tencent.catalogue.room_info import RoomInfo
from roomstate.tencent.delivery import MAX_BODY_BYTES
from roomstate.tencent.units import (
    LIFE_BYTES,
    MAX_ASSERTIONS,
    MAX_CHANGES_BYTES,
    RECORD_BYTES,
    ROOM_BYTES,
    split,
    weigh,
)
from roomstate.tencent.wire import (
    MAX_IDENTIFIER_BYTES,
    MAX_INTEGER,
    MAX_LIST,
    MAX_METADATA_BYTES,
    MAX_TEXT_BYTES,
)
from tests.payloads import (
    APP,
    NOW,
    Payload,
    admins,
    body,
    create,
    del_metadata,
    members,
    seat,
    seats,
    set_metadata,
    update,
    webhook,
)

NAMES = 2 * len(f"{APP}r")
"""Of app and room, in an item."""
LONGEST = "é" * (MAX_IDENTIFIER_BYTES // 2)
LATEST = Version(MAX_INTEGER, "f" * 32)
EARLIER = Version(MAX_INTEGER - 1, "f" * 32)
WORST: dict[str, tuple[Assertion, Any]] = {
    # An assertion, and what is there before it, at its largest.
    "a seat is taken over": (
        (Key("seat", MAX_INTEGER), Seat("ann", True, False, True)),
        Seat(LONGEST, False, True, False),
    ),
    "a seat is left": ((Key("seat", MAX_INTEGER), Seat()), Seat(LONGEST, True, True, True)),
    "an admin is added": ((Key("admin", "ann"), Admin(True)), Admin(False)),
    "an admin is removed": ((Key("admin", LONGEST), Admin(False)), Admin(True)),
    "a member comes": ((Key("member", "ann"), Member(True, LONGEST)), Member(False, LONGEST)),
    "a member goes": ((Key("member", LONGEST), Member(False)), Member(True, LONGEST)),
    "metadata is set": ((Key("metadata", "key"), Metadata("value")), Metadata("x" * MAX_METADATA_BYTES)),
    "metadata is deleted": ((Key("metadata", LONGEST), Metadata(None)), Metadata("x" * MAX_METADATA_BYTES)),
}


def record(changes: Any = (), opt_platform: str | None = None) -> LogRecord:
    return LogRecord(
        sdk_app_id=APP,
        room_id="r",
        event_id="f" * 32,
        part=99,
        parts=100,
        command="",
        occurred_at=MAX_INTEGER,
        received_at=MAX_INTEGER,
        operator="",
        opt_platform=opt_platform,
        outcome="unreadable",
        reason=None,
        changes=changes,
        payload=b"",
        expires_at=10**11,
    )


def changes_bytes(assertion: Assertion, before: AnyRegister) -> int:
    decision = decide(LATEST, (assertion,), {assertion[0]: before})
    return item_bytes(record_item(record(decision.changes))) - item_bytes(record_item(record()))


class TestReckoning:
    """Held against the items that the table is given."""

    @pytest.mark.parametrize(("assertion", "before"), WORST.values(), ids=WORST)
    def test_an_assertion_is_reckoned_as_what_it_writes_at_most(
        self, assertion: Assertion, before: Any
    ) -> None:
        # GIVEN a register with the largest of what may be in its place
        key, fact = assertion
        register = Register(LATEST, cast("Any", fact))
        # WHEN the assertion wins
        changes = changes_bytes(assertion, Register(EARLIER, before))
        item = item_bytes(register_item(APP, "r", key, register, writer="f" * 32, received_at=NOW)) - NAMES
        # THEN it is reckoned no lighter, and little heavier: members come by the thousand
        reckoned = weigh(assertion)
        assert changes <= reckoned.changes <= changes + 24
        assert item <= reckoned.registers <= item + (20 if fact.is_tombstone else 40)  # type: ignore[union-attr]

    def test_so_is_a_record_without_changes(self) -> None:
        bare = item_bytes(record_item(record(opt_platform=LONGEST))) - NAMES
        assert bare <= RECORD_BYTES <= bare + 16

    def test_the_largest_record_is_an_item(self) -> None:
        names = 2 * len(APP) + 4 * MAX_IDENTIFIER_BYTES  # the room twice, command and operator
        assert RECORD_BYTES + names + MAX_BODY_BYTES + MAX_CHANGES_BYTES <= MAX_ITEM_BYTES

    def test_so_is_a_life_in_both_copies(self) -> None:
        life = Life(MAX_INTEGER, MAX_INTEGER, MAX_INTEGER - 1, MAX_INTEGER)
        assert not life.is_ended, "as it is longest"
        items = register_items(APP, LONGEST, LIFE, life, writer="f" * 32, received_at=NOW)
        assert len(items) == 2
        assert LIFE_BYTES - 512 < sum(map(item_bytes, items)) <= LIFE_BYTES

    def test_a_unit_fits_a_transaction_with_its_record_and_both_copies(self) -> None:
        assert MAX_ASSERTIONS + 1 + 2 == MAX_ACTIONS

    def test_so_is_a_room(self) -> None:
        # GIVEN a room of every field at its longest
        fields: Any = {field.alias: longest(str(field.alias)) for field in RoomInfo.model_fields.values()}
        [(_, facts)] = webhook(update("r", **fields)).units[0].assertions
        assert isinstance(facts, RoomFacts)
        assert len(facts.fields) == len(RoomInfo.model_fields) - 1, "all but the room's id"
        before = {name: Field(EARLIER, value) for name, value in facts.fields.items()}
        room = RoomRegister(before)
        # WHEN it is created anew, with others
        others: Any = {
            name: value.replace("x", "y") if isinstance(value, str) else value
            for name, value in facts.fields.items()
        }
        changes = changes_bytes((ROOM, RoomFacts(others)), room)
        # THEN neither the item nor the changes are more than was reckoned
        item = item_bytes(register_item(APP, "r", ROOM, room, writer="f" * 32, received_at=NOW))
        assert ROOM_BYTES / 2 < item <= ROOM_BYTES
        assert ROOM_BYTES < changes <= weigh((ROOM, facts)).changes


def longest(name: str) -> Any:
    """What takes the most room in a field of the room."""
    values: Any = (
        "x" * MAX_TEXT_BYTES,
        "x" * MAX_IDENTIFIER_BYTES,
        [MAX_INTEGER] * MAX_LIST,
        MAX_INTEGER,
        True,
    )
    return next(value for value in values if webhook(update("r", **{name: value})).unreadable is None)


# --- What is taken, and what is too much

ROOM_ID = "r" * 48
USERS = [f"{number:032}" for number in range(1_000)]
REAL: dict[str, Payload] = {
    # As docs/architecture.md says. Tencent documents less, or nothing.
    "a thousand members of Live": members(ROOM_ID, "Offline", *USERS, cause="Leave"),
    "a thousand members of Room": {
        "CallbackCommand": "Room.CallbackAfterMemberEnter",
        "RoomId": ROOM_ID,
        "Type": "Enter",
        "MemberList_Account": USERS,
    },
    "a thousand administrators": admins(ROOM_ID, "delete", *USERS),
    "thirty keys of metadata": set_metadata(
        ROOM_ID, 1_000, **{f"{key:050}": "v" * 2_048 for key in range(30)}
    ),
    "fifty keys of metadata, deleted": del_metadata(ROOM_ID, *(f"{key:050}" for key in range(50))),
    "500 seats": seats(
        ROOM_ID, *(seat(index, USERS[index], Taken=False, Audio=False, Video=True) for index in range(500))
    ),
    "a room with all it may have": create(
        ROOM_ID, RoomName="n" * 100, CustomInfo="c" * 4_096, CoverURL="u" * 1_024, Category=[1, 2, 3]
    ),
}
compact = json.JSONEncoder(separators=(",", ":")).encode


def battle(rooms: int, size: int = 0, width: int = 1) -> str:
    """A battle of rooms with ids of so many bytes, in a body of so many or more."""
    payload = {
        "CallbackCommand": "Live.CallbackAfterStartBattle",
        "EventTime": 1_000,
        "FromRoomInfo": {"RoomId": ROOM_ID, "Owner_Account": USERS[0]},
        "ToRoomList": [
            {"RoomId": f"{room:0{width}}", "Owner_Account": USERS[room]} for room in range(1, rooms)
        ],
    }
    return compact(payload).ljust(size)


@pytest.mark.parametrize("spell", [compact, json.dumps], ids=["compact", "with blanks"])
@pytest.mark.parametrize("payload", REAL.values(), ids=REAL)
def test_what_real_webhooks_carry_is_stored(payload: Payload, spell: Any) -> None:
    taken = webhook(spell(payload))
    assert taken.unreadable is None
    assert {unit.room_id for unit in taken.units} == {ROOM_ID}


@pytest.mark.parametrize("rooms", [2, 20, 80])
def test_a_battle_of_many_rooms_has_a_record_in_each(rooms: int) -> None:
    assert len({unit.room_id for unit in webhook(battle(rooms, width=48)).units}) == rooms


@pytest.mark.parametrize(
    ("rooms", "size"), [(101, 0), (4, MAX_BODY_BYTES), (100, 12_000)], ids=["rooms", "size", "both"]
)
def test_a_battle_that_would_write_too_much_has_one_record_under_no_room(rooms: int, size: int) -> None:
    taken = webhook(battle(rooms, size))
    assert (taken.units, taken.unreadable) == ((Unit(None),), None)


@pytest.mark.parametrize(("rooms", "size"), [(100, 0), (3, MAX_BODY_BYTES)])
def test_up_to_there_it_has_a_record_in_each(rooms: int, size: int) -> None:
    assert len(webhook(battle(rooms, size)).units) == rooms


def test_what_is_written_is_reckoned_closely() -> None:
    # GIVEN the largest battle of ten rooms that has a record in each
    size = bisect_left(
        range(MAX_BODY_BYTES), True, key=lambda size: len(webhook(battle(10, size, 48)).units) < 10
    )
    taken = webhook(battle(10, size - 1, 48), opt_platform="p" * MAX_IDENTIFIER_BYTES)
    # WHEN it is stored
    records = [log_record(taken, part, (), won=False, expires_at=10**10) for part in range(10)]
    written = sum(item_bytes(record_item(record)) for record in records)
    # THEN that is all that may be written, but for some bytes
    assert 1024 * 1024 - 10 * 32 < written <= 1024 * 1024


@pytest.mark.parametrize(
    "payload",
    [
        members(ROOM_ID, "Online", *range(2_000)),
        del_metadata(ROOM_ID, *map(str, range(100))),
        seats(ROOM_ID, *map(seat, range(1_500))),
    ],
    ids=["members", "metadata", "seats"],
)
def test_state_that_would_write_too_much_is_unreadable_and_kept(payload: Payload) -> None:
    taken = webhook(payload)
    assert taken.unreadable == "The body names too much: to store it takes over 1048576 bytes."
    assert (taken.units, taken.payload) == ((Unit(None),), body(payload))


def test_a_webhook_that_names_one_register_often_asserts_it_once() -> None:
    taken = webhook(seats(ROOM_ID, *([seat(1, "ann")] * 2_000), seat(1, "bob")))
    assert taken.units == (Unit(ROOM_ID, ((Key("seat", 1), Seat("bob")),)),)


class TestParts:
    def test_a_thousand_members_are_eleven_and_each_is_named_once(self) -> None:
        taken = webhook(members("r", "Online", *range(1000)))
        assert [len(unit.assertions) for unit in taken.units] == [97] * 10 + [30]
        named = [key.name for unit in taken.units for key, _ in unit.assertions]
        assert named == [str(user) for user in range(1_000)]

    @given(
        st.lists(st.sampled_from([assertion for assertion, _ in WORST.values()]), min_size=1, max_size=300)
    )
    def test_they_are_the_whole_in_order_and_fit(self, assertions: list[Assertion]) -> None:
        parts = [unit.assertions for unit, _ in split("r", assertions)]
        assert [assertion for part in parts for assertion in part] == assertions
        assert all(1 <= len(part) <= MAX_ASSERTIONS for part in parts)
        assert all(sum(weigh(assertion).changes for assertion in part) <= MAX_CHANGES_BYTES for part in parts)

    @pytest.mark.parametrize("blanks", [1, 10_000, 100_000])
    def test_a_webhook_that_is_spelt_with_blanks_has_the_same(self, blanks: int) -> None:
        # GIVEN a webhook of several parts, and the same with more white space: one event
        wire = compact(set_metadata(ROOM_ID, 1_000, **{f"key-{number}": "v" * 2_000 for number in range(20)}))
        once, again = webhook(wire), webhook(wire + " " * blanks)
        assert once.event_id == again.event_id
        # THEN a part is the same in both: either may have been stored, and the other be what comes next
        assert len(once.units) > 1
        assert once.units == again.units
