"""Differences as webhooks of our own, `roomstate.Reconciled`. Pure.

Each asserts what one transaction takes, so that no body is stored twice. The first of a group holds what
Tencent answered besides, as far as there is room. All in it is from the room, the time and the answers: made
again from the same, it is the same webhook.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from roomstate.reconcile.answers import Answers, Command
from roomstate.reconcile.compare import Dated
from roomstate.state.registers import Assertion
from roomstate.state.webhook import Webhook
from roomstate.tencent.body import MAX_VALUES, canonical
from roomstate.tencent.catalogue.own import Reconciled, differences
from roomstate.tencent.decode import decode
from roomstate.tencent.delivery import MAX_BODY_BYTES, Delivery
from roomstate.tencent.units import split

MAX_ANSWERS_BYTES = 64 * 1024
"""Of what Tencent answered, in one record. 1,000 members with ids of 36 bytes take as much."""
MAX_DIFFERENCES_BYTES = MAX_BODY_BYTES - MAX_ANSWERS_BYTES - 4_096
"""With the answers, and the names of the room and the fields, no more than any other body may have."""

VALUES_BESIDE = 100
"""What a body has beside its differences, and its answers, which are left out where they do not fit."""

Heard = tuple[tuple[Command, Mapping[str, Any]], ...]


def webhooks(
    sdk_app_id: str, room_id: str, group: Dated, answers: Answers, received_at: int
) -> list[Webhook]:
    """The webhooks that assert a group of differences, each in one unit.

    Args:
        received_at: when they are made, ms since the epoch.
    """
    made = []
    heard = answers.heard
    for part in _parts(room_id, group.assertions):
        body = {
            "CallbackCommand": Reconciled.names[0],
            "RoomId": room_id,
            "EventTime": group.occurred_at,
            "AskedAt": answers.asked_at,
            "Differences": differences(room_id, part),
        }
        webhook = _webhook(sdk_app_id, _with_answers(body, heard), received_at)
        if webhook.unreadable is not None:  # an answer is nested more deeply than a body may be
            webhook = _webhook(sdk_app_id, {**body, "AnswersLeftOut": len(answers.heard)}, received_at)
        assert webhook.unreadable is None, "what was answered does not read as what is asserted"
        made.append(webhook)
        heard = ()
    return made


def _webhook(sdk_app_id: str, body: dict[str, Any], received_at: int) -> Webhook:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return decode(Delivery(sdk_app_id, text, received_at, is_ours=True))


def _parts(room_id: str, assertions: tuple[Assertion, ...]) -> Iterator[tuple[Assertion, ...]]:
    for unit, _ in split(room_id, assertions):
        yield from _halved(room_id, unit.assertions)


def _halved(room_id: str, part: tuple[Assertion, ...]) -> Iterator[tuple[Assertion, ...]]:
    """In halves, where the body would be too large: JSON writes some characters in six bytes.

    Or where it would seem to have too many values: commas and brackets in texts count too.
    """
    text = canonical(differences(room_id, part))
    fits = len(text) <= MAX_DIFFERENCES_BYTES and _values(text) <= MAX_VALUES - VALUES_BESIDE
    if len(part) == 1 or fits:
        yield part
        return
    middle = len(part) // 2
    yield from _halved(room_id, part[:middle])
    yield from _halved(room_id, part[middle:])


def _with_answers(body: dict[str, Any], heard: Heard) -> dict[str, Any]:
    """The body, with the answers that fit. It is said how many do not."""
    taken: list[dict[str, Any]] = []
    bytes_left, values_left = MAX_ANSWERS_BYTES, MAX_VALUES - _values(canonical(body))
    for command, response in heard:
        answer = {"Command": command.name, "Response": response}
        text = canonical(answer)
        if len(text) <= bytes_left and _values(text) <= values_left:
            bytes_left -= len(text) + 1
            values_left -= _values(text) + 1
            taken.append(answer)
    return {**body, "Answers": taken, "AnswersLeftOut": len(heard) - len(taken)}


def _values(text: bytes) -> int:
    """What `body.parse` counts, and a little more."""
    return text.count(b"{") + text.count(b"[") + text.count(b",") + 3
