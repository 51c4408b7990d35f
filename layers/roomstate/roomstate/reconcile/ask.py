"""Asking all there is to know of one room: which commands, in which order, and when to stop.

The room itself is asked first, since it tells whether there is one. A command that fails leaves its part
unanswered and the others are asked all the same, unless they would only be told the same.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from roomstate.reconcile.answers import (
    LIVE_ADMINS,
    LIVE_MEMBERS,
    LIVE_METADATA,
    ROOM_INFO,
    ROOM_MEMBERS,
    SEATS,
    WRONG_PRODUCT,
    Admins,
    AdminsResponse,
    Answer,
    Answers,
    Command,
    InfoResponse,
    LiveMembersPage,
    Members,
    MetadataResponse,
    Page,
    Product,
    RoomInfoAnswer,
    RoomMembersPage,
    SeatsResponse,
    read,
)
from roomstate.reconcile.errors import Busy, Failed, Gone, NoAnswer, NoSeats, Unreachable

MAX_PAGES = 200
"""Pages of one list. 10,000 members of a Room; Live gives 1,000, in pages of a size not stated."""
MAX_MS = 60_000
"""After that long no other call is begun, however many pages are left: whoever waits has a limit too."""
ROOM_PAGE = 50
"""Members of a Room asked for at once: the default. What is the most is not stated (page 60715)."""

Listed = TypeVar("Listed", bound=Page)


class Call(Protocol):
    """One command, as `rest.TencentApi.call`."""

    def __call__(self, command: Command, request: Mapping[str, Any]) -> dict[str, Any]:
        """The `Response`. Raises `NoAnswer`."""
        ...


def ask(call: Call, room_id: str, product: Product | None, clock: Callable[[], int]) -> Answers:
    """Ask for one room.

    Args:
        product: None where it is not known. Then Live is asked for the room and, where it knows of none,
            Room: only what both say is gone is gone.
        clock: ms since the epoch.
    """
    return _Inquiry(call, room_id, clock).run(product)


class _Inquiry:
    def __init__(self, call: Call, room_id: str, clock: Callable[[], int]) -> None:
        self._call = call
        self._room_id = room_id
        self._clock = clock
        self._answers = Answers(asked_at=clock())

    def run(self, product: Product | None) -> Answers:
        try:
            self._ask_room((product,) if product else ("live", "room"))
            if self._answers.product is not None and not self._answers.is_gone:
                for part in self._parts(self._answers.product):
                    self._try(part)
        except (Busy, Unreachable) as stop:
            self._fail(stop)
        return self._answers

    def _parts(self, product: Product) -> Iterable[Callable[[], None]]:
        if product == "live":
            return self._ask_seats, self._ask_live_members, self._ask_live_admins, self._ask_live_metadata
        return self._ask_seats, self._ask_room_members

    def _try(self, part: Callable[[], None]) -> None:
        try:
            part()
        except (Busy, Unreachable):
            raise
        except NoAnswer as failure:
            self._fail(failure)

    def _fail(self, failure: NoAnswer) -> None:
        self._note(failures=(*self._answers.failures, failure))

    def _note(self, **parts: Any) -> None:
        self._answers = replace(self._answers, **parts)

    def _ask_room(self, products: tuple[Product, ...]) -> None:
        """Which of the products knows the room, and as what."""
        gone = 0
        for product in products:
            try:
                self._note(info=self._info(product), product=product)
                return
            except Gone:
                gone += 1
            except (Busy, Unreachable):
                raise
            except NoAnswer as failure:
                if len(products) == 1:
                    self._note(product=product)  # the other commands may do better
                    self._fail(failure)
                elif failure.reason not in WRONG_PRODUCT:
                    self._fail(failure)
                    return
        if gone == len(products):
            self._note(is_gone=True)

    def _info(self, product: Product) -> RoomInfoAnswer:
        command = ROOM_INFO[product]
        info = self._ask(command, InfoResponse).room_info
        if info.room_id != self._room_id:
            raise Failed(command.name, "another_room")
        return info

    def _ask_seats(self) -> None:
        info = self._answers.info
        try:
            self._note(seats=self._ask(SEATS, SeatsResponse).seats())
        except NoSeats:
            # Two commands say so, each in a way of its own. One alone concludes nothing.
            if info is not None and info.is_seat_enabled is False:
                self._note(seats={})
            else:
                raise

    def _ask_live_members(self) -> None:
        pages = self._pages(LIVE_MEMBERS, LiveMembersPage, {})
        listed = frozenset(member.user_id for page in pages for member in page.member_list)
        counts = {page.member_count for page in pages}
        self._note(members=Members(listed, pages[-1].member_count, counts == {len(listed)}, len(pages)))

    def _ask_live_admins(self) -> None:
        admins = self._ask(LIVE_ADMINS, AdminsResponse).admins
        self._note(admins=Admins(dict.fromkeys(admins, True), is_whole=True))

    def _ask_live_metadata(self) -> None:
        # No keys are all keys.
        metadata = self._ask(LIVE_METADATA, MetadataResponse, {"Keys": []}).metadata
        self._note(metadata={entry.key: entry.value for entry in metadata})

    def _ask_room_members(self) -> None:
        """Members, and in them the administrators."""
        pages = self._pages(ROOM_MEMBERS, RoomMembersPage, {"Count": ROOM_PAGE})
        roles = {member.user_id: member.known_role for page in pages for member in page.member_list}
        info = self._answers.info
        count = info.member_count if info else None
        members = Members(frozenset(roles), count, count == len(roles), len(pages))
        # Whether the owner is an administrator is stated nowhere.
        named = {user: role == "admin" for user, role in roles.items() if role in {"admin", "member"}}
        unnamed = roles.keys() - named.keys() - {info.owner if info else None}
        self._note(members=members, admins=Admins(named, members.is_whole and not unnamed))

    def _pages(self, command: Command, model: type[Listed], request: Mapping[str, Any]) -> list[Listed]:
        """All pages of a list.

        Raises:
            Failed: the list does not end.
        """
        pages: list[Listed] = []
        asked = {""}
        position = ""
        while len(pages) < MAX_PAGES:
            page = self._ask(command, model, {**request, "Next": position})
            pages.append(page)
            if not page.next:
                return pages
            if page.next in asked:
                break
            asked.add(position := page.next)
        raise Failed(command.name, "endless")

    def _ask(self, command: Command, model: type[Answer], request: Mapping[str, Any] | None = None) -> Answer:
        if self._clock() - self._answers.asked_at > MAX_MS:
            raise Unreachable(command.name, "too_slow")
        response = self._call(command, {"RoomId": self._room_id, **(request or {})})
        self._note(heard=(*self._answers.heard, (command, response)))
        return read(command.name, model, response)
