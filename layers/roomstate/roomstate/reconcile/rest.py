"""Tencent's REST API over HTTPS (pages 63398, 60703): one POST a command, with the UserSig in the URL.

So a URL is a secret here. None reaches a message of ours, and those of urllib3 that hold one are dropped.

How long one call takes, in the worst case:

    connect                     2 s   a dead address
    read                        4 s   without a byte; Tencent itself gives up after 3 s
    the body, in all            6 s   a server that drips

    all of it                  12 s   a name that is looked up slowly, a server that drips its headers

urllib3 bounds the first two, by the byte. The last is bounded by waiting no longer: the call goes on in a
thread of its own until the other end lets go, and what it brings is dropped.
"""

import json
import logging
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from random import SystemRandom
from threading import Thread
from typing import Any
from urllib.parse import quote, urlencode

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.exceptions import HTTPError, TimeoutError

from roomstate.reconcile.answers import Command, verdict
from roomstate.reconcile.errors import Busy, Failed, Unreachable
from roomstate.reconcile.usersig import usersig

CONNECT_S = 2.0
READ_S = 4.0
BODY_S = 6.0
CALL_S = CONNECT_S + READ_S + BODY_S
MAX_ANSWER_BYTES = 2 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
HTTPS_PORT = 443
POOL = 10
"""Connections kept. More calls at once make connections that are not kept."""
USERSIG_S = 300
"""How long a UserSig is good for. Each call is signed anew, so one that leaks is soon worth nothing."""
PAUSES_S = (0.5, 1.0, 2.0)
"""The longest pauses before a command is tried again that Tencent was too busy for."""

# From the system, since environments started from one snapshot hold the same seed.
_random = SystemRandom()
_LABEL = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_TENCENT = re.compile(rf"(?:{_LABEL}\.)+(?:im\.qcloud\.com|tim\.qq\.com)", re.ASCII)


def _is_no_url_of_ours(record: logging.LogRecord) -> bool:
    return "usersig=" not in record.getMessage()


# At DEBUG urllib3 logs each URL; at WARNING, that of an answer whose headers are malformed.
for _name in ("urllib3.connection", "urllib3.connectionpool"):
    logging.getLogger(_name).addFilter(_is_no_url_of_ours)


class ForeignHost(ValueError):
    """The host that is configured is none of Tencent's."""


@dataclass(frozen=True, slots=True)
class Administrator:
    """An administrator of an app. There are none that may only read (page 1047/34385)."""

    sdk_app_id: int
    identifier: str
    secret_key: str = field(repr=False)
    """The app's: it signs for any account."""


class Connection:
    """Posts to one host, over connections that are kept."""

    def __init__(self, pool: HTTPConnectionPool) -> None:
        self._pool = pool

    def post(self, command: str, target: str, body: bytes) -> tuple[int, bytes]:
        """The status and the body of the answer, `CALL_S` at the most.

        Raises:
            Failed: in one of its kinds. It neither is caused by nor refers to urllib3's error, which
                holds the URL.
        """
        answers: SimpleQueue[tuple[int, bytes] | Exception] = SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._post(command, target, body))
            except Exception as why:  # a defect of ours too
                answers.put(why)

        Thread(target=ask, daemon=True).start()
        try:
            answer = answers.get(timeout=CALL_S)
        except Empty:
            raise Unreachable(command, "timeout") from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _post(self, command: str, target: str, body: bytes) -> tuple[int, bytes]:
        try:
            response = self._pool.urlopen(
                "POST",
                target,
                body,
                {"content-type": "application/json"},
                retries=False,
                redirect=False,
                timeout=Timeout(connect=CONNECT_S, read=READ_S),
                preload_content=False,
                decode_content=False,
            )
            content = _read(response)
        except TimeoutError:
            reason = "timeout"
        except HTTPError:
            reason = "connection"
        else:
            if content is not None:
                return response.status, content
            raise Failed(command, "too_large")
        raise Unreachable(command, reason)


def is_of_tencent(host: str) -> bool:
    """Whether a host is one under im.qcloud.com or tim.qq.com."""
    return _TENCENT.fullmatch(host) is not None


def connect(host: str) -> Connection:
    """A connection to one of Tencent's hosts: HTTPS on port 443, its certificate verified.

    Raises:
        ForeignHost: it is not a host under im.qcloud.com or tim.qq.com.
    """
    if not is_of_tencent(host):
        raise ForeignHost("The host of Tencent's REST API is one under im.qcloud.com or tim.qq.com.")
    verified = ssl.create_default_context()
    verified.minimum_version = ssl.TLSVersion.TLSv1_2  # not every build of Python has it for a default
    return Connection(HTTPSConnectionPool(host, HTTPS_PORT, maxsize=POOL, ssl_context=verified))


class TencentApi:
    """Calls commands of one app, as its administrator.

    Args:
        connection: of `connect`.
        clock_s: s since the epoch.
        sleep: takes s.
    """

    def __init__(
        self,
        connection: Connection,
        administrator: Administrator,
        clock_s: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = connection
        self._administrator = administrator
        self._clock_s = clock_s
        self._sleep = sleep

    def call(self, command: Command, request: Mapping[str, Any]) -> dict[str, Any]:
        """The `Response` to a command. Where Tencent is too busy it is tried again, after random pauses.

        Raises:
            NoAnswer: in one of its kinds.
        """
        for longest in PAUSES_S:
            try:
                return self._call_once(command, request)
            except Busy:
                self._sleep(_random.uniform(0, longest))
        return self._call_once(command, request)

    def _call_once(self, command: Command, request: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._connection.post(command.name, self._target(command), json.dumps(request).encode())
        return verdict(command.name, *answer)

    def _target(self, command: Command) -> str:
        admin = self._administrator
        now_s = int(self._clock_s())
        query = {
            "sdkappid": admin.sdk_app_id,
            "identifier": admin.identifier,
            "usersig": usersig(admin.sdk_app_id, admin.identifier, admin.secret_key, now_s, USERSIG_S),
            "random": _random.randrange(2**32),
            "contenttype": "json",
        }
        return f"/v4/{command.service}/{command.name}?{urlencode(query, quote_via=quote)}"


def _read(response: BaseHTTPResponse) -> bytes | None:
    """The body, None where it is larger than an answer may be.

    Raises:
        TimeoutError: it is not there in time.
    """
    end = time.monotonic() + BODY_S
    content = bytearray()
    try:
        while chunk := response.read1(CHUNK_BYTES):
            content += chunk
            if len(content) > MAX_ANSWER_BYTES:
                return None
            if time.monotonic() > end:
                raise TimeoutError
        return bytes(content)
    finally:
        # What was read to its end is kept by now. On any other the rest of the answer still waits.
        if not response.closed:
            response.close()
