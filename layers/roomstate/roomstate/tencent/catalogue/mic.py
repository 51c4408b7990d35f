"""Seats, in Live and in Room alike."""

from collections.abc import Iterator

from pydantic import Field

from roomstate.state.registers import Assertion, Key, Seat
from roomstate.tencent.catalogue.base import StateCommand, Wire
from roomstate.tencent.wire import Flag, Integer, Listed, OptionalIdentifier


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

    seat_list: Listed[SeatEntry]

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
