"""A room's life: what the last creation and the last end make of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomstate.state.life import Life, LifeFact, join_copies, join_life

moments = st.integers(0, 60_000)
facts = st.sampled_from([LifeFact(created=True), LifeFact(ended=True), None])
said = st.lists(st.tuples(moments, facts), min_size=1)


def lived(told: list[tuple[int, LifeFact | None]]) -> Life:
    life: Life | None = None
    for occurred_at, fact in told:
        life = join_life(life, occurred_at, fact)
    assert life is not None
    return life


@given(said, st.data())
def test_any_order_and_any_repeats_give_one_life(
    told: list[tuple[int, LifeFact | None]], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(told)))
    assert lived(data.draw(st.permutations(told + again))) == lived(told)


times = st.none() | moments
lives = st.builds(Life, times, times, times, times)


@given(lives, lives, lives)
def test_copies_come_to_one_life_in_any_order_and_each_knows_no_more(
    one: Life, other: Life, third: Life
) -> None:
    assert join_copies(one, one) == one
    assert join_copies(one, other) == join_copies(other, one)
    assert join_copies(join_copies(one, other), third) == join_copies(one, join_copies(other, third))
    assert join_copies(one, Life()) == one


@given(said, said)
def test_copies_that_heard_different_things_come_to_a_life_that_heard_both(
    one: list[tuple[int, LifeFact | None]], other: list[tuple[int, LifeFact | None]]
) -> None:
    assert join_copies(lived(one), lived(other)) == lived(one + other)


@given(said, moments, facts)
def test_what_is_void_stays_void(
    told: list[tuple[int, LifeFact | None]], occurred_at: int, fact: LifeFact | None
) -> None:
    life = lived(told)
    joined = join_life(life, occurred_at, fact)
    assert joined.void_until is not None or life.void_until is None
    assert (joined.void_until or 0) >= (life.void_until or joined.void_until or 0)


@pytest.mark.parametrize(
    ("life", "void_until", "is_ended", "shown_started_at"),
    [
        pytest.param(Life(), None, False, None, id="named and nothing more"),
        pytest.param(Life(started_at=60_000), 49_999, False, 60_000, id="created"),
        pytest.param(Life(ended_at=60_000), 60_000, True, None, id="ended, its creation lost"),
        pytest.param(Life(started_at=20_000, ended_at=60_000), 60_000, True, 20_000, id="created and ended"),
        pytest.param(Life(started_at=60_000, ended_at=60_000), 60_000, True, 60_000, id="both at once"),
        pytest.param(Life(started_at=60_001, ended_at=60_000), 60_000, False, 60_001, id="again at once"),
        pytest.param(Life(started_at=90_000, ended_at=60_000), 79_999, False, 90_000, id="again later"),
        pytest.param(
            Life(started_at=20_000, ended_at=60_000, alive_at=70_000),
            60_000,
            True,
            20_000,
            id="too soon after",
        ),
        pytest.param(
            Life(started_at=20_000, ended_at=60_000, alive_at=70_001),
            60_000,
            False,
            None,
            id="alive later",
        ),
        pytest.param(
            Life(ended_at=90_000, alive_at=70_001), 90_000, True, None, id="ended after it was alive"
        ),
    ],
)
def test_a_life(life: Life, void_until: int | None, is_ended: bool, shown_started_at: int | None) -> None:
    assert (life.void_until, life.is_ended, life.shown_started_at) == (void_until, is_ended, shown_started_at)


def test_the_last_moment_that_is_void() -> None:
    life = Life(started_at=60_000, ended_at=20_000)
    assert life.voids(49_999)
    assert not life.voids(50_000)
