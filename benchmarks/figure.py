"""What the bench says: a line of its table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure beside its target."""

    name: str
    measured: str
    """With its unit."""
    target: str
    """Empty where the figure is only stated."""
    met: bool | None
    """None where there is no target."""
    how: str = ""
    """How it is measured, in one short clause."""
    typical: str = ""
    """The same of the typical handler. Only figures of the side-by-side table have it."""


def at_most(name: str, value: float, *, limit: float, measured: str, how: str, unit: str = "") -> Figure:
    """A figure that has an upper bound, in a unit."""
    return Figure(name, measured, f"at most {limit:,g}{unit}", value <= limit, how)


def at_least(name: str, value: float, *, limit: float, measured: str, how: str, unit: str = "") -> Figure:
    """A figure that has a lower bound, in a unit."""
    return Figure(name, measured, f"at least {limit:,g}{unit}", value >= limit, how)
