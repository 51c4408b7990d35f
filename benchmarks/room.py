"""How many webhooks a second one room takes before a partition of DynamoDB throttles.

By arithmetic, for users that spread evenly, and by a simulation of a room that fills up: every webhook is
one user entering, and no partition may take more than its limit in any second, wherever that second
begins. What a webhook reads and writes, and where, comes from the store and the table's own keys.

The figure is for partition keys that have a partition each: of a table that has split, or was pre-warmed.
A new on-demand table has 4 partitions for all its keys. Burst capacity, which DynamoDB may lend for some
minutes, is ignored, and so are retries: what throttles here fails.
"""

import math
import random
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from benchmarks.capacity import PARTITION_READ_UNITS, PARTITION_WRITE_UNITS, read_units, write_units
from benchmarks.figure import Figure, at_least
from benchmarks.webhooks import to_body
from fuzz.memory import Memory
from local.aws.limits import item_bytes, item_key
from roomstate.aws.deadline import Deadline
from roomstate.aws.store import Store
from roomstate.aws.table import life_copy, life_keys, record_key, register_key
from roomstate.log.record import log_record
from roomstate.state.webhook import Webhook
from roomstate.tencent.decode import decode
from roomstate.tencent.delivery import Delivery
from roomstate.tencent.wire import MAX_TEXT_BYTES
from tests.payloads import APP, NOW, create, members

TARGET = 6_000
"""Webhooks a second."""
WEBHOOKS = 120_000
"""Of a simulation: 20 s at 6,000 a second."""
WEIGHED = 500
"""Webhooks that go through the store, to be weighed."""
FASTEST = 50_000
"""Webhooks a second; no simulation takes as many."""
SEED = 2026
_ROOM_ID = "live_144115233775727695"
_TEXTS = ("RoomName", "RoomType", "CustomInfo", "CoverURL", "BackgroundURL")
ROOM = create(_ROOM_ID, NOW - 1_000, **dict.fromkeys(_TEXTS, "x" * MAX_TEXT_BYTES))
"""With 20 KB of info."""
_AN_HOUR = Deadline(3_600)


@dataclass(frozen=True, slots=True)
class Load:
    """What one webhook asks of the partitions of one kind, where it goes to one of them."""

    kind: str
    """How their keys begin: life, log, member or room."""
    partitions: int
    write_units: float
    read_units: float
    share: float = 1
    """Of all webhooks: how many go to one of them."""

    def __str__(self) -> str:
        units = f"{self.write_units:g} write and {self.read_units:g} read units"
        of_all = "" if self.share == 1 else f" for {self.share:.1%} of webhooks"
        return f"{self.kind} {self.partitions} x {self.most:,} at {units}{of_all}"

    @property
    def most(self) -> int:
        """Webhooks a second that one partition takes."""
        by_writes = PARTITION_WRITE_UNITS / self.write_units if self.write_units else math.inf
        by_reads = PARTITION_READ_UNITS / self.read_units if self.read_units else math.inf
        return int(min(by_writes, by_reads))

    @property
    def capacity(self) -> int:
        """Webhooks a second that the room takes until these are full, evenly spread."""
        return int(self.partitions * self.most / self.share)


@dataclass(frozen=True, slots=True)
class Filling:
    """A room that fills up: when each partition is asked, at one webhook a second, in order."""

    webhooks: int
    arrivals: Mapping[str, Sequence[float]]
    """By partition key; s."""

    def share(self, kind: str) -> float:
        """Of the webhooks, how many go to a partition of a kind."""
        return sum(len(times) for pk, times in self.arrivals.items() if kind_of(pk) == kind) / self.webhooks

    def busiest(self, kind: str, rate: float) -> int:
        """The most webhooks that any partition of a kind gets within any one second, at a rate."""
        return max(
            (_most_within(times, rate) for pk, times in self.arrivals.items() if kind_of(pk) == kind),
            default=0,
        )


def figures() -> list[Figure]:
    """The arithmetic and the simulation."""
    users = list(entering(WEBHOOKS))
    room = filling(users)
    needed = loads(users, room)
    even = min(load.capacity for load in needed)
    simulated = greatest_rate(room, needed)
    narrowest = min(needed, key=lambda load: load.capacity)
    arithmetic = "; ".join(str(load) for load in needed)
    return [
        at_least(
            "One room, by arithmetic",
            even,
            limit=TARGET,
            unit="/s",
            measured=f"{even:,} webhooks/s, by the partitions of its {narrowest.kind}",
            how=f"items of the store, the room with 20 KB of info; {arithmetic}",
        ),
        at_least(
            "One room filling up, simulated",
            simulated,
            limit=TARGET,
            unit="/s",
            measured=f"{simulated:,} webhooks/s",
            how=f"{WEBHOOKS:,} users at random times; no partition over its limit in any second; no bursts",
        ),
    ]


