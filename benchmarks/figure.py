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
