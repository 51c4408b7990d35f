"""The read API at its function: what each route answers, and what becomes of everything else."""

import io
import json
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.aws.embedded import TABLE_NAME
from roomstate.aws import past
from roomstate.aws.deadline import Deadline, OutOfTime
from roomstate.aws.reader import Reader
from roomstate.aws.store import Store
from roomstate.read import answer as answering
from roomstate.read.errors import Code
from roomstate.read.place import Place
from roomstate.read.routes import PATHS
from roomstate.tencent.errors import Unavailable
from roomstate.tencent.wire import MAX_INTEGER
from tests.payloads import (
    AN_HOUR,
    APP,
    Payload,
    Ticking,
    admins,
    create,
    destroy,
    members,
    seat,
    seats,
    set_metadata,
    webhook,
)
from tests.read.api import NEEDED, ask, make_api
from tests.read.conftest import Function

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ROUTES = [path.removeprefix("/v1/") for path in PATHS]
STORY = [
    create("r", 1_000, RoomName="a room", Owner_Account="ann"),
    members("r", "Online", "ann", "bob", at=2_000),
    seats("r", seat(1, "ann", Audio=True), at=3_000),
    admins("r", "add", "bob", at=4_000),
    set_metadata("r", 5_000, key="value"),
]


def deliver(store: Store, *payloads: Payload) -> None:
    for payload in payloads:
        store.record(webhook(payload), AN_HOUR)


def shown(answer: dict[str, Any]) -> Any:
    """What a success shows."""
    assert answer["statusCode"] == 200, answer
    assert answer["headers"]["Content-Type"] == "application/json"
    return json.loads(answer["body"])


def error(answer: dict[str, Any]) -> tuple[int, str]:
    """Status and code of an error, which has its one shape."""
    body = json.loads(answer["body"])
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"code", "message"}
    assert body["error"]["message"]
    assert answer["headers"] | {"retry-after": "1"} == {
        "Content-Type": "application/json",
        "cache-control": "no-store",
        "retry-after": "1",
    }
    code = Code(body["error"]["code"])
    assert answer["statusCode"] == code.status
    return code.status, code.value


def message(answer: dict[str, Any]) -> str:
    error(answer)
    text: str = json.loads(answer["body"])["error"]["message"]
    return text


