"""Live (TUILiveKit): rooms, their members, administrators and metadata."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from roomstate.state.life import LifeFact
from roomstate.state.registers import LIFE, ROOM, Admin, Assertion, Key, Member, Metadata, RoomFacts
from roomstate.tencent.catalogue.base import StateCommand, Wire
from roomstate.tencent.catalogue.room_info import RoomInfoCommand
from roomstate.tencent.wire import Identifier, Listed, MetadataValue, OptionalIdentifier


class CreateRoom(RoomInfoCommand):
    """A room is created: Live 64422, Room 60733.

    Live's sample has no EventTime, though its table does: then CreateTime, in s, is the time.
    """

    names = ("Live.CallbackAfterCreateRoom",)

    def time(self) -> int | None:
        if self.event_time is None and self.room_info.create_time is not None:
            return self.room_info.create_time * 1000
        return self.event_time

    def assertions(self) -> Iterator[Assertion]:
        yield LIFE, LifeFact(created=True)
        if fields := self.room_info.asserted():
            yield ROOM, RoomFacts(fields)


class UpdateRoomInfo(RoomInfoCommand):
    """Some of a room's fields change: Live 67938, Room 60731."""

    names: ClassVar[tuple[str, ...]] = ("Live.CallbackAfterUpdateRoomInfo",)

    def assertions(self) -> Iterator[Assertion]:
        if fields := self.room_info.asserted():
            yield ROOM, RoomFacts(fields)


class DestroyRoom(StateCommand):
    """A room ends: 64423. Nobody is reported Offline then, so it ends everything in the room.

    `EventType` is DestroyByUser or DestroyBySystem; `RoomInfo` and `Statistic` are newer than the
    command. What they say of a room that has ended is in the recorded payload.
    """

    names = ("Live.CallbackAfterDestroyRoom",)

    def assertions(self) -> Iterator[Assertion]:
        yield LIFE, LifeFact(ended=True)


class ChangeOwner(StateCommand):
    """A room gets another owner: 72553."""

    names = ("Live.CallbackAfterChangeOwner",)

    owner: Identifier = Field(alias="CurrentOwner_Account")

    def assertions(self) -> Iterator[Assertion]:
        yield ROOM, RoomFacts({"owner": self.owner})


class ModifyAdmin(StateCommand):
    """Administrators appointed or dismissed: 72554. `Admin_Account` holds the changed ones only.

    The page writes `opType` with a lower-case o.
    """

    names = ("Live.CallbackAfterModifyAdmin",)

    admins: Listed[Identifier] = Field(alias="Admin_Account")
    op_type: Literal["add", "delete"] = Field(alias="opType")

    def assertions(self) -> Iterator[Assertion]:
        for user_id in self.admins:
            yield Key("admin", user_id), Admin(present=self.op_type == "add")


class MemberEntry(Wire):
    user_id: Identifier = Field(alias="Member_Account")


class MemberStateChanged(StateCommand):
    """Members coming online or going offline: 64424, whose URL table spells the second name.

    `EventCause` is an open set: Enter, Leave, HeartbeatInterrupt, HeartbeatRecover, Kicked.
    """

    names = ("Live.CallbackAfterMemberStateChanged", "Live.CallbackMemberStateChanged")

    event_type: Literal["Online", "Offline"]
    event_cause: OptionalIdentifier = None
    member_list: Listed[MemberEntry]

    def assertions(self) -> Iterator[Assertion]:
        for member in self.member_list:
            yield (
                Key("member", member.user_id),
                Member(online=self.event_type == "Online", cause=self.event_cause),
            )


class MetadataEntry(Wire):
    key: Identifier
    value: MetadataValue


class SetMetadata(StateCommand):
    """Metadata keys are set: 68222."""

    names = ("Live.CallbackAfterSetMetadata",)

    metadata: Listed[MetadataEntry]

    def assertions(self) -> Iterator[Assertion]:
        for entry in self.metadata:
            yield Key("metadata", entry.key), Metadata(entry.value)


class DelMetadata(StateCommand):
    """Metadata keys are deleted: 68223."""

    names = ("Live.CallbackAfterDelMetadata",)

    keys: Listed[Identifier]

    def assertions(self) -> Iterator[Assertion]:
        for key in self.keys:
            yield Key("metadata", key), Metadata(None)
