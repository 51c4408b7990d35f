"""Every documented failure, and worse, of every command: what is concluded all the same, and nothing else."""

from typing import cast

import pytest

from local.tencent_cloud.faults import (
    FAULTS,
    LESS_COUNTED,
    MORE_COUNTED,
    NEXT_ENDLESS,
    NEXT_REPEATED,
    Code,
    Fault,
)
from roomstate.reconcile.answers import Product
from roomstate.reconcile.ask import MAX_PAGES
from roomstate.reconcile.compare import Comparison
from roomstate.reconcile.rest import PAUSES_S
from roomstate.state.life import LifeFact
from roomstate.state.registers import Admin, Member, Metadata, RoomFacts, Seat
from tests.reconcile.world import QUIET_MS, World

R = "r"
STOPS = {name for name in FAULTS if name.startswith(("http", "hang"))}
STOPS |= {"60007", "60011", "60018", "60019", "100012"}
"""Whoever asks on is told the same, so nothing more is asked of this room."""

FIELDS = ("room", "", "RoomName=b")
SEATS: set[tuple[object, ...]] = {("seat", 0, "bob"), ("seat", 1, None)}
COME = ("member", "cat", "online")
GONE = ("member", "ann", "offline")
APPOINTED, DISMISSED = ("admin", "cat", True), ("admin", "bob", False)
METADATA = ("metadata", "k", "new")
LIFE = ("life", "", "ended")

# What each command tells, in the order in which they are asked.
PARTS: dict[Product, dict[str, set[tuple[object, ...]]]] = {
    "live": {
        "get_room_info": {FIELDS},
        "get_seat_list": SEATS,
        "get_member_list": {COME, GONE},
        "get_admin_list": {APPOINTED, DISMISSED},
        "get_room_metadata": {METADATA},
    },
    "room": {
        "get_room_info": {FIELDS},
        "get_seat_list": SEATS,
        "get_room_member_list": {COME, GONE, APPOINTED, DISMISSED},
    },
}
COMMANDS = [(product, command) for product, parts in PARTS.items() for command in parts]
PRODUCTS = cast("list[Product]", ["live", "room"])


def changed_unseen(product: Product) -> World:
    """A room in which something of every kind has changed, and no webhook told of it."""
    world = World()
    tencent = world.tencent
    tencent.create(product, R, "owner", seats=2, RoomName="a")
    tencent.enter(R, "ann", "bob", "owner")
    tencent.appoint(R, "bob")
    tencent.seat(R, 1, "ann")
    if product == "live":
        tencent.set_metadata(R, k="old")
    world.deliver_all()
    if product == "room":
        world.wait(QUIET_MS)
        world.reconcile(R, "room")  # the only way to hear of a Room's administrators
    world.wait(QUIET_MS)
    tencent.update(R, RoomName="b")
    tencent.leave(R, "ann")
    tencent.enter(R, "cat")
    tencent.appoint(R, "cat")
    tencent.dismiss(R, "bob")
    tencent.seat(R, 0, "bob")
    tencent.seat(R, 1)
    if product == "live":
        tencent.set_metadata(R, k="new")
    world.wait(QUIET_MS)
    return world


def told(comparison: Comparison) -> set[tuple[object, ...]]:
    """The differences, in short."""
    found: set[tuple[object, ...]] = set()
    for dated in comparison.differences:
        for key, fact in dated.assertions:
            match fact:
                case Seat(user_id):
                    short: object = user_id
                case Member(online):
                    short = "online" if online else "offline"
                case Admin(present):
                    short = present
                case Metadata(value):
                    short = value
                case RoomFacts():
                    assert dict(fact.fields) == {"room_name": "b"}
                    short = "RoomName=b"
                case LifeFact(ended=True):
                    short = "ended"
                case _:
                    raise AssertionError(fact)
            found.add((key.kind, key.name, short))
    return found