class TestARouteAnswers:
    @pytest.fixture(autouse=True)
    def room(self, store: Store) -> None:
        deliver(store, *STORY)

    def test_rooms(self, function: Function) -> None:
        assert shown(function.get("rooms", sdk_app_id=APP)) == {
            "rooms": [
                {
                    "sdk_app_id": APP,
                    "room_id": "r",
                    "status": "live",
                    "started_at": 1_000,
                    "ended_at": None,
                    "owner": "ann",
                    "info": {"room_name": "a room"},
                }
            ],
            "next": None,
        }

    def test_a_room(self, function: Function) -> None:
        expected = {
            "sdk_app_id": APP,
            "room_id": "r",
            "status": "live",
            "started_at": 1_000,
            "ended_at": None,
            "owner": "ann",
            "info": {"room_name": "a room"},
            "metadata": {"key": "value"},
            "seats": [
                {
                    "index": 1,
                    "user_id": "ann",
                    "locked": False,
                    "audio_disabled": True,
                    "video_disabled": False,
                    "updated_at": 3_000,
                }
            ],
            "admins": [{"user_id": "bob", "updated_at": 4_000}],
            "member_count": None,
            "folded": None,
        }
        assert shown(function.get("room", sdk_app_id=APP, room_id="r")) == expected
        counted = function.get("room", sdk_app_id=APP, room_id="r", count="members")
        assert shown(counted) == {**expected, "member_count": 2}
        was = shown(function.get("room", sdk_app_id=APP, room_id="r", at=2_000, count="members"))
        assert was["folded"].keys() == {"records", "since"}
        assert was == {
            **expected,
            "metadata": {},
            "seats": [],
            "admins": [],
            "member_count": 2,
            "folded": {"records": 2, "since": was["folded"]["since"]},
        }

    def test_members(self, function: Function) -> None:
        ann, bob = ({"user_id": user, "cause": "Enter", "updated_at": 2_000} for user in ("ann", "bob"))
        page = shown(function.get("members", sdk_app_id=APP, room_id="r", limit=1))
        assert page == {"members": [ann], "next": page["next"], "folded": None}
        rest = function.get("members", sdk_app_id=APP, room_id="r", limit=9, next=page["next"])
        assert shown(rest) == {"members": [bob], "next": None, "folded": None}
        assert shown(function.get("members", sdk_app_id=APP, room_id="r", at=1_000))["members"] == []

    def test_a_member(self, function: Function) -> None:
        assert shown(function.get("member", sdk_app_id=APP, room_id="r", user_id="ann")) == {
            "online": True,
            "cause": "Enter",
            "updated_at": 2_000,
            "is_owner": True,
            "is_admin": False,
            "seats": [1],
        }

    def test_where_a_user_is(self, function: Function) -> None:
        assert shown(function.get("user", sdk_app_id=APP, user_id="bob")) == {
            "user_id": "bob",
            "rooms": [
                {
                    "room_id": "r",
                    "started_at": 1_000,
                    "cause": "Enter",
                    "updated_at": 2_000,
                    "is_owner": False,
                    "is_admin": True,
                    "seats": [],
                }
            ],
            "next": None,
        }

    def test_a_log(self, function: Function, reader: Reader) -> None:
        page = shown(function.get("log", sdk_app_id=APP, room_id="r", order="desc", limit=1))
        [record] = page["records"]
        assert page["next"] is not None
        assert record == reader.log(APP, "r", order="desc").records[0].model_dump(mode="json")
        assert record["facts"] == [{"kind": "metadata", "key": "key", "value": "value"}]
        between = shown(function.get("log", sdk_app_id=APP, room_id="r", start=2_000, end=4_000))
        assert [record["occurred_at"] for record in between["records"]] == [2_000, 3_000]
        assert between["next"] is None

    def test_the_document(self, function: Function) -> None:
        assert shown(function("openapi.json"))["openapi"].startswith("3.1")


TOO_LONG = "x" * 257
BAD = {
    "sdk_app_id": ["", "x", "-1", "1" * 21, "\uff11", "1.0", " 1", "1\n", "\0"],
    "room_id": ["", TOO_LONG, "文" * 86],
    "user_id": ["", TOO_LONG, "😀" * 65],
    "at": ["", "-1", "x", "1.0", "1e3", "+1", " 1", "1_000", "\u0661", "9" * 16, "9" * 5_000],
    "start": ["", "-1", "1.5", "0x10", "null"],
    "end": ["", "-1", "1.5", "9" * 100],
    "limit": ["", "0", "-1", "x", "1.0", "1_0", "\uff11", "9" * 30],
    "order": ["", "ASC", "asc ", "up"],
    "count": ["", "seats", "1"],
    "next": ["", "x", "=", "A" * 5_000, "\0", "../../x"],
}
TAKES = {
    "rooms": ["sdk_app_id", "limit", "next"],
    "room": ["sdk_app_id", "room_id", "at", "count"],
    "members": ["sdk_app_id", "room_id", "limit", "next", "at"],
    "member": ["sdk_app_id", "room_id", "user_id"],
    "user": ["sdk_app_id", "user_id", "limit", "next"],
    "log": ["sdk_app_id", "room_id", "start", "end", "order", "limit", "next"],
}


