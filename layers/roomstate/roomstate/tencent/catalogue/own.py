"""The command of our own: what Tencent's REST API answered, as one more webhook.

Nobody may post it: `decode` takes it from a delivery alone that was made here.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import Field

from roomstate.state.life import LifeFact
from roomstate.state.registers import LIFE, ROOM, Admin, Assertion, Key, Member, Metadata, RoomFacts, Seat
from roomstate.tencent.catalogue.base import RECONCILED, StateCommand, Wire
from roomstate.tencent.catalogue.live import MetadataEntry
from roomstate.tencent.catalogue.mic import SeatEntry
from roomstate.tencent.catalogue.room_info import RoomInfo
from roomstate.tencent.wire import Flag, Identifier, Listed

CAUSE = "Reconciled"
"""Why a member came or went, where only Tencent's REST API told that he did."""


class Differences(Wire):
    """Where Tencent's answers differ from what was held, in the words of its webhooks."""

    created: Flag = False
    ended: Flag = False
    room_info: RoomInfo | None = None
    """The fields that differ."""
    seat_list: Listed[SeatEntry] = Field([])
    online: Listed[Identifier] = Field([], alias="Online_Account")
    offline: Listed[Identifier] = Field([], alias="Offline_Account")
    appointed: Listed[Identifier] = Field([], alias="AdminAdded_Account")
    dismissed: Listed[Identifier] = Field([], alias="AdminRemoved_Account")
    metadata: Listed[MetadataEntry] = Field([])


class Reconciled(StateCommand):
    """Differences that were found by asking. EventTime is as of when they are asserted.

    Beside them the body has AskedAt (ms since the epoch: when the first call began), Answers (each `Response`
    with its command), and AnswersLeftOut (how many more there were).
    """

    names = (RECONCILED,)

    differences: Differences

    def assertions(self) -> Iterator[Assertion]:
        told = self.differences
        if told.created or told.ended:
            yield LIFE, LifeFact(created=told.created, ended=told.ended)
        if told.room_info is not None and (fields := told.room_info.asserted()):
            yield ROOM, RoomFacts(fields)
        for seat in told.seat_list:
            flags = (seat.is_taken_disabled, seat.is_audio_disabled, seat.is_video_disabled)
            yield Key("seat", seat.index), Seat(seat.user_id, *flags)
        for users, present in ((told.appointed, True), (told.dismissed, False)):
            yield from ((Key("admin", user), Admin(present)) for user in users)
        for users, online in ((told.online, True), (told.offline, False)):
            yield from ((Key("member", user), Member(online, CAUSE)) for user in users)
        yield from ((Key("metadata", entry.key), Metadata(entry.value)) for entry in told.metadata)


def differences(room_id: str, assertions: Iterable[Assertion]) -> dict[str, Any]:
    """The `Differences` of a body that asserts this. Members of any cause are taken for reconciled."""
    told: dict[str, Any] = {}

    def add(name: str, value: Any) -> None:
        told.setdefault(name, []).append(value)

    for key, fact in assertions:
        match fact:
            case LifeFact(created, ended):
                told |= {"created": created, "ended": ended}
            case RoomFacts(fields):
                info: dict[str, Any] = {"room_id": room_id, **fields}
                told["room_info"] = RoomInfo.model_construct(**info)
            case Seat(user_id, locked, audio_disabled, video_disabled):
                seat = SeatEntry.model_construct(
                    index=int(key.name),
                    user_id=user_id,
                    is_taken_disabled=locked,
                    is_audio_disabled=audio_disabled,
                    is_video_disabled=video_disabled,
                )
                add("seat_list", seat)
            case Admin(present):
                add("appointed" if present else "dismissed", key.name)
            case Member(online):
                add("online" if online else "offline", key.name)
            case Metadata(value):
                assert value is not None, "an absent key is no statement"
                add("metadata", MetadataEntry.model_construct(key=str(key.name), value=value))
    found = Differences.model_construct(**told).model_dump(by_alias=True, exclude_unset=True)
    return {name: value for name, value in found.items() if value is not False}
