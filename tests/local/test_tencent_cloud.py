"""The simulated Tencent: what it knows, whom it answers, and what it says of itself."""

import base64
import json
import zlib
from typing import Any
from urllib.parse import urlencode

import pytest
from urllib3 import HTTPConnectionPool

from local.tencent_cloud.caller import App
from local.tencent_cloud.cloud import Direct, SimulatedTencent
from local.tencent_cloud.server import HOST, serve
from roomstate.reconcile.ask import ask as ask_all
from roomstate.reconcile.rest import Administrator, Connection, TencentApi
from tests.commands import COMMANDS
from tests.payloads import webhook

KEY = "sample key"
NOW = 1_700_000_000_000
"""ms; at which Live's cache happens to be renewed."""
# Signed with no code of this project: printf … | openssl dgst -sha256 -hmac "sample key" -binary | base64
SIG = "ycFuhFOLnIKYcpUkeqEq9HHqkd0MWpxmECXUT74RUZI="


class Clock:
    now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tencent(clock: Clock) -> SimulatedTencent:
    return SimulatedTencent(App(1400000001, KEY), clock)


def usersig(**claims: Any) -> str:
    made = {
        "TLS.ver": "2.0",
        "TLS.identifier": "administrator",
        "TLS.sdkappid": 1400000001,
        "TLS.expire": 600,
        "TLS.time": NOW // 1000,
        "TLS.sig": SIG,
    } | claims
    packed = base64.b64encode(zlib.compress(json.dumps(made).encode())).decode()
    return packed.replace("+", "*").replace("/", "-").replace("=", "_")


def ask(
    tencent: SimulatedTencent, path: str, request: dict[str, Any], sig: str | None = None, **query: Any
) -> Any:
    parameters = {
        "sdkappid": "1400000001",
        "identifier": "administrator",
        "usersig": usersig() if sig is None else sig,
        "random": "7",
        "contenttype": "json",
    } | query
    known = {name: value for name, value in parameters.items() if value is not None}
    answer = tencent.post(f"/v4/{path}?{urlencode(known)}", json.dumps(request).encode())
    assert answer is not None
    status, content = answer
    assert status == 200
    return json.loads(content)


