"""A simulated Tencent over real sockets, and servers that are worse."""

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Thread
from typing import Any

from urllib3 import HTTPConnectionPool

from local.tencent_cloud.caller import App
from local.tencent_cloud.cloud import SimulatedTencent
from local.tencent_cloud.server import HOST
from roomstate.reconcile import rest
from roomstate.reconcile.answers import ROOM_INFO
from roomstate.reconcile.rest import Administrator, Connection, TencentApi
from tests.payloads import APP
from tests.reconcile.world import SECRET_KEY, START

R = "r"
TENCENT = "adminapisgp.im.qcloud.com"
ADMINISTRATOR = Administrator(int(APP), "administrator", SECRET_KEY)
HEAD = b"HTTP/1.1 200 OK\r\n"


def simulated_tencent() -> SimulatedTencent:
    simulated = SimulatedTencent(App(int(APP), SECRET_KEY), lambda: START)
    simulated.create("live", R, "owner", seats=2)
    return simulated


def api(connection: Connection, pauses: list[float] | None = None) -> TencentApi:
    slept = [] if pauses is None else pauses
    return TencentApi(connection, ADMINISTRATOR, clock_s=lambda: START / 1000, sleep=slept.append)


def plain(port: int) -> Connection:
    """To a server on this machine, without TLS. No configuration says so: `connect` alone reads one."""
    return Connection(HTTPConnectionPool(HOST, port, maxsize=rest.POOL))


def call(port: int) -> dict[str, Any]:
    return api(plain(port)).call(ROOM_INFO["live"], {"RoomId": R})


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that reads one request and does with its socket what it likes; gives the port."""
    with socket.create_server((HOST, 0)) as listener:

        def run() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                answer(connection)

        thread = Thread(target=run, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def sending(answer: bytes) -> AbstractContextManager[int]:
    """A server that answers with just these bytes; gives the port."""
    return answering(lambda connection: connection.sendall(answer))
