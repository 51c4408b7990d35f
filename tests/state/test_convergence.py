"""The law this project exists for: any order and any duplication of a history give one state."""

from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from roomstate.state.changes import (
    AdminChange,
    Change,
    MemberChange,
    RoomCleared,
    RoomLifeChange,
    RoomMetadataChange,
    RoomOwnerChange,
    RoomUpdate,
    SeatFlagChange,
    SeatUserChange,
)
from roomstate.state.decide import decide
from roomstate.state.life import Life
from roomstate.state.registers import LIFE, AnyRegister, Key
from roomstate.state.rooms import show_members, show_room
from tests.converging import lasting
from tests.histories import ends, histories, oracle, room_of, shows_somebody
from tests.payloads import APP, Payload, webhook

Registers = dict[Key, AnyRegister]
Rooms = dict[str, Registers]


def steps(history: list[Payload], rooms: Rooms) -> Iterator[tuple[str, Registers, tuple[Change, ...]]]:
    """Deliver bodies, in this order: which room each names, what was held of it before, what it changed."""
    for payload in history:
        arrived = webhook(payload)
        [unit] = arrived.units
        assert unit.room_id is not None
        held = rooms.get(unit.room_id, {})
        decision = decide(arrived.version, unit.assertions, held)
        if unit.assertions:
            rooms[unit.room_id] = {**held, **decision.writes}
        yield unit.room_id, held, decision.changes


def receive(history: list[Payload]) -> Rooms:
    """The registers of each room after the bodies came, in this order."""
    rooms: Rooms = {}
    for _ in steps(history, rooms):
        pass
    return rooms


def plain(held: Registers) -> dict[str, Any]:
    """A room as the oracle tells it."""
    room = show_room(APP, "r", held)
    assert room is not None
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
        "members": {member.user_id: member.cause for member in show_members(held)},
    }


@settings(max_examples=500)
@given(history=histories, data=st.data())
def test_any_order_and_any_duplication_give_the_same_registers(
    history: list[Payload], data: st.DataObject
) -> None:
    # GIVEN a history in the order it was generated
    expected = {room: lasting(held) for room, held in receive(history).items()}
    # WHEN it is delivered in another order, with some of it again
    again = data.draw(st.lists(st.sampled_from(history)))
    delivered = data.draw(st.permutations(history + again))
    # THEN every register is the same, to the version
    assert {room: lasting(held) for room, held in receive(delivered).items()} == expected


@settings(max_examples=500)
@given(history=histories, data=st.data())
def test_the_state_is_what_the_oracle_says(history: list[Payload], data: st.DataObject) -> None:
    # GIVEN a history in any order
    delivered = data.draw(st.permutations(history))
    # WHEN its rooms are read
    rooms = {room_id: plain(held) for room_id, held in receive(delivered).items()}
    # THEN they are as if every event had come once and in the order it happened in
    expected = oracle(history)
    for room_id, of_room in ends(history).items():
        if room_id in rooms and of_room.is_contradicted:
            # An end that is contradicted holds at most until the next who is shown there.
            assert rooms[room_id]["status"] == "live" or not contradicted_afterwards(delivered, room_id)
            expected[room_id]["status"] = rooms[room_id]["status"]
    assert rooms == expected


def contradicted_afterwards(delivered: list[Payload], room_id: str) -> bool:
    """Whether somebody was shown in a room well after its end by a webhook that came after the end's."""
    ended_at = ends(delivered)[room_id].ended_at
    assert ended_at is not None
    of_room = [payload for payload in delivered if room_of(payload) == room_id]
    end = next(
        number
        for number, payload in enumerate(of_room)
        if "DestroyRoom" in payload["CallbackCommand"] and payload["EventTime"] == ended_at
    )
    return any(
        shows_somebody(payload) and payload["EventTime"] > ended_at + 10_000 for payload in of_room[end:]
    )


