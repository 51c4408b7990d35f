"""What may be concluded of a room's facts from an answer, rule by rule."""

from dataclasses import replace
from typing import Any

import pytest

from roomstate.reconcile.answers import Admins, Answers, Members
from roomstate.reconcile.compare import Comparison, compare
from roomstate.state.registers import ROOM, Admin, Key, Member, Metadata, RoomFacts, Seat
from tests.reconcile.rooms import (
    ADMIN,
    ASKED,
    ASKED_AT,
    MEMBER,
    MEMBERS_ASKED,
    METADATA,
    OLD,
    SEAT,
    STARTED,
    by_time,
    differences,
    fields,
    held,
    info,
    live,
    members,
)


class TestDates:
    def test_an_answer_is_as_old_as_the_margin_and_lives_members_as_old_as_their_cache(self) -> None:
        answers = live(seats={1: Seat("ann")}, members=members("ann"))
        assert differences(held(), answers) == {
            ASKED: {SEAT: Seat("ann")},
            MEMBERS_ASKED: {MEMBER: Member(True, "Reconciled")},
        }

    def test_a_rooms_members_come_from_no_cache(self) -> None:
        answers = Answers(ASKED_AT, "room", seats={1: Seat("ann")}, members=members("ann"))
        assert differences(held(), answers) == {
            ASKED: {SEAT: Seat("ann"), MEMBER: Member(True, "Reconciled")}
        }

    @pytest.mark.parametrize(
        ("key", "fact", "asked"),
        [
            (SEAT, Seat("old"), ASKED),
            (ADMIN, Admin(True), ASKED),
            (METADATA, Metadata("old"), ASKED),
            (MEMBER, Member(True), MEMBERS_ASKED),
        ],
    )
    def test_what_is_as_new_as_the_answer_is_left_alone(self, key: Key, fact: Any, asked: int) -> None:
        # GIVEN an answer that says otherwise of all four
        says = {"seats": {1: Seat()}, "admins": Admins({}, True), "metadata": {"k": "new"}}
        answers = live(**says, members=members())
        # WHEN, THEN
        assert key in differences(held({key: fact}, asked - 1), answers)[asked]
        for at in (asked, asked + 1):
            found = differences(held({key: fact}, at), answers)
            assert all(key not in assertions for assertions in found.values())

    def test_a_field_that_is_as_new_is_left_alone(self) -> None:
        answers = live(info=info(RoomName="b", CustomInfo="c"))
        one = held(fields={**fields(ASKED, room_name="a"), **fields(ASKED - 1, custom_info="a")})
        assert differences(one, answers) == {ASKED: {ROOM: RoomFacts(fields={"custom_info": "c"})}}


class TestWhatMovedIsLeftAlone:
    def test_a_fact_that_moved_while_tencent_was_asked(self) -> None:
        # GIVEN a webhook of long ago that came just now
        before = held({SEAT: Seat("ann"), Key("seat", 2): Seat("bob")})
        after = held({SEAT: Seat("cat"), Key("seat", 2): Seat("bob")})
        # WHEN, THEN
        found = by_time(compare(before, after, live(seats={})))
        assert found == {ASKED: {Key("seat", 2): Seat()}}

    def test_a_fact_that_came_while_tencent_was_asked(self) -> None:
        assert by_time(compare(held(), held({SEAT: Seat("ann")}), live(seats={}))) == {}

    def test_a_fact_that_was_swept_while_tencent_was_asked(self) -> None:
        before = held({SEAT: Seat()})
        assert by_time(compare(before, held(), live(seats={1: Seat("ann")}))) == {}

    def test_a_field_that_moved(self) -> None:
        before, after = (held(fields=fields(room_name=name)) for name in "ab")
        assert by_time(compare(before, after, live(info=info(RoomName="c")))) == {}

    @pytest.mark.parametrize(
        "other", [{"started_at": STARTED + 1}, {"ended_at": OLD}, {"live": False}, {"started_at": None}]
    )
    def test_a_life_that_moved_leaves_everything_alone(self, other: dict[str, Any]) -> None:
        one = held({SEAT: Seat("ann")})
        for before, after in ((one, replace(one, **other)), (replace(one, **other), one)):
            assert compare(before, after, live(seats={}, members=members("bob"))) == Comparison()
            assert compare(before, after, live(is_gone=True)) == Comparison()


class TestSeats:
    def test_the_list_is_whole(self) -> None:
        # GIVEN
        one = held({Key("seat", 0): Seat("ann"), SEAT: Seat("bob", locked=True), Key("seat", 2): Seat()})
        # WHEN one of its seats is told
        found = differences(one, live(seats={0: Seat("cat"), 3: Seat()}))
        # THEN the others are empty; what is so already is not asserted again
        assert found == {ASKED: {Key("seat", 0): Seat("cat"), SEAT: Seat()}}

    def test_no_list_says_nothing(self) -> None:
        assert differences(held({SEAT: Seat("ann")}), live()) == {}

    @pytest.mark.parametrize("flag", ["locked", "audio_disabled", "video_disabled"])
    def test_each_flag_counts(self, flag: str) -> None:
        told = Seat("ann", **{flag: True})
        assert differences(held({SEAT: Seat("ann")}), live(seats={1: told})) == {ASKED: {SEAT: told}}


