"""What arrives beside the rooms: Chat's messages, and who follows whom."""

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from roomstate.tencent.catalogue.base import ObservedCommand, Wire
from roomstate.tencent.wire import Identifier, Listed, OptionalIdentifier


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
    msg_body: Listed[dict[str, Any]] = Field([])
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
    follow_list: Listed[Followed] = Field([])


class FollowDelete(ObservedCommand):
    """A user follows others no longer: 74357."""

    names = ("Follow.CallbackAfterFollowDelete",)

    follower: OptionalIdentifier = Field(None, alias="From_Account")
    unfollowed: Listed[Identifier] = Field([], alias="To_Account")