def entering(count: int, seed: int = SEED) -> Iterator[Webhook]:
    """As many different users, each entering one room."""
    chance = random.Random(seed)
    for number in range(count):
        user = str(chance.randrange(10**17, 10**18))
        body = to_body(members(_ROOM_ID, "Online", user, at=NOW - 500 + number))
        yield decode(Delivery(APP, body, NOW + number, opt_platform="Android"))


def loads(webhooks: Sequence[Webhook], room: Filling) -> list[Load]:
    """What a webhook asks of each kind of the room's partitions, at the most."""
    partitions = Counter(kind_of(pk) for pk in room.arrivals)
    scale = Scale()
    scale.weigh(decode(Delivery(APP, to_body(ROOM), NOW)))
    weighed = [scale.weigh(webhook) for webhook in webhooks[:WEIGHED]]
    return [
        Load(
            kind,
            count,
            write_units=max(written.get(kind, 0) for written, _ in weighed),
            read_units=max(read.get(kind, 0) for _, read in weighed),
            share=room.share(kind),
        )
        for kind, count in sorted(partitions.items())
    ]


def touched(webhook: Webhook) -> set[str]:
    """The partition keys of a webhook's record and registers, and of the copy of the life that it reads."""
    [unit] = webhook.units
    assert unit.room_id is not None
    record = log_record(webhook, 0, (), won=True, expires_at=0)
    registers = [register_key(webhook.sdk_app_id, unit.room_id, key) for key, _ in unit.assertions]
    life = life_keys(webhook.sdk_app_id, unit.room_id)[life_copy(webhook.event_id, 0)]
    return {key.pk for key in (record_key(record), *registers, life)}


def filling(webhooks: Sequence[Webhook], seed: int = SEED) -> Filling:
    """These webhooks, one a second in the mean, each independent of the others (a Poisson process)."""
    chance = random.Random(seed)
    arrivals: defaultdict[str, list[float]] = defaultdict(list)
    now = 0.0
    for webhook in webhooks:
        now += chance.expovariate(1)
        for pk in touched(webhook):
            arrivals[pk].append(now)
    return Filling(len(webhooks), arrivals)


def throttles(room: Filling, needed: Sequence[Load], rate: float) -> bool:
    """Whether any partition is asked for more than it gives, at a rate of so many webhooks a second."""
    return any(room.busiest(load.kind, rate) > load.most for load in needed)


def greatest_rate(room: Filling, needed: Sequence[Load]) -> int:
    """Webhooks a second, at the most, with not one throttled."""
    # A faster room has in each second what a slower one has in it, and more: there is one such rate.
    return bisect_left(range(FASTEST), True, lo=1, key=lambda rate: throttles(room, needed, rate)) - 1


class Scale(Memory):
    """Weighs what the store reads and writes."""

    def __init__(self) -> None:
        super().__init__()
        self._written: defaultdict[str, float] = defaultdict(float)
        self._read: defaultdict[str, float] = defaultdict(float)
        self._store = Store(cast("Any", self), "scale", retention_days=90)

    def weigh(self, webhook: Webhook) -> tuple[Mapping[str, float], Mapping[str, float]]:
        """Store a webhook. Gives its write units and its read units, by kind of partition."""
        self._written, self._read = defaultdict(float), defaultdict(float)
        self._store.record(webhook, _AN_HOUR)
        return self._written, self._read

    def batch_get_item(self, **call: Any) -> Any:
        [asked] = call["RequestItems"].values()
        for key in map(item_key, asked["Keys"]):
            self._read[kind_of(key[0])] += read_units(self._held(key), consistent=asked["ConsistentRead"])
        return super().batch_get_item(**call)

    def transact_write_items(self, **call: Any) -> None:
        for action in call["TransactItems"]:
            item = action["Put"]["Item"]
            key = item_key(item)
            self._written[kind_of(key[0])] += write_units(self._held(key), item_bytes(item))
        super().transact_write_items(**call)

    def _held(self, key: tuple[str, str]) -> int:
        """Bytes of an item that is there, or 0."""
        return item_bytes(self.items.get(key, {}))


def kind_of(pk: str) -> str:
    return pk.partition("#")[0]


def _most_within(times: Sequence[float], span: float) -> int:
    """The most of these sorted times that lie less than a span apart."""
    most = first = 0
    for last, time in enumerate(times):
        while time - times[first] >= span:
            first += 1
        most = max(most, last - first + 1)
    return most