@settings(max_examples=500)
@given(history=histories, data=st.data())
def test_changes_are_what_a_reader_saw_change(history: list[Payload], data: st.DataObject) -> None:
    # GIVEN a history in any order, with some of it again and some of it lost
    lost = data.draw(st.sets(st.sampled_from(range(len(history)))))
    left = [payload for number, payload in enumerate(history) if number not in lost]
    delivered = data.draw(st.permutations(left + data.draw(st.lists(st.sampled_from(history)))))
    rooms: Rooms = {}
    for room_id, held, changes in steps(delivered, rooms):
        # WHEN a room is read before and after each webhook
        before, after = seen(held), seen(rooms.get(room_id, {}))
        # THEN each change tells of both what was seen
        named = set()
        for change in changes:
            for subject, old, new in told(change):
                assert (before.get(subject), after.get(subject)) == (old, new), change
                named.add(subject)
        # AND whatever differs is named; or it is gone, and room.cleared says so
        types = {change.type for change in changes}
        subjects = before.keys() | after.keys()
        differing = {subject for subject in subjects if before.get(subject) != after.get(subject)}
        for subject in differing - named:
            if subject[0] != "life":
                assert "room.cleared" in types, subject
                assert subject not in after
        # AND a room that lives or ends says so
        if held and ("life", "status") in differing:
            assert types & {"room.created", "room.ended", "room.revived"}
        # AND room.cleared is told exactly when the watermark of a known room moved
        moved = bool(held) and before.get(CLEARED) != after.get(CLEARED)
        assert ("room.cleared" in types) == moved


CLEARED = ("life", "void_until")
"""Not seen by itself: everything up to it is gone."""


def seen(held: Mapping[Key, AnyRegister]) -> dict[Any, Any]:
    """What a reader sees of a room, by subject. What is not there is as good as off, absent or nobody."""
    room = show_room(APP, "r", held)
    if room is None:
        return {}
    life = held[LIFE]
    assert isinstance(life, Life)
    subjects: dict[Any, Any] = {
        ("life", "status"): room.status,
        ("life", "started_at"): room.started_at,
        ("life", "ended_at"): room.ended_at,
        ("owner",): room.owner,
        **{("info", name): value for name, value in room.info.items()},
        **{("metadata", key): value for key, value in room.metadata.items()},
        **{("admin", admin.user_id): True for admin in room.admins},
        **{("member", member.user_id): True for member in show_members(held)},
        CLEARED: life.void_until,
    }
    for seat in room.seats:
        subjects[("seat", seat.index)] = seat.user_id
        for flag in ("locked", "audio_disabled", "video_disabled"):
            subjects[(flag, seat.index)] = getattr(seat, flag) or None
    return {subject: value for subject, value in subjects.items() if value is not None}


FLAGS = {
    f"seat.{word}": flag
    for flag, words in {
        "locked": ("locked", "unlocked"),
        "audio_disabled": ("audio_disabled", "audio_enabled"),
        "video_disabled": ("video_disabled", "video_enabled"),
    }.items()
    for word in words
}


def told(change: Change) -> Iterator[tuple[Any, Any, Any]]:
    """What a change says: of which subject, how it was and how it is."""
    if isinstance(change, RoomUpdate):
        for name in change.before.keys() | change.after.keys():
            yield ("info", name), change.before.get(name), change.after.get(name)
        return
    subject: Any
    match change:
        case SeatUserChange():
            subject = ("seat", change.index)
        case SeatFlagChange():
            subject = (FLAGS[change.type], change.index)
        case AdminChange() | MemberChange():
            subject = (change.type.split(".")[0], change.user_id)
        case RoomMetadataChange():
            subject = ("metadata", change.key)
        case RoomOwnerChange():
            subject = ("owner",)
        case RoomLifeChange():
            subject = ("life", "started_at" if change.type == "room.created" else "ended_at")
        case RoomCleared():
            subject = CLEARED
    old, new = (None if value is False else value for value in (change.before, change.after))
    yield subject, old, new
