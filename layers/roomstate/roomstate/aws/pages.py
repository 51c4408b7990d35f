"""Pages of lists, as `Reader` gives them."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from roomstate.aws.marshal import Item
from roomstate.log.forwarded import ForwardedWebhook
from roomstate.state.rooms import Folded, Member, RoomSummary, Whereabouts

MAX_PAGE_BYTES = 4_900_000
"""What a page's elements weigh. A function's answer takes 6 MB."""

Shown = TypeVar("Shown", bound=BaseModel)


Next = str | None
"""Where the next page begins; None at the end. A short page, even an empty one, need not be the last."""


class _Page(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True)


class RoomPage(_Page):
    rooms: list[RoomSummary]
    """Rooms that live, the newest first."""
    next: Next


class MemberPage(_Page):
    members: list[Member]
    """Those online, by user_id."""
    next: Next
    folded: Folded | None = None
    """Set where they are shown as they were at an earlier moment."""


class UserPage(_Page):
    user_id: str
    rooms: list[Whereabouts]
    """Those that the user is online in, by room_id."""
    next: Next


class LogPage(_Page):
    records: list[ForwardedWebhook]
    next: Next


def fill(
    items: Iterable[Item], show: Callable[[Item], Shown | None], sort: str, following: str | None
) -> tuple[list[Shown], str | None]:
    """What items are shown as, as much as a page takes, and where the next page begins.

    Args:
        show: gives None for what is not shown.
        sort: the attribute that the items are sorted by.
        following: where the next page begins if all of them fit.
    """
    shown: list[Shown] = []
    weight, last = 0, None
    for item in items:
        found = show(item)
        if found is not None:
            weight += weigh(to_json(found))
            if shown and weight > MAX_PAGE_BYTES:
                return shown, last
            shown.append(found)
        last = item[sort]["S"]
    return shown, following


def weigh(document: bytes) -> int:
    """The bytes that JSON has in an answer of a function, where it is a string in JSON."""
    return len(document) + document.count(b'"') + document.count(b"\\")
