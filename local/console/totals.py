"""What the console tells of an embedded table as a whole."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from local.aws.embedded import stored_items
from local.console.lists import Totals
from roomstate.aws.items import read_record, read_register
from roomstate.log.record import LogRecord
from roomstate.state.life import Life

MAX_ENDED = 20


def totals(sdk_app_id: str) -> Totals:
    """Of an app: its records by outcome, and the rooms that ended last."""
    outcomes: Counter[str] = Counter()
    ended: dict[str, int] = {}
    for item in stored_items():
        held = item.attrs
        if held["sdk_app_id"].value != sdk_app_id:
            continue
        if "outcome" in held:
            # A webhook in several parts is counted once.
            outcomes[held["outcome"].value] += held["part"].value in (0, "0")
        elif held["kind"].value == "life":
            _, life = read_register(item.to_json()["Attributes"])
            if isinstance(life, Life) and life.is_ended and life.ended_at is not None:
                ended[held["room_id"].value] = life.ended_at  # there are two copies of it
    last = sorted(({"room_id": room, "ended_at": at} for room, at in ended.items()), key=_newest_first)
    return Totals({name: count for name, count in outcomes.items() if count}, last[:MAX_ENDED])


def _newest_first(room: dict[str, Any]) -> tuple[int, str]:
    return -room["ended_at"], room["room_id"]


def recorded(body: bytes) -> Iterator[LogRecord]:
    """The records of a webhook, by its body as it came."""
    text = body.decode(errors="replace")
    for item in stored_items():
        held = item.attrs.get("payload")
        if held is not None and held.value in (text, body):
            yield read_record(item.to_json()["Attributes"])
