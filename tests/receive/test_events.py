"""The sample events: they are what the gateway makes of such requests, and together they tell a story."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from local.aws.gateway import Context, to_event
from local.tencent import payload, samples
from roomstate.aws.reader import Reader
from tests.payloads import APP
from tests.reading import members_of

SAMPLES = samples()
LIVE, OPPONENT, CONFERENCE = "rid-123", "pk-5", "weekly sync #7"

# name: who did it, in which rooms, and what each room's record says changed, if it bears state.
EXPECTED: dict[str, tuple[str | None, list[str | None], list[str] | None]] = {
    "010-live-create-room": ("admin", [LIVE], ["room.created", "room.owner_changed", "room.updated"]),
    "020-live-create-room-reaching-threshold": ("brennanli", [None], None),
    "030-live-update-room-info": ("bob", [LIVE], ["room.updated"]),
    "040-live-set-metadata": ("brennanli", [LIVE], ["room.metadata_set"] * 3),
    "050-live-member-state-changed-online": (None, [LIVE], ["member.online"] * 2),
    "060-live-modify-admin-add": ("admin", [LIVE], ["admin.added"] * 2),
    "070-mic-seat-info-changed-live": (None, [LIVE], ["seat.occupied", "seat.locked"]),
    "080-follow-follow-add": (None, [None], None),
    "090-group-before-send-msg": ("jared", [LIVE], None),
    "100-group-send-msg": ("jared", [LIVE], None),
    "110-live-before-send-gift": ("jared", [LIVE], None),
    "120-live-create-battle": ("brennanli", [LIVE, OPPONENT], None),
    "130-live-start-battle": (None, [LIVE, OPPONENT], None),
    "140-live-cloud-recording-changed": (None, [LIVE], None),
    "150-live-member-state-changed-other-name": (None, [LIVE], ["member.offline"]),
    "160-live-member-state-changed-recover": (None, [LIVE], ["member.online"]),
    "170-live-end-battle": (None, [LIVE, OPPONENT], None),
    "180-live-destroy-room": ("admin", [OPPONENT], ["room.ended"]),
    "190-live-change-owner": ("admin", [LIVE], ["room.owner_changed"]),
    "200-live-modify-admin-delete": ("admin", [LIVE], ["admin.removed"]),
    "210-live-del-metadata": ("brennanli", [LIVE], ["room.metadata_deleted"] * 2),
    "220-follow-cloud-recording-changed": (None, [LIVE], None),
    "230-follow-follow-delete": (None, [None], None),
    "240-room-create-room": ("admin", [CONFERENCE], ["room.created", "room.owner_changed", "room.updated"]),
    "250-room-member-enter": ("user1", [CONFERENCE], ["member.online"] * 2),
    "260-mic-seat-info-changed-room": ("user1", [CONFERENCE], ["seat.occupied", "seat.audio_disabled"]),
    "270-room-update-room-info": ("user3", [CONFERENCE], ["room.updated"]),
    "280-room-update-room-info-other-name": ("user3", [CONFERENCE], ["room.updated"]),
    "290-room-member-leave": ("user1", [CONFERENCE], ["member.offline"]),
    "300-room-destroy-room": ("admin", [CONFERENCE], ["room.ended", "room.cleared"]),
}

NOTHING: dict[str, Any] = {
    "owner": None,
    "info": {},
    "metadata": {},
    "seats": [],
    "admins": [],
    "members": [],
}
SEAT: dict[str, Any] = {
    "user_id": None,
    "locked": False,
    "audio_disabled": False,
    "video_disabled": False,
    "updated_at": 1703589974123,
}
# What is there when all is told. user2 is still in the conference when it ends.
ROOMS: dict[str, dict[str, Any]] = {
    LIVE: {
        "status": "live",
        "started_at": 1703589922000,
        "ended_at": None,
        "owner": "user2",
        "info": {
            "room_name": "rname-123",
            "room_type": "Live",
            "max_member_count": 300,
            "max_seat_count": 16,
            "is_message_disabled": False,
            "is_seat_enabled": True,
            "take_seat_mode": "ApplyToTake",
            "custom_info": "custom123",
            "create_time": 1703589922,
            "is_public_visible": False,
            "cover_url": "https://xxxx.png",
            "category": [1, 2, 3],
            "activity_status": 1,
        },
        "metadata": {"key3": "value3"},
        "seats": [
            {**SEAT, "index": 1, "user_id": "144115233775727695"},
            {**SEAT, "index": 2, "locked": True},
        ],
        "admins": [{"user_id": "user1", "updated_at": 1703589966780}],
        "members": [
            {"user_id": "jared", "cause": "Enter", "updated_at": 1703589960010},
            {"user_id": "tommy", "cause": "HeartbeatRecover", "updated_at": 1703590053905},
        ],
    },
    OPPONENT: {"status": "ended", "started_at": None, "ended_at": 1703590092780, **NOTHING},
    CONFERENCE: {"status": "ended", "started_at": 1703590222780, "ended_at": 1703592452780, **NOTHING},
}


def deliver(names: Iterable[str]) -> None:
    from functions.webhook.app import lambda_handler  # noqa: PLC0415  it reads the environment

    for name in names:
        answer = lambda_handler(SAMPLES[name], Context())
        assert (name, answer["statusCode"]) == (name, 200)
        assert answer["body"] == '{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}'


def rooms(reader: Reader) -> dict[str, dict[str, Any]]:
    found = {room_id: reader.room(APP, room_id) for room_id in ROOMS}
    return {
        room_id: {
            **room.model_dump(exclude={"sdk_app_id", "room_id", "member_count", "folded"}),
            "members": [member.model_dump() for member in members_of(reader, room_id)],
        }
        for room_id, room in found.items()
        if room
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_is_what_the_gateway_makes_of_its_request(name: str) -> None:
    # GIVEN
    event = SAMPLES[name]
    body = payload(event)
    request = EnvironBuilder(
        f"{event['rawPath']}?{event['rawQueryString']}",
        method="POST",
        headers=event["headers"],
        data=body,
    )

    # WHEN
    made = to_event(Request(request.get_environ()))

    # THEN
    assert event.keys() == made.keys()
    assert event["requestContext"].keys() == made["requestContext"].keys()
    assert event["requestContext"]["http"].keys() == made["requestContext"]["http"].keys()
    assert {**made, "requestContext": event["requestContext"]} == event
    assert int(event["headers"]["content-length"]) == len(body)


def test_they_are_received_in_the_order_of_their_names_shortly_after_they_happened() -> None:
    received = [event["requestContext"]["timeEpoch"] for event in SAMPLES.values()]
    assert received == sorted(received)
    for event, received_at in zip(SAMPLES.values(), received, strict=True):
        happened_at = int(json.loads(payload(event)).get("EventTime", received_at))
        assert 0 <= received_at - happened_at < 1_000


def test_each_is_answered_ok_and_leaves_its_record(reader: Reader) -> None:
    # WHEN
    deliver(SAMPLES)

    # THEN
    logs = {room_id: list(reader.records(APP, room_id)) for room_id in (None, *ROOMS)}
    left: dict[str, Any] = {}
    for name, event in SAMPLES.items():
        records = [record for log in logs.values() for record in log if record.payload == payload(event)]
        records.sort(key=lambda record: record.part)
        assert {record.outcome for record in records} <= {"applied", "observed"}
        left[name] = (
            records[0].operator,
            [record.room_id for record in records],
            [change.type for change in records[0].changes] if records[0].outcome == "applied" else None,
        )
    assert left == EXPECTED
    assert sum(map(len, logs.values())) == sum(len(rooms) for _, rooms, _ in EXPECTED.values())


@pytest.mark.parametrize("order", [list(SAMPLES), list(reversed(SAMPLES))], ids=["told", "backwards"])
def test_together_they_leave_one_live_room_and_two_that_ended(order: list[str], reader: Reader) -> None:
    # WHEN delivered twice
    deliver(order)
    deliver(order)

    # THEN
    assert rooms(reader) == ROOMS
