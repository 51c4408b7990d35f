"""Webhooks, what goes wrong while they are delivered, and what becomes of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from math import inf

from tests.payloads import NOW, Payload, seat, seats

TENCENT_WAITS_S = 2.0
ROOM = "r"
OLD = seats(ROOM, seat(1, "ann"), at=NOW - 20_000)
NEW = seats(ROOM, seat(1, "bob"), at=NOW - 10_000)
THROTTLED, DEAD = "throttled", "time-out before"
THROTTLED_S, DEAD_S = 3.0, 60.0
TIMES = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What Tencent gets."""

    status: int | None
    """None: the function's time was up, and it was killed."""
    seconds: float

    @property
    def is_ok(self) -> bool:
        """Whether Tencent still waits for it, and is told OK."""
        return self.status == HTTPStatus.OK and self.seconds <= TENCENT_WAITS_S

    def __str__(self) -> str:
        if self.status is None:
            return f"no answer in {self.seconds:.0f} s"
        return f"answered {self.status} after {self.seconds:.1f} s"


@dataclass(slots=True)
class Fate:
    """What became of webhooks."""

    answers: list[Answer] = field(default_factory=list)
    at_once: str | None = None
    """Who has the seat after the last answer."""
    in_the_end: str | None = None
    """Who has it once the queue is empty."""
    last_changed: bool = False
    """Whether the last webhook changed any item of the state."""
    wanted: str = "bob"
    """Who has it by what happened, whatever came last."""
    forwarded: int = 0
    """Events put on the bus."""
    event_ids: int = 0
    """By how many ids consumers know them, where they have any."""
    calls: list[str] = field(default_factory=list)
    """To AWS, for the last webhook."""
    write_units: float = 0
    """For the last webhook, by the items that it changed."""
    read_units: float = 0


@dataclass(slots=True)
class Case:
    """Webhooks, and what DynamoDB does while the last is delivered."""

    webhooks: tuple[Payload, ...]
    fault: str | None = None
    seconds: float = inf
    times: int = 1


CASES: Mapping[str, Case] = {
    "change": Case((OLD, NEW)),
    "duplicate": Case((NEW, NEW)),
    "late": Case((NEW, OLD)),
    "throttled": Case((OLD, NEW), THROTTLED, THROTTLED_S, TIMES),
    "dead": Case((OLD, NEW), DEAD, DEAD_S),
}
