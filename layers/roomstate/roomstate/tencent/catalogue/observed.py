"""The commands that change no state. They are loaded when the first of them comes, or one nobody knows."""

from roomstate.tencent.catalogue.base import ObservedCommand
from roomstate.tencent.catalogue.chat import AfterSendMsg, BeforeSendMsg, FollowAdd, FollowDelete
from roomstate.tencent.catalogue.live_events import (
    BeforeSendGift,
    CloudRecordingChanged,
    CreateBattle,
    CreateRoomReachingThreshold,
    EndBattle,
    StartBattle,
)

OBSERVED_MODELS: tuple[type[ObservedCommand], ...] = (
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

OBSERVED = {name: model for model in OBSERVED_MODELS for name in model.names}
"""By each of their names."""
