"""The types of the wire: their bounds, and that no body makes them work for nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from roomstate.state.registers import ROOM
from roomstate.tencent.catalogue.base import Command
from roomstate.tencent.wire import MAX_LIST
from tests.commands import MODELS
from tests.payloads import admins, update, webhook

by_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.names[0])
LISTS = ("list", "set", "frozenset", "tuple")


def lists(schema: Any) -> Iterator[dict[str, Any]]:
    """The schema of each list in a model's schema, as pydantic has built it."""
    if isinstance(schema, dict) and schema.get("type") in LISTS:
        yield schema
    for inner in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(inner, dict | list | tuple):
            yield from lists(inner)


def built(model: type[Command]) -> Any:
    model.model_rebuild()
    return model.__pydantic_core_schema__


class TestLists:
    """Of 100,000 bad elements only the first is told: the others are not to be looked at."""

    @by_model
    def test_each_ends_at_its_first_fault(self, model: type[Command]) -> None:
        assert [schema for schema in lists(built(model)) if not schema.get("fail_fast")] == []

    def test_all_are_found(self) -> None:
        found = {model.names[0]: len(list(lists(built(model)))) for model in MODELS}
        assert found["Mic.CallbackAfterSeatInfoChanged"] == 1
        assert found["Live.CallbackAfterCreateRoom"] == 1, "Category, which has a validator before it"
        assert found["Live.CallbackBeforeSendGift"] == 1, "To_Account, in a model of its own"
        assert found["Live.CallbackAfterDestroyRoom"] == 0

    @by_model
    @pytest.mark.parametrize("element", [{}, 0.5, "", []], ids=repr)
    def test_a_thousand_faults_are_no_more_work_to_tell_than_one(
        self, model: type[Command], element: Any
    ) -> None:
        def faults(elements: int) -> int:
            names = [field.alias or name for name, field in model.model_fields.items()]
            with pytest.raises(ValidationError) as raised:
                model.model_validate({name: [element] * elements for name in names})
            return raised.value.error_count()

        assert faults(1_000) == faults(1)

    @pytest.mark.parametrize(("elements", "why"), [(2_048, None), (2_049, "has more than 2048 elements")])
    def test_it_has_an_end(self, elements: int, why: str | None) -> None:
        taken = webhook(admins("r", "add", *["ann"] * elements))
        assert taken.unreadable == (f"Admin_Account {why}." if why else None)


class TestTags:
    """`Category` becomes one field of the room: its list is short."""

    def test_as_many_as_may_be_are_kept(self) -> None:
        taken = webhook(update("r", Category=list(range(MAX_LIST))))
        [(key, facts)] = taken.units[0].assertions
        assert (key, facts.fields) == (ROOM, {"category": list(range(256))})  # type: ignore[union-attr]

    def test_one_more_is_unreadable(self) -> None:
        taken = webhook(update("r", Category=[1] * 257))
        assert taken.unreadable == "RoomInfo.Category has more than 256 elements."
