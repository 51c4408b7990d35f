"""Differences, cut into webhooks of our own."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from roomstate.aws.items import record_item
from roomstate.log.record import log_record
from roomstate.reconcile.answers import Answers, Command
from roomstate.reconcile.compare import Dated
from roomstate.reconcile.webhooks import MAX_ANSWERS_BYTES, webhooks
from roomstate.state.decide import decide
from roomstate.state.registers import ROOM, Admin, Assertion, Key, Member, Metadata, RoomFacts, Seat
from roomstate.state.webhook import Webhook
from roomstate.tencent.body import MAX_DEPTH
from roomstate.tencent.delivery import MAX_BODY_BYTES
from roomstate.tencent.units import MAX_ASSERTIONS
from roomstate.tencent.wire import MAX_METADATA_BYTES, MAX_TEXT_BYTES
from tests.payloads import APP, NOW
from tests.reconcile.rooms import ASKED, ASKED_AT, live

SEATS = Command("room_engine_http_mic", "get_seat_list")

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
facts: st.SearchStrategy[Assertion] = st.one_of(
    st.builds(
        lambda index, *seat: (Key("seat", index), Seat(*seat)),
        st.integers(0, 200),
        st.none() | names,
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    st.builds(lambda user, present: (Key("admin", user), Admin(present)), names, st.booleans()),
    st.builds(lambda user, here: (Key("member", user), Member(here, "Reconciled")), names, st.booleans()),
    st.builds(lambda key, value: (Key("metadata", key), Metadata(value)), names, st.text(max_size=9)),
)


def cut(assertions: Any, answers: Answers | None = None, room: str = "r") -> list[Webhook]:
    return webhooks(APP, room, Dated(ASKED, tuple(assertions)), answers or live(), NOW)


def asserted(made: list[Webhook]) -> dict[Any, Any]:
    """What they assert: each in one unit, and nothing twice."""
    assert [(one.unreadable, len(one.units)) for one in made] == [(None, 1)] * len(made)
    found = [assertion for one in made for assertion in one.units[0].assertions]
    assert len(dict(found)) == len(found)
    return dict(found)


def item_bytes(one: Webhook) -> int:
    """A record's, with the names, where nothing was held before."""
    [unit] = one.units
    changes = decide(one.version, unit.assertions, {}).changes
    item = record_item(log_record(one, 0, changes, won=True, expires_at=0))
    return len(json.dumps(item, ensure_ascii=False).encode())


@given(wanted=st.dictionaries(st.integers(), facts, max_size=40).map(dict.values), room=names)
def test_what_is_asserted_is_what_differs(wanted: Any, room: str) -> None:
    once = dict(wanted)
    if once:
        assert asserted(cut(once.items(), room=room)) == once


@settings(max_examples=30)
@given(wanted=st.lists(facts, min_size=1, max_size=10), later=st.integers(0, 10**6))
def test_made_again_it_is_the_same_event_whenever_it_is_made(wanted: list[Assertion], later: int) -> None:
    group = Dated(ASKED, tuple(dict(wanted).items()))
    once = webhooks(APP, "r", group, live(), NOW)
    again = webhooks(APP, "r", group, live(), NOW + later)
    assert [one.event_id for one in once] == [one.event_id for one in again]


def test_what_was_asked_later_is_another_event() -> None:
    group = Dated(ASKED, ((Key("admin", "a"), Admin(True)),))
    [one] = webhooks(APP, "r", group, Answers(ASKED_AT, "live"), NOW)
    [other] = webhooks(APP, "r", group, Answers(ASKED_AT + 1, "live"), NOW)
    assert one.event_id != other.event_id


def test_a_thousand_members_are_so_many_webhooks_and_one_holds_the_answers() -> None:
    # GIVEN
    wanted = {Key("member", f"user{n}"): Member(True, "Reconciled") for n in range(1_001)}
    # WHEN
    made = cut(wanted.items(), live(heard=((SEATS, {"SeatList": []}),)))
    # THEN
    assert asserted(made) == wanted
    assert len(made) == -(-1_001 // MAX_ASSERTIONS)
    assert len({one.event_id for one in made}) == len(made)
    bodies = [json.loads(one.payload) for one in made]
    assert [len(body["Answers"]) for body in bodies] == [1] + [0] * (len(made) - 1)
    assert {body["AskedAt"] for body in bodies} == {ASKED_AT}


def test_answers_that_do_not_fit_are_left_out_and_counted() -> None:
    large = {"SeatList": ["x" * (MAX_ANSWERS_BYTES // 2)]}
    [one] = cut([(Key("admin", "a"), Admin(True))], live(heard=((SEATS, large), (SEATS, large), (SEATS, {}))))
    body = json.loads(one.payload)
    assert [answer["Response"] for answer in body["Answers"]] == [large, {}]
    assert body["AnswersLeftOut"] == 1


def test_answers_of_very_many_values_or_of_great_depth_do_not_make_it_unreadable() -> None:
    deep: Any = []
    for _ in range(MAX_DEPTH - 4):
        deep = [deep]
    many = {"SeatList": [0] * 20_000}
    for heard in (((SEATS, many), (SEATS, many)), ((SEATS, {"SeatList": deep}),)):
        [one] = cut([(Key("admin", "a"), Admin(True))], live(heard=heard))
        assert asserted([one]) == {Key("admin", "a"): Admin(True)}
        assert json.loads(one.payload)["AnswersLeftOut"] == 1


def test_the_dearest_differences_fit_records_and_bodies() -> None:
    # GIVEN values of characters that JSON writes in six bytes, and answers as large as they come
    control = "\x01"
    texts = ("room_name", "room_type", "take_seat_mode", "custom_info", "cover_url", "background_url")
    wanted: dict[Key, Any] = {ROOM: RoomFacts(dict.fromkeys(texts, control * MAX_TEXT_BYTES))}
    wanted |= {Key("metadata", f"k{n}"): Metadata(control * MAX_METADATA_BYTES) for n in range(12)}
    wanted |= {Key("member", f"{n:03}" + control * 253): Member(True, "Reconciled") for n in range(150)}
    heard = tuple((SEATS, {"SeatList": ["y" * 30_000]}) for _ in range(4))
    # WHEN
    made = cut(wanted.items(), live(heard=heard), room=control * 256)
    # THEN
    assert asserted(made) == wanted
    for one in made:
        assert len(one.payload) <= MAX_BODY_BYTES
        assert item_bytes(one) <= 409_600


def test_values_full_of_commas_fit_too() -> None:
    """A body may have so many commas and brackets, in texts or not (`body.parse`)."""
    commas = "," * MAX_METADATA_BYTES
    wanted: dict[Key, Any] = {Key("metadata", f"k{n}"): Metadata(commas) for n in range(6)}
    made = cut(wanted.items())
    assert asserted(made) == wanted
