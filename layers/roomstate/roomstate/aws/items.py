"""What the table's items hold: registers and records, written and read again."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from roomstate.aws.marshal import Item, from_item, to_item
from roomstate.aws.table import (
    DAY_S,
    TOMBSTONE_DAYS,
    TTL_ATTRIBUTE,
    ItemKey,
    item_key,
    life_keys,
    live_partition,
    live_shard,
    record_key,
    register_key,
    sort_time,
    user_partition,
)
from roomstate.log.record import LogRecord
from roomstate.state.changes import Change
from roomstate.state.life import Life, join_copies
from roomstate.state.registers import (
    LIFE,
    ROOM,
    Admin,
    AnyRegister,
    Field,
    Key,
    Member,
    Metadata,
    Register,
    RoomRegister,
    Seat,
    Version,
)

WRITER = "event_id"
"""The attribute of a register's item that names the webhook which wrote it last: see `unit_name`."""

_CHANGES: TypeAdapter[tuple[Change, ...]] = TypeAdapter(
    tuple[Change, ...], config=ConfigDict(defer_build=True)
)


def register_item(
    sdk_app_id: str, room_id: str, key: Key, register: AnyRegister, *, writer: str, received_at: int
) -> Item:
    """A register as an item; of a life, its first copy.

    Args:
        writer: who writes it, another name each time. A fact names the webhook of its version.
        received_at: when that webhook came, ms since the epoch.
    """
    attributes: dict[str, Any] = {
        **register_key(sdk_app_id, room_id, key)._asdict(),
        "kind": key.kind,
        "sdk_app_id": sdk_app_id,
        "room_id": room_id,
        WRITER: writer,
    }
    match register:
        case Life():
            attributes |= _life(sdk_app_id, room_id, register)
        case RoomRegister(fields):
            attributes["fields"] = {
                name: {"value": field.value, **field.version._asdict()} for name, field in fields.items()
            }
        case Register():
            attributes |= _fact(sdk_app_id, key, register)
            if register.fact.is_tombstone:
                attributes[TTL_ATTRIBUTE] = received_at // 1000 + TOMBSTONE_DAYS * DAY_S
    return to_item(attributes)


def register_items(
    sdk_app_id: str, room_id: str, key: Key, register: AnyRegister, *, writer: str, received_at: int
) -> list[Item]:
    """All items that hold a register: both copies of a life, else one. Arguments as for `register_item`."""
    item = register_item(sdk_app_id, room_id, key, register, writer=writer, received_at=received_at)
    if key != LIFE:
        return [item]
    # With these, the index would list the room twice.
    twin = {name: value for name, value in item.items() if name not in ("live_app", "live_since")}
    _, place = life_keys(sdk_app_id, room_id)
    return [item, twin | place.item()]


def puts(table_name: str, items: Iterable[Item], read: Mapping[ItemKey, Item]) -> list[Any]:
    """Actions of a transaction: put items of registers, each only where it is still what was read."""
    return [
        {"Put": {"TableName": table_name, "Item": item, **unchanged(read.get(item_key(item)))}}
        for item in items
    ]


def _life(sdk_app_id: str, room_id: str, life: Life) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "first_seen_at": life.first_seen_at,
        "started_at": life.started_at,
        "ended_at": life.ended_at,
        "alive_at": life.alive_at,
    }
    if not life.is_ended:
        since = life.shown_started_at or life.alive_at or life.first_seen_at or 0
        attributes["live_app"] = live_partition(sdk_app_id, live_shard(room_id))
        attributes["live_since"] = f"{sort_time(since)}#{room_id}"
    return attributes


def _fact(sdk_app_id: str, key: Key, register: Register) -> dict[str, Any]:
    attributes: dict[str, Any] = register.version._asdict()
    match register.fact:
        case Seat(user_id, locked, audio_disabled, video_disabled):
            attributes |= {
                "index": key.name,
                "user_id": user_id,
                "locked": locked,
                "audio_disabled": audio_disabled,
                "video_disabled": video_disabled,
            }
        case Admin(present):
            attributes |= {"user_id": key.name, "present": present}
        case Member(online, cause):
            attributes |= {"user_id": key.name, "online": online, "cause": cause}
            if online:
                attributes["online_user"] = user_partition(sdk_app_id, str(key.name))
        case Metadata(value):
            attributes |= {"key": key.name, "value": value}
    return attributes


