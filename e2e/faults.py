"""Between functions and the emulator: an AWS that throttles, hangs and loses answers, while it is told to."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread, local
from typing import Any
from urllib.parse import urlsplit

from e2e.emulator import HOST

HANG_S = 0.6
"""Longer than a function waits for an answer (`roomstate.aws.clients`)."""
SHARES: Mapping[str, Mapping[str, float]] = {
    "dynamodb": {"throttled": 0.25, "hung": 0.05, "done, and the answer lost": 0.15},
    "sqs": {"throttled": 0.15, "hung": 0.05, "done, and the answer lost": 0.10},
}
"""How many of a service's calls meet which fault."""
_THROTTLED = {
    "dynamodb": b'{"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "a fault"}',
    "sqs": b'{"__type": "com.amazonaws.sqs#RequestThrottled", "message": "a fault"}',
}


class Faults:
    """Whether there are faults now, and which there were.

    Args:
        seed: the same seed draws the same faults, though not at the same calls.
    """

    def __init__(self, seed: int) -> None:
        self.on = False
        self.met: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._lock = Lock()

    def draw(self, service: str) -> str | None:
        """The fault that a call meets."""
        if not self.on:
            return None
        with self._lock:
            drawn = self._random.random()
            for fault, share in SHARES[service].items():
                drawn -= share
                if drawn < 0:
                    self.met[f"{service} {fault}"] += 1
                    return fault
        return None


@contextmanager
def between(upstream: str, faults: Faults) -> Iterator[str]:
    """Serve on this machine, hand on to the emulator. Gives the URL.

    A request is handed on byte by byte as it was signed, with its Host.
    """
    kept = local()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service = "sqs" if self.headers["X-Amz-Target"].startswith("AmazonSQS") else "dynamodb"
            try:
                match faults.draw(service):
                    case "throttled":
                        self._answer(400, {"Content-Type": "application/x-amz-json-1.0"}, _THROTTLED[service])
                    case "hung":
                        time.sleep(HANG_S)
                        self.close_connection = True
                    case "done, and the answer lost":
                        self._hand_on(body)
                        self.close_connection = True
                    case _:
                        self._answer(*self._hand_on(body))
            except (OSError, HTTPException):  # the emulator has hung up, or the function
                kept.connection = None
                self.close_connection = True

        def _hand_on(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
            connection: HTTPConnection | None = getattr(kept, "connection", None)
            if connection is None:
                connection = kept.connection = HTTPConnection(urlsplit(upstream).netloc, timeout=30)
            connection.putrequest("POST", self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            headers = {name: value for name, value in response.getheaders() if name.lower() not in _OF_A_HOP}
            return response.status, headers, response.read()

        def _answer(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://{HOST}:{server.server_port}"
        finally:
            server.shutdown()


_OF_A_HOP = {"content-length", "transfer-encoding", "connection", "date", "server"}
