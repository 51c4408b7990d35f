"""Sweeping: what is void goes, nothing else does, whatever happens meanwhile."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from local.aws.embedded import TABLE_NAME
from roomstate.aws.deadline import Deadline, OutOfTime
from roomstate.aws.items import read_register
from roomstate.aws.reader import Reader
from roomstate.aws.store import Store
from roomstate.aws.table import DAY_S, LIFE_DAYS
from roomstate.state.life import Life
from roomstate.state.registers import LIFE, AnyRegister, Key
from roomstate.state.view import without_void
from roomstate.sweep.stream import Due, due
from roomstate.sweep.sweeper import Sweeper
from tests.aws.test_store import Interposed, contents, empty_table
from tests.converging import lasting
from tests.copies import FIRST, SECOND, assert_same_copies, copies, lose, reading
from tests.histories import ROOMS, histories
from tests.payloads import (
    AN_HOUR,
    APP,
    NOW,
    Payload,
    Ticking,
    admins,
    create,
    destroy,
    members,
    seat,
    seats,
    set_metadata,
    update,
    webhook,
)
from tests.reading import members_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW_S = NOW / 1000
ROOM = Due(APP, "r")
A_FULL_ROOM = [
    create("r", 20_000, RoomName="a room", Owner_Account="ann"),
    seats("r", seat(1, "ann"), seat(2), at=21_000),
    admins("r", "add", "ann", at=22_000),
    members("r", "Online", "ann", "bob", at=23_000),
    members("r", "Offline", "bob", at=24_000),
    set_metadata("r", 25_000, key="value"),
]


def deliver(store: Store, *payloads: Payload) -> None:
    for payload in payloads:
        store.record(webhook(payload), AN_HOUR)


def held(dynamodb: "DynamoDBClient", room: str = "r") -> dict[Key, AnyRegister]:
    """The registers of a room, void ones too."""
    return contents(dynamodb)[1].get(room, {})


def life_item(dynamodb: "DynamoDBClient") -> Any:
    """The life of the room, both copies of which are there."""
    assert_same_copies(copies(dynamodb))
    return copies(dynamodb)[FIRST]


def expire(dynamodb: "DynamoDBClient") -> Life:
    """Delete the life of the room, as TTL does. Gives what the stream tells of it."""
    lose(dynamodb, SECOND)
    _, life = read_register(lose(dynamodb, FIRST))
    assert isinstance(life, Life)
    return life


@pytest.fixture
def sweeper(dynamodb: "DynamoDBClient") -> Sweeper:
    return Sweeper(dynamodb, TABLE_NAME, lambda: NOW_S)


class TestARoomThatEnded:
    def test_leaves_its_life_and_its_log(
        self, dynamodb: "DynamoDBClient", store: Store, reader: Reader, sweeper: Sweeper
    ) -> None:
        # GIVEN
        deliver(store, *A_FULL_ROOM, destroy("r", 60_000))
        shown, log = reader.room(APP, "r"), list(reader.records(APP, "r"))
        # WHEN it is swept
        assert sweeper.sweep(ROOM, AN_HOUR) == 7
        # THEN its life is left, to expire in 90 days, and readers see no difference
        assert held(dynamodb).keys() == {LIFE}
        assert life_item(dynamodb)["expires_at"] == {"N": str(int(NOW_S) + LIFE_DAYS * DAY_S)}
        assert reader.room(APP, "r") == shown
        assert list(reader.records(APP, "r")) == log
        # AND once more, there is nothing to do
        assert sweeper.sweep(ROOM, AN_HOUR) == 0

    def test_leaves_nothing_once_its_life_has_expired(
        self, dynamodb: "DynamoDBClient", store: Store, reader: Reader, sweeper: Sweeper
    ) -> None:
        # GIVEN a room that was swept, in which a late webhook left somebody of just after the end
        deliver(store, *A_FULL_ROOM, destroy("r", 60_000))
        sweeper.sweep(ROOM, AN_HOUR)
        deliver(store, members("r", "Online", "late", at=61_000))
        # WHEN its life expires
        expired = expire(dynamodb)
        # THEN the room is one that was never heard of
        assert reader.room(APP, "r") is None
        # AND what is left of it goes
        assert sweeper.sweep(Due(APP, "r", expired), AN_HOUR) == 1
        assert held(dynamodb) == {}
        # AND the id starts clean, also where the creation is lost
        deliver(store, members("r", "Online", "new", at=9_000_000))
        room = reader.room(APP, "r")
        assert room is not None
        assert (room.status, room.started_at) == ("live", None)
        assert [member.user_id for member in members_of(reader, "r")] == ["new"]

    def test_that_was_created_again_before_its_life_expired_keeps_the_new_life(
        self, dynamodb: "DynamoDBClient", store: Store, reader: Reader, sweeper: Sweeper
    ) -> None:
        deliver(store, *A_FULL_ROOM, destroy("r", 60_000))
        sweeper.sweep(ROOM, AN_HOUR)
        expired = expire(dynamodb)
        deliver(store, create("r", 9_000_000), members("r", "Online", "new", at=9_000_001))
        room = reader.room(APP, "r")
        assert sweeper.sweep(Due(APP, "r", expired), AN_HOUR) == 0
        assert reader.room(APP, "r") == room
        assert "expires_at" not in life_item(dynamodb)

    @pytest.mark.parametrize("lost", [None, SECOND])
    def test_expires_although_its_life_is_written_while_it_is_swept(
        self, lost: int | None, dynamodb: "DynamoDBClient", store: Store
    ) -> None:
        """By what voids nothing more, so that the stream tells of nothing."""
        # GIVEN a late creation, or a webhook that misses a copy, between the sweep's read and its write
        deliver(store, members("r", "Online", "ann", at=21_000), destroy("r", 60_000))
        late = [create("r", 20_000)]
        if lost is not None:
            lose(dynamodb, lost)
            late = [reading(lost, members("r", "Offline", "ann", at=61_000))]
        before = copies(dynamodb)[FIRST]

        def meanwhile(**_: Any) -> None:
            if late:
                deliver(store, late.pop())
                assert due({"OldImage": before, "NewImage": life_item(dynamodb)}) is None

        client: Any = Interposed(dynamodb, transact_write_items=meanwhile)
        # WHEN
        Sweeper(client, TABLE_NAME, lambda: NOW_S).sweep(ROOM, AN_HOUR)
        # THEN
        assert not late
        assert "expires_at" in life_item(dynamodb)


class TestACopyThatIsNotThere:
    DATE = str(int(NOW_S) + LIFE_DAYS * DAY_S)

    def test_is_back_once_a_room_that_ended_is_swept(
        self, dynamodb: "DynamoDBClient", store: Store, sweeper: Sweeper
    ) -> None:
        # GIVEN a table from before there were two copies
        deliver(store, *A_FULL_ROOM, destroy("r", 60_000))
        lose(dynamodb, SECOND)
        # WHEN
        sweeper.sweep(ROOM, AN_HOUR)
        # THEN both are there, to expire
        assert life_item(dynamodb)["expires_at"] == {"N": self.DATE}

    def test_is_back_where_the_end_was_not_the_last_word(
        self, dynamodb: "DynamoDBClient", store: Store, sweeper: Sweeper
    ) -> None:
        deliver(store, members("r", "Online", "ann", at=90_000), destroy("r", 60_000))
        lose(dynamodb, SECOND)
        sweeper.sweep(ROOM, AN_HOUR)
        assert life_item(dynamodb)["alive_at"] == {"N": "90000"}

    def test_is_not_brought_back_where_the_first_has_expired(
        self, dynamodb: "DynamoDBClient", store: Store, reader: Reader, sweeper: Sweeper
    ) -> None:
        """Else no life would ever expire: the stream tells of each first copy that does."""
        deliver(store, *A_FULL_ROOM, destroy("r", 60_000))
        sweeper.sweep(ROOM, AN_HOUR)
        # WHEN the first copy expires before the second
        _, expired = read_register(lose(dynamodb, FIRST))
        assert isinstance(expired, Life)
        sweeper.sweep(Due(APP, "r", expired), AN_HOUR)
        # THEN the second still does, on its date
        first, second = copies(dynamodb)
        assert first is None
        assert second["expires_at"] == {"N": self.DATE}
        assert reader.room(APP, "r") is None

    def test_is_dated_where_the_first_has_expired_and_it_has_no_date(
        self, dynamodb: "DynamoDBClient", store: Store, sweeper: Sweeper
    ) -> None:
        """A sweep of before there were two copies dated the first alone, while a deploy went on."""
        # GIVEN
        deliver(store, *A_FULL_ROOM, destroy("r", 60_000))
        _, expired = read_register(lose(dynamodb, FIRST))
        assert isinstance(expired, Life)
        # WHEN
        sweeper.sweep(Due(APP, "r", expired), AN_HOUR)
        # THEN neither stays for good
        assert life_item(dynamodb)["expires_at"] == {"N": self.DATE}


class TestARoomThatLives:
    def test_loses_only_what_an_earlier_life_left(
        self, dynamodb: "DynamoDBClient", store: Store, reader: Reader, sweeper: Sweeper
    ) -> None:
        # GIVEN a room whose end was lost, created again
        deliver(
            store, *A_FULL_ROOM, create("r", 90_000, RoomName="again"), seats("r", seat(3, "cy"), at=91_000)
        )
        shown = reader.room(APP, "r")
        # WHEN it is swept
        assert sweeper.sweep(ROOM, AN_HOUR) == 6
        # THEN readers see no difference, and its life does not expire
        assert reader.room(APP, "r") == shown
        assert held(dynamodb).keys() == {LIFE, Key("room"), Key("seat", 3)}
        assert "expires_at" not in life_item(dynamodb)

    def test_again_after_its_end_does_not_expire(
        self, dynamodb: "DynamoDBClient", store: Store, sweeper: Sweeper
    ) -> None:
        deliver(store, *A_FULL_ROOM, destroy("r", 60_000))
        sweeper.sweep(ROOM, AN_HOUR)
        deliver(store, create("r", 90_000))
        assert "expires_at" not in life_item(dynamodb)

    def test_although_its_end_came_late_is_said_to_live(
        self, dynamodb: "DynamoDBClient", store: Store, reader: Reader, sweeper: Sweeper
    ) -> None:
        # GIVEN a room whose creation was lost; the end of the life before comes after those who are in it now
        deliver(store, members("r", "Online", "ann", at=90_000), destroy("r", 60_000))
        room = reader.room(APP, "r")
        assert room is not None
        assert room.status == "ended"
        # WHEN it is swept
        assert sweeper.sweep(ROOM, AN_HOUR) == 0
        # THEN she shows that it lives
        room = reader.room(APP, "r")
        assert room is not None
        assert (room.status, room.started_at, room.ended_at) == ("live", None, None)
        assert "expires_at" not in life_item(dynamodb)
        assert life_item(dynamodb)["live_app"]["S"].startswith(APP)

    @pytest.mark.parametrize(
        "last", [members("r", "Offline", "ann", at=90_000), members("r", "Online", "ann", at=70_000)]
    )
    def test_is_not_said_of_one_whose_last_left_late(
        self, last: Payload, store: Store, reader: Reader, sweeper: Sweeper
    ) -> None:
        deliver(store, last, destroy("r", 60_000))
        sweeper.sweep(ROOM, AN_HOUR)
        room = reader.room(APP, "r")
        assert room is not None
        assert room.status == "ended"


def test_a_room_that_nobody_heard_of_is_no_work(sweeper: Sweeper) -> None:
    assert sweeper.sweep(ROOM, AN_HOUR) == 0


def test_ten_thousand_members_cost_one_write_each(dynamodb: "DynamoDBClient", store: Store) -> None:
    # GIVEN a room that ten thousand were in when it ended
    deliver(store, create("r", 20_000))
    for first in range(0, 10_000, 500):
        deliver(
            store,
            members("r", "Online", *(f"user-{n}" for n in range(first, first + 500)), at=30_000 + first),
        )
    deliver(store, destroy("r", 60_000))
    # WHEN it is swept
    client: Any = Interposed(dynamodb)
    assert Sweeper(client, TABLE_NAME, lambda: NOW_S).sweep(ROOM, AN_HOUR) == 10_000
    # THEN each of them took one write, and both copies of the life one
    assert held(dynamodb).keys() == {LIFE}
    assert (client.calls.count("delete_item"), client.calls.count("transact_write_items")) == (10_000, 1)


def test_what_there_was_no_time_for_is_done_the_next_time(dynamodb: "DynamoDBClient", store: Store) -> None:
    # GIVEN a clock that runs out after some of the work
    deliver(store, *A_FULL_ROOM, destroy("r", 60_000))
    deadline = Deadline(4, Ticking())
    sweeper = Sweeper(dynamodb, TABLE_NAME, lambda: NOW_S)
    # WHEN / THEN
    with pytest.raises(OutOfTime):
        sweeper.sweep(ROOM, deadline)
    assert 1 < len(held(dynamodb)) < 8
    assert "expires_at" not in life_item(dynamodb)
    sweeper.sweep(ROOM, AN_HOUR)
    assert held(dynamodb).keys() == {LIFE}


# --- Anything may happen between two calls of a sweep


class Killed(BaseException):
    """The process is gone."""


def throttled(*_: Any) -> None:
    error: Any = {"Error": {"Code": "ThrottlingException", "Message": "slow down"}}
    raise ClientError(error, "DeleteItem")


def killed(*_: Any) -> None:
    raise Killed


@dataclass
class Chaos:
    """A DynamoDB in which something else happens before or after some calls, or instead of them."""

    client: Any
    before: dict[int, Callable[[], None]]
    after: dict[int, Callable[[], None]]
    calls: int = field(default=0)

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.client, name)
        if name in ("exceptions", "meta"):
            return call

        def disturbed(**kwargs: Any) -> Any:
            number, self.calls = self.calls, self.calls + 1
            self.before.get(number, lambda: None)()
            answer = call(**kwargs)
            self.after.get(number, lambda: None)()
            return answer

        return disturbed


FAULTS: dict[str, Callable[[], None]] = {
    "throttled": throttled,
    "time-out": lambda: _raise(ReadTimeoutError(endpoint_url="aws")),
    "killed": killed,
}


def _raise(error: BaseException) -> None:
    raise error


def sweep_all(client: Any, rooms: list[str]) -> Iterator[str]:
    """Sweep rooms, each until it succeeds; gives those that failed in between."""
    for room in rooms:
        for _ in range(12):
            try:
                Sweeper(client, TABLE_NAME, lambda: NOW_S).sweep(Due(APP, room), AN_HOUR)
                break
            except (ClientError, ReadTimeoutError, Killed):
                yield room
        else:
            raise AssertionError("never swept")


@pytest.fixture
def few_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep queries each of them: two are as many as it takes."""
    monkeypatch.setattr("roomstate.aws.table.SHARDS", 2)
    monkeypatch.setattr("roomstate.sweep.sweeper.SHARDS", 2)


