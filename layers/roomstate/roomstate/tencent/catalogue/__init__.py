"""Tencent's commands: one model each, with the page that documents it and the facts it asserts.

A `StateCommand` is read strictly: what its model cannot read is unreadable. An `ObservedCommand`
changes no state, so its fields are for consumers, and nothing in them is a reason to refuse it.
"""

from roomstate.tencent.catalogue.base import Command, ObservedCommand
from roomstate.tencent.catalogue.chat import AfterSendMsg, BeforeSendMsg, FollowAdd, FollowDelete
from roomstate.tencent.catalogue.live import (
    ChangeOwner,
    CreateRoom,
    CreateRoomReachingThreshold,
    DelMetadata,
    DestroyRoom,
    MemberStateChanged,
    ModifyAdmin,
    SetMetadata,
    UpdateRoomInfo,
)
from roomstate.tencent.catalogue.live_events import (
    BeforeSendGift,
    CloudRecordingChanged,
    CreateBattle,
    EndBattle,
    StartBattle,
)
from roomstate.tencent.catalogue.mic import SeatInfoChanged
from roomstate.tencent.catalogue.room import (
    MemberEnter,
    MemberLeave,
    RoomCreateRoom,
    RoomDestroyRoom,
    RoomUpdateRoomInfo,
)

MODELS: tuple[type[Command], ...] = (
    SeatInfoChanged,
    ModifyAdmin,
    MemberStateChanged,
    MemberEnter,
    MemberLeave,
    CreateRoom,
    RoomCreateRoom,
    UpdateRoomInfo,
    RoomUpdateRoomInfo,
    DestroyRoom,
    RoomDestroyRoom,
    ChangeOwner,
    SetMetadata,
    DelMetadata,
    CreateRoomReachingThreshold,
    CreateBattle,
    StartBattle,
    EndBattle,
    BeforeSendGift,
    AfterSendMsg,
    BeforeSendMsg,
    FollowAdd,
    FollowDelete,
    CloudRecordingChanged,
)

COMMANDS: dict[str, type[Command]] = {name: model for model in MODELS for name in model.names}
"""Every command of Tencent's that this project knows, by each of its names."""


def is_blocking(command: str | None) -> bool:
    """Whether Tencent waits for our consent."""
    model = COMMANDS.get(command or "")
    return model is not None and issubclass(model, ObservedCommand) and model.blocking
