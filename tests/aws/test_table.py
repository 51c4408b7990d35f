"""The table's layout: keys that stay apart, items that come back as they went in, DynamoDB's limits."""

from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given, settings
from hypothesis import strategies as st

from local.aws.limits import check_item, item_bytes, item_key
from roomstate.aws.items import read_record, read_register, record_item, register_item
from roomstate.aws.marshal import from_item, to_item
from roomstate.aws.table import (
    SHARDS,
    TOMBSTONE_DAYS,
    life_keys,
    life_partition,
    log_partition,
    member_partition,
    register_key,
    room_partition,
)
from roomstate.log.record import LogRecord, log_record
from roomstate.state.decide import decide
from roomstate.state.registers import AnyRegister, Key
from roomstate.tencent.wire import MAX_INTEGER
from tests.histories import histories
from tests.payloads import APP, NOW, Payload, create, members, seat, seats, set_metadata, webhook

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8) | st.sampled_from(
    ["#", "00#a", "room", "seat#0000000001", "a/b", "%2F", " ", ":", "1400000001#r"]
)


def records(payload: Payload | bytes, *before: Payload) -> list[LogRecord]:
    """The records of a webhook that comes after others."""
    held: dict[Key, Any] = {}
    for earlier in before:
        known = webhook(earlier)
        for unit in known.units:
            held.update(decide(known.version, unit.assertions, held).writes)
    arrived = webhook(payload)
    return [
        log_record(
            arrived,
            part,
            decide(arrived.version, unit.assertions, held).changes,
            won=True,
            expires_at=NOW // 1000 + 86_400,
        )
        for part, unit in enumerate(arrived.units)
    ]


def written(payload: Payload) -> dict[Key, AnyRegister]:
    """The registers that a webhook of an unknown room writes."""
    arrived = webhook(payload)
    return {**decide(arrived.version, arrived.units[0].assertions, {}).writes}


def item_of(key: Key, register: AnyRegister, room: str = "r") -> Any:
    return register_item(APP, room, key, register, writer="0" * 32, received_at=NOW)


@given(st.tuples(names, names, names), st.tuples(names, names, names))
def test_rooms_users_and_apps_never_share_a_key(one: Any, other: Any) -> None:
    # GIVEN the registers of two rooms, app ids being digits (caller.py)
    def keys(app: str, room: str, name: str) -> list[Any]:
        digits = str(sum(app.encode()))
        kinds: list[Any] = ["admin", "member", "metadata"]
        registers = [Key("life"), Key("room"), Key("seat", len(name)), *(Key(kind, name) for kind in kinds)]
        found: list[Any] = [((digits, room, key), register_key(digits, room, key)) for key in registers]
        return [*found, ((digits, room, "life again"), life_keys(digits, room)[1])]

    # THEN two registers have one key only where they are one register
    everything = keys(*one) + keys(*other)
    assert len({register for register, _ in everything}) == len({key for _, key in everything})


def test_partitions_of_one_room_differ() -> None:
    partitions = [
        room_partition(APP, "r"),
        life_partition(APP, "r"),
        *(make(APP, "r", shard) for shard in range(SHARDS) for make in (member_partition, log_partition)),
    ]
    assert len(set(partitions)) == 2 + 2 * SHARDS


@given(histories)
def test_registers_and_records_come_back_as_they_went_in(history: list[Payload]) -> None:
    for payload in history:
        for key, register in written(payload).items():
            assert read_register(item_of(key, register)) == (key, register)
        for record in records(payload):
            assert read_record(record_item(record)) == record


@pytest.mark.parametrize("payload", [b"\xff\x00", b"", "{}\ud83d".encode("utf-8", "surrogatepass")])
def test_a_payload_that_is_no_text_comes_back_byte_for_byte(payload: bytes) -> None:
    [record] = records(payload)
    assert read_record(record_item(record)).payload == payload


