"""What each webhook changes, given what came before it."""

from typing import Any

import pytest

from roomstate.state.decide import decide
from roomstate.state.registers import AnyRegister, Key
from tests.payloads import (
    Payload,
    admins,
    change_owner,
    create,
    del_metadata,
    destroy,
    members,
    seat,
    seats,
    set_metadata,
    update,
    webhook,
)


def changes(*history: Payload) -> list[dict[str, Any]]:
    """The changes of the last webhook of a history, without those of the others."""
    held: dict[Key, AnyRegister] = {}
    for payload in history:
        arrived = webhook(payload)
        decision = decide(arrived.version, arrived.units[0].assertions, held)
        held.update(decision.writes)
    return [change.model_dump() for change in decision.changes]


def change(kind: str, before: Any, after: Any, **subject: Any) -> dict[str, Any]:
    return {"type": kind, "before": before, "after": after, **subject}


ANN_SITS = seats("r", seat(1, "ann"))
ANN_IS_IN = members("r", "Online", "ann")


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        pytest.param([ANN_SITS], [change("seat.occupied", None, "ann", index=1)], id="seat taken"),
        pytest.param([ANN_SITS, ANN_SITS], [], id="the same again"),
        pytest.param(
            [ANN_SITS, seats("r", seat(1), at=2_000)],
            [change("seat.vacated", "ann", None, index=1)],
            id="seat left",
        ),
        pytest.param(
            [ANN_SITS, seats("r", seat(1, "bob"), at=2_000)],
            [change("seat.occupied", "ann", "bob", index=1)],
            id="seat passed on",
        ),
        pytest.param(
            [seats("r", seat(1, "bob"), at=2_000), ANN_SITS], [], id="an older list of the same seat"
        ),
        pytest.param([seats("r", seat(1))], [], id="an empty seat nobody knew"),
        pytest.param(
            [seats("r", seat(0, Taken=True, Audio=True, Video=True))],
            [
                change("seat.locked", False, True, index=0),
                change("seat.audio_disabled", False, True, index=0),
                change("seat.video_disabled", False, True, index=0),
            ],
            id="all flags on",
        ),
        pytest.param(
            [seats("r", seat(0, Taken=True, Audio=True, Video=True)), seats("r", seat(0), at=2_000)],
            [
                change("seat.unlocked", True, False, index=0),
                change("seat.audio_enabled", True, False, index=0),
                change("seat.video_enabled", True, False, index=0),
            ],
            id="all flags off",
        ),
        pytest.param(
            [admins("r", "add", "ann", "bob")],
            [
                change("admin.added", False, True, user_id="ann"),
                change("admin.added", False, True, user_id="bob"),
            ],
            id="admins added",
        ),
        pytest.param(
            [admins("r", "add", "ann", "bob"), admins("r", "delete", "ann", at=2_000)],
            [change("admin.removed", True, False, user_id="ann")],
            id="admin removed",
        ),
        pytest.param(
            [admins("r", "delete", "ann", at=2_000), admins("r", "add", "ann")],
            [],
            id="a late add does not revive an admin",
        ),
        pytest.param(
            [ANN_IS_IN],
            [change("member.online", False, True, user_id="ann", cause="Enter")],
            id="member in",
        ),
        pytest.param(
            [ANN_IS_IN, members("r", "Offline", "ann", at=2_000, cause="HeartbeatInterrupt")],
            [change("member.offline", True, False, user_id="ann", cause="HeartbeatInterrupt")],
            id="member out",
        ),
        pytest.param(
            [ANN_IS_IN, members("r", "Online", "ann", at=2_000, cause="HeartbeatRecover")],
            [],
            id="another cause is no change",
        ),
        pytest.param(
            [create("r", Owner_Account="ann", RoomName="a")],
            [
                change("room.created", None, 1_000),
                change("room.owner_changed", None, "ann"),
                change("room.updated", {}, {"room_name": "a"}),
            ],
            id="room created",
        ),
        pytest.param(
            [create("r", RoomName="a", MaxSeatCount=4), update("r", 2_000, RoomName="b", MaxSeatCount=4)],
            [change("room.updated", {"room_name": "a"}, {"room_name": "b"})],
            id="only the fields that differ",
        ),
        pytest.param(
            [update("r", 2_000, RoomName="b"), create("r", RoomName="a", MaxSeatCount=4)],
            [
                change("room.created", None, 1_000),
                change("room.cleared", None, -9_001),
                change("room.updated", {}, {"max_seat_count": 4}),
            ],
            id="a late create loses field by field",
        ),
        pytest.param(
            [change_owner("r", "ann"), change_owner("r", "bob", 2_000)],
            [change("room.owner_changed", "ann", "bob")],
            id="owner changed",
        ),
        pytest.param(
            [set_metadata("r", k="x")], [change("room.metadata_set", None, "x", key="k")], id="metadata set"
        ),
        pytest.param(
            [set_metadata("r", k="x"), del_metadata("r", "k", at=2_000)],
            [change("room.metadata_deleted", "x", None, key="k")],
            id="metadata deleted",
        ),
        pytest.param(
            [create("r", 20_000, RoomName="a"), destroy("r", 30_000)],
            [change("room.ended", None, 30_000), change("room.cleared", 9_999, 30_000)],
            id="room ended",
        ),
        pytest.param([destroy("r")], [change("room.ended", None, 1_000)], id="the end of an unknown room"),
        pytest.param(
            [destroy("r"), destroy("r", 2_000)],
            [change("room.cleared", 1_000, 2_000)],
            id="ended twice: what came between the two is gone",
        ),
        pytest.param([destroy("r", 2_000), destroy("r")], [], id="ended twice, the earlier end told last"),
        pytest.param(
            [destroy("r", 2_000), ANN_IS_IN], [], id="who came before the end does not come after it"
        ),
        pytest.param(
            [ANN_IS_IN, destroy("r", 2_000), members("r", "Online", "ann", at=3_000)],
            [change("member.online", False, True, user_id="ann", cause="Enter")],
            id="the end ends presence",
        ),
        pytest.param(
            [create("r"), destroy("r", 2_000), create("r", 3_000, RoomName="a")],
            [change("room.created", 1_000, 3_000), change("room.updated", {}, {"room_name": "a"})],
            id="created again under the same id",
        ),
        pytest.param(
            [create("r"), destroy("r", 2_000), create("r", 60_000)],
            [change("room.created", 1_000, 60_000), change("room.cleared", 2_000, 49_999)],
            id="created again, long after",
        ),
        pytest.param(
            [create("r", 3_000, RoomName="a"), destroy("r", 2_000)],
            [change("room.cleared", -7_001, 2_000)],
            id="the end of the room before this one",
        ),
        pytest.param(
            [members("r", "Online", "ann", at=1_000), create("r", 60_000)],
            [change("room.created", None, 60_000), change("room.cleared", None, 49_999)],
            id="a creation ends the life before, whose end was lost",
        ),
        pytest.param(
            [seats("r", seat(1, "ann"), at=51_000), create("r", 60_000), seats("r", seat(1), at=70_000)],
            [change("seat.vacated", "ann", None, index=1)],
            id="the owner's seat may be stamped 10 s before the creation",
        ),
        pytest.param(
            [destroy("r"), members("r", "Online", "ann", at=11_001)],
            [
                change("room.revived", 1_000, None),
                change("member.online", False, True, user_id="ann", cause="Enter"),
            ],
            id="somebody long after the end shows that the room lives",
        ),
        pytest.param(
            [destroy("r"), members("r", "Online", "ann", at=11_001), seats("r", seat(1, "ann"), at=60_000)],
            [change("seat.occupied", None, "ann", index=1)],
            id="and it is said once",
        ),
        pytest.param(
            [destroy("r"), members("r", "Online", "ann", at=11_000)],
            [change("member.online", False, True, user_id="ann", cause="Enter")],
            id="somebody just after the end does not",
        ),
        pytest.param(
            [destroy("r"), members("r", "Offline", "ann", at=60_000)], [], id="nor does the last one leaving"
        ),
        pytest.param(
            [destroy("r"), update("r", 60_000, RoomName="a"), set_metadata("r", 60_000, k="x")],
            [change("room.metadata_set", None, "x", key="k")],
            id="nor what is said of the room",
        ),
        pytest.param(
            [destroy("r"), members("r", "Online", "ann", at=60_000), destroy("r", 70_000)],
            [change("room.ended", None, 70_000), change("room.cleared", 1_000, 70_000)],
            id="the end of a room whose creation was lost",
        ),
        pytest.param(
            [destroy("r", 30_000), create("r", 20_000, RoomName="a")],
            [],
            id="a creation before the end that is known already",
        ),
    ],
)
def test_changes(history: list[Payload], expected: list[dict[str, Any]]) -> None:
    assert changes(*history) == expected


def test_a_change_is_judged_by_the_watermark_that_its_own_webhook_moves() -> None:
    """A CreateRoom of the very instant of the end is void, like any fact of that instant."""
    assert changes(destroy("r"), create("r", 1_000, RoomName="a")) == []
