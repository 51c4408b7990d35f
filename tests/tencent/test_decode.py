"""From bytes to webhooks: what is taken, what is refused, and in which words."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomstate.state.registers import Key, Member, Seat
from roomstate.tencent.decode import MAX_AHEAD_MS
from tests.payloads import APP, NOW, admins, body, create, members, seat, seats, update, webhook

SEAT = seats("r", seat(1, "ann"))


def asserted(payload: Any) -> dict[Any, Any]:
    taken = webhook(payload)
    assert taken.unreadable is None
    return dict(assertion for unit in taken.units for assertion in unit.assertions)


class TestTolerance:
    @pytest.mark.parametrize("account", [None, ""])
    def test_a_seat_with_no_account_is_empty(self, account: str | None) -> None:
        assert asserted(seats("r", seat(1, account))) == {Key("seat", 1): Seat()}

    def test_a_seat_without_an_account_field_is_empty(self) -> None:
        assert asserted(seats("r", {"Index": 0})) == {Key("seat", 0): Seat()}

    def test_numeric_accounts_keep_every_digit(self) -> None:
        account = 144115233775727695  # above 2**53
        text = json.dumps(members("r", "Online", account))
        assert asserted(text) == {Key("member", "144115233775727695"): Member(True, "Enter")}

    def test_event_time_may_be_a_string_of_digits(self) -> None:
        assert webhook({**SEAT, "EventTime": "1670574414123"}).occurred_at == 1670574414123

    @pytest.mark.parametrize(("wire", "read"), [("false", False), ("true", True), (1, True), (0, False)])
    def test_flags_may_be_words_or_numbers(self, wire: Any, read: bool) -> None:
        facts = asserted(update("r", IsCloudRecordingDisabled=wire))
        assert facts[Key("room")].fields == {"is_cloud_recording_disabled": read}

    def test_unknown_fields_are_no_reason_to_refuse(self) -> None:
        assert webhook({**SEAT, "NewField": {"a": [1]}}).unreadable is None

    def test_a_register_named_twice_means_the_later(self) -> None:
        twice = asserted(seats("r", seat(1, "ann"), seat(1, "bob")))
        assert twice == {Key("seat", 1): Seat("bob")}

    def test_null_is_read_as_absent(self) -> None:
        facts = asserted(create("r", RoomName=None, MaxSeatCount=4))
        assert facts[Key("room")].fields == {"max_seat_count": 4}

    def test_a_flag_or_a_command_that_is_null_is_absent(self) -> None:
        assert asserted(seats("r", {"Index": 0, "IsTakenDisabled": None})) == {Key("seat", 0): Seat()}
        taken = webhook(SEAT | {"CallbackCommand": None}, url_command="Mic.CallbackAfterSeatInfoChanged")
        assert taken.event_id == webhook(SEAT).event_id

    def test_a_url_that_names_the_command_otherwise_is_not_misnamed(self) -> None:
        payload = members("r", "Online", "ann")
        assert not webhook(payload, url_command="Live.CallbackMemberStateChanged").is_misnamed

    def test_both_names_of_a_command_are_recorded_as_one(self) -> None:
        payload = {**members("r", "Online", "ann"), "CallbackCommand": "Live.CallbackMemberStateChanged"}
        assert webhook(payload).command == "Live.CallbackAfterMemberStateChanged"
        assert webhook(payload).event_id == webhook(members("r", "Online", "ann")).event_id

    def test_the_body_names_the_command_where_the_url_disagrees(self) -> None:
        taken = webhook(SEAT, url_command="Live.CallbackAfterModifyAdmin")
        assert (taken.command, taken.is_misnamed) == ("Mic.CallbackAfterSeatInfoChanged", True)

    def test_the_url_names_the_command_where_the_body_does_not(self) -> None:
        nameless = {name: value for name, value in SEAT.items() if name != "CallbackCommand"}
        taken = webhook(nameless, url_command="Mic.CallbackAfterSeatInfoChanged")
        assert taken.units == webhook(SEAT).units
        assert taken.event_id == webhook(SEAT).event_id


class TestUnreadable:
    @pytest.mark.parametrize(
        ("wire", "why"),
        [
            (b"\xff{}", "The body is not UTF-8."),
            (b"", "The body is not JSON: Expecting value at character 0."),
            (b"{", "The body is not JSON: Expecting property name enclosed in double quotes at character 1."),
            (b"[]", "The body is not a JSON object."),
            (b'"text"', "The body is not a JSON object."),
            (b'{"a":1,"a":1}', "The body has a key twice in one object."),
            (b'{"a":NaN}', "The body has a number that is not JSON (NaN or Infinity)."),
            (b'{"a":-Infinity}', "The body has a number that is not JSON (NaN or Infinity)."),
            (b'{"a":1e999}', "The body has a number that is out of range."),
            (b'{"a":' + b"9" * 10_000 + b"}", "The body has a number that is out of range."),
            (rb'{"a":"\ud800"}', "The body has a lone surrogate in a string."),
            (rb'{"\ud800":1}', "The body has a lone surrogate in a string."),
            (rb'{"a":["\uD83D"]}', "The body has a lone surrogate in a string."),
            (rb'{"a":"\uDAff"}', "The body has a lone surrogate in a string."),
            (rb'{"a":"\udbFF"}', "The body has a lone surrogate in a string."),
            (rb'{"a":"\udE00"}', "The body has a lone surrogate in a string."),
            (b'{"a":' + b"[" * 31 + b"]" * 31 + b"}", "The body is nested too deeply."),
            (b'{"a":' + b"[" * 30_000, "The body is nested too deeply."),
            (b'{"a":' + b"[" * 32_767, "The body is nested too deeply."),
            (b'{"a":' + b"[" * 32_768, "The body has more than 32768 values."),
            (b'{"a":[' + b"{}," * 20_000 + b"1]}", "The body has more than 32768 values."),
            (b"[" + b"1," * 32_768, "The body has more than 32768 values."),
            (b'{"RoomId":"r"}', "CallbackCommand is not a string."),
            (b'{"CallbackCommand":""}', "CallbackCommand is empty."),
            (b'{"CallbackCommand":["x"]}', "CallbackCommand is not a string."),
            (body(SEAT | {"RoomId": ""}), "RoomId is empty."),
            (body(SEAT | {"RoomId": None}), "RoomId is missing."),
            (body(SEAT | {"RoomId": "r" * 257}), "RoomId is longer than 256 bytes."),
            (body(SEAT | {"RoomId": True}), "RoomId is not a string."),
            (body(SEAT | {"SeatList": {}}), "SeatList is not a list."),
            (body(SEAT | {"SeatList": [7]}), "SeatList.0 is not an object."),
            (body(seats("r", seat(0), {})), "SeatList.1.Index is missing."),
            (body(seats("r", seat(-1))), "SeatList.0.Index is not between 0 and 999999999999999."),
            (body(SEAT | {"SeatList": [{"Index": True}]}), "SeatList.0.Index is not a whole number."),
            (body(SEAT | {"SeatList": [{"Index": 1.0}]}), "SeatList.0.Index is not a whole number."),
            (body(SEAT | {"SeatList": [{"Index": "\u0661"}]}), "SeatList.0.Index is not a whole number."),
            (body(SEAT | {"SeatList": [{"Index": "+1"}]}), "SeatList.0.Index is not a whole number."),
            (
                body(seats("r", seat(1, "ann", Taken="no"))),
                "SeatList.0.IsTakenDisabled is neither true nor false.",
            ),
            (body(SEAT | {"EventTime": "soon"}), "EventTime is not a whole number."),
            (body(SEAT | {"EventTime": -1}), "EventTime is not between 0 and 999999999999999."),
            (body(admins("r", "grant", "ann")), "opType is not 'add' or 'delete'."),
            (body(members("r", "Idle", "ann")), "EventType is not 'Online' or 'Offline'."),
            (body(members("r", "Online", "")), "MemberList.0.Member_Account is empty."),
            (body(create("r", RoomName="x" * 4097)), "RoomInfo.RoomName is longer than 4096 bytes."),
            (body(create("r", Category=[1, "x"])), "RoomInfo.Category is not a whole number."),
        ],
    )
    def test_it_is_kept_whole_and_says_why(self, wire: bytes, why: str) -> None:
        # WHEN it is decoded
        taken = webhook(wire)
        # THEN the sender learns why, and the payload is there to be replayed
        assert (taken.unreadable, taken.payload) == (why, wire)
        assert [unit.assertions for unit in taken.units] == [()]

    @pytest.mark.parametrize(
        "value",
        [
            rb'"\ud83d\ude00"',
            rb'"\\ud800"',
            b"[" * 29 + b"[1],[2],[3]" + b"]" * 29,
            b"[" + b"1," * 32_000 + b"1]",
            b'["' + b"," * 32_000 + b'"]',
        ],
        ids=["a character in two halves", "no escape", "31 levels", "many values", "a text of commas"],
    )
    def test_what_is_not_quite_too_much_is_read(self, value: bytes) -> None:
        taken = webhook(b'{"CallbackCommand":"Live.CallbackAfterTomorrow","a":' + value + b"}")
        assert taken.unreadable is None

    @pytest.mark.parametrize(("ahead", "refused"), [(MAX_AHEAD_MS, False), (MAX_AHEAD_MS + 1, True)])
    def test_a_time_more_than_five_minutes_ahead_is_refused(self, ahead: int, refused: bool) -> None:
        taken = webhook(seats("r", seat(1, "ann"), at=NOW + ahead))
        assert (taken.unreadable is not None) == refused

    @given(st.binary())
    def test_any_bytes_give_a_webhook(self, wire: bytes) -> None:
        taken = webhook(wire)
        assert taken.payload == wire
        assert taken.units

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
        st.sampled_from(sorted({"RoomId", "SeatList", "EventTime", "Operator_Account", "CallbackCommand"})),
    )
    def test_any_value_in_any_field_gives_a_webhook(self, value: Any, field: str) -> None:
        taken = webhook(json.dumps(SEAT | {field: value}))
        assert taken.unreadable is None or field in taken.unreadable or "The body" in taken.unreadable


class TestIdentity:
    def test_white_space_and_the_order_of_keys_do_not_matter(self) -> None:
        reordered = json.dumps(dict(reversed(SEAT.items())), indent=2)
        assert webhook(reordered).event_id == webhook(SEAT).event_id

    def test_apps_and_contents_differ(self) -> None:
        ids = {
            webhook(SEAT).event_id,
            webhook(SEAT, app="1400000002").event_id,
            webhook(SEAT | {"EventTime": 1_001}).event_id,
            webhook(SEAT | {"RoomId": "R"}).event_id,
        }
        assert len(ids) == 4

    def test_what_has_a_time_is_the_same_whenever_it_comes(self) -> None:
        first, second = webhook(SEAT), webhook(SEAT, received_at=NOW + 1)
        assert (first.event_id, first.occurred_at) == (second.event_id, 1_000)

    def test_what_has_no_time_is_another_event_each_time(self) -> None:
        timeless = seats("r", seat(1, "ann"), at=None)
        first, second = webhook(timeless), webhook(timeless, received_at=NOW + 1)
        assert first.event_id != second.event_id
        assert (first.occurred_at, second.occurred_at) == (NOW, NOW + 1)

    def test_a_live_room_is_created_at_its_create_time_where_it_has_no_other(self) -> None:
        assert webhook(create("r", at=None, CreateTime=1703589922)).occurred_at == 1703589922000
        assert webhook(create("r", at=5, CreateTime=1703589922)).occurred_at == 5


def test_the_app_and_the_operator_are_taken_over() -> None:
    taken = webhook(SEAT | {"Operator_Account": "admin"}, opt_platform="RESTAPI")
    assert (taken.sdk_app_id, taken.operator, taken.opt_platform) == (APP, "admin", "RESTAPI")
