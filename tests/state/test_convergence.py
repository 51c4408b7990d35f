"""The law this project exists for: any order and any duplication of a history give one state."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from roomstate.state.decide import decide
from roomstate.state.registers import AnyRegister, Key
from roomstate.state.rooms import Room, show_room
from tests.histories import histories, oracle
from tests.payloads import APP, Payload, webhook

Rooms = dict[str, dict[Key, AnyRegister]]


def receive(history: list[Payload]) -> Rooms:
    """The registers of each room after the bodies came, in this order."""
    rooms: Rooms = {}
    for payload in history:
        arrived = webhook(payload)
        for unit in arrived.units:
            assert unit.room_id is not None
            if unit.assertions:
                held = rooms.setdefault(unit.room_id, {})
                held.update(decide(arrived.version, unit.assertions, held).writes)
    return rooms


def plain(room: Room) -> dict[str, Any]:
    """A room as the oracle tells it."""
    return {
        "status": room.status,
        "owner": room.owner,
        "info": room.info,
        "metadata": room.metadata,
        "seats": {
            seat.index: (seat.user_id, seat.locked, seat.audio_disabled, seat.video_disabled)
            for seat in room.seats
        },
        "admins": {admin.user_id for admin in room.admins},
        "members": {member.user_id: member.cause for member in room.members},
    }


@settings(max_examples=500)
@given(history=histories, data=st.data())
def test_any_order_and_any_duplication_give_the_same_registers(
    history: list[Payload], data: st.DataObject
) -> None:
    # GIVEN a history in the order it was generated
    expected = receive(history)
    # WHEN it is delivered in another order, with some of it again
    again = data.draw(st.lists(st.sampled_from(history)))
    delivered = data.draw(st.permutations(history + again))
    # THEN every register is the same, to the version
    assert receive(delivered) == expected


@settings(max_examples=500)
@given(history=histories, data=st.data())
def test_the_state_is_what_the_oracle_says(history: list[Payload], data: st.DataObject) -> None:
    # GIVEN a history in any order
    delivered = data.draw(st.permutations(history))
    # WHEN its rooms are read
    rooms = {room_id: plain(show_room(APP, room_id, held)) for room_id, held in receive(delivered).items()}
    # THEN they are as if every event had come once and in the order it happened in
    assert rooms == oracle(history)


@settings(max_examples=500)
@given(history=histories, data=st.data())
def test_changes_tell_the_way_from_nothing_to_the_state(history: list[Payload], data: st.DataObject) -> None:
    """Who follows the changes of seats, admins and members alone, in order of arrival, is right too."""
    delivered = data.draw(st.permutations(history))
    rooms: Rooms = {}
    followed: dict[str, dict[str, Any]] = {}
    for payload in delivered:
        arrived = webhook(payload)
        unit = arrived.units[0]
        assert unit.room_id is not None
        held = rooms.setdefault(unit.room_id, {})
        decision = decide(arrived.version, unit.assertions, held)
        held.update(decision.writes)
        room = followed.setdefault(unit.room_id, {"seats": {}, "admins": set(), "online": set()})
        for change in decision.changes:
            match change.type:
                case "seat.occupied" | "seat.vacated":
                    assert room["seats"].get(change.index) == change.before
                    room["seats"][change.index] = change.after
                case "admin.added":
                    room["admins"].add(change.user_id)
                case "admin.removed":
                    room["admins"].remove(change.user_id)
                case "member.online":
                    assert change.user_id not in room["online"]
                    room["online"].add(change.user_id)
                case "member.offline":
                    room["online"].remove(change.user_id)
        # The watermark ends what it voids, without a change for each.
        shown = show_room(APP, unit.room_id, held)
        if "DestroyRoom" in payload["CallbackCommand"]:
            room["seats"] = {seat.index: seat.user_id for seat in shown.seats}
            room["admins"] = {admin.user_id for admin in shown.admins}
            room["online"] = {member.user_id for member in shown.members}
        assert {i: u for i, u in room["seats"].items() if u} == {
            seat.index: seat.user_id for seat in shown.seats if seat.user_id
        }
        assert room["admins"] == {admin.user_id for admin in shown.admins}
        assert room["online"] == {member.user_id for member in shown.members}
