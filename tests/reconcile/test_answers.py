"""Answers as Tencent's pages print them, with what the pages spell in two ways."""

from typing import Any

import pytest

from roomstate.reconcile.answers import (
    AdminsResponse,
    InfoResponse,
    LiveMembersPage,
    MetadataResponse,
    RoomMembersPage,
    SeatsResponse,
    product_of,
    read,
)
from roomstate.reconcile.errors import Failed
from roomstate.state.registers import InfoValue, Seat

# The samples of the pages, with what is no JSON in them mended.
LIVE_INFO: dict[str, Any] = {
    "RoomId": "live-room",
    "RoomName": "live-room-name",
    "RoomType": "Live",
    "Owner_Account": "user1",
    "CreateTime": 1693271354,
    "IsSeatEnabled": True,
    "TakeSeatMode": "ApplyToTake",
    "MaxSeatCount": 8,
    "MaxMemberCount": 300,
    "IsMessageDisabled": False,
    "CoverURL": "",
    "Category": [1, 2],
    "ActivityStatus": 1,
    "ViewCount": 0,
    "IsPublicVisible": True,
    "Notice": "",
}
SEATS: dict[str, Any] = {
    "SeatList": [
        {
            "Index": 0,
            "Member_Account": "user2",
            "IsTakenDisabled": False,
            "IsVideoDisabled": False,
            "IsAudioDisabled": False,
        },
        {"Index": 1, "IsTakenDisabled": False, "IsVideoDisabled": False, "IsAudioDisabled": False},
    ]
}
ROOM_MEMBER = {
    "Member_Account": "user2",
    "NameCard": "123",
    "Role": "RoomOwner",
    "Marks": [1000, 1002, 1003],
    "CustomInfo": "",
}


def info(**fields: Any) -> Any:
    return read("get_room_info", InfoResponse, {"RoomInfo": {**LIVE_INFO, **fields}}).room_info


class TestRoomInfo:
    def test_the_sample(self) -> None:
        assert info().asserted() == {
            "owner": "user1",
            "room_name": "live-room-name",
            "room_type": "Live",
            "max_member_count": 300,
            "max_seat_count": 8,
            "is_message_disabled": False,
            "is_seat_enabled": True,
            "take_seat_mode": "ApplyToTake",
            "create_time": 1693271354,
            "is_public_visible": True,
            "cover_url": "",
            "category": [1, 2],
            "activity_status": 1,
        }

    def test_a_rooms_member_count_is_read_and_is_no_field(self) -> None:
        answer = info(RoomType="Conference", MemberCount=1)
        assert answer.member_count == 1
        assert "member_count" not in answer.asserted()

    @pytest.mark.parametrize(
        ("field", "value", "name", "told"),
        [
            ("Owner_Account", 144115233775727695, "owner", "144115233775727695"),
            ("TakeSeatMode", 1, "take_seat_mode", "FreeToTake"),
            ("TakeSeatMode", 2, "take_seat_mode", "ApplyToTake"),
            ("TakeSeatMode", "None", "take_seat_mode", "None"),
            ("IsMessageDisabled", "true", "is_message_disabled", True),
            ("IsMessageDisabled", "false", "is_message_disabled", False),
        ],
    )
    def test_what_the_pages_spell_in_two_ways(self, field: str, value: Any, name: str, told: Any) -> None:
        assert info(**{field: value}).asserted()[name] == told

    @pytest.mark.parametrize(
        ("field", "value", "name"),
        [
            ("TakeSeatMode", 7, "take_seat_mode"),
            ("Owner_Account", "", "owner"),
            ("Owner_Account", None, "owner"),
        ],
    )
    def test_what_says_nothing_is_no_field(self, field: str, value: Any, name: str) -> None:
        assert name not in info(**{field: value}).asserted()

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("RoomId", None),
            ("RoomId", ["r"]),
            ("CreateTime", "yesterday"),
            ("CreateTime", -1),
            ("TakeSeatMode", True),
            ("TakeSeatMode", [1]),
            ("IsSeatEnabled", "yes"),
            ("Category", "1,2"),
            ("MemberCount", "many"),
            ("RoomName", "\ud800"),
        ],
    )
    def test_any_other_spelling_makes_it_unreadable(self, field: str, value: Any) -> None:
        with pytest.raises(Failed, match="get_room_info: unreadable"):
            info(**{field: value})


