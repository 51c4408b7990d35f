"""What has to be the same whatever the order in which webhooks came."""

from collections.abc import Mapping

from roomstate.state.life import Life
from roomstate.state.registers import LIFE, AnyRegister, Key
from roomstate.state.view import without_void


def lasting(held: Mapping[Key, AnyRegister]) -> dict[Key, AnyRegister]:
    """Registers of one room without what is void, and its life without the hints."""
    kept = without_void(held)
    if isinstance(life := kept.get(LIFE), Life):
        kept[LIFE] = life._replace(first_seen_at=None, alive_at=None)
    return kept
