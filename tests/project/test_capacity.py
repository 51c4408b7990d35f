"""One room takes what it has to take: 6,000 webhooks of a single member a second (docs/data-model.md)."""

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.capacity import (
    PARTITION_READ_UNITS,
    PARTITION_WRITE_UNITS,
    index_units,
    read_units,
    write_units,
)
from benchmarks.room import (
    ROOM,
    TARGET,
    Filling,
    Load,
    Scale,
    entering,
    filling,
    greatest_rate,
    kind_of,
    loads,
    throttles,
    touched,
)
from local.aws.limits import item_bytes
from roomstate.aws import table
from roomstate.state.webhook import Webhook
from tests.payloads import webhook

SECONDS = 4


@pytest.fixture(scope="module")
def users() -> list[Webhook]:
    """As many as enter in some seconds."""
    return list(entering(TARGET * SECONDS))


@pytest.fixture(scope="module")
def room(users: list[Webhook]) -> Filling:
    return filling(users)


@pytest.fixture(scope="module")
def needed(users: list[Webhook], room: Filling) -> list[Load]:
    return loads(users, room)


def test_a_member_is_two_small_writes_in_two_of_all_shards(needed: list[Load]) -> None:
    """Items as the store writes them. The room's life is only read, the one copy or the other."""
    assert [replace(load, share=1) for load in needed] == [
        Load("life", partitions=1, write_units=0, read_units=0.5),
        Load("log", partitions=table.SHARDS, write_units=2, read_units=0),
        Load("member", partitions=table.SHARDS, write_units=2, read_units=0.5),
        Load("room", partitions=1, write_units=0, read_units=0.5),
    ]
    shares = {load.kind: load.share for load in needed}
    assert shares["log"] == shares["member"] == 1
    assert shares["life"] + shares["room"] == 1
    assert 0.45 < shares["life"] < 0.55


def test_the_room_has_much_info() -> None:
    scale = Scale()
    scale.weigh(webhook(ROOM))
    assert any(item_bytes(item) > 20_000 for (_, sk), item in scale.items.items() if sk == "room")


def test_what_is_simulated_is_what_the_store_asks(users: list[Webhook]) -> None:
    scale = Scale()
    scale.weigh(users[0])  # the room is new
    for user in users[1:100]:
        written, read = scale.weigh(user)
        assert {*written, *read} == {kind_of(pk) for pk in touched(user)}


def test_one_room_takes_enough_when_evenly_spread(needed: list[Load]) -> None:
    for load in needed:
        rate = TARGET * load.share / load.partitions
        assert rate * load.write_units <= PARTITION_WRITE_UNITS
        assert rate * load.read_units <= PARTITION_READ_UNITS
        assert load.capacity >= TARGET


@pytest.mark.parametrize("seed", range(5))
def test_a_room_that_fills_up_throttles_nothing(seed: int, needed: list[Load]) -> None:
    """Random users, at random times; and there is a rate at which it would throttle."""
    room = filling(list(entering(TARGET * SECONDS, seed)), seed)
    assert not throttles(room, needed, TARGET)
    rate = greatest_rate(room, needed)
    assert not throttles(room, needed, rate)
    assert throttles(room, needed, rate + 1)


def test_fewer_shards_would_not_do(
    users: list[Webhook], needed: list[Load], monkeypatch: pytest.MonkeyPatch
) -> None:
    """6,000 webhooks a second write 12,000 units of records: 12 partitions, were they even. They are not."""
    for shards in (1, 4, 8, 12):
        monkeypatch.setattr(table, "SHARDS", shards)
        assert throttles(filling(users[:TARGET]), needed, TARGET)


def test_one_copy_of_the_life_would_not_do(room: Filling, needed: list[Load]) -> None:
    """Each webhook reads it. At one read unit for two webhooks, that is all a partition gives."""
    *_, of_room = needed
    every = sorted(time for pk, times in room.arrivals.items() if kind_of(pk) == "log" for time in times)
    assert throttles(Filling(room.webhooks, {"room#": every}), [of_room], TARGET)


def test_a_life_of_more_than_4_kb_would_not_do(room: Filling, needed: list[Load]) -> None:
    """The room's info may be so large, and is not read."""
    *_, of_room = needed
    larger = replace(of_room, read_units=read_units(4_097, consistent=False))
    assert throttles(room, [larger], TARGET)


@pytest.mark.parametrize(
    ("before", "after", "units"), [(0, 1, 2), (0, 1_024, 2), (0, 1_025, 4), (1_025, 9, 4), (0, 409_600, 800)]
)
def test_a_put_in_a_transaction_counts_twice(before: int, after: int, units: int) -> None:
    """Each started KB, of what was there or of what is, whichever is larger."""
    assert write_units(before, after) == units


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        (None, None, 0),
        (None, ("a", "b"), 1),
        (("a", "b"), ("a", "b"), 0),
        (("a", "b"), ("a", "c"), 2),
        (("a", "b"), None, 1),
    ],
)
def test_an_index_of_keys_costs_what_changes_in_it(before: Any, after: Any, units: int) -> None:
    assert index_units(before, after) == units


@pytest.mark.parametrize(
    ("size", "consistent", "units"),
    [(0, False, 0.5), (4_096, False, 0.5), (4_097, False, 1), (0, True, 1), (4_097, True, 2)],
)
def test_an_eventually_consistent_read_counts_half(size: int, consistent: bool, units: float) -> None:
    """Each started 4 KB. What is not there counts too."""
    assert read_units(size, consistent=consistent) == units
