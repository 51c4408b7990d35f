"""True rooms: what happens in them, and the webhooks that tell of it.

What no page states, and is guessed here: leaving a room does not take anybody off a seat; a Room's
administrator is one as long as he is in it; a room's seats are there from its start.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from roomstate.reconcile.answers import Product

Body = dict[str, Any]

CACHE_MS = 40_000
"""Live's member list is renewed so often (page 66908)."""
MAX_LISTED = 1_000
"""Members of a Live room that are listed (66908)."""


@dataclass
class Room:
    """One life of a room, as it is."""

    product: Product
    room_id: str
    created_at: int
    """ms since the epoch."""
    owner: str
    info: Body
    """By the wire's names, without those that are below."""
    seats: list[Body]
    members: dict[str, None] = field(default_factory=dict)
    """In the order in which they came."""
    admins: set[str] = field(default_factory=set)
    metadata: dict[str, str] = field(default_factory=dict)
    entries: int = 0
    """How often anybody entered."""
    picture: list[str] = field(default_factory=list)
    """The members as the cache has them."""
    pictured_at: int = 0

    def take_picture(self, now: int) -> None:
        """Renew the cache, where its time is over. To be called before each change and each look."""
        if now // CACHE_MS != self.pictured_at // CACHE_MS:
            self.picture, self.pictured_at = list(self.members), now

    def room_info(self) -> Body:
        """All fields, as an answer and a CreateRoom have them."""
        return {
            "RoomId": self.room_id,
            "RoomType": "Live" if self.product == "live" else "Conference",
            "Owner_Account": self.owner,
            "CreateTime": self.created_at // 1000,
            "IsSeatEnabled": bool(self.seats),
            "MaxSeatCount": len(self.seats),
            **self.info,
        }


class Rooms:
    """All rooms of an app, of both products.

    Args:
        clock: Tencent's, ms since the epoch.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self.clock = clock
        self.rooms: dict[str, Room] = {}
        """Those that live, by room id."""
        self.webhooks: list[Body] = []
        """All that were ever sent, in the order in which it happened. Whoever delivers them may lose them."""

    def create(self, product: Product, room_id: str, owner: str, seats: int = 0, **info: Any) -> Room:
        """A room begins, with as many seats, and with the fields of `info`."""
        assert room_id not in self.rooms, "100003: the room id is taken"
        empty = [self._empty(index) for index in range(seats)]
        room = Room(product, room_id, self.clock(), owner, info, empty, pictured_at=self.clock())
        self.rooms[room_id] = room
        # Room's webhook spells the type in another way than its answer does (60733, 60704).
        told = room.room_info() | ({"RoomType": "Meeting"} if product == "room" else {})
        self._send(room, "AfterCreateRoom", Operator_Account=owner, RoomInfo=told)
        return room

    def destroy(self, room_id: str) -> None:
        """A room ends. Nobody is reported to leave it (64424)."""
        room = self.rooms.pop(room_id)
        self._send(room, "AfterDestroyRoom", Operator_Account=room.owner, RoomId=room_id)

    def update(self, room_id: str, **info: Any) -> None:
        """Fields of a room change."""
        room = self.rooms[room_id]
        room.info |= info
        self._send(
            room, "AfterUpdateRoomInfo", Operator_Account=room.owner, RoomInfo={"RoomId": room_id, **info}
        )

    def change_owner(self, room_id: str, owner: str) -> None:
        """Another owner. Room has no webhook for it."""
        room = self.rooms[room_id]
        original, room.owner = room.owner, owner
        if room.product == "live":
            accounts = {"CurrentOwner_Account": owner, "OriginalOwner_Account": original}
            self._send(room, "AfterChangeOwner", Operator_Account=original, RoomId=room_id, **accounts)

    def enter(self, room_id: str, *users: str) -> None:
        """Members come."""
        room = self.rooms[room_id]
        room.take_picture(self.clock())
        room.members |= dict.fromkeys(users)
        room.entries += len(users)
        self._tell_members(room, users, "Online", "Enter")

    def leave(self, room_id: str, *users: str) -> None:
        """Members go."""
        room = self.rooms[room_id]
        room.take_picture(self.clock())
        for user in users:
            room.members.pop(user, None)
            if room.product == "room":
                room.admins.discard(user)
        self._tell_members(room, users, "Offline", "Leave")

    def seat(self, room_id: str, index: int, user: str | None = None, **flags: bool) -> None:
        """A seat is as told: who has it, and `Taken`, `Audio`, `Video` for what is disabled there."""
        room = self.rooms[room_id]
        entry = self._empty(index) | {f"Is{name}Disabled": value for name, value in flags.items()}
        room.seats[index] = entry if user is None else {"Member_Account": user, **entry}
        body = {"CallbackCommand": "Mic.CallbackAfterSeatInfoChanged", "RoomId": room_id}
        self.webhooks.append({**body, "SeatList": [room.seats[index]], "EventTime": self.clock()})

    def appoint(self, room_id: str, *users: str) -> None:
        """Administrators are appointed. Room has no webhook for it."""
        self._administer(room_id, users, "add")

    def dismiss(self, room_id: str, *users: str) -> None:
        """Administrators are dismissed."""
        self._administer(room_id, users, "delete")

    def set_metadata(self, room_id: str, **pairs: str) -> None:
        """Metadata keys are set. Only Live has any."""
        room = self.rooms[room_id]
        room.metadata |= pairs
        entries = [{"Key": key, "Value": value} for key, value in pairs.items()]
        self._send(room, "AfterSetMetadata", Operator_Account=room.owner, RoomId=room_id, Metadata=entries)

    def delete_metadata(self, room_id: str, *keys: str) -> None:
        """Metadata keys are deleted."""
        room = self.rooms[room_id]
        for key in keys:
            room.metadata.pop(key, None)
        self._send(room, "AfterDelMetadata", Operator_Account=room.owner, RoomId=room_id, Keys=list(keys))

    def _administer(self, room_id: str, users: Iterable[str], way: str) -> None:
        room = self.rooms[room_id]
        named = list(users)
        room.admins = room.admins | set(named) if way == "add" else room.admins - set(named)
        if room.product == "live":
            accounts = {"Operator_Account": room.owner, "Admin_Account": named}
            self._send(room, "AfterModifyAdmin", RoomId=room_id, opType=way, **accounts)

    def _tell_members(self, room: Room, users: tuple[str, ...], event: str, cause: str) -> None:
        if room.product == "live":
            members = [{"Member_Account": user} for user in users]
            live = {"RoomId": room.room_id, "EventType": event, "EventCause": cause, "MemberList": members}
            self._send(room, "AfterMemberStateChanged", **live)
        else:
            account = {"Operator_Account": users[0], "RoomId": room.room_id, "MemberCount": len(room.members)}
            way = "AfterMemberEnter" if event == "Online" else "AfterMemberLeave"
            self._send(room, way, **account, Type=cause, MemberList_Account=list(users))

    def _send(self, room: Room, callback: str, **body: Any) -> None:
        family = "Live" if room.product == "live" else "Room"
        command = {"CallbackCommand": f"{family}.Callback{callback}"}
        self.webhooks.append({**command, **body, "EventTime": self.clock()})

    @staticmethod
    def _empty(index: int) -> Body:
        flags = {f"Is{name}Disabled": False for name in ("Taken", "Audio", "Video")}
        return {"Index": index, **flags}
