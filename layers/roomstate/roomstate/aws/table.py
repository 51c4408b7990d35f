"""The table's layout: which partition each register and record is in, and what its item holds.

Partition keys end in the room id, since a room id may hold any separator:

    pk                                   sk                              item
    room#<app>#<room>                    room                            the room
                                         seat#<index, 15 digits>         a seat
                                         admin#<user>                    an administrator
                                         metadata#<key>                  a metadata key
    member#<app>#<shard>#<room>          <user>                          a member
    log#<app>#<shard>#<room>             <occurred_at>#<event>#<part>    a record of the log

A partition takes 1,000 write units a second. Members and records come by the thousand, so they are
spread over SHARDS partitions; seats and administrators do not, and sit with the room.
"""

import zlib
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from pydantic import ConfigDict, TypeAdapter

from roomstate.aws.marshal import Item, from_item, to_item
from roomstate.log.record import LogRecord
from roomstate.state.changes import Change
from roomstate.state.registers import (
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

SHARDS = 16
"""Never to be changed for a table that holds data: every key depends on it."""
TOMBSTONE_DAYS = 30
"""How long a removal is kept against a late "add". SQS, the slowest way here, keeps 14 days."""
TTL_ATTRIBUTE = "expires_at"

DAY_S = 86_400
_CHANGES: TypeAdapter[tuple[Change, ...]] = TypeAdapter(
    tuple[Change, ...], config=ConfigDict(defer_build=True)
)


class ItemKey(NamedTuple):
    pk: str
    sk: str

    def item(self) -> Item:
        return {"pk": {"S": self.pk}, "sk": {"S": self.sk}}


def room_partition(sdk_app_id: str, room_id: str) -> str:
    return f"room#{sdk_app_id}#{room_id}"


def member_partition(sdk_app_id: str, room_id: str, shard: int) -> str:
    return f"member#{sdk_app_id}#{shard:02}#{room_id}"


def log_partition(sdk_app_id: str, room_id: str | None, shard: int) -> str:
    """Records that concern no room are in the partitions of the empty room id."""
    return f"log#{sdk_app_id}#{shard:02}#{room_id or ''}"


def member_shard(user_id: str) -> int:
    return zlib.crc32(user_id.encode()) % SHARDS


def log_shard(event_id: str, part: int) -> int:
    return (int(event_id[:8], 16) + part) % SHARDS


def log_time(occurred_at: int) -> str:
    """How a record's sort key begins. `occurred_at` has at most 15 digits (`wire.MAX_INTEGER`)."""
    return f"{occurred_at:015}"


def register_key(sdk_app_id: str, room_id: str, key: Key) -> ItemKey:
    """Where a register is."""
    if key.kind == "member":
        user_id = str(key.name)
        return ItemKey(member_partition(sdk_app_id, room_id, member_shard(user_id)), user_id)
    name = {"room": "room", "seat": f"seat#{key.name:0>15}"}.get(key.kind, f"{key.kind}#{key.name}")
    return ItemKey(room_partition(sdk_app_id, room_id), name)


def record_key(record: LogRecord) -> ItemKey:
    """Where a record is."""
    return ItemKey(
        log_partition(record.sdk_app_id, record.room_id, log_shard(record.event_id, record.part)),
        f"{log_time(record.occurred_at)}#{record.event_id}#{record.part:05}",
    )


def register_item(sdk_app_id: str, room_id: str, key: Key, register: AnyRegister, received_at: int) -> Item:
    """A register as an item. `received_at`, in ms, is when the webhook came that wrote it."""
    attributes: dict[str, Any] = {
        **register_key(sdk_app_id, room_id, key)._asdict(),
        "kind": key.kind,
        "sdk_app_id": sdk_app_id,
        "room_id": room_id,
    }
    if isinstance(register, RoomRegister):
        attributes |= {
            "revision": _revision(register),
            "started_at": register.started_at,
            "ended_at": register.ended_at,
            "fields": {
                name: {"value": field.value, **field.version._asdict()}
                for name, field in register.fields.items()
            },
        }
        return to_item(attributes)
    attributes |= register.version._asdict()
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
        case Metadata(value):
            attributes |= {"key": key.name, "value": value}
    if register.fact.is_tombstone:
        attributes[TTL_ATTRIBUTE] = received_at // 1000 + TOMBSTONE_DAYS * DAY_S
    return to_item(attributes)


def unchanged(register: AnyRegister | None) -> Any:
    """The condition that an item still holds the register that was read there.

    A webhook writes a register at most once, so the event tells the states of a seat, an admin or a
    member apart. A room is written by many; what it holds only grows, so no state comes twice.
    """
    match register:
        case None:
            return {"ConditionExpression": "attribute_not_exists(pk)"}
        case RoomRegister():
            name, value = "revision", _revision(register)
        case Register():
            name, value = "event_id", register.version.event_id
    return {
        "ConditionExpression": f"{name} = :read",
        "ExpressionAttributeValues": {":read": {"S": value}},
    }


def _revision(room: RoomRegister) -> str:
    versions = sorted((name, *field.version) for name, field in room.fields.items())
    return sha256(repr((room.started_at, room.ended_at, versions)).encode()).hexdigest()[:32]


def read_register(item: Mapping[str, Any], *, room_fields: bool = True) -> tuple[Key, AnyRegister]:
    """The register that an item holds; a room's without its fields, where they are not asked for."""
    if not room_fields and "fields" in item:
        item = {**item, "fields": {"M": {}}}
    attributes = from_item(item)
    if attributes["kind"] == "room":
        return ROOM, RoomRegister(
            started_at=attributes.get("started_at"),
            ended_at=attributes.get("ended_at"),
            fields={
                name: Field(Version(field["occurred_at"], field["event_id"]), field["value"])
                for name, field in attributes["fields"].items()
            },
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
    )
