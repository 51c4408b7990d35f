"""Live (TUILiveKit): battles, gifts, recordings and limits, which change no state."""

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from roomstate.tencent.catalogue.base import ObservedCommand, Wire
from roomstate.tencent.wire import Identifier, Integer, Listed, OptionalIdentifier


class CreateRoomReachingThreshold(ObservedCommand):
    """The app has nearly as many rooms as it may have: 70485."""

    names = ("Live.CallbackAfterCreateRoomReachingThreshold",)

    cur_room_count: int | None = None
    max_room_count: int | None = None


class CreateBattle(ObservedCommand):
    """A room challenges others: 68259."""

    names = ("Live.CallbackAfterCreateBattle",)

    battle_id: str | None = None
    from_room_id: Identifier
    to_room_id_list: Listed[Identifier] = Field([])
    timeout: int | None = None
    """ms."""
    duration: int | None = None
    """ms."""
    need_response: bool | None = None
    extension_info: str | None = None

    def rooms(self) -> Iterable[str]:
        return (self.from_room_id, *self.to_room_id_list)


class BattleRoom(Wire):
    room_id: Identifier
    owner: OptionalIdentifier = Field(None, alias="Owner_Account")
    score: int | None = None
    """Once the battle has ended."""


class StartBattle(ObservedCommand):
    """A battle between rooms begins: 68260."""

    names = ("Live.CallbackAfterStartBattle",)

    battle_id: str | None = None
    duration: int | None = None
    """ms."""
    create_time: int | None = None
    """s since the epoch; so the other times of a battle."""
    start_time: int | None = None
    from_room_info: BattleRoom
    to_room_list: Listed[BattleRoom] = Field([])

    def rooms(self) -> Iterable[str]:
        return (self.from_room_info.room_id, *(room.room_id for room in self.to_room_list))


class EndBattle(StartBattle):
    """A battle between rooms ends: 68261."""

    names = ("Live.CallbackAfterEndBattle",)

    end_time: int | None = None
    op_type: int | None = None
    """0 time is up, 1 all hosts left, 2 nobody joined."""


class Gift(Wire):
    sender: OptionalIdentifier = Field(None, alias="From_Account")
    receivers: Listed[Identifier] = Field([], alias="To_Account")
    time: int | None = None
    """s since the epoch. Two gifts of one second are two, so this is no webhook's identity."""
    gift_id: str | None = None
    count: int | None = None
    coins: int | None = None


class BeforeSendGift(ObservedCommand):
    """Somebody wants to send a gift, and waits for our consent: 72210."""

    names = ("Live.CallbackBeforeSendGift",)
    blocking = True

    room_id: Identifier
    gift_water: Gift | None = None

    def rooms(self) -> Iterable[str]:
        return (self.room_id,)


class RecordingInfo(Wire):
    room_id: Identifier
    event_ts: int | None = None
    """s since the epoch."""
    event_ms_ts: int | None = None
    """ms since the epoch."""
    user_id: OptionalIdentifier = None
    task_id: str | None = None
    payload: dict[str, Any] = Field({})


class CloudRecordingChanged(ObservedCommand):
    """A cloud recording starts, stops or fails: 78428, which once writes Follow for Live."""

    names = ("Live.CallbackAfterCloudRecordingChanged", "Follow.CallbackAfterCloudRecordingChanged")

    event_group_id: int | None = None
    event_type: int | None = None
    callback_ts: Integer | None = None
    """ms since the epoch."""
    event_info: RecordingInfo

    def time(self) -> int | None:
        return self.event_time if self.event_time is not None else self.callback_ts

    def rooms(self) -> Iterable[str]:
        return (self.event_info.room_id,)
