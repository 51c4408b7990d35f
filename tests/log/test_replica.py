"""Rooms kept from events alone: they are what the table's reader shows."""

from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from local.commands.schema import Rooms, records_of
from roomstate.kit import ForwardedWebhook, Replica
from roomstate.log.facts import to_assertions, to_facts
from roomstate.log.forwarded import forwarded
from roomstate.state.registers import LIFE
from roomstate.state.rooms import show_members, show_room
from tests.histories import ends, histories
from tests.payloads import APP, Payload, create, destroy, members, seat, seats, update, webhook


def events(delivered: list[Payload], rooms: Rooms) -> list[ForwardedWebhook]:
    """What is forwarded of bodies that are stored in this order."""
    records = chain.from_iterable(records_of(webhook(payload), rooms) for payload in delivered)
    return [forwarded(record) for record in records]


def replica_of(told: list[ForwardedWebhook]) -> Replica:
    replica = Replica()
    for event in told:
        replica.apply(event.model_dump(mode="json"))
    return replica


@settings(max_examples=500)
@given(history=histories, data=st.data())
def test_any_order_of_events_with_any_repeats_gives_the_readers_rooms(
    history: list[Payload], data: st.DataObject
) -> None:
    # GIVEN a history of which some is lost, stored in any order
    lost = data.draw(st.sets(st.sampled_from(range(len(history)))))
    left = [payload for number, payload in enumerate(history) if number not in lost]
    rooms: Rooms = {}
    told = events(data.draw(st.permutations(left)), rooms)
    # WHEN its events come in any other order, with repeats
    again = data.draw(st.lists(st.sampled_from(told))) if told else []
    replica = replica_of(data.draw(st.permutations(told + again)))
    # THEN each room is what the reader shows
    of_rooms = ends(left)
    for room_id, held in rooms.items():
        assert room_id is not None
        shown, kept = show_room(APP, room_id, held), replica.room(APP, room_id)
        if shown is not None and kept is not None and of_rooms[room_id].is_contradicted:
            # Whether the reader knows already that the end was not the last word depends on the order.
            assert kept.status == "live"
            times = {"status": "live", "started_at": kept.started_at, "ended_at": None}
            shown = shown.model_copy(update=times)
        assert kept == shown
        assert replica.members(APP, room_id) == show_members(held)
    assert len(replica.rooms()) == sum(bool(held) for held in rooms.values())


@given(histories)
def test_facts_are_the_assertions(history: list[Payload]) -> None:
    for payload in history:
        [unit] = webhook(payload).units
        assert sorted(to_assertions(to_facts(unit.assertions))) == sorted(unit.assertions)


@pytest.mark.parametrize(
    ("payload", "facts"),
    [
        (
            create("r", RoomName="a", Owner_Account="ann"),
            [{"kind": "room", "created": True, "ended": False, "fields": {"owner": "ann", "room_name": "a"}}],
        ),
        (destroy("r"), [{"kind": "room", "created": False, "ended": True, "fields": {}}]),
        (
            update("r", MaxSeatCount=4),
            [{"kind": "room", "created": False, "ended": False, "fields": {"max_seat_count": 4}}],
        ),
        (
            seats("r", seat(1, Taken=True)),
            [
                {
                    "kind": "seat",
                    "index": 1,
                    "user_id": None,
                    "locked": True,
                    "audio_disabled": False,
                    "video_disabled": False,
                }
            ],
        ),
        (
            members("r", "Offline", "ann", cause="Leave"),
            [{"kind": "member", "user_id": "ann", "online": False, "cause": "Leave"}],
        ),
    ],
)
def test_what_a_webhook_says_is_told_whatever_became_of_it(
    payload: Payload, facts: list[dict[str, Any]]
) -> None:
    # GIVEN a webhook that came before, so that it changes nothing when it comes
    rooms: Rooms = {}
    [_, stale] = events([payload, payload], rooms)
    # THEN its event tells it all the same
    assert (stale.outcome, stale.model_dump(mode="json")["facts"]) == ("stale", facts)


def test_what_bears_no_facts_is_passed_over() -> None:
    replica = replica_of(events([{"CallbackCommand": "Live.CallbackBeforeSendGift", "RoomId": "r"}], {}))
    assert replica.room(APP, "r") is None
    assert replica.rooms() == []


def test_what_is_no_event_of_ours_is_said_so() -> None:
    with pytest.raises(ValidationError):
        Replica().apply({"hello": "world"})


def test_what_is_void_is_dropped() -> None:
    """A consumer that runs for months holds the rooms that live, not all who ever came."""
    crowd = members("r", "Online", *map(str, range(100)))
    late = members("r", "Online", "late", at=1_500)
    replica = replica_of(events([crowd, destroy("r", 2_000), late], {}))
    [kept] = replica._rooms.values()
    assert kept.registers.keys() == {LIFE}
