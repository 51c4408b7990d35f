"""Webhooks that the page sends: to the receiver beside it, as Tencent would."""

import json
import time
from collections.abc import Callable, Iterable
from typing import Any, Literal, cast, get_args

from local.commands.send import from_body
from local.tencent import payload, post, samples
from roomstate.log.record import LogRecord

LATE_MS = 60_000
"""How long ago what is late says it happened."""
Dated = Literal["now", "late", "written"]
"""What becomes of a webhook's EventTime: it is set to now, or to a minute ago, or left as it is written."""


class Unsendable(Exception):
    """Nothing is sent; the text says why, to the user."""


class Sender:
    """Sends webhooks.

    Args:
        url: of the receiver.
        token: what they are signed with.
        apps: whose they may be.
        recorded: gives the records of a webhook's body, once it was stored.
    """

    def __init__(
        self,
        url: str,
        token: str | None,
        apps: Iterable[str],
        recorded: Callable[[bytes], Iterable[LogRecord]],
    ) -> None:
        self._url = url
        self._token = token
        self._apps = frozenset(apps)
        self._recorded = recorded

    def samples(self) -> list[dict[str, str]]:
        """The webhooks of `events/`, to be edited."""
        bodies = ((name, json.loads(payload(event))) for name, event in samples().items())
        return [
            {
                "name": name,
                "command": body["CallbackCommand"],
                "body": json.dumps(body, indent=2, ensure_ascii=False),
            }
            for name, body in bodies
        ]

    def send(self, asked: Any) -> dict[str, Any]:
        """Send one webhook, once or twice. Gives the receiver's answers, and what the log has of it.

        Args:
            asked: `sdk_app_id`, `body` (text), `dated` and `twice`.

        Raises:
            Unsendable: something of it is missing, or is no webhook.
        """
        app, text, dated, twice = _read(asked)
        if app not in self._apps:
            raise Unsendable("The receiver does not take webhooks of this app.")
        content, command = _webhook(text, dated)
        webhook = from_body(content, command, app)
        answers = [post(self._url, webhook, self._token) for _ in range(2 if twice else 1)]
        return {
            "answers": [{"status": one.status, "text": one.text, "ok": one.ok} for one in answers],
            "records": [
                {
                    "room_id": record.room_id,
                    "event_id": record.event_id,
                    "part": record.part,
                    "outcome": record.outcome,
                    "reason": record.reason,
                    "changes": [change.type for change in record.changes],
                }
                for record in self._recorded(content)
            ],
        }


def _read(asked: Any) -> tuple[str, str, Dated, bool]:
    match asked:
        case {"sdk_app_id": str(app), "body": str(text), "dated": str(dated), "twice": bool(twice)}:
            if dated in get_args(Dated):
                return app, text, cast("Dated", dated), twice
    raise Unsendable("What was sent is not what the page sends.")


def _webhook(text: str, dated: Dated) -> tuple[bytes, Any]:
    """A webhook's body, dated, and its command, as far as it can be read."""
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError) as why:
        document, reason = None, f"This is not JSON: {why}."
    else:
        reason = "This is not a JSON object, as a webhook is."
    command = document.get("CallbackCommand") if isinstance(document, dict) else None
    if dated == "written":
        return text.encode(errors="replace"), command
    if not isinstance(document, dict):
        raise Unsendable(f"{reason} Choose “as written” to send it all the same.")
    at = time.time_ns() // 1_000_000 - (LATE_MS if dated == "late" else 0)
    # Whole numbers keep every digit: accounts have 18.
    return json.dumps({**document, "EventTime": at}).encode(), command
