"""What readers call: queries of one partition, page by page or as they are asked for; items by their keys."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from roomstate.aws.deadline import Deadline
from roomstate.aws.marshal import Item, to_item
from roomstate.aws.query import query_pages
from roomstate.aws.retry import tries
from roomstate.aws.table import ItemKey, item_key
from roomstate.tencent.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_BATCH = 100
"""Keys of one BatchGetItem."""
A_MINUTE_S = 60
"""For whoever reads without a deadline."""


MAX_MEGABYTES = 16
"""Of a room's own partition: what is read of it is in memory at once."""


class TooMany(Exception):
    """More was to be read than time or memory would allow. Says what, for who asked."""


class Index(NamedTuple):
    """Where partitions are looked up: the table itself, unless it has a name."""

    name: str | None = None
    partition: str = "pk"
    sort: str = "sk"


TABLE = Index()
LIVE_ROOMS = Index("LiveRooms", "live_app", "live_since")
USER_ROOMS = Index("UserRooms", "online_user", "room_id")


class Page(NamedTuple):
    """Some items of a partition, by their sort keys."""

    items: list[Item]
    end: str | None
    """The sort key up to which this reaches; None where nothing comes after."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which items of a partition."""

    partition: str
    condition: str | None = None
    """On the sort key, by the name `#sort`, with the values that `bounds` names."""
    bounds: Mapping[str, str] | None = None
    descending: bool = False
    index: Index = TABLE


class Reads:
    """Calls that read a table. Those of an index are eventually consistent, all others are not unless told.

    Args:
        client: a DynamoDB client.
        table_name: the stack's table.
        deadline: no call is begun after it.
    """

    def __init__(self, client: "DynamoDBClient", table_name: str, deadline: Deadline | None = None) -> None:
        self._client = client
        self._table = table_name
        self._deadline = deadline

    def page(self, asked: Asked, limit: int) -> Page:
        """The first `limit` items at most; fewer where they are large."""
        self._check()
        answer = self._client.query(**self._request(asked, Limit=limit))
        last: Any = answer.get("LastEvaluatedKey")
        return Page(answer["Items"], last[asked.index.sort]["S"] if last else None)

    def items(self, asked: Asked, page: int | None = None) -> Iterator[Item]:
        """All items, read as they are asked for, `page` at once; what fits 1 MB unless told."""
        request = self._request(asked) | ({"Limit": page} if page else {})
        for answer in query_pages(self._client, request, self._check):
            yield from answer["Items"]

    def all_items(self, asked: Asked, most: int | None = None) -> list[Item]:
        """All items at once.

        Raises:
            TooMany: there are more than `most`.
        """
        found: list[Item] = []
        for item in self.items(asked):
            if most is not None and len(found) == most:
                raise TooMany(f"A partition of the room has more than {most} items.")
            found.append(item)
        return found

    def room_items(self, asked: Asked) -> list[Item]:
        """Items of a room's own partition, of which there are seldom many.

        Raises:
            TooMany: they are too large to be held.
        """
        found: list[Item] = []
        # A page is 1 MB, but for the last.
        pages = query_pages(self._client, self._request(asked), self._check)
        for number, answer in enumerate(pages):
            if number == MAX_MEGABYTES:
                raise TooMany(
                    f"The room has more than {MAX_MEGABYTES} MB of seats, administrators and metadata."
                )
            found.extend(answer["Items"])
        return found

    def count(self, asked: Asked, **only: Any) -> Iterator[tuple[int, int]]:
        """How many items of a partition there are of a kind, and how many were looked at, page by page.

        Eventually consistent, at half the price: a count is old once it is read.

        Args:
            only: the filter, with its names and values, as Query takes it.
        """
        request = self._request(asked, only, Select="COUNT", ConsistentRead=False)
        for answer in query_pages(self._client, request, self._check):
            yield answer["Count"], answer["ScannedCount"]

    def get(self, keys: Iterable[ItemKey], *, consistent: bool = True) -> dict[ItemKey, Item]:
        """The items of at most `MAX_BATCH` keys, as far as they exist.

        Raises:
            Unavailable: DynamoDB left keys unread, again and again.
        """
        left: Any = [key.item() for key in dict.fromkeys(keys)]
        found: dict[ItemKey, Item] = {}
        if not left:
            return found
        for _ in tries(self._deadline or Deadline(A_MINUTE_S), 0):
            self._check()
            answer = self._client.batch_get_item(
                RequestItems={self._table: {"Keys": left, "ConsistentRead": consistent}}
            )
            found.update((item_key(item), item) for item in answer["Responses"].get(self._table, []))
            rest: Any = answer["UnprocessedKeys"].get(self._table, {})
            left = rest.get("Keys", [])
            if not left:
                return found
        raise Unavailable("The table could not be read.")

    def _request(self, asked: Asked, only: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        index, only = asked.index, only or {}
        condition, names = "#partition = :partition", {"#partition": index.partition}
        if asked.condition:
            condition, names["#sort"] = f"{condition} AND {asked.condition}", index.sort
        bounds = {":partition": asked.partition, **(asked.bounds or {})}
        return {
            "TableName": self._table,
            "KeyConditionExpression": condition,
            "ScanIndexForward": not asked.descending,
            **({"IndexName": index.name} if index.name else {"ConsistentRead": True}),
            **only,
            **more,
            "ExpressionAttributeNames": {**names, **only.get("ExpressionAttributeNames", {})},
            "ExpressionAttributeValues": {
                **to_item(bounds),
                **to_item(only.get("ExpressionAttributeValues", {})),
            },
        }

    def _check(self) -> None:
        if self._deadline is not None:
            self._deadline.require(0)
