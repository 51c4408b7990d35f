"""Rooms of more members than one answer takes."""

import pytest

from roomstate.reconcile.compare import compare
from roomstate.state.registers import Key, Member
from tests.reconcile.world import QUIET_MS, World, wrong


@pytest.mark.parametrize("members", [1_001, 5_000])
def test_a_live_list_that_is_cut_brings_in_whom_it_lists_and_counts_the_rest(members: int) -> None:
    # GIVEN a Live room of which no webhook of a member came, but one of a member who has left
    world = World()
    world.tencent.create("live", "r", "owner")
    world.tencent.enter("r", "ghost")
    world.deliver_all()
    world.tencent.leave("r", "ghost")
    world.tencent.enter("r", *(f"user{n}" for n in range(members)))
    world.wait(QUIET_MS)
    # WHEN
    comparison = world.reconcile("r")
    # THEN
    assert wrong(world.held("r"), world.tencent.rooms["r"]) == set()
    online = [key for key, one in world.held("r").facts.items() if one.fact == Member(True, "Reconciled")]
    assert len(online) == 1_000
    assert world.held("r").facts[Key("member", "ghost")].fact == Member(True, "Enter")
    assert comparison.member_drift == members - 1_001


@pytest.mark.parametrize("members", [1_000, 1_001, 5_000])
def test_a_rooms_list_is_whole_however_long(members: int) -> None:
    # GIVEN a Room in which half of the members left and others came, and no webhook told of it
    world = World()
    users = [f"user{n}" for n in range(members)]
    world.tencent.create("room", "r", "owner")
    for first in range(0, members, 1_000):
        world.tencent.enter("r", *users[first : first + 1_000])
    world.deliver_all()
    world.tencent.leave("r", *users[::2])
    world.tencent.enter("r", *(f"late{n}" for n in range(members // 2)))
    world.wait(QUIET_MS)
    # WHEN
    world.reconcile("r", "room")
    # THEN
    assert wrong(world.held("r"), world.tencent.rooms["r"]) == set()


def test_a_list_that_shifts_between_its_pages_takes_nobody_out() -> None:
    # GIVEN a Room of two pages, all of whose webhooks come
    world = World()
    world.tencent.create("room", "r", "owner")
    world.tencent.enter("r", *(f"user{n:02}" for n in range(60)))
    world.deliver_all()
    world.wait(QUIET_MS)
    sent = len(world.tencent.webhooks)

    # WHEN somebody of the first page leaves between the pages, so that one of the second is on neither,
    # and somebody comes, so that the counts agree
    def between(command: str) -> None:
        if command == "get_room_member_list" and len(world.tencent.webhooks) == sent:
            world.tencent.leave("r", "user03")
            world.tencent.enter("r", "late")
            world.deliver(*world.tencent.webhooks[sent:])

    before = world.held("r")
    answers = world.ask("r", "room", between)
    world.apply("r", compare(before, world.held("r"), answers))
    # THEN
    assert answers.members is not None
    assert answers.members.is_whole
    assert "user50" not in answers.members.listed
    assert wrong(world.held("r"), world.tencent.rooms["r"]) == set()
