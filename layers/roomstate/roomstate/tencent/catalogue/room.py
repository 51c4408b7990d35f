"""Room (TUIRoomKit): conferences and their members."""

from collections.abc import Iterator

from pydantic import Field

from roomstate.state.registers import Assertion, Key, Member
from roomstate.tencent.catalogue.base import StateCommand
from roomstate.tencent.catalogue.live import CreateRoom, DestroyRoom, UpdateRoomInfo
from roomstate.tencent.wire import Identifier, Listed, OptionalIdentifier


class RoomCreateRoom(CreateRoom):
    """A conference is created: 60733."""

    names = ("Room.CallbackAfterCreateRoom",)


class RoomUpdateRoomInfo(UpdateRoomInfo):
    """Some of a conference's fields change: 60731, which also has an older name."""

    names = ("Room.CallbackAfterUpdateRoomInfo", "Room.CallbackUpdateRoomInfo")


class RoomDestroyRoom(DestroyRoom):
    """A conference ends: 60732."""

    names = ("Room.CallbackAfterDestroyRoom",)


class MemberEnter(StateCommand):
    """Members entering a Room: 60735. `MemberList_Account` is a list of strings, unlike Live's."""

    names = ("Room.CallbackAfterMemberEnter",)

    type: OptionalIdentifier = None
    members: Listed[Identifier] = Field(alias="MemberList_Account")

    def assertions(self) -> Iterator[Assertion]:
        for user_id in self.members:
            yield Key("member", user_id), Member(online=True, cause=self.type)


class MemberLeave(StateCommand):
    """Members leaving a Room: 60734. `Type` is Leave, Kicked or Expired (no heartbeat)."""

    names = ("Room.CallbackAfterMemberLeave",)

    type: OptionalIdentifier = None
    members: Listed[Identifier] = Field(alias="MemberList_Account")

    def assertions(self) -> Iterator[Assertion]:
        for user_id in self.members:
            yield Key("member", user_id), Member(online=False, cause=self.type)
