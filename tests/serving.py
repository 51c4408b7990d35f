"""The local gateway, served over HTTP."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from local.aws.gateway import HOST, Gateway, serve


class Server:
    """A gateway that is served over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url

    def send(
        self, method: str, target: str, body: bytes | None = None, *headers: tuple[str, str]
    ) -> tuple[int, Any]:
        """The status and the body of the answer."""
        status, answer, _ = self.exchange(method, target, body, *headers)
        return status, answer

    def exchange(
        self, method: str, target: str, body: bytes | None = None, *headers: tuple[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        """The status, the body and the headers of the answer."""
        with closing(HTTPConnection(urlsplit(self.url).netloc, timeout=30)) as connection:
            connection.putrequest(method, target)
            for header in (*headers, ("Content-Length", str(len(body or b"")))):
                connection.putheader(*header)
            connection.endheaders(body)
            answer = connection.getresponse()
            text = answer.read()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, json.loads(text) if text else None, found

    def get(self, route: str, **parameters: Any) -> tuple[int, Any]:
        given = {name: value for name, value in parameters.items() if value is not None}
        return self.send("GET", f"/v1/{route}?{urlencode(given)}")


@contextmanager
def served(gateway: Gateway) -> Iterator[Server]:
    with socket.create_server((HOST, 0)) as listener, serve(gateway, listener) as url:
        yield Server(url)
