"""Tencent's commands: one model each, with the page that documents it and the facts it asserts.

Field names are the wire's (`RoomId`, `EventTime`) in snake_case. Unknown fields are ignored here and
kept in the recorded payload; null is read as absent.

A `StateCommand` is read strictly: what its model cannot read is unreadable. An `ObservedCommand`
changes no state, so its fields are for consumers, and nothing in them is a reason to refuse it.
"""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_pascal

from roomstate.registers import (
    ROOM,
    Admin,
    Assertion,
    InfoValue,
    Key,
    Member,
    Metadata,
    RoomFacts,
    Seat,
)
from roomstate.wire import (
    Flag,
    Identifier,
    Integer,
    MetadataValue,
    OptionalIdentifier,
    Tags,
    Text,
)


class Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_pascal, frozen=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, fields: Any) -> Any:
        if not isinstance(fields, dict):
            return fields
        return {name: value for name, value in fields.items() if value is not None}


class Command(Wire):
    """A webhook's body."""

    names: ClassVar[tuple[str, ...]]
    """CallbackCommand: the name it is recorded under, then its other names."""

    operator: OptionalIdentifier = Field(None, alias="Operator_Account")
    event_time: Integer | None = None
    """ms since the epoch."""

    def time(self) -> int | None:
        """When it happened, ms since the epoch, where the body says so."""
        return self.event_time

    def rooms(self) -> Iterable[str]:
        """The rooms it concerns."""
        raise NotImplementedError

    def assertions(self) -> Iterator[Assertion]:
        """The facts it asserts, of the one room it names."""
        yield from ()


class StateCommand(Command):
    """A command that changes one room."""

    room_id: Identifier

    def rooms(self) -> Iterable[str]:
        return (self.room_id,)


class ObservedCommand(Command):
    """A command that is recorded, and changes nothing."""

    blocking: ClassVar[bool] = False
    """Whether Tencent waits for the answer, and takes none within 2 s for a no."""

    def rooms(self) -> Iterable[str]:
        return ()


# --- Seats, administrators, members


class SeatEntry(Wire):
    """One seat's new state, whole: a flag that is absent is off, an absent account is nobody."""

    index: Integer
    user_id: OptionalIdentifier = Field(None, alias="Member_Account")
    is_taken_disabled: Flag = False
    is_audio_disabled: Flag = False
    is_video_disabled: Flag = False


class SeatInfoChanged(StateCommand):
    """Seats taken, left, locked or muted: Live 64425, Room 60736 (with `Operator_Account`).

    Whether `SeatList` is all seats or the changed ones is stated nowhere, so each entry speaks for
    its own seat and none for a seat that is missing. EventTime is in the samples, not in the table.
    """

    names = ("Mic.CallbackAfterSeatInfoChanged",)

    seat_list: list[SeatEntry]

    def assertions(self) -> Iterator[Assertion]:
        for seat in self.seat_list:
            yield (
                Key("seat", seat.index),
                Seat(
                    user_id=seat.user_id,
                    locked=seat.is_taken_disabled,
                    audio_disabled=seat.is_audio_disabled,
                    video_disabled=seat.is_video_disabled,
                ),
            )


class ModifyAdmin(StateCommand):
    """Administrators appointed or dismissed: 72554. `Admin_Account` holds the changed ones only.

    The page writes `opType` with a lower-case o.
    """

    names = ("Live.CallbackAfterModifyAdmin",)

    admins: list[Identifier] = Field(alias="Admin_Account")
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
    member_list: list[MemberEntry]

    def assertions(self) -> Iterator[Assertion]:
        for member in self.member_list:
            yield (
                Key("member", member.user_id),
                Member(online=self.event_type == "Online", cause=self.event_cause),
            )


class MemberEnter(StateCommand):
    """Members entering a Room: 60735. `MemberList_Account` is a list of strings, unlike Live's."""

    names = ("Room.CallbackAfterMemberEnter",)

    type: OptionalIdentifier = None
    members: list[Identifier] = Field(alias="MemberList_Account")

    def assertions(self) -> Iterator[Assertion]:
        for user_id in self.members:
            yield Key("member", user_id), Member(online=True, cause=self.type)


class MemberLeave(StateCommand):
    """Members leaving a Room: 60734. `Type` is Leave, Kicked or Expired (no heartbeat)."""

    names = ("Room.CallbackAfterMemberLeave",)

    type: OptionalIdentifier = None
    members: list[Identifier] = Field(alias="MemberList_Account")

    def assertions(self) -> Iterator[Assertion]:
        for user_id in self.members:
            yield Key("member", user_id), Member(online=False, cause=self.type)


# --- The room itself


class RoomInfo(Wire):
    """What a room is like: Live's fields and Room's. Only those present are asserted."""

    room_id: Identifier
    owner: OptionalIdentifier = Field(None, alias="Owner_Account")

    room_name: Text | None = None
    room_type: Text | None = None
    max_member_count: Integer | None = None
    max_seat_count: Integer | None = None
    is_message_disabled: Flag | None = None
    is_seat_enabled: Flag | None = None
    take_seat_mode: Text | None = None
    custom_info: Text | None = None
    create_time: Integer | None = None
    """s since the epoch."""

    is_public_visible: Flag | None = None
    cover_url: Text | None = Field(None, alias="CoverURL")
    background_url: Text | None = Field(None, alias="BackgroundURL")
    category: Tags | None = None
    activity_status: Integer | None = None
    view_count: Integer | None = None
    is_unlimited_room_enabled: Flag | None = None

    is_video_disabled: Flag | None = None
    is_audio_disabled: Flag | None = None
    is_screen_sharing_disabled: Flag | None = None
    is_cloud_recording_disabled: Flag | None = None
    schedule_start_time: Integer | None = None
    """s since the epoch."""
    schedule_end_time: Integer | None = None
    """s since the epoch."""
    room_status: Text | None = None

    def asserted(self) -> dict[str, InfoValue]:
        """The room's fields, by the names they are kept under."""
        return self.model_dump(exclude={"room_id"}, exclude_none=True)


