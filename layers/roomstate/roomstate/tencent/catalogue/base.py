"""What every command's model shares.

Field names are the wire's (`RoomId`, `EventTime`) in snake_case. Unknown fields are ignored here and
kept in the recorded payload; null is read as absent.
"""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_pascal

from roomstate.state.registers import Assertion
from roomstate.tencent.wire import Identifier, Integer, OptionalIdentifier

RECONCILED = "roomstate.Reconciled"
"""The command that this project makes itself, and takes from nobody: `own`."""


class Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_pascal, frozen=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, fields: Any) -> Any:
        if not isinstance(fields, dict) or None not in fields.values():
            return fields
        return {name: value for name, value in fields.items() if value is not None}


class Command(Wire):
    """A webhook's body."""

    names: ClassVar[tuple[str, ...]]
    """CallbackCommand: the name it is recorded under, then its other names."""

    operator: OptionalIdentifier = Field(None, alias="Operator_Account")
    event_time: Integer | None = None
    """ms since the epoch."""

    def time(self) -> int | None:
        """When it happened, ms since the epoch, where the body says so."""
        return self.event_time

    def rooms(self) -> Iterable[str]:
        """The rooms it concerns."""
        raise NotImplementedError

    def assertions(self) -> Iterator[Assertion]:
        """The facts it asserts, of the one room it names."""
        yield from ()


class StateCommand(Command):
    """A command that changes one room."""

    room_id: Identifier

    def rooms(self) -> Iterable[str]:
        return (self.room_id,)


class ObservedCommand(Command):
    """A command that is recorded, and changes nothing."""

    blocking: ClassVar[bool] = False
    """Whether Tencent waits for the answer, and takes none within 2 s for a no."""

    def rooms(self) -> Iterable[str]:
        return ()