class TestAMalformedParameter:
    @pytest.mark.parametrize(("route", "name"), [(r, n) for r, names in TAKES.items() for n in names])
    def test_is_a_400_that_names_it(self, function: Function, route: str, name: str) -> None:
        for value in BAD[name]:
            answer = function.get(route, **NEEDED[route] | {name: value})
            assert error(answer)[0] == 400, value
            assert name in message(answer)

    @pytest.mark.parametrize(
        ("route", "most"), [("rooms", 100), ("members", 1_000), ("user", 100), ("log", 200)]
    )
    def test_a_limit_has_its_range(self, function: Function, store: Store, route: str, most: int) -> None:
        deliver(store, *STORY)
        assert shown(function.get(route, **NEEDED[route], limit=1))
        assert shown(function.get(route, **NEEDED[route], limit=most))
        assert str(most) in message(function.get(route, **NEEDED[route], limit=most + 1))

    @pytest.mark.parametrize(("route", "name"), [(r, n) for r, needed in NEEDED.items() for n in needed])
    def test_or_one_that_is_missing_too(self, function: Function, route: str, name: str) -> None:
        left = {other: value for other, value in NEEDED[route].items() if other != name}
        assert message(function.get(route, **left)) == f"{name} is missing."

    @pytest.mark.parametrize("route", ROUTES)
    def test_or_one_that_is_there_twice(self, function: Function, route: str) -> None:
        for name in NEEDED[route]:
            answer = function(route, f"{urlencode(NEEDED[route])}&{name}=again")
            assert error(answer) == (400, "parameter_invalid")
            assert name in message(answer)

    @pytest.mark.parametrize("route", ROUTES)
    @pytest.mark.parametrize("name", ["At", "limt", "SdkAppid", "", "next ", "'\n\0", "a" * 300])
    def test_or_one_that_the_route_does_not_know(self, function: Function, route: str, name: str) -> None:
        answer = function.get(route, **NEEDED[route] | {name: "1"})
        assert error(answer) == (400, "parameter_invalid")
        assert "is not one of this route" in message(answer)
        assert len(message(answer)) < 120

    def test_what_signs_a_url_is_none(self, function: Function) -> None:
        signed = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Signature": "ab"}
        assert shown(function.get("rooms", **NEEDED["rooms"], **signed))


@pytest.mark.parametrize("route", [route for route in ROUTES if NEEDED[route]])
def test_an_app_that_is_not_served_is_a_404(function: Function, store: Store, route: str) -> None:
    store.record(webhook(create("r", Owner_Account="ann"), app="1400000009"), AN_HOUR)
    answer = function.get(route, **NEEDED[route] | {"sdk_app_id": "1400000009"})
    assert error(answer) == (404, "app_unknown")


def test_the_other_app_is_served_too(function: Function) -> None:
    assert shown(function.get("rooms", sdk_app_id="1400000002")) == {"rooms": [], "next": None}


@pytest.mark.parametrize("route", ["room", "members", "member"])
def test_a_room_that_was_never_heard_of_is_a_404(function: Function, route: str) -> None:
    assert error(function.get(route, **NEEDED[route])) == (404, "room_unknown")
    if route != "member":
        assert error(function.get(route, **NEEDED[route], at=1_000)) == (404, "room_unknown")


def test_the_log_of_a_room_that_was_never_heard_of_is_empty(function: Function) -> None:
    assert shown(function.get("log", **NEEDED["log"])) == {"records": [], "next": None}


@pytest.mark.parametrize("route", ["", "room/", "rooms/r", "Rooms", "x", "room\n\n"])
def test_there_is_no_other_route(function: Function, route: str) -> None:
    assert error(function(route)) == (404, "route_unknown")
    assert error(function(route, f"sdk_app_id={APP}")) == (404, "route_unknown")


def test_there_is_no_other_method(function: Function) -> None:
    answer = function("rooms", f"sdk_app_id={APP}", method="POST")
    assert error(answer) == (404, "route_unknown")


