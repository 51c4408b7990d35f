"""A simulated Tencent over HTTP, on this machine alone."""

import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from local.tencent_cloud.cloud import SimulatedTencent

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HOST = "127.0.0.1"
JSON = "application/json"


class _Handler(WSGIRequestHandler):
    """Keeps connections, as Tencent asks its callers to (63398), and prints nothing: a URL is a secret."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:
        pass


class _Application:
    def __init__(self, tencent: SimulatedTencent, over: Event) -> None:
        self._tencent = tencent
        self._over = over
        self._one = Lock()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        if request.method != "POST":
            return Response(status=405)(environ, start_response)
        with self._one:
            answer = self._tencent.post(request.full_path, request.get_data())
        if answer is None:
            self._over.wait()
            answer = (504, b"")
        status, content = answer
        return Response(content, status, content_type=JSON)(environ, start_response)


@contextmanager
def serve(
    tencent: SimulatedTencent, port: int = 0, ssl_context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Serve on loopback for as long as the context lasts; gives the port."""
    over = Event()
    application = _Application(tencent, over)
    server = make_server(
        HOST, port, application, threaded=True, request_handler=_Handler, ssl_context=ssl_context
    )
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.port
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()
