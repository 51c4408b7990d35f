"""From the bytes of a body to a `Webhook`. Pure, and total: any bytes give a webhook."""

from hashlib import sha256
from typing import Any

from pydantic import ValidationError

from roomstate.state.webhook import Unit, Webhook
from roomstate.tencent.body import canonical, parse
from roomstate.tencent.catalogue import is_blocking, model_of
from roomstate.tencent.catalogue.base import RECONCILED, Command, ObservedCommand
from roomstate.tencent.delivery import Delivery
from roomstate.tencent.errors import Unreadable
from roomstate.tencent.units import cut
from roomstate.tencent.wire import identifier, integer

MAX_AHEAD_MS = 5 * 60 * 1000
"""A later occurred_at is refused: it would overrule every true webhook until that time."""


def decode(delivery: Delivery) -> Webhook:
    """The webhook that was delivered. What cannot be read has `unreadable` set, and keeps its payload.

    The body's CallbackCommand wins over the URL's: the documents themselves disagree (page 64424).
    """
    body, received_at, url_command = delivery.body, delivery.received_at, delivery.url_command
    sdk_app_id = delivery.sdk_app_id
    command, document = url_command, None
    try:
        document = parse(body)
        command = _command(document, url_command)
        if command == RECONCILED and not delivery.is_ours:
            raise Unreadable(f"{command} is made here, and taken from nobody.")
        named = {**document, "CallbackCommand": command}
        parsed = _validate(command, named)
        occurred_at = _time(parsed, named, received_at)
        units = cut(parsed, sdk_app_id, len(body))
        seed, unreadable = canonical(named), None
    except Unreadable as why:
        parsed, occurred_at, units = None, None, (Unit(room_id=None),)
        seed, unreadable = body, str(why)
    # Without a time of its own, the same may really have happened twice: each receipt is an event.
    time_of_receipt = b"" if occurred_at is not None else str(received_at).encode()
    return Webhook(
        sdk_app_id=sdk_app_id,
        command=command,
        event_id=sha256(b"\0".join((sdk_app_id.encode(), time_of_receipt, seed))).hexdigest()[:32],
        occurred_at=received_at if occurred_at is None else occurred_at,
        received_at=received_at,
        operator=parsed.operator if parsed else None,
        opt_platform=delivery.opt_platform,
        payload=body,
        document=document,
        units=units,
        unreadable=unreadable,
        is_blocking=is_blocking(command) or is_blocking(url_command),
        is_ours=delivery.is_ours,
        is_misnamed=url_command is not None and recorded_name(url_command) != command,
    )


def recorded_name(command: str) -> str:
    """The one name that a command of several names is recorded under."""
    model = model_of(command)
    return model.names[0] if model else command


def _model(command: str) -> type[Command] | None:
    """The model of a command, Tencent's or our own; None where it is unknown."""
    if command == RECONCILED:
        # Who takes webhooks never meets it, so it is no part of a cold start.
        from roomstate.tencent.catalogue.own import Reconciled  # noqa: PLC0415

        return Reconciled
    return model_of(command)


def _command(document: dict[str, Any], url_command: str | None) -> str:
    try:
        named = document.get("CallbackCommand")
        return recorded_name(identifier(url_command if named is None else named))
    except ValueError as why:
        raise Unreadable(f"CallbackCommand {why}.") from None


def _validate(command: str, document: dict[str, Any]) -> Command | None:
    """The body as its command's model, None where there is no model or none is needed.

    Raises:
        Unreadable: it bears state that cannot be read.
    """
    model = _model(command)
    if model is None:
        return None
    try:
        return model.model_validate(document)
    except ValidationError as error:
        if issubclass(model, ObservedCommand):
            return None
        first = error.errors(include_url=False, include_context=True, include_input=False)[0]
        field = ".".join(str(step) for step in first["loc"])
        raise Unreadable(f"{field} {_complaint(first)}.") from None


def _complaint(error: Any) -> str:
    """In our words, with nothing of the value in it."""
    match error["type"]:
        case "missing":
            return "is missing"
        case "value_error":
            return str(error["ctx"]["error"])
        case "literal_error":
            return f"is not {error['ctx']['expected']}"
        case "list_type":
            return "is not a list"
        case "too_long":
            return f"has more than {error['ctx']['max_length']} elements"
        case _:
            return "is not an object"


def _time(parsed: Command | None, document: dict[str, Any], received_at: int) -> int | None:
    occurred_at = parsed.time() if parsed else _time_of_unknown(document)
    if occurred_at is None or occurred_at <= received_at + MAX_AHEAD_MS:
        return occurred_at
    if parsed is None or isinstance(parsed, ObservedCommand):
        return None  # it holds no register
    raise Unreadable("EventTime is more than 5 minutes ahead of the clock.")


def _time_of_unknown(document: dict[str, Any]) -> int | None:
    try:
        return integer(document.get("EventTime"))
    except ValueError:
        return None