class RoomInfoCommand(Command):
    """A command that has its room in `RoomInfo`."""

    room_info: RoomInfo

    def rooms(self) -> Iterable[str]:
        return (self.room_info.room_id,)


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
        yield ROOM, RoomFacts(created=True, fields=self.room_info.asserted())


class RoomCreateRoom(CreateRoom):
    """A conference is created: 60733."""

    names = ("Room.CallbackAfterCreateRoom",)


class UpdateRoomInfo(RoomInfoCommand):
    """Some of a room's fields change: Live 67938, Room 60731."""

    names: ClassVar[tuple[str, ...]] = ("Live.CallbackAfterUpdateRoomInfo",)

    def assertions(self) -> Iterator[Assertion]:
        fields = self.room_info.asserted()
        if fields:
            yield ROOM, RoomFacts(fields=fields)


class RoomUpdateRoomInfo(UpdateRoomInfo):
    """Some of a conference's fields change: 60731, which also has an older name."""

    names = ("Room.CallbackAfterUpdateRoomInfo", "Room.CallbackUpdateRoomInfo")


class DestroyRoom(StateCommand):
    """A room ends: 64423. Nobody is reported Offline then, so it ends everything in the room.

    `EventType` is DestroyByUser or DestroyBySystem; `RoomInfo` and `Statistic` are newer than the
    command. What they say of a room that has ended is in the recorded payload.
    """

    names = ("Live.CallbackAfterDestroyRoom",)

    def assertions(self) -> Iterator[Assertion]:
        yield ROOM, RoomFacts(ended=True)


class RoomDestroyRoom(DestroyRoom):
    """A conference ends: 60732."""

    names = ("Room.CallbackAfterDestroyRoom",)


class ChangeOwner(StateCommand):
    """A room gets another owner: 72553."""

    names = ("Live.CallbackAfterChangeOwner",)

    owner: Identifier = Field(alias="CurrentOwner_Account")

    def assertions(self) -> Iterator[Assertion]:
        yield ROOM, RoomFacts(fields={"owner": self.owner})


class MetadataEntry(Wire):
    key: Identifier
    value: MetadataValue


class SetMetadata(StateCommand):
    """Metadata keys are set: 68222."""

    names = ("Live.CallbackAfterSetMetadata",)

    metadata: list[MetadataEntry]

    def assertions(self) -> Iterator[Assertion]:
        for entry in self.metadata:
            yield Key("metadata", entry.key), Metadata(entry.value)


class DelMetadata(StateCommand):
    """Metadata keys are deleted: 68223."""

    names = ("Live.CallbackAfterDelMetadata",)

    keys: list[Identifier]

    def assertions(self) -> Iterator[Assertion]:
        for key in self.keys:
            yield Key("metadata", key), Metadata(None)


# --- Observed


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
    to_room_id_list: list[Identifier] = []
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
    to_room_list: list[BattleRoom] = []

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
    receivers: list[Identifier] = Field([], alias="To_Account")
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


class AfterSendMsg(ObservedCommand):
    """A message was sent in a group, which is the room: 74348. Its EventTime is a string."""

    names = ("Group.CallbackAfterSendMsg",)

    group_id: Identifier
    type: str | None = None
    sender: OptionalIdentifier = Field(None, alias="From_Account")
    random: int | None = None
    msg_id: str | None = None
    msg_seq: int | None = None
    msg_time: int | None = None
    """s since the epoch."""
    msg_body: list[dict[str, Any]] = []
    cloud_custom_data: str | None = None

    def rooms(self) -> Iterable[str]:
        return (self.group_id,)


class BeforeSendMsg(AfterSendMsg):
    """Somebody wants to send a message in a group, and waits for our consent: 74347."""

    names = ("Group.CallbackBeforeSendMsg",)
    blocking = True


class Followed(Wire):
    user_id: Identifier = Field(alias="To_Account")


class FollowAdd(ObservedCommand):
    """A user follows others: 74356."""

    names = ("Follow.CallbackAfterFollowAdd",)

    follower: OptionalIdentifier = Field(None, alias="From_Account")
    follow_list: list[Followed] = []


class FollowDelete(ObservedCommand):
    """A user follows others no longer: 74357."""

    names = ("Follow.CallbackAfterFollowDelete",)

    follower: OptionalIdentifier = Field(None, alias="From_Account")
    unfollowed: list[Identifier] = Field([], alias="To_Account")


class RecordingInfo(Wire):
    room_id: Identifier
    event_ts: int | None = None
    """s since the epoch."""
    event_ms_ts: int | None = None
    """ms since the epoch."""
    user_id: OptionalIdentifier = None
    task_id: str | None = None
    payload: dict[str, Any] = {}


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
"""Every command this project knows, by each of its names."""


def is_blocking(command: str | None) -> bool:
    """Whether Tencent waits for our consent."""
    model = COMMANDS.get(command or "")
    return model is not None and issubclass(model, ObservedCommand) and model.blocking
