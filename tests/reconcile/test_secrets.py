"""The secret key and the UserSig are in no exception, no log and no repr, whatever fails."""

import json
import logging
import socket
import traceback
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from urllib3 import HTTPConnectionPool

from local.tencent_cloud.faults import FAULTS
from local.tencent_cloud.server import HOST, serve
from roomstate.reconcile import rest
from roomstate.reconcile.answers import LIVE_MEMBERS, SEATS
from roomstate.reconcile.errors import Failed, NoAnswer
from roomstate.reconcile.rest import Connection, connect
from roomstate.reconcile.usersig import usersig
from tests.reconcile.wire import ADMINISTRATOR, HEAD, TENCENT, R, api, plain, sending, simulated_tencent
from tests.reconcile.world import SECRET_KEY


class TestSecrets:
    @pytest.fixture
    def usersigs(self) -> Iterator[list[str]]:
        """Each UserSig that is made."""
        made: list[str] = []
        sign = usersig

        def keep(*arguments: Any) -> str:
            made.append(sign(*arguments))
            return made[-1]

        with patch.object(rest, "usersig", keep):
            yield made

    @pytest.mark.parametrize("name", FAULTS)
    def test_no_failure_gives_one_away(
        self,
        name: str,
        usersigs: list[str],
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # GIVEN a program that logs all there is to log
        caplog.set_level(logging.DEBUG)
        monkeypatch.setattr(rest, "READ_S", 0.2)
        simulated = simulated_tencent()
        simulated.fail("get_member_list", FAULTS[name])
        # WHEN a call fails
        with serve(simulated) as port:
            failure = self.failure_of(port)
        # THEN
        self.assert_nothing_is_given_away(failure, usersigs, caplog)

    @pytest.mark.parametrize(
        "answer",
        [
            b"",
            b"HTTP/1.1 abc\r\n\r\n",
            HEAD + b"Content-Length: 9\r\n\r\n{",
            # urllib3 warns of these headers, with the URL
            HEAD + b"Content-Length: 2\r\nno header at all\r\nX: y\r\n\r\n{}",
        ],
    )
    def test_no_broken_connection_gives_one_away(
        self, answer: bytes, usersigs: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        with sending(answer) as port:
            failure = self.failure_of(port)
        self.assert_nothing_is_given_away(failure, usersigs, caplog)

    def test_nobody_there_gives_none_away(
        self, usersigs: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        with socket.create_server((HOST, 0)) as listener:
            port = listener.getsockname()[1]
        self.assert_nothing_is_given_away(self.failure_of(port), usersigs, caplog)

    def test_an_answer_that_repeats_one_does_not_pass_it_on(
        self, usersigs: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        # GIVEN a server that says the URL it was called with in all its words
        caplog.set_level(logging.DEBUG)

        class Echo(Connection):
            def post(self, command: str, target: str, body: bytes) -> tuple[int, bytes]:  # noqa: ARG002
                said = {
                    "ErrorInfo": target,
                    "RequestId": usersigs[-1],
                    "ActionStatus": target,
                    target: target,
                }
                return 200, json.dumps({**said, "ErrorCode": 70001}).encode()

        # WHEN
        with pytest.raises(NoAnswer) as raised:
            api(Echo(HTTPConnectionPool(HOST))).call(SEATS, {"RoomId": R})
        # THEN
        self.assert_nothing_is_given_away(raised.value, usersigs, caplog)

    def test_nothing_that_has_it_shows_it(self) -> None:
        client = api(connect(TENCENT))
        for shown in (repr(ADMINISTRATOR), str(ADMINISTRATOR), repr(client), repr(client._connection)):
            assert SECRET_KEY not in shown

    @staticmethod
    def failure_of(port: int) -> Exception:
        try:
            answer = api(plain(port)).call(LIVE_MEMBERS, {"RoomId": R, "Next": ""})
        except NoAnswer as failure:
            return failure
        return Failed("get_member_list", f"{len(answer)} fields, whose reading another test tells")

    @staticmethod
    def assert_nothing_is_given_away(
        failure: Exception, usersigs: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        told = [caplog.text, *traceback.format_exception(failure)]
        told += [repr(vars(record)) for record in caplog.records]
        error: BaseException | None = failure
        while error is not None:
            told += [str(error), repr(error), repr(error.args), repr(vars(error))]
            error = error.__cause__ or error.__context__
        assert usersigs
        for text in told:
            assert SECRET_KEY not in text
            assert "usersig" not in text.lower()
            assert not any(sig in text for sig in usersigs)
