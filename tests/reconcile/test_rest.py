"""The REST client, over real sockets: what it sends, what it takes, and how long it waits."""

import json
import socket
from threading import Event, Thread
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

import pytest
from urllib3 import HTTPConnectionPool

from local.tencent_cloud.faults import FAULTS, Code, Raw
from local.tencent_cloud.server import HOST, serve
from roomstate.reconcile import rest
from roomstate.reconcile.answers import ROOM_INFO, SEATS
from roomstate.reconcile.errors import Busy, Failed, Gone, NoAnswer, Unreachable
from roomstate.reconcile.rest import Administrator, Connection, TencentApi
from tests.payloads import APP
from tests.reconcile.wire import HEAD, R, answering, api, call, plain, sending, simulated_tencent
from tests.reconcile.world import SECRET_KEY, START

UNREADABLE_FIELDS = {"missing fields", "null fields", "wrong types", "wrong types within"}
"""Of an answer that is whole otherwise: its model finds them, not the client."""


class TestWhatIsSent:
    def test_a_signed_post_with_all_parameters_encoded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # GIVEN a UserSig of all the characters that one may hold
        monkeypatch.setattr(rest, "usersig", lambda *_: "aZ09*-_")
        sent: list[tuple[str, str, bytes]] = []

        class Recorder(Connection):
            def post(self, command: str, target: str, body: bytes) -> tuple[int, bytes]:
                sent.append((command, target, body))
                return 502, b""

        administrator = Administrator(int(APP), "ad min&x=1", SECRET_KEY)
        # WHEN
        with pytest.raises(Unreachable):
            TencentApi(Recorder(HTTPConnectionPool(HOST)), administrator).call(SEATS, {"RoomId": "a/b ü"})
        # THEN
        [(command, target, body)] = sent
        path, _, query = target.partition("?")
        random = dict(parse_qsl(query))["random"]
        assert (command, path) == ("get_seat_list", "/v4/room_engine_http_mic/get_seat_list")
        assert query == (
            f"sdkappid={APP}&identifier=ad%20min%26x%3D1&usersig=aZ09%2A-_&random={random}&contenttype=json"
        )
        assert 0 <= int(random) < 2**32
        assert json.loads(body) == {"RoomId": "a/b ü"}

    def test_each_call_has_a_random_number_of_its_own(self) -> None:
        numbers = set()

        class Recorder(Connection):
            def post(self, command: str, target: str, body: bytes) -> tuple[int, bytes]:  # noqa: ARG002
                numbers.add(dict(parse_qsl(urlsplit(target).query))["random"])
                return 502, b""

        for _ in range(20):
            with pytest.raises(Unreachable):
                api(Recorder(HTTPConnectionPool(HOST))).call(SEATS, {})
        assert len(numbers) == 20

    def test_connections_are_kept(self) -> None:
        with serve(simulated_tencent()) as port:
            pool = HTTPConnectionPool(HOST, port, maxsize=rest.POOL)
            client = api(Connection(pool))
            for _ in range(5):
                client.call(ROOM_INFO["live"], {"RoomId": R})
            assert (pool.num_connections, pool.num_requests) == (1, 5)

    def test_a_usersig_is_good_for_five_minutes(self) -> None:
        # GIVEN a Tencent whose clock is ahead
        simulated, now = simulated_tencent(), START + (rest.USERSIG_S - 1) * 1000
        simulated.clock = lambda: now
        with serve(simulated) as port:
            # WHEN, THEN
            assert call(port)["RoomInfo"]["RoomId"] == R
            now += 1_000
            with pytest.raises(Failed, match="60004"):
                call(port)


class TestAnswers:
    @pytest.mark.parametrize("name", sorted(FAULTS.keys() - {"hang"} - UNREADABLE_FIELDS))
    def test_each_fault_is_one_of_the_exceptions(self, name: str) -> None:
        simulated = simulated_tencent()
        simulated.fail("get_room_info", FAULTS[name])
        with serve(simulated) as port, pytest.raises(NoAnswer):
            call(port)

    def test_a_room_that_is_gone(self) -> None:
        simulated = simulated_tencent()
        simulated.destroy(R)
        with serve(simulated) as port, pytest.raises(Gone, match=r"get_room_info: 100004 \(RequestId Id-"):
            call(port)

    def test_busy_is_tried_again_after_random_pauses(self) -> None:
        # GIVEN
        pauses: list[float] = []
        simulated = simulated_tencent()
        with serve(simulated) as port:
            client = api(plain(port), pauses)
            # WHEN it is busy for three calls, THEN the fourth is answered
            simulated.fail("get_seat_list", Code(60007), times=3)
            assert client.call(SEATS, {"RoomId": R})["SeatList"]
            # AND WHEN it stays busy
            simulated.fail("get_seat_list", Code(100012))
            with pytest.raises(Busy, match="100012"):
                client.call(SEATS, {"RoomId": R})
        # THEN
        assert len(pauses) == 6
        assert all(0 <= pause <= longest for pause, longest in zip(pauses, rest.PAUSES_S * 2, strict=True))
        assert len(set(pauses)) == 6

    def test_nothing_else_is_tried_again(self) -> None:
        simulated = simulated_tencent()
        for fault in (Code(60008), Code(100001), FAULTS["http 502"], FAULTS["broken JSON"]):
            simulated.fail("get_room_info", fault)
            simulated.calls.clear()
            with serve(simulated) as port, pytest.raises(Failed):
                call(port)
            assert len(simulated.calls) == 1


