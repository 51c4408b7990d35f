"""Reading lists to their end, page by page."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from roomstate.aws.reader import Reader
from roomstate.state.rooms import Member
from tests.payloads import APP

Page = TypeVar("Page")


def pages(read: Callable[[str | None], Page]) -> Iterator[Page]:
    """All pages of a list. `read` reads the one that begins at a `next`."""
    following: str | None = None
    while True:
        page: Any = read(following)
        yield page
        assert following is None or page.next != following, "it leads nowhere"
        following = page.next
        if following is None:
            return


def members_of(reader: Reader, room_id: str, *, app: str = APP, **asked: Any) -> list[Member]:
    """All members of a room that is known."""
    found: list[Member] = []
    for page in pages(lambda following: reader.members(app, room_id, next=following, **asked)):
        assert page is not None
        found.extend(page.members)
    return found