@pytest.mark.parametrize(
    ("payload", "expires"),
    [
        (seats("r", seat(1)), True),
        (seats("r", seat(1, "ann")), False),
        (seats("r", seat(1, Taken=True)), False),
        (members("r", "Online", "ann"), False),
        (members("r", "Offline", "ann"), True),
        (create("r"), False),
    ],
)
def test_only_tombstones_expire(payload: Payload, expires: bool) -> None:
    items = [from_item(item_of(*register)) for register in written(payload).items()]
    expires_at = [item["expires_at"] for item in items if "expires_at" in item]
    assert expires_at == ([NOW // 1000 + TOMBSTONE_DAYS * 86_400] if expires else [])


def check_records(many: list[LogRecord]) -> None:
    assert many
    for record in many:
        check_item(record_item(record))


class TestLimits:
    """The largest that can come fits: 400 KB an item, 2,048 and 1,024 bytes a key."""

    def test_keys(self) -> None:
        longest = "\U0001f600" * 64  # 256 bytes
        for kind in ("seat", "admin", "member", "metadata"):
            name: Any = MAX_INTEGER if kind == "seat" else longest
            item_key(register_key("9" * 20, longest, Key(kind, name)).item())
        for key in life_keys("9" * 20, longest):
            item_key(key.item())

    def test_a_record_of_many_long_members(self) -> None:
        users = [f"{n:04}" + "u" * 252 for n in range(900)]
        payload = members("r", "Online", *users, cause="c" * 256)
        assert 200_000 < len(records(payload)[0].payload) < 262_144
        check_records(records(payload))

    def test_a_record_of_many_short_members(self) -> None:
        payload = members("r", "Online", *range(6_000)) | {"More": "x" * 90_000}
        assert 240_000 < len(records(payload)[0].payload) < 262_144
        check_records(records(payload))

    def test_a_record_of_large_metadata_over_large_metadata(self) -> None:
        def all_keys(letter: str, at: int) -> Payload:
            return set_metadata("r", at, **{f"k{n}": letter * 16_384 for n in range(15)})

        after = records(all_keys("b", 2), all_keys("a", 1))
        assert len(after[0].payload) > 240_000
        check_records(after)

    def test_a_record_of_a_large_room_over_a_large_room(self) -> None:
        def everything(letter: str, at: int) -> Payload:
            texts = ("RoomName", "RoomType", "TakeSeatMode", "CustomInfo", "CoverURL", "BackgroundURL")
            return create(
                "r",
                at,
                **dict.fromkeys((*texts, "RoomStatus"), letter * 4_096),
                Category=[MAX_INTEGER] * 256,
                Unknown="x" * 200_000,
            )

        [record] = records(everything("b", 2), everything("a", 1))
        assert len(record.payload) > 230_000
        check_records([record])
        for key, register in written(everything("a", 1)).items():
            check_item(item_of(key, register))

    def test_a_single_change_is_two_small_items(self) -> None:
        """1 KB is a write unit, doubled in a transaction: four for a webhook of one change."""
        payload = members("r" * 48, "Online", "u" * 32, at=1_703_589_922_780)
        [record] = records({**payload, "Operator_Account": "o" * 32})
        assert item_bytes(record_item(record._replace(opt_platform="Android"))) <= 1_024
        for key, register in written(payload).items():
            assert item_bytes(item_of(key, register, "r" * 48)) <= 1_024


text = st.text(st.characters(codec="utf-8"))
stored = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200)
@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), min_size=1),
        stored.filter(lambda v: v is not None),
        max_size=5,
    )
)
def test_marshal_does_as_boto3_does(attributes: dict[str, Any]) -> None:
    item = to_item(attributes)
    assert item == {name: TypeSerializer().serialize(value) for name, value in attributes.items()}
    assert from_item(item) == attributes
    assert {name: TypeDeserializer().deserialize(value) for name, value in item.items()} == attributes


@pytest.mark.parametrize("value", [1.5, {"an element"}, object(), [[2.5]], {"deep": {"down": 3.5}}])
def test_what_is_never_stored_is_refused_rather_than_stored_in_some_way(value: Any) -> None:
    with pytest.raises(TypeError, match="is not stored"):
        to_item({"name": value})


@pytest.mark.parametrize(
    "value", [{"SS": ["a"]}, {"NS": ["1"]}, {"L": [{"BS": [b"a"]}]}, {"M": {"a": {"X": 1}}}]
)
def test_what_was_never_stored_is_refused_rather_than_read_in_some_way(value: Any) -> None:
    """Somebody else wrote it there."""
    with pytest.raises(TypeError, match="is not stored"):
        from_item({"name": value})