class TestAdmins:
    def test_a_whole_list_dismisses_and_one_that_is_not_only_tells_of_whom_it_names(self) -> None:
        one = held({ADMIN: Admin(True), Key("admin", "cat"): Admin(True)})
        appointed = {Key("admin", "ann"): Admin(True)}
        told = {"ann": True, "cat": True}
        assert differences(one, live(admins=Admins(told, True))) == {ASKED: appointed | {ADMIN: Admin(False)}}
        assert differences(one, live(admins=Admins(told, False))) == {ASKED: appointed}

    @pytest.mark.parametrize("owner", ["bob", None])
    def test_the_owner_is_left_out(self, owner: str | None) -> None:
        """Where the room was not told, whoever we hold for the owner."""
        # GIVEN
        told = info(Owner_Account=owner) if owner else None
        for facts, named in (({ADMIN: Admin(True)}, {}), ({}, {"bob": True})):
            one = held(facts, fields=fields(owner="bob"))
            # WHEN, THEN
            assert differences(one, live(info=told, admins=Admins(named, True))) == {}

    def test_who_was_the_owner_is_compared_again(self) -> None:
        # GIVEN bob, who we still think is the owner, and who is an administrator now
        one = held(fields=fields(owner="bob"))
        answers = live(info=info(Owner_Account="ann"), admins=Admins({"bob": True}, True))
        # WHEN, THEN
        expected = {ADMIN: Admin(True), ROOM: RoomFacts(fields={"owner": "ann"})}
        assert differences(one, answers) == {ASKED: expected}

    def test_both_owners_are_left_out_where_it_changed_meanwhile(self) -> None:
        before, after = (held(fields=fields(owner=owner)) for owner in ("ann", "bob"))
        answers = live(info=info(Owner_Account="ann"), admins=Admins({"bob": True, "ann": True}, True))
        assert by_time(compare(before, after, answers)) == {}


class TestInfoAndMetadata:
    def test_the_fields_that_are_there(self) -> None:
        one = held(fields=fields(room_name="a", custom_info="c", category=[1]))
        told = info(RoomName="b", Category=[1], IsSeatEnabled=False)
        assert differences(one, live(info=told)) == {
            ASKED: {ROOM: RoomFacts(fields={"room_name": "b", "is_seat_enabled": False})}
        }

    def test_counts_are_no_fields(self) -> None:
        assert differences(held(), live(info=info(ViewCount=7, MemberCount=7))) == {}

    def test_a_type_that_is_known_is_not_spelt_anew(self) -> None:
        told = live(info=info(RoomType="Conference"))
        assert differences(held(fields=fields(room_type="Meeting")), told) == {}
        assert differences(held(), told) == {ASKED: {ROOM: RoomFacts(fields={"room_type": "Conference"})}}

    def test_a_key_that_is_not_told_is_left_alone(self) -> None:
        one = held({METADATA: Metadata("v"), Key("metadata", "l"): Metadata("old")})
        assert differences(one, live(metadata={"l": "new", "m": "n"})) == {
            ASKED: {Key("metadata", "l"): Metadata("new"), Key("metadata", "m"): Metadata("n")}
        }


class TestMembers:
    def test_who_is_not_listed_is_out_only_where_the_counts_agree(self) -> None:
        # GIVEN
        one = held({MEMBER: Member(True, "Enter"), Key("member", "bob"): Member(False, "Leave")})
        come = {Key("member", "bob"): Member(True, "Reconciled")}
        gone = {MEMBER: Member(False, "Reconciled")}
        # WHEN, THEN
        assert differences(one, live(members=members("bob"))) == {MEMBERS_ASKED: come | gone}
        for count in (0, 2, 1_000):
            assert differences(one, live(members=members("bob", count=count))) == {MEMBERS_ASKED: come}
        unknown = Members(frozenset({"bob"}), None, is_whole=False)
        assert differences(one, live(members=unknown)) == {MEMBERS_ASKED: come}

    def test_why_a_member_is_in_the_room_is_no_difference(self) -> None:
        assert (
            differences(held({MEMBER: Member(True, "HeartbeatRecover")}), live(members=members("ann"))) == {}
        )

    def test_the_drift_is_what_is_left_of_the_counts_difference(self) -> None:
        # GIVEN ann, whom Tencent does not list, and bob, whom it does; it counts 7
        one = held({MEMBER: Member(True), Key("member", "cat"): Member(False)})
        # WHEN, THEN: 7 less ann and bob
        answers = live(members=members("bob", count=7))
        assert compare(one, one, answers).member_drift == 5
        # AND there is none where its list is whole, or where it does not count
        assert compare(one, one, live(members=members("bob"))).member_drift is None
        assert compare(one, one, live()).member_drift is None
        unknown = live(members=Members(frozenset({"bob"}), None, is_whole=False))
        assert compare(one, one, unknown).member_drift is None

    def test_several_pages_tell_no_absence_while_members_move(self) -> None:
        # GIVEN
        before = held({MEMBER: Member(True)})
        after = held({MEMBER: Member(True), Key("member", "bob"): Member(False)})
        # WHEN, THEN
        for pages, told in ((1, {MEMBERS_ASKED: {MEMBER: Member(False, "Reconciled")}}), (2, {})):
            assert by_time(compare(before, after, live(members=members(pages=pages)))) == told
        still = compare(before, before, live(members=members(pages=2)))
        assert MEMBER in by_time(still)[MEMBERS_ASKED]

    @pytest.mark.parametrize("age", [1_000, 39_000, 39_999])
    def test_the_members_of_a_young_room_are_left_to_the_webhooks(self, age: int) -> None:
        """What is dated before a room's creation is void."""
        young = held(started_at=ASKED_AT - age)
        assert differences(young, live(members=members("ann"))) == {}
        old_enough = held(started_at=ASKED_AT - 40_000)
        assert differences(old_enough, live(members=members("ann"))) != {}
