"""The lists that have an index: rooms that live, and rooms that a user is in. Eventually consistent.

An index lags, so what it lists is looked up, and shown only if it is so.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from roomstate.aws.items import read_register
from roomstate.aws.marshal import Item
from roomstate.aws.pages import RoomPage, UserPage, fill
from roomstate.aws.reads import LIVE_ROOMS, MAX_BATCH, USER_ROOMS, Asked, Page, Reads
from roomstate.aws.shards import Shards, check_limit
from roomstate.aws.table import (
    LIVE_SHARDS,
    SHARDS,
    live_partition,
    register_key,
    room_partition,
    user_partition,
)
from roomstate.state.registers import LIFE, ROOM, AnyRegister, Key
from roomstate.state.rooms import RoomSummary, Whereabouts, show_presence, summarise
from roomstate.state.view import View

Held = dict[Key, AnyRegister]


def live_rooms(reads: Reads, sdk_app_id: str, limit: int, before: str | None) -> RoomPage:
    """Rooms that live, the newest first: those whose `live_since` comes before."""

    def read(shard: int, before: str | None, share: int) -> Page:
        pk = live_partition(sdk_app_id, shard)
        if before is None:
            return reads.page(Asked(pk, descending=True, index=LIVE_ROOMS), share)
        bounds = {":before": before}
        return reads.page(Asked(pk, "#sort < :before", bounds, descending=True, index=LIVE_ROOMS), share)

    shards = Shards(read, LIVE_SHARDS, sort=LIVE_ROOMS.sort, descending=True, once=True)
    found = shards.page(before, limit)
    # A room that began anew may be listed twice for a moment.
    left = {_listed_room(item) for item in found.items}
    lives = reads.get((register_key(sdk_app_id, room, LIFE) for room in left), consistent=False)
    infos = reads.get((register_key(sdk_app_id, room, ROOM) for room in left), consistent=False)
    held = _by_room([*lives.values(), *infos.values()])

    def show(item: Item) -> RoomSummary | None:
        room_id = _listed_room(item)
        there = held.pop(room_id, {})
        view = View(there)
        return summarise(sdk_app_id, room_id, view) if LIFE in there and not view.life.is_ended else None

    rooms, following = fill(found.items, show, LIVE_ROOMS.sort, found.next)
    return RoomPage(rooms=rooms, next=following)


def rooms_listed_live(reads: Reads, sdk_app_id: str) -> Iterator[str]:
    """The ids of all rooms that the index lists as live, the oldest first, read as they are asked for.

    Not looked up: some have just ended, and one that began anew may be listed twice.
    """
    shards = (
        reads.items(Asked(live_partition(sdk_app_id, shard), index=LIVE_ROOMS))
        for shard in range(LIVE_SHARDS)
    )
    for item in heapq.merge(*shards, key=lambda item: item[LIVE_ROOMS.sort]["S"]):
        yield _listed_room(item)


def rooms_of_user(reads: Reads, sdk_app_id: str, user_id: str, limit: int, after: str | None) -> UserPage:
    """Rooms that a user is online in, by room_id: those that come after."""
    check_limit(limit)
    pk = user_partition(sdk_app_id, user_id)
    bounds = {":after": after} if after is not None else {}
    asked = Asked(pk, "#sort > :after" if bounds else None, bounds, index=USER_ROOMS)
    found = reads.page(asked, limit)
    held = held_of_user(reads, sdk_app_id, user_id, [item["room_id"]["S"] for item in found.items])

    def show(item: Item) -> Whereabouts | None:
        room_id = item["room_id"]["S"]
        there = held[room_id]
        life, presence = View(there).life, show_presence(there, user_id)
        if LIFE not in there or life.is_ended or not presence.online or presence.updated_at is None:
            return None
        return Whereabouts(
            room_id=room_id,
            started_at=life.shown_started_at,
            cause=presence.cause,
            updated_at=presence.updated_at,
            is_owner=presence.is_owner,
            is_admin=presence.is_admin,
            seats=presence.seats,
        )

    rooms, following = fill(found.items, show, USER_ROOMS.sort, found.end)
    return UserPage(user_id=user_id, rooms=rooms, next=following)


def held_of_user(reads: Reads, sdk_app_id: str, user_id: str, rooms: list[str]) -> dict[str, Held]:
    """What tells of a user in each of some rooms: life, info and seats of the room, and the user's own."""
    wanted = (LIFE, ROOM, Key("admin", user_id), Key("member", user_id))
    keys = [register_key(sdk_app_id, room, key) for room in rooms for key in wanted]
    batches = [keys[first : first + MAX_BATCH] for first in range(0, len(keys), MAX_BATCH)]

    def seats(room: str) -> list[Item]:
        seats = Asked(room_partition(sdk_app_id, room), "begins_with(#sort, :seat)", {":seat": "seat#"})
        return reads.room_items(seats)

    with ThreadPoolExecutor(SHARDS) as pool:
        singles = pool.map(reads.get, batches)
        several = pool.map(seats, rooms)
        found = [item for batch in singles for item in batch.values()]
        found.extend(item for items in several for item in items)
    return _by_room(found)


def _by_room(items: Iterable[Item]) -> defaultdict[str, Held]:
    held: defaultdict[str, Held] = defaultdict(dict)
    for item in items:
        key, register = read_register(item)
        held[item["room_id"]["S"]][key] = register
    return held


def _listed_room(item: Item) -> str:
    """The room of an entry of LiveRooms, which holds keys alone."""
    return item[LIVE_ROOMS.sort]["S"].partition("#")[2]
