"""`next`: it leads to where it was given for, and nowhere else."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomstate.read.errors import Code, Refused
from roomstate.read.place import Place

positions = st.text(min_size=1, max_size=60)
abouts = st.lists(st.none() | st.integers(0, 9) | st.sampled_from(["", "a", "1", "a\0", "1:a"]), max_size=4)
LETTERS = string.ascii_letters + string.digits + "-_=+/ \0é٣"


def is_refused(place: Place, following: str) -> bool:
    try:
        place.open(following)
    except Refused as why:
        return why.code is Code.NEXT_INVALID
    return False


def test_no_next_is_the_beginning_and_the_end() -> None:
    assert Place("rooms").open(None) is None
    assert Place("rooms").seal(None) is None


@given(positions, abouts)
def test_it_leads_to_where_it_was_given_for(position: str, about: list[str | int | None]) -> None:
    sealed = Place(*about).seal(position)
    assert sealed is not None
    assert Place(*about).open(sealed) == position
    assert set(sealed) <= set(string.ascii_letters + string.digits + "-_")


@given(positions, abouts, abouts)
def test_of_another_list_it_is_refused(
    position: str, about: list[str | int | None], other: list[str | int | None]
) -> None:
    sealed = Place(*about).seal(position)
    assert sealed is not None
    assert is_refused(Place(*other), sealed) == (list(map(str, about)) != list(map(str, other)))


@given(position=positions, data=st.data())
def test_tampered_with_it_is_refused(position: str, data: st.DataObject) -> None:
    sealed = Place("rooms").seal(position)
    assert sealed is not None
    at = data.draw(st.integers(0, len(sealed) - 1))
    letter = data.draw(st.sampled_from(LETTERS))
    for other in (
        sealed[:at] + letter + sealed[at + 1 :],
        sealed[:at] + letter + sealed[at:],
        sealed[:at] + sealed[at + 1 :],
        sealed[:at],
    ):
        assert other == sealed or is_refused(Place("rooms"), other)


@given(st.text())
def test_what_was_never_given_is_refused(made_up: str) -> None:
    assert is_refused(Place("rooms"), made_up)


@pytest.mark.parametrize("made_up", ["", "A", "AAAA", "A" * 10_000, "\ud800", "=" * 8])
def test_what_is_no_next_at_all_is_refused(made_up: str) -> None:
    assert is_refused(Place("rooms"), made_up)


def test_one_of_an_empty_position_is_refused() -> None:
    sealed = Place("rooms").seal("")
    assert sealed is not None
    assert is_refused(Place("rooms"), sealed)