class TestLists:
    def test_seats(self) -> None:
        assert read("c", SeatsResponse, SEATS).seats() == {0: Seat("user2"), 1: Seat()}

    def test_an_account_may_be_a_bare_number(self) -> None:
        account = 144115233775727695
        page = {"Next": "", "MemberCount": 1, "MemberList": [{"Member_Account": account}]}
        assert read("c", LiveMembersPage, page).member_list[0].user_id == str(account)
        assert read("c", AdminsResponse, {"Admin_Account": [account, "b"]}).admins == [str(account), "b"]

    @pytest.mark.parametrize(
        ("role", "known"),
        [
            ("RoomOwner", "owner"),
            ("Owner", "owner"),
            ("Admin", "admin"),
            ("Member", "member"),
            ("CoHost", None),
            ("", None),
        ],
    )
    def test_a_role_is_spelt_in_two_ways(self, role: str, known: str | None) -> None:
        page = {"Next": "", "MemberList": [{**ROOM_MEMBER, "Role": role}]}
        assert read("c", RoomMembersPage, page).member_list[0].known_role == known

    def test_metadata(self) -> None:
        pairs = {"Metadata": [{"Key": "k1", "Value": "v1"}]}
        assert [(entry.key, entry.value) for entry in read("c", MetadataResponse, pairs).metadata] == [
            ("k1", "v1")
        ]

    def test_empty_lists_are_lists(self) -> None:
        assert read("c", SeatsResponse, {"SeatList": []}).seats() == {}
        assert read("c", AdminsResponse, {"Admin_Account": []}).admins == []
        assert read("c", MetadataResponse, {"Metadata": []}).metadata == []

    @pytest.mark.parametrize("flag", ["IsTakenDisabled", "IsVideoDisabled", "IsAudioDisabled", "Index"])
    def test_a_seat_that_lacks_something_makes_the_list_unreadable(self, flag: str) -> None:
        seat = {name: value for name, value in SEATS["SeatList"][0].items() if name != flag}
        with pytest.raises(Failed):
            read("c", SeatsResponse, {"SeatList": [seat]})

    def test_a_seat_that_is_there_twice_makes_the_list_unreadable(self) -> None:
        first = SEATS["SeatList"][0]
        with pytest.raises(Failed):
            read("c", SeatsResponse, {"SeatList": [first, {**first, "Member_Account": "user3"}]})

    @pytest.mark.parametrize(
        ("model", "response"),
        [
            (SeatsResponse, {}),
            (SeatsResponse, {"SeatList": None}),
            (AdminsResponse, {}),
            (AdminsResponse, {"Admin_Account": "user1"}),
            (AdminsResponse, {"Admin_Account": [""]}),
            (MetadataResponse, {"Metadata": [{"Key": "k"}]}),
            (LiveMembersPage, {"MemberCount": 0, "MemberList": []}),
            (LiveMembersPage, {"Next": "", "MemberList": []}),
            (LiveMembersPage, {"Next": "", "MemberCount": 0}),
            (LiveMembersPage, {"Next": 0, "MemberCount": 0, "MemberList": []}),
            (LiveMembersPage, {"Next": "", "MemberCount": -1, "MemberList": []}),
            (RoomMembersPage, {"Next": "", "MemberList": [{"Member_Account": "ann"}]}),
        ],
    )
    def test_a_field_that_lacks_makes_it_unreadable(self, model: Any, response: Any) -> None:
        with pytest.raises(Failed, match="unreadable"):
            read("c", model, response)


@pytest.mark.parametrize(
    ("room_type", "product"),
    [("Live", "live"), ("Meeting", "room"), ("Conference", "room"), ("", None), (None, None), ([1], None)],
)
def test_a_room_tells_its_product_by_its_type(room_type: InfoValue, product: str | None) -> None:
    assert product_of(room_type) == product
