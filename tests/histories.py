"""Generated histories of rooms, as bodies, and what they come to, told another way than the code's.

The oracle knows no registers and no versions. It puts the bodies of a history in the order they
happened in, and acts them out on plain dictionaries.
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from hypothesis import strategies as st

from tests.payloads import (
    APP,
    Payload,
    admins,
    change_owner,
    create,
    del_metadata,
    destroy,
    members,
    seat,
    seats,
    set_metadata,
    update,
)

ROOMS = ["r", "r#1", "member#1", "a/b c%20:"]
USERS = ["ann", "bob", "@TIM#SYSTEM", 144115233775727695]
# Few instants, so that many events share one; some closer than the margin around a life, some farther.
times = st.sampled_from(range(8)).map(lambda tick: 1_700_000_000_000 + 4_000 * tick)
rooms = st.sampled_from(ROOMS)
users = st.sampled_from(USERS)
flags = st.fixed_dictionaries({}, optional={name: st.booleans() for name in ("Taken", "Audio", "Video")})
infos = st.fixed_dictionaries(
    {},
    optional={
        "RoomName": st.sampled_from(["a", "b", ""]),
        "MaxSeatCount": st.integers(0, 3),
        "IsMessageDisabled": st.sampled_from([True, False, "false"]),
        "Owner_Account": users,
        "Category": st.lists(st.integers(0, 2), max_size=2),
        "CoverURL": st.none(),
    },
)


@st.composite
def seat_entries(draw: st.DrawFn) -> Payload:
    entry = seat(draw(st.integers(0, 2)), draw(st.one_of(users, st.sampled_from([None, ""]))), **draw(flags))
    if entry["Member_Account"] is None and draw(st.booleans()):
        del entry["Member_Account"]
    return entry


def _lists(elements: Any) -> Any:
    return st.lists(elements, min_size=0, max_size=3)


@st.composite
def presence(draw: st.DrawFn) -> list[Payload]:
    """Seats, administrators and members."""
    room, at = draw(rooms), draw(times)
    match draw(st.sampled_from(["seats", "admins", "members"])):
        case "seats":
            extra = draw(st.sampled_from([{}, {"Operator_Account": "ann"}]))
            return [seats(room, *draw(_lists(seat_entries())), at=at, **extra)]
        case "admins":
            return [admins(room, draw(st.sampled_from(["add", "delete"])), *draw(_lists(users)), at=at)]
        case _:
            state = draw(st.sampled_from(["Online", "Offline"]))
            cause = draw(st.sampled_from(["Enter", "Leave", "Kicked", None]))
            return [members(room, state, *draw(_lists(users)), at=at, cause=cause)]


@st.composite
def life(draw: st.DrawFn) -> list[Payload]:
    """The room itself, under Live's names and Room's."""
    room, at = draw(rooms), draw(times)
    match draw(st.integers(0, 7)):
        case 0:
            return [create(room, at, **draw(infos))]
        case 1:
            return [{**create(room, at, **draw(infos)), "CallbackCommand": "Room.CallbackAfterCreateRoom"}]
        case 2:
            return [destroy(room, at)]
        case 3:
            return [update(room, at, **draw(infos))]
        case 4:
            return [{**update(room, at, **draw(infos)), "CallbackCommand": "Room.CallbackUpdateRoomInfo"}]
        case 5:
            return [set_metadata(room, at, **{draw(st.sampled_from("kl")): draw(st.sampled_from("xy"))})]
        case 6:
            return [del_metadata(room, *draw(_lists(st.sampled_from("kl"))), at=at)]
        case _:
            return [change_owner(room, str(draw(users)), at)]


@st.composite
def conferences(draw: st.DrawFn) -> list[Payload]:
    """Members by Room's commands."""
    room, at = draw(rooms), draw(times)
    way, word = draw(st.sampled_from([("Enter", "Enter"), ("Leave", "Kicked"), ("Leave", "Expired")]))
    payload = {
        "CallbackCommand": f"Room.CallbackAfterMember{way}",
        "RoomId": room,
        "Type": word,
        "MemberList_Account": [str(user) for user in draw(_lists(users))],
        "EventTime": at,
    }
    return [payload]


histories = st.lists(st.one_of(presence(), presence(), life(), conferences()), min_size=1, max_size=14).map(
    lambda events: [payload for event in events for payload in event]
)


@dataclass(frozen=True)
class Ends:
    """What a history says of a room's life, in any order."""

    started_at: int | None
    ended_at: int | None
    shown_at: int | None
    """When somebody was last shown in the room."""

    @property
    def void_until(self) -> int:
        return max(self.ended_at or 0, (self.started_at or 0) - 10_001)

    @property
    def is_contradicted(self) -> bool:
        """Somebody was shown well after the end. What readers then show depends on the order."""
        return None not in (self.ended_at, self.shown_at) and self.shown_at > self.ended_at + 10_000  # type: ignore[operator]

    @property
    def status(self) -> str:
        return "ended" if self.ended_at is not None and self.ended_at >= (self.started_at or 0) else "live"


