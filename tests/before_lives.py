"""A table as it was before rooms had lives, for tests of what becomes of it.

`before_lives.json` was made by that code itself, commit 81d4d05. Its `Store` stored one webhook after
another, all of them received in the year 2100, so that nothing expires; its `Reader` read the rooms then.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_BEFORE: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_bytes())

ITEMS: list[Any] = _BEFORE["items"]
"""All of the table."""
ROOMS: dict[str, dict[str, Any]] = {room["room_id"]: room for room in _BEFORE["rooms"]}
"""The rooms by their id, as they were read then, `members` among the rest."""
RECORDS: list[tuple[str | None, str, str]] = [tuple(record) for record in _BEFORE["records"]]
"""Of each record in the log: room_id, event_id, outcome."""
PARKED: str = _BEFORE["parked"]
"""A message of the parking queue: lea enters the room "live"."""
T = 1_700_000_000_000
"""When it all began, ms."""

READ_OTHERWISE: dict[str, dict[str, Any]] = {
    # A CreateRoom voids what is older, since the end before it may have been lost.
    "its end was lost": {"members": [{"user_id": "jo", "cause": "Enter", "updated_at": T + 3_601_000}]},
    # Somebody who came after the end shows that the room lives again.
    "its beginning was lost": {"status": "live", "started_at": None, "ended_at": None},
}
"""What is read otherwise now, and why."""


def put(client: "DynamoDBClient", table: str) -> None:
    """Put all items into a table."""
    for item in ITEMS:
        client.put_item(TableName=table, Item=item)


def read_now() -> dict[str, dict[str, Any]]:
    """The rooms as they have to be read once the table is upgraded."""
    return {name: {**room, **READ_OTHERWISE.get(name, {})} for name, room in ROOMS.items()}