class TestANext:
    @pytest.fixture
    def tokens(self, function: Function, store: Store) -> dict[str, str]:
        """One of each list, by route."""
        deliver(store, *STORY, *(create(f"r{n}", 1_000 + n) for n in range(3)))
        deliver(store, *(members(f"r{n}", "Online", "ann", "cy", at=2_000) for n in range(3)))
        found = {
            route: shown(function.get(route, **NEEDED[route], limit=1))["next"]
            for route in ("rooms", "members", "user", "log")
        }
        assert all(found.values())
        return found

    @pytest.mark.parametrize("route", ["rooms", "members", "user", "log"])
    def test_of_another_list_is_a_400(self, function: Function, tokens: dict[str, str], route: str) -> None:
        for other, token in tokens.items():
            answer = function.get(route, **NEEDED[route], next=token)
            assert answer["statusCode"] == (200 if other == route else 400)
        others: dict[str, list[dict[str, Any]]] = {
            "rooms": [],
            "members": [{"room_id": "r1"}, {"at": 9_000}],
            "user": [{"user_id": "bob"}],
            "log": [{"room_id": "r1"}, {"order": "desc"}, {"start": 1}, {"end": 9_000}],
        }
        for changed in [{"sdk_app_id": "1400000002"}, *others[route]]:
            answer = function.get(route, **NEEDED[route] | {"next": tokens[route]} | changed)
            assert error(answer) == (400, "next_invalid")
            assert "next" in message(answer)

    def test_goes_with_any_limit(self, function: Function, tokens: dict[str, str]) -> None:
        for limit in (1, 50):
            assert shown(function.get("members", **NEEDED["members"], next=tokens["members"], limit=limit))

    @pytest.mark.parametrize("position", ["1", "x#y", "0" * 15 + "#" + "g" * 32 + "#00000", "\0" * 54])
    def test_of_a_log_that_was_made_up_is_a_400(self, function: Function, position: str) -> None:
        """Its digest has no key: anybody who reads this can make one."""
        forged = Place("log", APP, "r", 0, MAX_INTEGER, "asc").seal(position)
        assert error(function.get("log", **NEEDED["log"], next=forged)) == (400, "next_invalid")

    @given(position=st.text(min_size=1, max_size=100))
    @settings(max_examples=20)
    def test_that_was_made_up_leads_into_its_own_list_at_most(
        self,
        function: Function,
        known: None,  # noqa: ARG002  what there is
        position: str,
    ) -> None:
        for route, place in (
            ("rooms", Place("rooms", APP)),
            ("members", Place("members", APP, "r", None)),
            ("user", Place("user", APP, "ann")),
        ):
            answer = function.get(route, **NEEDED[route], next=place.seal(position))
            assert answer["statusCode"] == 200


class TestAnAnswerIsNotSentTwice:
    @pytest.mark.parametrize("route", ROUTES)
    def test_to_who_has_it(self, function: Function, store: Store, route: str) -> None:
        # GIVEN an answer
        deliver(store, *STORY)
        query = urlencode(NEEDED[route])
        first = function(route, query)
        tag = first["headers"]["etag"]
        assert first["headers"]["cache-control"] == "private, no-cache"
        # THEN whoever has it is told so, in each way to ask
        for has in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = function(route, query, if_none_match=has)
            assert (again["statusCode"], again["body"]) == (304, "")
            assert again["headers"]["etag"] == tag
        # AND nobody else
        for has in ('"other"', "", tag.strip('"'), f"{tag}x"):
            assert function(route, query, if_none_match=has)["statusCode"] == 200

    def test_but_is_anew_where_it_changed(self, function: Function, store: Store) -> None:
        deliver(store, *STORY)
        tag = function.get("room", **NEEDED["room"])["headers"]["etag"]
        deliver(store, seats("r", seat(2, "bob"), at=9_000))
        answer = function("room", urlencode(NEEDED["room"]), if_none_match=tag)
        assert len(shown(answer)["seats"]) == 2

    def test_also_of_an_earlier_moment(self, function: Function, store: Store) -> None:
        deliver(store, *STORY)
        asked = urlencode(NEEDED["room"] | {"at": 2_000})
        tag = function("room", asked)["headers"]["etag"]
        assert function("room", asked, if_none_match=tag)["statusCode"] == 304


class TestWhatIsTooMuch:
    def test_to_be_folded_is_a_422_that_says_so(self, function: Function, store: Store) -> None:
        deliver(store, *STORY)
        with patch.object(past, "MAX_RECORDS", 3):
            for route in ("room", "members"):
                answer = function.get(route, **NEEDED[route], at=9_000)
                assert error(answer) == (422, "too_many")
                assert "3 records" in message(answer)

    def test_for_one_answer_is_a_422_that_says_so(self, function: Function, store: Store) -> None:
        deliver(store, *STORY)
        with patch.object(answering, "MAX_ANSWER_BYTES", 300):
            assert error(function.get("room", **NEEDED["room"])) == (422, "too_many")


