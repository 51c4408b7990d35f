"""What the console lists beside the read API: rooms and their seats, ended rooms, and counts."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from roomstate.aws.reader import Reader
from roomstate.read.errors import Code, Refused
from roomstate.read.place import Place
from roomstate.state.rooms import RoomSummary

PAGE = 50
"""Rooms that are shown at once."""
SEARCH_PAGES, SEARCH_PAGE = 20, 100
"""How far a filter looks for rooms in one request: 2,000 rooms."""
MAX_FILTER = 256
SEAT_READERS = 16


@dataclass(frozen=True, slots=True)
class Totals:
    """What only an embedded table tells, since all of it can be looked at."""

    outcomes: Mapping[str, int] = field(default_factory=dict)
    """Records by outcome."""
    ended: Sequence[Mapping[str, Any]] = ()
    """The rooms that ended last: `room_id` and `ended_at`, ms since the epoch."""


class Lists:
    """Lists of the rooms of some apps.

    Args:
        apps: whose rooms are shown.
        totals: gives those of an app; None where a table is too large for it.
    """

    def __init__(
        self, reader: Reader, apps: Sequence[str], totals: Callable[[str], Totals] | None = None
    ) -> None:
        self._reader = reader
        self._apps = apps
        self._totals = totals

    def rooms(self, sdk_app_id: str, wanted: str, following: str | None) -> dict[str, Any]:
        """A page of the rooms that live, the newest first.

        Args:
            wanted: what the id or the name of a room has to contain, in any case; empty for all rooms.
            following: `next` of the page before.

        Raises:
            Refused: there is no such app, or no such page.
        """
        if sdk_app_id not in self._apps:
            raise Refused(Code.APP_UNKNOWN, "The console does not show this app.")
        if len(wanted) > MAX_FILTER:
            raise Refused(Code.PARAMETER_INVALID, f"The filter has more than {MAX_FILTER} characters.")
        place = Place("console/rooms", sdk_app_id, wanted)
        found, position = self._find(sdk_app_id, wanted.casefold(), place.open(following))
        with ThreadPoolExecutor(SEAT_READERS) as pool:
            taken = list(pool.map(self._seats_taken, found))
        totals = self._totals(sdk_app_id) if self._totals else None
        return {
            "rooms": [
                {
                    "room_id": room.room_id,
                    "name": room.info.get("room_name"),
                    "started_at": room.started_at,
                    "seats_taken": seats,
                    "seats": room.info.get("max_seat_count"),
                }
                for room, seats in zip(found, taken, strict=True)
            ],
            "next": place.seal(position),
            "ended": list(totals.ended) if totals else None,
            "outcomes": dict(totals.outcomes) if totals else None,
        }

    def _find(
        self, sdk_app_id: str, wanted: str, position: str | None
    ) -> tuple[list[RoomSummary], str | None]:
        found: list[RoomSummary] = []
        for _ in range(SEARCH_PAGES):
            page = self._reader.rooms(sdk_app_id, limit=SEARCH_PAGE if wanted else PAGE, next=position)
            found += [room for room in page.rooms if _is_wanted(room, wanted)]
            position = page.next
            if position is None or len(found) >= PAGE or not wanted:
                break
        return found, position

    def _seats_taken(self, room: RoomSummary) -> int | None:
        shown = self._reader.room(room.sdk_app_id, room.room_id)
        return sum(seat.user_id is not None for seat in shown.seats) if shown else None


def _is_wanted(room: RoomSummary, wanted: str) -> bool:
    name = room.info.get("room_name")
    return wanted in room.room_id.casefold() or (isinstance(name, str) and wanted in name.casefold())
