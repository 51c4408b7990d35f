"""The algebra of registers: what wins, and what changes nothing."""

from hypothesis import given
from hypothesis import strategies as st

from roomstate.state.registers import AnyRegister, RoomFacts, Seat, Version, join

versions = st.builds(Version, st.integers(1, 3), st.sampled_from("ab"))
facts = st.builds(Seat, st.sampled_from([None, "ann", "bob"]))
room_facts = st.builds(RoomFacts, st.dictionaries(st.sampled_from("xy"), st.integers(0, 1)))

Joined = Seat | RoomFacts


def join_all(assertions: list[tuple[Version, Joined]]) -> AnyRegister | None:
    register: AnyRegister | None = None
    for version, fact in assertions:
        register = join(register, version, fact) or register
    return register


def of_one_kind(kind: st.SearchStrategy[Joined]) -> st.SearchStrategy[list[tuple[Version, Joined]]]:
    """Assertions of which no two have one version, as no two webhooks have."""
    return st.lists(st.tuples(versions, kind), unique_by=lambda assertion: assertion[0], max_size=6)


@given(of_one_kind(facts) | of_one_kind(room_facts), st.data())
def test_the_order_does_not_matter(assertions: list[tuple[Version, Joined]], data: st.DataObject) -> None:
    assert join_all(data.draw(st.permutations(assertions))) == join_all(assertions)


@given(of_one_kind(facts) | of_one_kind(room_facts), st.data())
def test_an_assertion_that_was_made_changes_nothing(
    assertions: list[tuple[Version, Joined]], data: st.DataObject
) -> None:
    """Nothing, not even a write: a webhook that comes again after its record expired is stale."""
    register = join_all(assertions)
    for version, fact in assertions:
        assert join(register, version, fact) is None
        # AND so does one of the same version that says otherwise
        if isinstance(fact, Seat):
            assert join(register, version, data.draw(facts)) is None


@given(versions, versions, facts, facts)
def test_the_greater_version_wins(one: Version, other: Version, fact: Seat, another: Seat) -> None:
    register = join(None, one, fact)
    joined = join(register, other, another)
    assert (joined is not None) == (other > one)
