"""The console's own server: the page, what it shows beside the read API, and who may ask.

It stands before the local gateway, and is asked by a browser, which other sites may steer. So

- the Host has to be a name of this machine: another site whose name is made to point here (DNS rebinding)
  learns nothing;
- what changes something has to come from the page itself (Origin), so no other site's form can post;
- the page runs no script and loads nothing that is not one of its own files (Content-Security-Policy).

A webhook's route stays open to every Host, as a tunnel to this machine brings its own, but not to another
site's page, which names its Origin; Tencent names none.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from local.aws.gateway import WEBHOOK_PATH
from local.console.lists import Lists
from local.console.sending import Sender, Unsendable
from local.console.trouble import explain
from roomstate.read.errors import Refused

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PAGE = Path(__file__).parent / "page"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
MAX_BODY_BYTES = 1024 * 1024
"""Of what the page sends: a webhook has 256 KiB at most, and is text in JSON here."""

_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE)

SECURITY = {
    "content-security-policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "form-action 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the page is told at its start."""

    apps: Sequence[str]
    webhook_url: str | None
    """None where nothing is received: a deployed table is looked at."""
    table: str | None
    """The deployed table."""
    sends: bool
    signed: bool
    """Whether what is sent is signed."""
    fill_command: str | None
    """What a user runs to see rooms where there are none."""


class Console:
    """The console before a gateway, as a WSGI application.

    Args:
        gateway: serves the webhook's route and those for reading.
        sender: what sends webhooks; without it the console only reads.
    """

    def __init__(
        self, gateway: "WSGIApplication", settings: Settings, lists: Lists, sender: Sender | None = None
    ) -> None:
        self._gateway = gateway
        self._settings = settings
        self._lists = lists
        self._sender = sender
        self._files = {f"/console/{path.name}": path for path in PAGE.iterdir() if path.suffix in TYPES}
        self._files["/"] = PAGE / "index.html"

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        refusal = _refusal(request)
        if refusal is None and request.path != "/" and not request.path.startswith("/console/"):
            return self._gateway(environ, start_response)
        response = refusal or self._answer(request)
        response.headers.update(SECURITY)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        try:
            if request.method == "POST" and request.path == "/console/send":
                return self._send(request)
            if request.method not in ("GET", "HEAD"):
                return _error(405, "method_unknown", "This is only read, with GET.")
            if path := self._files.get(request.path):
                return _conditional(request, path.read_bytes(), TYPES[path.suffix])
            shown = self._show(request)
        except Refused as why:
            return _error(why.code.status, why.code, str(why))
        except Unsendable as why:
            return _error(400, "unsendable", str(why))
        except RequestEntityTooLarge:
            return _error(413, "too_large", f"More than {MAX_BODY_BYTES} bytes are not sent.")
        except (BotoCoreError, ClientError) as why:
            return _error(503, "unavailable", explain(why, self._settings.table or "roomstate"))
        if shown is None:
            return _error(404, "route_unknown", "There is no such file or route.")
        return _conditional(request, _encode(shown), "application/json")

    def _show(self, request: Request) -> Mapping[str, Any] | None:
        match request.path:
            case "/console/settings":
                return asdict(self._settings)
            case "/console/rooms":
                asked = request.args
                return self._lists.rooms(
                    asked.get("sdk_app_id", ""), asked.get("filter", ""), asked.get("next")
                )
            case "/console/samples" if self._sender:
                return {"samples": self._sender.samples()}
        return None

    def _send(self, request: Request) -> Response:
        if self._sender is None:
            return _error(403, "read_only", "This console only reads: it shows a deployed table.")
        request.max_content_length = MAX_BODY_BYTES
        try:
            asked = request.get_json(force=True, silent=True)
        except RecursionError:
            asked = None  # nested too deeply: the page sends no such thing
        answer = self._sender.send(asked)
        return Response(_encode(answer), content_type="application/json")


def _refusal(request: Request) -> Response | None:
    """Why a request is not answered, if so."""
    host, origin = request.environ.get("HTTP_HOST", ""), request.headers.get("origin")
    is_webhook = request.path == WEBHOOK_PATH
    if not is_webhook and not _LOOPBACK.fullmatch(host):
        return _error(403, "host_unknown", "This is served to 127.0.0.1 and localhost alone.")
    if origin is None and (is_webhook or request.method in ("GET", "HEAD")):
        return None
    # A site whose name was made to point here has that name for its Host, and is another's all the same.
    if origin != f"http://{host}".lower() or not _LOOPBACK.fullmatch(host):
        return _error(403, "origin_foreign", "Only the page that is served here may send.")
    return None


def _conditional(request: Request, body: bytes, content_type: str) -> Response:
    """An answer, or a 304 where the browser has it already."""
    response = Response(body, content_type=f"{content_type}; charset=utf-8")
    response.headers["cache-control"] = "no-cache"
    response.add_etag()
    return response.make_conditional(request)


def _error(status: int, code: str, message: str) -> Response:
    body = _encode({"error": {"code": code, "message": message}})
    return Response(body, status, {"cache-control": "no-store"}, content_type="application/json")


def _encode(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode()