class TestCallers:
    def test_an_administrator_is_answered(self, tencent: SimulatedTencent) -> None:
        tencent.create("live", "r", "owner")
        answer = ask(tencent, "live_engine_http_srv/get_room_info", {"RoomId": "r"})
        assert (answer["ActionStatus"], answer["ErrorCode"]) == ("OK", 0)

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"sdkappid": None}, 60012),
            ({"sdkappid": "1400000002"}, 60006),
            ({"identifier": "ann"}, 60010),
            ({"contenttype": "xml"}, 60009),
            ({"random": None}, 60009),
            ({"random": str(2**32)}, 60009),
            ({"sig": ""}, 60004),
            ({"sig": "eJyr"}, 60004),
            ({"sig": usersig(**{"TLS.sig": "x"})}, 60004),
            ({"sig": usersig(**{"TLS.expire": 601})}, 60004),
            ({"sig": usersig(**{"TLS.time": NOW // 1000 + 1})}, 60004),
            ({"sig": usersig(**{"TLS.ver": "1.0"})}, 60004),
        ],
    )
    def test_nobody_else_is(self, tencent: SimulatedTencent, wrong: dict[str, Any], code: int) -> None:
        tencent.create("live", "r", "owner")
        answer = ask(tencent, "live_engine_http_srv/get_room_info", {"RoomId": "r"}, **wrong)
        assert (answer["ActionStatus"], answer["ErrorCode"]) == ("FAIL", code)
        assert "Response" not in answer

    def test_a_usersig_ends(self, tencent: SimulatedTencent, clock: Clock) -> None:
        clock.now += 600_000
        answer = ask(tencent, "live_engine_http_srv/get_room_info", {"RoomId": "r"})
        assert answer["ErrorCode"] == 60004


class TestCommands:
    @pytest.mark.parametrize(
        ("product", "path", "code"),
        [
            ("live", "room_engine_http_srv/get_room_info", 100006),
            ("room", "live_engine_http_srv/get_room_info", 100006),
            ("room", "live_engine_http_srv/get_admin_list", 100006),
            ("live", "room_engine_http_mic/get_seat_list", 100211),
            ("live", "live_engine_http_srv/destroy_room", 60009),
            ("live", "live_engine_http_srv/get_member_list", 100002),
        ],
    )
    def test_what_is_asked_wrongly(
        self, tencent: SimulatedTencent, product: Any, path: str, code: int
    ) -> None:
        tencent.create(product, "r", "owner")
        assert ask(tencent, path, {"RoomId": "r"})["ErrorCode"] == code

    def test_a_room_that_is_not_there(self, tencent: SimulatedTencent) -> None:
        for path in ("live_engine_http_srv/get_room_info", "room_engine_http_mic/get_seat_list"):
            assert ask(tencent, path, {"RoomId": "r"})["ErrorCode"] == 100004

    def test_lives_member_list_is_a_picture_of_forty_seconds(
        self, tencent: SimulatedTencent, clock: Clock
    ) -> None:
        # GIVEN a picture that was taken just now
        tencent.create("live", "r", "owner")
        # WHEN ann comes and goes, THEN each shows with the next picture
        pictures = []
        acts = {1: tencent.enter, 40_000: tencent.leave}
        for at in (1, 39_999, 40_000, 79_999, 80_000):
            clock.now = NOW + at
            if at in acts:
                acts[at]("r", "ann")
            pictures.append(self.listed(tencent))
        assert pictures == [[], [], ["ann"], ["ann"], []]

    @staticmethod
    def listed(tencent: SimulatedTencent) -> list[str]:
        answer = ask(tencent, "live_engine_http_srv/get_member_list", {"RoomId": "r", "Next": ""})
        members = answer["Response"]["MemberList"]
        assert answer["Response"]["MemberCount"] == len(members)
        return [member["Member_Account"] for member in members]


class TestWebhooks:
    @pytest.mark.parametrize("product", ["live", "room"])
    def test_each_is_one_that_the_receiver_reads(self, tencent: SimulatedTencent, product: Any) -> None:
        # GIVEN all that may happen in a room
        tencent.create(product, "r", "ann", seats=1, RoomName="a")
        tencent.update("r", RoomName="b")
        tencent.enter("r", "bob", "cat")
        tencent.seat("r", 0, "bob", Audio=True)
        tencent.appoint("r", "bob")
        tencent.dismiss("r", "bob")
        tencent.change_owner("r", "bob")
        if product == "live":
            tencent.set_metadata("r", k="v")
            tencent.delete_metadata("r", "k")
        tencent.leave("r", "bob")
        tencent.destroy("r")
        # THEN
        for body in tencent.webhooks:
            arrived = webhook(body, received_at=NOW)
            assert arrived.unreadable is None
            assert arrived.occurred_at == NOW
            assert arrived.command in COMMANDS
            assert arrived.units[0].room_id == "r"
            assert arrived.units[0].assertions
        assert len(tencent.webhooks) == (11 if product == "live" else 6)


@pytest.mark.parametrize("product", ["live", "room"])
def test_over_http_it_says_the_same_as_without(tencent: SimulatedTencent, clock: Clock, product: Any) -> None:
    # GIVEN
    tencent.create(product, "a/b ü", "owner", seats=3, RoomName="a")
    tencent.enter("a/b ü", *(f"user{n}" for n in range(250)))
    tencent.seat("a/b ü", 1, "user1")
    tencent.appoint("a/b ü", "user2")
    clock.now += 60_000
    administrator = Administrator(1400000001, "administrator", KEY)
    # WHEN
    with serve(tencent) as port:
        over_http, without = (
            ask_all(
                TencentApi(connection, administrator, lambda: clock() / 1000).call, "a/b ü", product, clock
            )
            for connection in (Connection(HTTPConnectionPool(HOST, port)), Direct(tencent))
        )
    # THEN
    assert over_http == without
    assert over_http.failures == ()
    assert over_http.members is not None
    assert len(over_http.members.listed) == 250
