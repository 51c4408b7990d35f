"""A roomstate that runs in this process, as `make run` has it, for a browser to look at."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import urlencode

from local.aws.embedded import TABLE_NAME, embedded_dynamodb, fill_table
from local.aws.gateway import HOST, Context, Gateway, serve
from local.commands.run import AN_HOUR_S, function_environment, page
from local.commands.send import from_body
from local.console.lists import Lists
from local.console.server import Console, Settings
from local.tencent import SAMPLE_APP, Outgoing, from_event, samples
from roomstate.aws.deadline import Deadline
from roomstate.aws.items import record_item, register_item
from roomstate.aws.reader import Reader
from roomstate.log.record import log_record
from roomstate.state.registers import AnyRegister, Key
from tests.payloads import Payload, body, event, webhook

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = time.time_ns() // 1_000_000
"""ms since the epoch. What happens in a test happens about now."""
APPS = (SAMPLE_APP, "1400000002")
YEARS = 4_000_000_000
"""s since the epoch, when nothing of a test is left."""


@contextmanager
def running() -> Iterator["World"]:
    """A world with its table and its functions. It is not served yet."""
    with (
        embedded_dynamodb() as client,
        patch.dict(os.environ, function_environment("WebhookFunction", APPS)),
        # The budget is for AWS; a slow machine would park webhooks here.
        patch.object(Deadline, "of_answer", lambda _: Deadline(AN_HOUR_S)),
    ):
        from functions.webhook.app import lambda_handler  # noqa: PLC0415  it reads the environment

        with patch.dict(os.environ, function_environment("ReadFunction", APPS)):
            from functions.read import app as read  # noqa: PLC0415  it too
        yield World(client, (lambda_handler, read.lambda_handler))


class World:
    """A receiver with its console.

    Between the two and the browser stands what a test wants there: see `meddle`.
    """

    def __init__(self, client: "DynamoDBClient", handlers: tuple[Any, Any]) -> None:
        self._client = client
        self._handlers = handlers
        self._meddler: Callable[[str], tuple[int, Any] | None] | None = None
        self._serving = ExitStack()
        self.requests: list[tuple[str, int]] = []
        """Path and status of what was asked for."""
        self.url = ""

    def start(self, apps: Sequence[str] = (SAMPLE_APP,), *, deployed: bool = False) -> None:
        """Serve; on the same port as before, if it served before, as a page that is open goes on asking."""
        self.requests.clear()
        port = int(self.url.rpartition(":")[2]) if self.url else 0
        listener = self._serving.enter_context(socket.create_server((HOST, port)))
        reader = Reader(self._client, TABLE_NAME)
        if deployed:
            settings = Settings(apps, None, TABLE_NAME, sends=False, signed=False, fill_command=None)
            app = Console(Gateway(None, self._handlers[1]), settings, Lists(reader, apps))
        else:
            app = page(Gateway(*self._handlers), reader, apps, None, listener)
        self.url = self._serving.enter_context(serve(self._watched(app), listener))

    def stop(self) -> None:
        self._serving.close()

    def look_at(self, room: str | None = None, app: str = SAMPLE_APP) -> str:
        """The address of the console, with a room open."""
        place = {"app": app} if room is None else {"app": app, "room": room}
        return f"{self.url}/#{urlencode(place)}"

    def happens(self, *payloads: Payload) -> None:
        """Webhooks come in, one after the other."""
        for payload in payloads:
            self._take(from_body(body(payload), payload["CallbackCommand"], SAMPLE_APP))

    def samples(self) -> None:
        """The webhooks of `events/` come in."""
        for sample in samples().values():
            self._take(from_event(sample))

    def _take(self, webhook: Outgoing) -> None:
        received_at = time.time_ns() // 1_000_000
        answer = self._handlers[0](event(webhook.body, webhook.query, received_at), Context())
        assert json.loads(answer["body"])["ActionStatus"] == "OK"

    def hold(self, registers: Iterable[tuple[str, Key, AnyRegister]]) -> None:
        """Rooms hold registers, thousands of them."""
        fill_table(
            register_item(SAMPLE_APP, room, key, register, writer="0" * 32, received_at=NOW)
            for room, key, register in registers
        )

    def log(self, payloads: Iterable[Payload], *, won: bool = True) -> None:
        """The log holds webhooks, thousands of them, and nothing shows what they did."""
        webhooks = (webhook(payload, received_at=NOW) for payload in payloads)
        fill_table(record_item(log_record(one, 0, (), won=won, expires_at=YEARS)) for one in webhooks)

    @contextmanager
    def meddle(self, meddler: Callable[[str], tuple[int, Any] | None]) -> Iterator[None]:
        """Let a function answer requests, by their path: a status and JSON; or None, and they are served."""
        self._meddler = meddler
        yield
        self._meddler = None

    def _watched(self, app: "WSGIApplication") -> "WSGIApplication":
        def watched(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            path = environ["PATH_INFO"]

            def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
                self.requests.append((path, int(status[:3])))
                return start_response(status, headers, *more)

            answer = self._meddler(path) if self._meddler else None
            if answer is None:
                return app(environ, start)
            start(f"{answer[0]} Meddled", [("content-type", "application/json")])
            return [json.dumps(answer[1]).encode()]

        return watched
