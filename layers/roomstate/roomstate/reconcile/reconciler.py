"""One room, reconciled: read, ask, read again, compare, assert."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain

from roomstate.aws.clients import READER_CALL_S
from roomstate.aws.deadline import Deadline
from roomstate.aws.reader import Reader
from roomstate.aws.recorder import Recorder
from roomstate.log.record import LogRecord, decode_again
from roomstate.reconcile.answers import WRONG_PRODUCT, Answers, Product, product_of
from roomstate.reconcile.ask import Call, ask
from roomstate.reconcile.compare import CACHE_MS, MARGIN_MS, Comparison, Dated, compare
from roomstate.reconcile.held import Held, hold
from roomstate.reconcile.rest import CALL_S
from roomstate.reconcile.webhooks import webhooks
from roomstate.state.registers import ROOM, AnyRegister, Key
from roomstate.state.view import View

MAX_ITEMS = 5_000
"""Of one partition of a room: of all of them, 80,000 members, who came or left in the last days."""
FINISH_S = 10.0
"""Kept free for reading again and for asserting, once the last call is over."""
ROOM_S = READER_CALL_S + CALL_S + FINISH_S
"""A room is not begun with less time left."""

SKEW_MS = 10_000
"""How far the queue's clock and ours may be apart."""
EARLIEST_MS = MARGIN_MS + CACHE_MS + SKEW_MS
"""How long before it is asked something is dated that is asserted."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one room."""

    sdk_app_id: str
    room_id: str
    held: Held
    """What was held when the last call was over."""
    answers: Answers
    comparison: Comparison
    records: tuple[LogRecord, ...] = field(default=(), repr=False)
    """Those that were stored; none where it was only looked."""

    @property
    def differences(self) -> tuple[Dated, ...]:
        return self.comparison.differences


class Reconciler:
    """Reconciles rooms, one at a time.

    Args:
        reader_until: a reader of the table that begins no call after a deadline.
        recorder: where the differences go.
        caller: how an app's commands are called, the last of them over by a deadline.
        clock: s since the epoch.
    """

    def __init__(
        self,
        reader_until: Callable[[Deadline], Reader],
        recorder: Recorder,
        caller: Callable[[str, Deadline], Call],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._reader_until = reader_until
        self._recorder = recorder
        self._caller = caller
        self._clock = clock

    def reconcile(self, sdk_app_id: str, room_id: str, deadline: Deadline) -> Report:
        """Assert where a room differs from what Tencent answers.

        To be broken off at any moment, and done again, or by two at once, changes nothing but the versions.

        Raises:
            OutOfTime, Unavailable: it could not be done in time. What was asserted stays.
            NeverForwarded: it is done, and EventBridge would never take all of it.
            TooMany: the room is too large to be compared.
        """
        found = self.look(sdk_app_id, room_id, deadline)
        records: list[LogRecord] = []
        for group in found.differences:
            for webhook in webhooks(sdk_app_id, room_id, group, found.answers, self._now()):
                records.extend(self._recorder.record(webhook, deadline))
        return Report(sdk_app_id, room_id, found.held, found.answers, found.comparison, tuple(records))

    def look(self, sdk_app_id: str, room_id: str, deadline: Deadline) -> Report:
        """Find the differences, and assert nothing.

        Raises:
            OutOfTime, Unavailable: it could not be done in time.
            TooMany: the room is too large to be compared.
        """
        deadline.require(ROOM_S)
        reader = self._reader_until(deadline)
        call = self._caller(sdk_app_id, deadline.earlier(FINISH_S))
        registers = reader.registers(sdk_app_id, room_id, most=MAX_ITEMS)
        answers = ask(call, room_id, _product(registers), self._now)
        if any(failure.reason in WRONG_PRODUCT for failure in answers.failures):
            # The id has gone over to the other product, and no webhook told of it.
            answers = ask(call, room_id, None, self._now)
        after = hold(reader.registers(sdk_app_id, room_id, most=MAX_ITEMS))
        return Report(sdk_app_id, room_id, after, answers, compare(hold(registers), after, answers))

    def forward_again(self, sdk_app_id: str, room_id: str, since: int, deadline: Deadline) -> None:
        """Forward once more what was asserted since then: an earlier try may have stored it, and no more.

        Args:
            since: ms since the epoch.
        """
        reader = self._reader_until(deadline)
        first = since - EARLIEST_MS
        records = reader.records(sdk_app_id, room_id, start=first)
        # A life that was missed is dated by its creation.
        room = reader.room(sdk_app_id, room_id)
        if room is not None and room.started_at is not None and room.started_at < first:
            begun = room.started_at
            records = chain(records, reader.records(sdk_app_id, room_id, start=begun, end=begun + 1))
        for record in records:
            if record.is_ours and record.received_at >= since - SKEW_MS:
                self._recorder.record(decode_again(record), deadline)

    def _now(self) -> int:
        return int(self._clock() * 1000)


def _product(registers: dict[Key, AnyRegister]) -> Product | None:
    """A room's product by its RoomType; None where its CreateRoom never came. Then both are asked for it."""
    room = View(registers).info if ROOM in registers else {}
    return product_of(room.get("room_type"))