def unit_name(record: LogRecord) -> str:
    """What a unit of a webhook signs with. Each may write the life of the room, and others between them."""
    return f"{record.event_id}#{record.part}" if record.part else record.event_id


def unchanged(read: Item | None) -> dict[str, Any]:
    """The condition that a register's item is still what was read, or still is not there.

    A unit of a webhook writes a register at most once, so who wrote it last tells its states apart.
    """
    if read is None:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    # A room's item written before 0.2 names no writer, but has a revision.
    name = WRITER if WRITER in read else "revision"
    return {"ConditionExpression": f"{name} = :read", "ExpressionAttributeValues": {":read": read[name]}}


def read_registers(items: Iterable[Mapping[str, Any]]) -> dict[Key, AnyRegister]:
    """The registers that items of one room hold. A life knows what either of its copies knows."""
    held: dict[Key, AnyRegister] = {}
    for item in items:
        key, register = read_register(item)
        known = held.get(key)
        if isinstance(known, Life) and isinstance(register, Life):
            register = join_copies(known, register)
        held[key] = register
    return held


def is_torn(items: Iterable[Item]) -> bool:
    """Whether among the items of a room one copy of its life is missing, or is not what the other is."""
    writers = [item[WRITER] for item in items if item["kind"] == {"S": LIFE.kind}]
    return bool(writers) and writers != writers[:1] * 2


def read_register(item: Mapping[str, Any]) -> tuple[Key, AnyRegister]:
    """The register that an item holds."""
    attributes = from_item(item)
    if attributes["kind"] == "life":
        times = ("first_seen_at", "started_at", "ended_at", "alive_at")
        return LIFE, Life(*(attributes.get(name) for name in times))
    if attributes["kind"] == "room":
        return ROOM, RoomRegister(
            {
                name: Field(Version(field["occurred_at"], field["event_id"]), field["value"])
                for name, field in attributes["fields"].items()
            }
        )
    version = Version(attributes["occurred_at"], attributes["event_id"])
    match attributes["kind"]:
        case "seat":
            return Key("seat", attributes["index"]), Register(
                version,
                Seat(
                    attributes.get("user_id"),
                    attributes["locked"],
                    attributes["audio_disabled"],
                    attributes["video_disabled"],
                ),
            )
        case "admin":
            return Key("admin", attributes["user_id"]), Register(version, Admin(attributes["present"]))
        case "member":
            return Key("member", attributes["user_id"]), Register(
                version, Member(attributes["online"], attributes.get("cause"))
            )
        case "metadata":
            return Key("metadata", attributes["key"]), Register(version, Metadata(attributes.get("value")))
    raise TypeError(f"{attributes['kind']!r} is no register")


def record_item(record: LogRecord) -> Item:
    """A record as an item. A payload is stored as text where it is text, to be read in the console."""
    try:
        payload: str | bytes = record.payload.decode()
    except UnicodeDecodeError:
        payload = record.payload
    return to_item(
        {
            **record_key(record)._asdict(),
            "sdk_app_id": record.sdk_app_id,
            "room_id": record.room_id,
            "event_id": record.event_id,
            "part": record.part,
            "parts": record.parts,
            "command": record.command,
            "occurred_at": record.occurred_at,
            "received_at": record.received_at,
            "operator": record.operator,
            "opt_platform": record.opt_platform,
            "outcome": record.outcome,
            "reason": record.reason,
            "changes": _CHANGES.dump_python(record.changes),
            "payload": payload,
            "is_ours": record.is_ours or None,
            TTL_ATTRIBUTE: record.expires_at,
        }
    )


def read_record(item: Mapping[str, Any]) -> LogRecord:
    """The record that an item holds."""
    attributes = from_item(item)
    payload = attributes["payload"]
    return LogRecord(
        sdk_app_id=attributes["sdk_app_id"],
        room_id=attributes.get("room_id"),
        event_id=attributes["event_id"],
        part=attributes["part"],
        parts=attributes["parts"],
        command=attributes.get("command"),
        occurred_at=attributes["occurred_at"],
        received_at=attributes["received_at"],
        operator=attributes.get("operator"),
        opt_platform=attributes.get("opt_platform"),
        outcome=attributes["outcome"],
        reason=attributes.get("reason"),
        changes=_CHANGES.validate_python(attributes["changes"]),
        payload=payload.encode() if isinstance(payload, str) else bytes(payload),
        expires_at=attributes[TTL_ATTRIBUTE],
        is_ours=attributes.get("is_ours", False),
    )
