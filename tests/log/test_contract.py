"""The contract with consumers: its files in `schemas/`, of this version and of those released before."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import jsonschema_rs
import pytest
from hypothesis import given
from pydantic import ValidationError

from local.commands.schema import SCHEMAS, Rooms, examples, files, main, records_of, sample_records
from roomstate.log.forwarded import SCHEMA_VERSION, ForwardedWebhook, forwarded
from roomstate.state.changes import Change
from tests.histories import histories
from tests.payloads import Payload, webhook

EXAMPLES = sorted((SCHEMAS / "examples").glob("*/*.json"))
VERSIONS = range(1, SCHEMA_VERSION + 1)


def schema_path(version: int) -> Path:
    return SCHEMAS / f"forwarded-webhook-{version}.json"


def read(path: Path) -> Any:
    return json.loads(path.read_bytes())


def validator(version: int) -> Any:
    return jsonschema_rs.validator_for(read(schema_path(version)))


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize(("path", "text"), files().items(), ids=lambda value: getattr(value, "stem", ""))
def test_a_file_of_this_version_is_what_the_code_makes(path: Path, text: str) -> None:
    assert path.read_text("utf-8") == text, (
        "The contract changed: see `python -m local.commands.schema --help`."
    )


def test_every_released_version_has_its_schema_and_examples_and_nothing_else_lies_there() -> None:
    assert sorted(SCHEMAS.glob("*.json")) == [schema_path(version) for version in VERSIONS]
    assert {path.parent.name for path in EXAMPLES} == {str(version) for version in VERSIONS}
    assert {path for path in EXAMPLES if path.parent.name == str(SCHEMA_VERSION)} <= files().keys()


@pytest.mark.parametrize("path", EXAMPLES, ids=named)
def test_an_example_of_any_version_holds_by_its_schema_and_still_parses(path: Path) -> None:
    # GIVEN
    example = read(path)
    version = int(path.parent.name)

    # THEN
    validator(version).validate(example)
    assert example["schema_version"] == version
    parsed = ForwardedWebhook.model_validate(example).model_dump(mode="json")
    assert parsed.items() >= example.items()


def test_the_examples_show_each_outcome_of_interest_and_each_reason_for_no_payload() -> None:
    shown = examples().values()
    assert {webhook.outcome for webhook in shown} == {"applied", "observed", "unreadable"}
    assert {webhook.payload_omitted for webhook in shown} == {None, "too_large", "unreadable"}


@pytest.mark.parametrize("name", sample_records())
def test_every_sample_is_forwarded_as_the_schema_says(name: str) -> None:
    validator(SCHEMA_VERSION).validate(forwarded(sample_records()[name]).model_dump(mode="json"))


@given(histories)
def test_whatever_happens_is_forwarded_as_the_schema_says(history: list[Payload]) -> None:
    holds = validator(SCHEMA_VERSION)
    rooms: Rooms = {}
    for payload in history:
        for record in records_of(webhook(payload), rooms):
            event = forwarded(record)
            detail = event.model_dump(mode="json")
            holds.validate(detail)
            assert ForwardedWebhook.model_validate(detail) == event


@pytest.mark.parametrize("field", ForwardedWebhook.model_fields)
def test_the_schema_asks_for_every_field(field: str) -> None:
    detail = examples()["seat-occupied"].model_dump(mode="json")
    del detail[field]
    with pytest.raises(jsonschema_rs.ValidationError):
        validator(SCHEMA_VERSION).validate(detail)


def test_a_version_to_come_is_not_taken_for_this_one() -> None:
    later = examples()["seat-occupied"].model_dump(mode="json") | {"schema_version": SCHEMA_VERSION + 1}
    with pytest.raises(ValidationError, match="schema_version"):
        ForwardedWebhook.model_validate(later)
    with pytest.raises(jsonschema_rs.ValidationError):
        validator(SCHEMA_VERSION).validate(later)


def test_a_field_to_come_of_the_same_version_does_no_harm() -> None:
    later = examples()["seat-occupied"].model_dump(mode="json") | {"not_yet": 1}
    assert ForwardedWebhook.model_validate(later) == examples()["seat-occupied"]
    validator(SCHEMA_VERSION).validate(later)


def test_the_schema_names_every_change() -> None:
    models = get_args(get_args(Change)[0])
    types = {kind for model in models for kind in get_args(model.model_fields["type"].annotation)}
    text = schema_path(SCHEMA_VERSION).read_text("utf-8")
    assert set(re.findall(r'"((?:seat|admin|member|room)\.[a-z_]+)": "#', text)) == types


def test_check_names_what_differs_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # GIVEN a file that is not there
    monkeypatch.setattr("local.commands.schema.SCHEMAS", tmp_path)
    monkeypatch.setattr("local.commands.schema.ROOT", tmp_path)

    # WHEN / THEN
    assert main(["--check"]) == 1
    assert "forwarded-webhook-2.json differs from the code" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())

    # AND once it is written, nothing differs
    assert main([]) == 0
    assert main(["--check"]) == 0
    assert (tmp_path / "forwarded-webhook-2.json").read_text("utf-8") == schema_path(2).read_text("utf-8")