def ends(history: list[Payload]) -> dict[str, Ends]:
    """By room."""
    rooms: dict[str, list[Payload]] = {}
    for payload in history:
        rooms.setdefault(room_of(payload), []).append(payload)

    def last(payloads: list[Payload]) -> int | None:
        return max((payload["EventTime"] for payload in payloads), default=None)

    return {
        room: Ends(
            last([payload for payload in payloads if "CreateRoom" in payload["CallbackCommand"]]),
            last([payload for payload in payloads if "DestroyRoom" in payload["CallbackCommand"]]),
            last([payload for payload in payloads if shows_somebody(payload)]),
        )
        for room, payloads in rooms.items()
    }


def room_of(payload: Payload) -> str:
    room: str = payload.get("RoomId") or payload["RoomInfo"]["RoomId"]
    return room


def shows_somebody(payload: Payload) -> bool:
    """Whether a body seats, appoints or lets in anybody."""
    return bool(
        any(entry.get("Member_Account") for entry in payload.get("SeatList", []))
        or (payload.get("opType") == "add" and payload["Admin_Account"])
        or (payload.get("EventType") == "Online" and payload["MemberList"])
        or ("MemberEnter" in payload["CallbackCommand"] and payload["MemberList_Account"])
    )


def oracle(history: list[Payload], app: str = APP) -> dict[str, Any]:
    """What each room comes to, in the shape of `Room.model_dump()` without times.

    The status is that of the ends alone: see `Ends.is_contradicted`.
    """
    stage: dict[str, Any] = {}
    of_rooms = ends(history)
    for payload in sorted(history, key=lambda payload: _moment(payload, app)):
        name = room_of(payload)
        act, does = _act(payload)
        if does:
            room = stage.setdefault(name, {**_empty(), "status": of_rooms[name].status})
            if payload["EventTime"] > of_rooms[name].void_until:
                act(room)
    return stage


def _moment(payload: Payload, app: str) -> tuple[int, str]:
    """The order of events: by time, then by event id."""
    # A command of two names is one webhook under either.
    recorded = payload["CallbackCommand"].replace("Room.CallbackUpdate", "Room.CallbackAfterUpdate")
    named = {**payload, "CallbackCommand": recorded}
    canonical = json.dumps(named, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    event_id = sha256(f"{app}\0\0{canonical}".encode()).hexdigest()[:32]
    return payload["EventTime"], event_id


def _empty() -> dict[str, Any]:
    return {
        "owner": None,
        "info": {},
        "metadata": {},
        "seats": {},
        "admins": set(),
        "members": {},
    }


def _act(payload: Payload) -> tuple[Any, bool]:
    """How a body changes a room, and whether it says anything of it at all."""
    command = payload["CallbackCommand"].rsplit(".Callback")[-1].removeprefix("After")

    def inform(room: Any) -> None:
        for wire, name in (
            ("RoomName", "room_name"),
            ("MaxSeatCount", "max_seat_count"),
            ("Category", "category"),
        ):
            if wire in payload["RoomInfo"]:
                room["info"][name] = payload["RoomInfo"][wire]
        if "IsMessageDisabled" in payload["RoomInfo"]:
            room["info"]["is_message_disabled"] = payload["RoomInfo"]["IsMessageDisabled"] is True
        if "Owner_Account" in payload["RoomInfo"]:
            room["owner"] = str(payload["RoomInfo"]["Owner_Account"])

    def end(_: Any) -> None:
        """It voids what is not later, and that is not acted upon."""

    def own(room: Any) -> None:
        room["owner"] = payload["CurrentOwner_Account"]

    def tag(room: Any) -> None:
        room["metadata"].update({entry["Key"]: entry["Value"] for entry in payload["Metadata"]})

    def untag(room: Any) -> None:
        for key in payload["Keys"]:
            room["metadata"].pop(key, None)

    def sit(room: Any) -> None:
        for entry in payload["SeatList"]:
            user = entry.get("Member_Account")
            room["seats"][entry["Index"]] = (
                str(user) if user else None,
                *(entry.get(f"Is{flag}Disabled", False) for flag in ("Taken", "Audio", "Video")),
            )

    def appoint(room: Any) -> None:
        named = {str(user) for user in payload["Admin_Account"]}
        room["admins"] = room["admins"] | named if payload["opType"] == "add" else room["admins"] - named

    def move(room: Any, come: bool, cause: str | None, who: list[str]) -> None:
        for user in who:
            room["members"].pop(user, None)
            if come:
                room["members"][user] = cause

    def connect(room: Any) -> None:
        who = [str(entry["Member_Account"]) for entry in payload["MemberList"]]
        move(room, payload["EventType"] == "Online", payload["EventCause"], who)

    def enter(room: Any) -> None:
        move(room, command == "MemberEnter", payload["Type"], payload["MemberList_Account"])

    # What names nothing says nothing: a room is not heard of by an empty list.
    return {
        "CreateRoom": (inform, True),
        "DestroyRoom": (end, True),
        "UpdateRoomInfo": (
            inform,
            any(value is not None for key, value in payload.get("RoomInfo", {}).items() if key != "RoomId"),
        ),
        "ChangeOwner": (own, True),
        "SetMetadata": (tag, True),
        "DelMetadata": (untag, bool(payload.get("Keys"))),
        "SeatInfoChanged": (sit, bool(payload.get("SeatList"))),
        "ModifyAdmin": (appoint, bool(payload.get("Admin_Account"))),
        "MemberStateChanged": (connect, bool(payload.get("MemberList"))),
        "MemberEnter": (enter, bool(payload.get("MemberList_Account"))),
        "MemberLeave": (enter, bool(payload.get("MemberList_Account"))),
    }[command]
