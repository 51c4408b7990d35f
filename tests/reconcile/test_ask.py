"""Which commands are asked, of which product, and what is known afterwards."""

import pytest

from local.tencent_cloud.faults import MORE_COUNTED, Code, Edited, Hang
from roomstate.reconcile.answers import Admins, Product
from roomstate.reconcile.ask import MAX_MS
from tests.reconcile.world import World

R = "r"


def commands(world: World) -> list[str]:
    return [command for _, command in world.tencent.calls]


def room(product: Product, members: int = 2) -> World:
    world = World()
    world.tencent.create(product, R, "owner", seats=1)
    world.tencent.enter(R, *(f"user{n}" for n in range(members)))
    world.wait(60_000)
    return world


@pytest.mark.parametrize("product", ["live", "room"])
def test_a_room_of_unknown_product_is_asked_of_both(product: Product) -> None:
    # WHEN
    answers = room(product).ask(R, None)
    # THEN
    assert answers.product == product
    assert answers.info is not None
    assert answers.members is not None
    assert answers.failures == ()


def test_what_both_products_do_not_know_is_gone() -> None:
    world = World()
    assert world.ask(R, None).is_gone
    assert commands(world) == ["get_room_info", "get_room_info"]


def test_of_a_known_product_one_answer_is_enough() -> None:
    world = World()
    assert world.ask(R, "room").is_gone
    assert commands(world) == ["get_room_info"]


def test_what_one_product_does_not_know_and_the_other_does_not_serve_is_not_gone() -> None:
    # GIVEN a Room, which Live says is none of its own; it ends between the two questions
    world = room("room")

    def between(command: str) -> None:
        raise AssertionError(f"{command} was answered")

    world.tencent.fail("get_room_info", Code(100006), times=1)
    world.tencent.destroy(R)
    # WHEN
    answers = world.ask(R, None, between)
    # THEN
    assert commands(world) == ["get_room_info", "get_room_info"]
    assert not answers.is_gone
    assert answers.product is None


@pytest.mark.parametrize("fault", [Code(100001), Code(60007), Hang()])
def test_a_room_of_unknown_product_is_not_gone_where_one_of_them_fails(fault: Code | Hang) -> None:
    # GIVEN a Live room, of which Room says that there is none
    world = room("live")
    world.tencent.fail("get_room_info", fault)
    # WHEN
    answers = world.ask(R, None)
    # THEN
    assert not answers.is_gone
    assert answers.product is None
    assert len(answers.failures) == 1


def test_an_answer_about_another_room_is_none() -> None:
    world = room("live")
    world.tencent.fail(
        "get_room_info", Edited(lambda answer: answer["Response"]["RoomInfo"].update(RoomId="q"))
    )
    answers = world.ask(R)
    assert answers.info is None
    assert [failure.reason for failure in answers.failures] == ["another_room"]


def test_it_is_dated_by_the_start_of_the_first_call() -> None:
    # GIVEN a Tencent that takes its time
    world = room("live")
    began = world.our_time()
    # WHEN
    answers = world.ask(R, "live", lambda _: world.wait(4_000))
    # THEN
    assert answers.asked_at == began


def test_an_inquiry_that_lasts_too_long_asks_no_more() -> None:
    # GIVEN a Tencent that is slow, not dead: a Room of 21 pages, of 4 s each
    world = room("room", 1_050)
    # WHEN
    answers = world.ask(R, "room", lambda _: world.wait(4_000))
    # THEN what was answered counts, and no call begins after a minute
    assert answers.info is not None
    assert answers.seats is not None
    assert answers.members is None
    assert [failure.reason for failure in answers.failures] == ["too_slow"]
    assert world.tencent.calls[-1][0] - answers.asked_at <= MAX_MS


@pytest.mark.parametrize(("members", "pages"), [(1, 1), (100, 1), (101, 2), (1_000, 10)])
def test_all_pages_of_a_live_list_are_read(members: int, pages: int) -> None:
    told = room("live", members).ask(R).members
    assert told is not None
    assert (len(told.listed), told.count, told.is_whole, told.pages) == (members, members, True, pages)


@pytest.mark.parametrize("members", [1_001, 5_000])
def test_a_live_list_that_is_cut_is_not_whole(members: int) -> None:
    told = room("live", members).ask(R).members
    assert told is not None
    assert (len(told.listed), told.count, told.is_whole) == (1_000, members, False)


def test_a_live_list_whose_pages_count_differently_is_not_whole() -> None:
    # GIVEN a list of two pages, the first of which counts one more
    world = room("live", 101)
    world.tencent.fail("get_member_list", MORE_COUNTED, times=1)
    # WHEN
    told = world.ask(R).members
    # THEN
    assert told is not None
    assert (len(told.listed), told.count, told.is_whole) == (101, 101, False)


@pytest.mark.parametrize("members", [1_001, 5_000])
def test_a_rooms_list_has_all(members: int) -> None:
    told = room("room", members).ask(R, "room").members
    assert told is not None
    assert (len(told.listed), told.count, told.is_whole) == (members, members, True)


def test_a_rooms_owner_is_named_as_no_administrator_and_not_as_none() -> None:
    # GIVEN an owner who is in his Room
    world = room("room")
    world.tencent.enter(R, "owner")
    # WHEN
    admins = world.ask(R, "room").admins
    # THEN
    assert admins == Admins({"user0": False, "user1": False}, is_whole=True)


def test_who_is_an_owner_to_one_command_alone_makes_the_administrators_no_whole() -> None:
    # GIVEN a Room whose owner changes between the calls
    world = room("room")

    def between(command: str) -> None:
        if command == "get_room_info":
            world.tencent.change_owner(R, "user0")

    # WHEN
    admins = world.ask(R, "room", between).admins
    # THEN
    assert admins == Admins({"user1": False}, is_whole=False)


def test_a_role_that_no_page_names_tells_nothing_of_its_member() -> None:
    # GIVEN
    world = room("room")
    world.tencent.appoint(R, "user0")

    def promote(answer: dict[str, dict[str, list[dict[str, str]]]]) -> None:
        answer["Response"]["MemberList"][1]["Role"] = "CoHost"

    world.tencent.fail("get_room_member_list", Edited(promote))
    # WHEN
    answers = world.ask(R, "room")
    # THEN he is in the room; whether he is an administrator is left open, and so is whether others are
    assert answers.members is not None
    assert answers.members.listed == {"user0", "user1"}
    assert answers.admins is not None
    assert answers.admins.named == {"user0": True}
    assert not answers.admins.is_whole


def test_what_tencent_said_is_kept_as_it_came() -> None:
    heard = room("live").ask(R).heard
    assert [command.name for command, _ in heard] == [
        "get_room_info",
        "get_seat_list",
        "get_member_list",
        "get_admin_list",
        "get_room_metadata",
    ]
    assert heard[1][1]["SeatList"][0]["Index"] == 0
