"""The members of a room, page by page, and how many they are."""

from concurrent.futures import ThreadPoolExecutor

from roomstate.aws.items import read_register
from roomstate.aws.marshal import Item
from roomstate.aws.pages import MemberPage, fill
from roomstate.aws.reads import Asked, Page, Reads, TooMany
from roomstate.aws.shards import Shards
from roomstate.aws.table import SHARDS, member_partition
from roomstate.state.life import Life
from roomstate.state.registers import LIFE
from roomstate.state.rooms import Member, show_member
from roomstate.state.view import View

MAX_COUNTED = 500_000
"""Items that are looked at to count members: those who left in the last days are among them."""


def page_of_members(
    reads: Reads, sdk_app_id: str, room_id: str, life: Life, *, limit: int, after: str | None
) -> MemberPage:
    """Members online, by user_id: `limit` at most of those that come after."""

    def read(shard: int, after: str | None, share: int) -> Page:
        pk = member_partition(sdk_app_id, room_id, shard)
        if after is None:
            return reads.page(Asked(pk), share)
        return reads.page(Asked(pk, "#sort > :after", {":after": after}), share)

    def show(item: Item) -> Member | None:
        key, register = read_register(item)
        return show_member(View({LIFE: life, key: register}), key)

    found = Shards(read, SHARDS).page(after, limit, keep=lambda item: show(item) is not None)
    members, following = fill(found.items, show, "sk", found.next)
    return MemberPage(members=members, next=following)


def number_of_members(reads: Reads, sdk_app_id: str, room_id: str, life: Life) -> int:
    """How many members are online.

    Raises:
        TooMany: items are to be looked at for it.
    """
    void_until = -1 if life.void_until is None else life.void_until

    def count(shard: int) -> int:
        counted = looked_at = 0
        pages = reads.count(
            Asked(member_partition(sdk_app_id, room_id, shard)),
            FilterExpression="#online = :true AND #occurred_at > :void_until",
            ExpressionAttributeNames={"#online": "online", "#occurred_at": "occurred_at"},
            ExpressionAttributeValues={":true": True, ":void_until": void_until},
        )
        for online, scanned in pages:
            counted += online
            looked_at += scanned
            if looked_at > MAX_COUNTED // SHARDS:
                raise TooMany(
                    f"The room's members are too many to be counted: more than {MAX_COUNTED} came, or left "
                    "in the last days."
                )
        return counted

    with ThreadPoolExecutor(SHARDS) as pool:
        return sum(pool.map(count, range(SHARDS)))
