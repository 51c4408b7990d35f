"""A room's life and fields, in Live and in Room alike."""

from collections.abc import Iterable

from pydantic import Field

from roomstate.state.registers import InfoValue
from roomstate.tencent.catalogue.base import Command, Wire
from roomstate.tencent.wire import Flag, Identifier, Integer, OptionalIdentifier, Tags, Text


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
