"""What may be concluded of a room's life from an answer: its end, and a beginning that was missed."""

from typing import Any

import pytest

from roomstate.reconcile.compare import compare
from roomstate.reconcile.held import Held
from roomstate.state.life import LifeFact
from roomstate.state.registers import LIFE, ROOM, Key, Member, RoomFacts, Seat
from tests.reconcile.rooms import (
    ASKED,
    ASKED_AT,
    MEMBER,
    MEMBERS_ASKED,
    OLD,
    SEAT,
    STARTED,
    differences,
    fields,
    held,
    info,
    live,
    members,
)


class TestTheEnd:
    GONE = live(is_gone=True)
    ENDS = {ASKED: {LIFE: LifeFact(ended=True)}}  # noqa: RUF012

    def test_100004_ends_a_room_that_we_hold_live(self) -> None:
        one = held({SEAT: Seat("ann"), MEMBER: Member(True)}, fields=fields(owner="ann"))
        assert differences(one, self.GONE) == self.ENDS

    def test_and_no_other(self) -> None:
        assert differences(Held(), self.GONE) == {}
        assert differences(held(live=False, ended_at=OLD), self.GONE) == {}

    @pytest.mark.parametrize(
        "sign",
        [
            lambda at: held(started_at=at),
            lambda at: held(seen_at=at),
            lambda at: held(started_at=None, seen_at=at),
            lambda at: held({SEAT: Seat("ann")}, at),
            lambda at: held({MEMBER: Member(False)}, at),
            lambda at: held(fields=fields(at, room_name="a")),
        ],
    )
    def test_all_we_know_of_it_must_be_older_than_the_answer(self, sign: Any) -> None:
        assert differences(sign(ASKED - 1), self.GONE) == self.ENDS
        assert differences(sign(ASKED), self.GONE) == {}
        assert differences(sign(ASKED_AT + 1_000), self.GONE) == {}

    def test_a_room_of_which_we_know_no_start_ends_too(self) -> None:
        assert differences(held({MEMBER: Member(True)}, started_at=None), self.GONE) == self.ENDS


class TestALifeThatWasMissed:
    LATER_S = STARTED // 1000 + 100
    LATER = LATER_S * 1000

    def test_a_later_create_time_begins_it(self) -> None:
        # GIVEN ann and bob of the life before, on seats of the same numbers
        one = held({SEAT: Seat("ann"), Key("seat", 2): Seat("bob")}, fields=fields(room_name="a"))
        # WHEN in the present one ann sits there again
        told = live(info=info(CreateTime=self.LATER_S, RoomName="a"), seats={1: Seat("ann"), 2: Seat()})
        # THEN all of it is asserted anew, and what the beginning voids needs no word
        assert differences(one, told) == {
            self.LATER: {LIFE: LifeFact(created=True)},
            ASKED: {
                ROOM: RoomFacts(fields={"room_name": "a", "create_time": self.LATER_S}),
                SEAT: Seat("ann"),
            },
        }
        assert [dated.occurred_at for dated in compare(one, one, told).differences] == [self.LATER, ASKED]

    def test_what_happened_in_it_stays(self) -> None:
        # GIVEN a webhook of the present life
        one = held({SEAT: Seat("ann")}, self.LATER - 9_000)
        # WHEN, THEN
        told = live(info=info(CreateTime=self.LATER_S), seats={1: Seat("ann")})
        assert SEAT not in differences(one, told)[ASKED]

    @pytest.mark.parametrize("create_time", [STARTED // 1000, STARTED // 1000 - 100, 0, None])
    def test_an_equal_or_an_older_one_is_the_life_we_know(self, create_time: int | None) -> None:
        one = held(fields=fields(create_time=create_time))
        assert differences(one, live(info=info(CreateTime=create_time))) == {}

    @pytest.mark.parametrize("ahead", [11, 300, 10**9])
    def test_one_that_is_ahead_of_the_clock_is_none(self, ahead: int) -> None:
        create_time = ASKED_AT // 1000 + ahead
        one = held(fields=fields(create_time=create_time))
        assert differences(one, live(info=info(CreateTime=create_time))) == {}

    def test_a_start_that_we_never_heard_of_is_told(self) -> None:
        one = held({SEAT: Seat("ann")}, self.LATER, started_at=None)
        found = differences(one, live(info=info(CreateTime=self.LATER_S)))
        assert found[self.LATER] == {LIFE: LifeFact(created=True)}

    @pytest.mark.parametrize(
        ("ended_at", "begins"),
        [
            (LATER - 1, LATER),
            # CreateTime is cut off: the second began before the end, the life after it
            (LATER, LATER + 1),
            (LATER + 998, LATER + 999),
            # what began before the end is over
            (LATER + 1_000, None),
            (LATER + 5_000, None),
        ],
    )
    def test_of_a_room_that_ended_it_is_one_that_began_after_the_end(
        self, ended_at: int, begins: int | None
    ) -> None:
        # GIVEN
        one = held(live=False, ended_at=ended_at)
        told = live(info=info(CreateTime=self.LATER_S), seats={1: Seat("ann")}, members=members("ann"))
        # WHEN
        found = differences(one, told)
        # THEN
        if begins is None:
            assert found == {}
        else:
            assert found[begins] == {LIFE: LifeFact(created=True)}
            assert found[ASKED][SEAT] == Seat("ann")

    def test_a_room_that_we_do_not_hold_is_asserted_whole(self) -> None:
        told = live(info=info(CreateTime=self.LATER_S), seats={1: Seat("ann")}, members=members("ann"))
        assert differences(Held(), told) == {
            self.LATER: {LIFE: LifeFact(created=True)},
            ASKED: {ROOM: RoomFacts(fields={"create_time": self.LATER_S}), SEAT: Seat("ann")},
            MEMBERS_ASKED: {MEMBER: Member(True, "Reconciled")},
        }

    @pytest.mark.parametrize("one", [Held(), held(live=False, ended_at=OLD)])
    def test_without_a_life_there_is_nothing_in_it(self, one: Held) -> None:
        assert differences(one, live(seats={1: Seat("ann")}, members=members("ann"))) == {}
