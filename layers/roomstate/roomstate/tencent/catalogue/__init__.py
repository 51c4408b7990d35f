"""Tencent's commands: one model each, with the page that documents it and the facts it asserts.

A `StateCommand` is read strictly: what its model cannot read is unreadable. An `ObservedCommand`
changes no state, so its fields are for consumers, and nothing in them is a reason to refuse it.
"""

from roomstate.tencent.catalogue.base import Command, ObservedCommand
from roomstate.tencent.catalogue.live import (
    ChangeOwner,
    CreateRoom,
    DelMetadata,
    DestroyRoom,
    MemberStateChanged,
    ModifyAdmin,
    SetMetadata,
    UpdateRoomInfo,
)
from roomstate.tencent.catalogue.mic import SeatInfoChanged
from roomstate.tencent.catalogue.room import (
    MemberEnter,
    MemberLeave,
    RoomCreateRoom,
    RoomDestroyRoom,
    RoomUpdateRoomInfo,
)

STATE_MODELS: tuple[type[Command], ...] = (
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
)

_STATE = {name: model for model in STATE_MODELS for name in model.names}


def model_of(command: str | None) -> type[Command] | None:
    """The model of a command of Tencent's, by any of its names; None where this project knows it not."""
    if command is None:
        return None
    if command in _STATE:
        return _STATE[command]
    # What rooms hold can be told without these, so a cold start goes without them.
    from roomstate.tencent.catalogue.observed import OBSERVED  # noqa: PLC0415

    return OBSERVED.get(command)


def is_blocking(command: str | None) -> bool:
    """Whether Tencent waits for our consent."""
    model = model_of(command)
    return model is not None and issubclass(model, ObservedCommand) and model.blocking