def test_without_an_index_of_users_it_says_so(reader: Reader) -> None:
    assert error(ask(make_api(reader, user_index="false"), "user")) == (409, "user_index_off")


class TestWhatFails:
    @pytest.mark.parametrize("route", [route for route in ROUTES if NEEDED[route]])
    def test_with_the_table_is_a_503_that_is_logged_and_counted(
        self,
        dynamodb: "DynamoDBClient",
        reader: Reader,
        capsys: pytest.CaptureFixture[str],
        route: str,
    ) -> None:
        # GIVEN no table
        dynamodb.delete_table(TableName=TABLE_NAME)
        log = io.StringIO()
        # WHEN
        answer = ask(make_api(reader, log), route)
        # THEN
        assert error(answer) == (503, "unavailable")
        assert answer["headers"]["retry-after"] == "1"
        assert json.loads(log.getvalue())["cause"] == "ResourceNotFoundException"
        assert '"ReadFailed":[1.0]' in capsys.readouterr().out

    @pytest.mark.parametrize("why", [OutOfTime(), Unavailable("in vain")])
    def test_for_the_time_is_a_503(self, why: Exception) -> None:
        assert error(ask(make_api(Failing(why)), "rooms")) == (503, "unavailable")

    def test_by_a_defect_is_a_500_in_the_same_shape(self, capsys: pytest.CaptureFixture[str]) -> None:
        log = io.StringIO()
        answer = ask(make_api(Failing(RuntimeError("about ann in r")), log), "member")
        assert error(answer) == (500, "internal")
        assert "ReadFailed" in capsys.readouterr().out
        # AND the log says where, and nothing of what was asked
        [line] = log.getvalue().splitlines()
        assert json.loads(line)["cause"].startswith("RuntimeError at test_api.py:")
        assert "ann" not in line

    def test_a_slow_table_is_left_before_the_function_is_cut_off(
        self, dynamodb: "DynamoDBClient", store: Store
    ) -> None:
        """Each call takes its second: those that would end too late are not begun."""
        deliver(store, *STORY)
        time = Ticking()
        began = time.now
        reader = Reader(dynamodb, TABLE_NAME, deadline=Deadline(5, time))
        assert error(ask(make_api(reader), "members")) == (503, "unavailable")
        assert time.now - began < 30


class Failing(Reader):
    """Fails at whatever it is asked."""

    def __init__(self, why: Exception) -> None:
        self._why = why

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_"):
            return super().__getattribute__(name)

        def fail(*_: Any, **__: Any) -> None:
            raise self._why

        return fail


names = st.one_of(st.sampled_from(sorted(BAD)), st.text(max_size=5), st.just("sdk_app_id"))
values = st.one_of(
    st.sampled_from([APP, "r", "ann", "1", "100", "members", "asc", "%", "%00", "%ff", "+", "", "%ed%a0%80"]),
    st.integers().map(str),
    st.text(max_size=8).map(lambda text: quote(text, safe="", errors="replace")),
    st.text(st.characters(), max_size=8),
    st.sampled_from(["9" * 5_000, "\ud800", "\0", "\uff11", "٣"]),
)
pairs = st.lists(st.tuples(names, values), max_size=6).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)
)


@pytest.fixture
def known(store: Store) -> None:
    deliver(store, *STORY, destroy("r", 500))


@settings(max_examples=300)
@given(
    route=st.sampled_from(ROUTES),
    more=st.one_of(pairs, st.text(max_size=30)),
    needed=st.booleans(),
    has=st.text(max_size=10),
)
def test_whatever_is_asked_is_answered_or_refused(
    dynamodb: "DynamoDBClient",  # noqa: ARG001  the function's
    function: Function,
    known: None,  # noqa: ARG001  what there is
    route: str,
    more: str,
    needed: bool,
    has: str,
) -> None:
    query = f"{urlencode(NEEDED[route])}&{more}" if needed else more
    answer = function(route, query, if_none_match=has)
    if answer["statusCode"] == 200:
        assert shown(answer)
    elif answer["statusCode"] != 304:
        assert error(answer)[0] in (400, 404)
    json.dumps(answer).encode()
