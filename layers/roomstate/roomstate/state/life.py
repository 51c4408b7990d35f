"""The life of a room: when it began and ended, and which facts that voids.

    DestroyRoom        CreateRoom                      DestroyRoom
         │     10 s         │                               │
    ─────┼──────────┬───────┼───────────────────────────────┼──────▶ occurred_at
    void │   void   │ the owner's first seat, entrance, ... │
    ─────────────── void_until, until the next end

If a DestroyRoom is never delivered, the people of one life must not show up in the next, so a CreateRoom
voids what is older too. It spares the 10 s before it: Tencent gives the owner's first seat and entrance
timestamps of their own, apart from the creation that they belong to.
"""

from typing import NamedTuple

MARGIN_MS = 10_000
"""How far apart Tencent's timestamps of one moment may be."""


class LifeFact(NamedTuple):
    """What a webhook says of a room's life."""

    created: bool = False
    ended: bool = False


class Life(NamedTuple):
    """A room's life. All times are `occurred_at` of webhooks, ms since the epoch."""

    first_seen_at: int | None = None
    """The earliest webhook that was known when this was last written. It only orders lists."""
    started_at: int | None = None
    """The last CreateRoom; it only grows."""
    ended_at: int | None = None
    """The last DestroyRoom; it only grows."""
    alive_at: int | None = None
    """Somebody was shown in a room that read as ended: it lives, though its CreateRoom never came. A
    hint, noted once: it depends on the order in which webhooks came."""

    @property
    def void_until(self) -> int | None:
        """The watermark: every fact of the room with `occurred_at` up to this is void."""
        before_start = None if self.started_at is None else self.started_at - MARGIN_MS - 1
        if self.ended_at is None or before_start is None:
            return before_start if self.ended_at is None else self.ended_at
        return max(self.ended_at, before_start)

    @property
    def is_ended(self) -> bool:
        """A CreateRoom that is not later than the DestroyRoom is void like any other fact."""
        if self.ended_at is None or self.ended_at < (self.started_at or 0):
            return False
        return not self.is_contradicted_by(self.alive_at)

    @property
    def shown_started_at(self) -> int | None:
        """The beginning of the life that is shown; None where its CreateRoom never came."""
        return self.started_at if self.is_ended or self._began_after_the_end else None

    @property
    def _began_after_the_end(self) -> bool:
        return self.started_at is not None and (self.ended_at is None or self.started_at > self.ended_at)

    def voids(self, occurred_at: int) -> bool:
        """Whether a fact of that moment is void."""
        return self.void_until is not None and occurred_at <= self.void_until

    def is_contradicted_by(self, shown_at: int | None) -> bool:
        """Whether somebody who was there at that moment shows that the end was not the last word."""
        return shown_at is not None and self.ended_at is not None and shown_at > self.ended_at + MARGIN_MS


def join_life(life: Life | None, occurred_at: int, fact: LifeFact | None) -> Life:
    """A room's life once a webhook has named the room, whatever else the webhook says."""
    before = life or Life(first_seen_at=occurred_at)
    fact = fact or LifeFact()
    return Life(
        first_seen_at=min(occurred_at, before.first_seen_at or 0),
        started_at=_latest(before.started_at, occurred_at) if fact.created else before.started_at,
        ended_at=_latest(before.ended_at, occurred_at) if fact.ended else before.ended_at,
        alive_at=before.alive_at,
    )


def join_copies(one: Life, other: Life) -> Life:
    """What two copies of a room's life know together."""
    seen = [life.first_seen_at for life in (one, other) if life.first_seen_at is not None]
    return Life(
        first_seen_at=min(seen, default=None),
        started_at=_latest(one.started_at, other.started_at),
        ended_at=_latest(one.ended_at, other.ended_at),
        alive_at=_latest(one.alive_at, other.alive_at),
    )


def _latest(*times: int | None) -> int | None:
    return max((time for time in times if time is not None), default=None)