@pytest.mark.parametrize("product", PRODUCTS)
def test_without_a_failure_every_part_is_concluded(product: Product) -> None:
    world = changed_unseen(product)
    assert told(world.compare(R, product)) == set().union(*PARTS[product].values())
    assert [command for _, command in world.tencent.calls][-len(PARTS[product]) :] == list(PARTS[product])


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize(("product", "command"), COMMANDS)
def test_a_failure_concludes_nothing_of_its_part(product: Product, command: str, name: str) -> None:
    # GIVEN
    world = changed_unseen(product)
    # WHEN one command fails
    world.tencent.fail(command, FAULTS[name])
    comparison = world.compare(R, product)
    # THEN the parts of the other commands are concluded; but the members' absence hangs on the room's count
    parts = PARTS[product]
    commands = list(parts)
    if (command, name) == ("get_room_info", "100004"):
        expected: set[tuple[object, ...]] = {LIFE}
    elif name in STOPS:
        expected = set().union(*(parts[asked] for asked in commands[: commands.index(command)]))
    else:
        expected = set().union(*(parts[asked] for asked in commands if asked != command))
        expected -= {GONE} if (product, command) == ("room", "get_room_info") else set()
    assert told(comparison) == expected
    # AND it is said which command failed
    world.registers[R] = {}
    failures = world.ask(R, product).failures
    assert [failure.command for failure in failures] == ([] if expected == {LIFE} else [command])


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize(("product", "command"), COMMANDS)
def test_100004_alone_ends_a_room(product: Product, command: str, name: str) -> None:
    # GIVEN a room that is over, of which no webhook told; one command fails
    world = changed_unseen(product)
    world.tencent.destroy(R)
    world.wait(QUIET_MS)
    world.tencent.fail(command, FAULTS[name])
    # WHEN
    comparison = world.compare(R, product)
    # THEN it ends, unless it was the room that could not be asked for
    fails = command == "get_room_info" and name not in {"100004", *edits_of_answers()}
    assert told(comparison) == (set() if fails else {LIFE})


def edits_of_answers() -> set[str]:
    """They spoil an answer, and 100004 has none."""
    return {name for name, fault in FAULTS.items() if type(fault).__name__ == "Edited"}


@pytest.mark.parametrize(
    ("product", "command", "fault"),
    [
        ("live", "get_member_list", MORE_COUNTED),
        ("live", "get_member_list", LESS_COUNTED),
        ("room", "get_room_info", MORE_COUNTED),
        ("room", "get_room_info", LESS_COUNTED),
    ],
)
def test_where_the_counts_differ_nobody_is_absent(product: Product, command: str, fault: Fault) -> None:
    # GIVEN
    world = changed_unseen(product)
    world.tencent.fail(command, fault)
    # WHEN
    comparison = world.compare(R, product)
    # THEN
    assert told(comparison) == set().union(*PARTS[product].values()) - {GONE}
    # AND the difference of the counts is told: 3 are there, and with ann we hold 4
    assert comparison.member_drift == (3 + (1 if fault is MORE_COUNTED else -1)) - 4


@pytest.mark.parametrize("fault", [NEXT_REPEATED, NEXT_ENDLESS])
@pytest.mark.parametrize(
    ("product", "command"), [("live", "get_member_list"), ("room", "get_room_member_list")]
)
def test_a_list_without_end_is_none(product: Product, command: str, fault: Fault) -> None:
    # GIVEN
    world = changed_unseen(product)
    world.tencent.fail(command, fault)
    world.tencent.calls.clear()
    # WHEN
    comparison = world.compare(R, product)
    # THEN
    rest = (told_by for asked, told_by in PARTS[product].items() if asked != command)
    assert told(comparison) == set().union(*rest)
    pages = [asked for _, asked in world.tencent.calls].count(command)
    assert pages == (2 if fault is NEXT_REPEATED else MAX_PAGES)


@pytest.mark.parametrize(("product", "command"), COMMANDS)
def test_busy_is_asked_again_after_a_while(product: Product, command: str) -> None:
    # GIVEN a Tencent that is too busy for as many calls as are tried again
    world = changed_unseen(product)
    world.tencent.fail(command, Code(60007), times=len(PAUSES_S))
    # WHEN, THEN
    assert told(world.compare(R, product)) == set().union(*PARTS[product].values())


def test_no_seats_empties_them_only_where_the_room_says_so_too() -> None:
    # GIVEN a room whose seats were taken away, and one whose seats are said to be missing by one command
    with_seats, without = changed_unseen("live"), changed_unseen("live")
    without.tencent.rooms[R].seats.clear()
    with_seats.tencent.fail("get_seat_list", Code(100211))
    # WHEN, THEN
    assert with_seats.ask(R).seats is None
    answers = without.ask(R)
    assert answers.seats == {}
    assert answers.failures == ()