@pytest.mark.usefixtures("few_shards")
@settings(max_examples=150)
@given(history=histories, data=st.data())
def test_a_sweep_at_any_time_with_anything_in_between_loses_nothing(
    dynamodb: "DynamoDBClient", store: Store, history: list[Payload], data: st.DataObject
) -> None:
    # GIVEN what a history leaves that nothing is swept of
    empty_table(dynamodb)
    deliver(store, *history)
    expected = {room: lasting(registers) for room, registers in contents(dynamodb)[1].items()}
    # WHEN it is delivered in another order, some of it again, between and within sweeps that fail at any call
    empty_table(dynamodb)
    again = data.draw(st.lists(st.sampled_from(history)))
    to_come = data.draw(st.permutations(history + again))

    def arrive() -> None:
        if to_come:
            deliver(store, to_come.pop())

    things = st.dictionaries(
        st.integers(0, 30), st.sampled_from([arrive, arrive, *FAULTS.values()]), max_size=6
    )
    chaos = Chaos(dynamodb, data.draw(things), data.draw(things))
    while to_come:
        arrive()
        list(sweep_all(chaos, [data.draw(st.sampled_from(ROOMS))]))
    # THEN once all is quiet and swept, exactly that is left, and nothing void
    list(sweep_all(dynamodb, ROOMS))
    left = contents(dynamodb)[1]
    assert {room: lasting(registers) for room, registers in left.items()} == expected
    for registers in left.values():
        kinds = registers.keys() - {Key("room")}  # its fields go together, once all of them are void
        assert kinds == without_void(registers).keys() - {Key("room")}


@pytest.mark.usefixtures("few_shards")
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_fault_at_any_call_is_mended_by_the_next_sweep(
    fault: str, when: str, dynamodb: "DynamoDBClient", store: Store
) -> None:
    # GIVEN how many calls a sweep makes
    history = [
        *A_FULL_ROOM,
        destroy("r", 60_000),
        members("r", "Online", "cy", at=90_000),
        update("r", 91_000),
    ]
    deliver(store, *history)
    undisturbed = Chaos(dynamodb, {}, {})
    list(sweep_all(undisturbed, ["r"]))
    expected = held(dynamodb)
    for number in range(undisturbed.calls):
        # WHEN one of them fails
        empty_table(dynamodb)
        deliver(store, *history)
        chaos = Chaos(dynamodb, {}, {})
        getattr(chaos, when)[number] = FAULTS[fault]
        failed = list(sweep_all(chaos, ["r"]))
        # THEN the sweep fails, and the next one does the rest
        assert failed == ["r"]
        assert held(dynamodb) == expected