PATIENCE_S = 60
"""After which a call hangs for good."""


class TestSlowAndLarge:
    @pytest.fixture(autouse=True)
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rest, "READ_S", 0.2)
        monkeypatch.setattr(rest, "BODY_S", 0.3)

    def test_the_time_outs_are_longer_than_tencents_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.undo()
        assert rest.READ_S > 3

    def test_each_call_has_them(self) -> None:
        with serve(simulated_tencent()) as port:
            pool = HTTPConnectionPool(HOST, port)
            with patch.object(pool, "urlopen", wraps=pool.urlopen) as urlopen:
                api(Connection(pool)).call(ROOM_INFO["live"], {"RoomId": R})
        timeout = urlopen.call_args.kwargs["timeout"]
        assert (timeout.connect_timeout, timeout.read_timeout) == (rest.CONNECT_S, rest.READ_S)

    def test_no_answer(self) -> None:
        simulated = simulated_tencent()
        simulated.fail("get_room_info", FAULTS["hang"])
        with serve(simulated) as port, pytest.raises(Unreachable, match="get_room_info: timeout"):
            call(port)

    def test_an_answer_that_drips(self) -> None:
        over = Event()

        def drip(connection: socket.socket) -> None:
            connection.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n")
            while not over.wait(0.02):
                try:
                    connection.sendall(b" ")
                except OSError:
                    return

        with answering(drip) as port:
            with pytest.raises(Unreachable, match="timeout"):
                call(port)
            over.set()

    @pytest.mark.parametrize(
        ("begun", "more"),
        [
            pytest.param(b"HTTP/1.1 ", b"2", id="status line"),
            pytest.param(HEAD + b"X-A: ", b"a", id="header"),
            pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a", id="size of a chunk"),
            pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n", id="100 Continue"),
        ],
    )
    def test_what_drips_before_the_answer(
        self, begun: bytes, more: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each byte is a sign of life to urllib3, whose time-outs are of a byte."""
        monkeypatch.setattr(rest, "CALL_S", 0.5)
        over = Event()

        def drip(connection: socket.socket) -> None:
            connection.sendall(begun)
            while not over.wait(0.02):
                try:
                    connection.sendall(more)
                except OSError:
                    return

        with answering(drip) as port:
            told: list[str] = []

            def ask() -> None:
                with pytest.raises(Unreachable) as failed:
                    call(port)
                told.append(failed.value.reason)

            asking = Thread(target=ask, daemon=True)
            asking.start()
            asking.join(PATIENCE_S)
            over.set()
        assert told == ["timeout"]

    def test_an_answer_that_is_cut_off(self) -> None:
        cut = HEAD + b'Content-Length: 1000\r\n\r\n{"ErrorCode":100004,"ActionStatus":"FAIL"}'
        with sending(cut) as port, pytest.raises(Unreachable, match="connection"):
            call(port)

    @pytest.mark.parametrize("status_line", [b"", b"\0\0\0", b"HTTP/1.1 abc\r\n\r\n", b"SSH-2.0-x\r\n\r\n"])
    def test_no_http(self, status_line: bytes) -> None:
        with sending(status_line) as port, pytest.raises(Unreachable, match="connection"):
            call(port)

    def test_nobody_there(self) -> None:
        with socket.create_server((HOST, 0)) as listener:
            port = listener.getsockname()[1]
        with pytest.raises(Unreachable, match=r"connection|timeout"):
            call(port)

    def test_an_answer_may_be_as_large_as_two_mebibytes(self) -> None:
        # GIVEN an answer just as large, and one that is a byte larger
        simulated = simulated_tencent()
        frame = b'{"ActionStatus":"OK","ErrorInfo":"%s","ErrorCode":0,"Response":{}}'
        room = rest.MAX_ANSWER_BYTES - len(frame) + 2
        with serve(simulated) as port:
            client = api(plain(port))
            simulated.fail("get_room_info", Raw(frame % (b"x" * room)))
            assert client.call(ROOM_INFO["live"], {"RoomId": R}) == {}
            simulated.fail("get_room_info", Raw(frame % (b"x" * (room + 1))))
            # WHEN, THEN
            with pytest.raises(Failed, match="too_large"):
                client.call(ROOM_INFO["live"], {"RoomId": R})
            # AND the connection, on which the rest still waits, is used no more
            simulated.heal()
            assert client.call(ROOM_INFO["live"], {"RoomId": R})["RoomInfo"]

    def test_an_answer_without_an_end_is_not_read_to_it(self) -> None:
        def flood(connection: socket.socket) -> None:
            connection.sendall(HEAD + b"\r\n")
            try:
                while True:
                    connection.sendall(b" " * 65_536)
            except OSError:
                pass

        with answering(flood) as port, pytest.raises(Failed, match=r"too_large|timeout"):
            call(port)

    def test_a_packed_answer_is_not_unpacked(self) -> None:
        packed = HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"
        with sending(packed) as port, pytest.raises(Failed, match="unreadable"):
            call(port)

    def test_a_redirection_is_not_followed(self) -> None:
        with serve(simulated_tencent()) as port:
            there = f"HTTP/1.1 307 Elsewhere\r\nLocation: http://{HOST}:{port}/v4/live_engine_http_srv/get_room_info"
            answer = f"{there}\r\nContent-Length: 0\r\n\r\n".encode()
            with sending(answer) as first, pytest.raises(Unreachable, match="http_307"):
                call(first)
