"""Tencent's cloud for one app: its rooms, and the REST API that tells of them."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from local.tencent_cloud.caller import App, Denied, check
from local.tencent_cloud.faults import Code, Edited, Fault, Hang, Raw, Status
from local.tencent_cloud.rooms import MAX_LISTED, Room, Rooms
from roomstate.reconcile.errors import Unreachable
from roomstate.reconcile.rest import Connection

LIVE, ROOM, MIC = "live_engine_http_srv", "room_engine_http_srv", "room_engine_http_mic"
LIVE_PAGE = 100
"""Members on a page of Live's list. No page says how many there are."""
MAX_ROOM_PAGE = 100
"""Members on a page of Room's list, at most. No page says."""


class SimulatedTencent(Rooms):
    """One app's Tencent.

    Args:
        app: whose administrator may call.
        clock: Tencent's, ms since the epoch.
    """

    def __init__(self, app: App, clock: Callable[[], int]) -> None:
        super().__init__(clock)
        self.app = app
        self.calls: list[tuple[int, str]] = []
        """When, in ms, and which command was called."""
        self._faults: dict[str, tuple[Fault, int]] = {}

    def fail(self, command: str, fault: Fault, times: int = 1_000_000) -> None:
        """Put a fault on a command, as `get_seat_list`, for its next calls."""
        self._faults[command] = (fault, times)

    def heal(self) -> None:
        """Take all faults away."""
        self._faults.clear()

    def post(self, target: str, body: bytes) -> tuple[int, bytes] | None:
        """Answer a POST to a path with its query: status and content, None for no answer at all."""
        url = urlsplit(target)
        service, _, command = url.path.removeprefix("/v4/").partition("/")
        self.calls.append((self.clock(), command))
        fault = self._fault(command)
        answer: dict[str, Any]
        match fault:
            case Hang():
                return None
            case Status(status):
                return status, b""
            case Raw(content):
                return 200, content
            case Code(code):
                return 200, self._encoded(code)
        try:
            check(self.app, dict(parse_qsl(url.query, keep_blank_values=True)), self.clock() / 1000)
            response = self._respond(service, command, body)
        except Denied as denied:
            return 200, self._encoded(denied.code)
        answer = self._envelope(0) | {"Response": response}
        if isinstance(fault, Edited):
            fault.edit(answer)
        return 200, json.dumps(answer).encode()

    def _fault(self, command: str) -> Fault | None:
        fault, times = self._faults.get(command, (None, 0))
        if fault is not None:
            self._faults[command] = (fault, times - 1)
            if times == 1:
                del self._faults[command]
        return fault

    def _respond(self, service: str, command: str, body: bytes) -> dict[str, Any]:
        """The `Response` to a command.

        Raises:
            Denied: with an ErrorCode.
        """
        commands = {
            (LIVE, "get_room_info"): self._get_room_info,
            (LIVE, "get_member_list"): self._get_member_list,
            (LIVE, "get_admin_list"): lambda room, _: {"Admin_Account": sorted(room.admins)},
            (LIVE, "get_room_metadata"): self._get_room_metadata,
            (ROOM, "get_room_info"): self._get_room_info,
            (ROOM, "get_room_member_list"): self._get_room_member_list,
            (MIC, "get_seat_list"): self._get_seat_list,
        }
        if (service, command) not in commands:
            raise Denied(60009)
        try:
            request = json.loads(body)
            room_id = request["RoomId"]
        except (ValueError, KeyError, TypeError):
            raise Denied(60003) from None
        room = self.rooms.get(room_id)
        if room is None:
            raise Denied(100004)
        if service not in {MIC, LIVE if room.product == "live" else ROOM}:
            raise Denied(100006)
        try:
            return commands[service, command](room, request)
        except (ValueError, KeyError, TypeError):
            raise Denied(100002) from None

    def _get_room_info(self, room: Room, _: dict[str, Any]) -> dict[str, Any]:
        counted = (
            {"ViewCount": room.entries} if room.product == "live" else {"MemberCount": len(room.members)}
        )
        return {"RoomInfo": room.room_info() | counted}

    def _get_seat_list(self, room: Room, _: dict[str, Any]) -> dict[str, Any]:
        if not room.seats:
            raise Denied(100211)
        return {"SeatList": room.seats}

    def _get_member_list(self, room: Room, request: dict[str, Any]) -> dict[str, Any]:
        """The newest come first, as in Chat's list (50293); no page says so of Live's."""
        room.take_picture(self.clock())
        listed = room.picture[::-1][:MAX_LISTED]
        users, position = self._page(listed, request["Next"], LIVE_PAGE)
        members = [{"Member_Account": user} for user in users]
        return {"Next": position, "MemberCount": len(room.picture), "MemberList": members}

    def _get_room_member_list(self, room: Room, request: dict[str, Any]) -> dict[str, Any]:
        count = min(int(request.get("Count", 50)), MAX_ROOM_PAGE)
        users, position = self._page(list(room.members), request.get("Next", ""), count)
        members = [
            {"Member_Account": user, "NameCard": "", "Role": self._role(room, user), "Marks": []}
            for user in users
        ]
        return {"Next": position, "MemberList": members}

    def _get_room_metadata(self, room: Room, request: dict[str, Any]) -> dict[str, Any]:
        keys = request["Keys"] or sorted(room.metadata)
        return {
            "Metadata": [{"Key": key, "Value": room.metadata[key]} for key in keys if key in room.metadata]
        }

    @staticmethod
    def _role(room: Room, user: str) -> str:
        if user == room.owner:
            return "RoomOwner"  # as in the sample, against the table (60715)
        return "Admin" if user in room.admins else "Member"

    @staticmethod
    def _page(listed: list[str], position: str, size: int) -> tuple[list[str], str]:
        start = int(position or 0)
        end = start + size
        return listed[start:end], str(end) if end < len(listed) else ""

    def _encoded(self, code: int) -> bytes:
        return json.dumps(self._envelope(code)).encode()

    @staticmethod
    def _envelope(code: int) -> dict[str, Any]:
        """What is in each answer. A failure's info is a sentence of Tencent's, which nobody may rely on."""
        status = {"ActionStatus": "FAIL" if code else "OK", "ErrorInfo": "no luck" if code else ""}
        return {**status, "ErrorCode": code, "RequestId": f"Id-{uuid4().hex}-O-Seq-1"}


class Direct(Connection):
    """Calls a simulated Tencent in this process, without HTTP."""

    def __init__(self, tencent: SimulatedTencent) -> None:
        self._tencent = tencent

    def post(self, command: str, target: str, body: bytes) -> tuple[int, bytes]:
        answer = self._tencent.post(target, body)
        if answer is None:
            raise Unreachable(command, "timeout")
        return answer
