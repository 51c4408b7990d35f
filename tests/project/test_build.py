"""What the build of a layer changes in libraries: less to load, and nothing that is missed."""

import gzip
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from layers.build import SERVICES, lazy, prune, without_fields, without_prose


def test_a_lazy_package_gives_every_name_and_loads_only_what_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN a package of two modules, one of which cannot be loaded, and one function has its module's name
    package = tmp_path / "sample_events"
    package.mkdir()
    package.joinpath("__init__.py").write_text(
        lazy("from .handy import handy\nfrom .broken import Broken as Other\n__all__ = ['handy', 'Other']\n")
    )
    package.joinpath("handy.py").write_text("def handy(): return 'called'\n")
    package.joinpath("broken.py").write_text("raise RuntimeError('loaded')\n")
    monkeypatch.syspath_prepend(tmp_path)
    # WHEN a name is asked for
    events: Any = import_module("sample_events")
    handy = events.handy
    # THEN it is the function, also once its module is loaded, and the other module was not touched
    import_module("sample_events.handy")
    assert events.handy is handy
    assert handy() == "called"
    assert "sample_events.broken" not in sys.modules
    with pytest.raises(RuntimeError, match="loaded"):
        _ = events.Other
    with pytest.raises(AttributeError, match="nothing"):
        _ = events.nothing


def test_typed_dicts_lose_their_fields_and_nothing_else_changes() -> None:
    module = '''
from typing import NamedTuple, TypedDict

class Schema(TypedDict, total=False):
    """Says what it is."""
    type: "Unknown"

class Point(NamedTuple):
    x: int

def schema(type: str) -> Schema:
    return {"type": type}
'''
    scope: dict[str, Any] = {}
    exec(without_fields(module), scope)  # noqa: S102
    assert get_type_hints(scope["Schema"]) == {}
    assert scope["Point"]._fields == ("x",)
    assert scope["schema"]("int") == {"type": "int"}


def test_a_model_keeps_a_member_that_is_called_documentation() -> None:
    member = {"documentation": {"shape": "Text", "documentation": "<p>What it is.</p>"}}
    model = {"documentation": "<p>All.</p>", "members": member, "required": ["documentation"]}
    assert without_prose(model) == {
        "members": {"documentation": {"shape": "Text"}},
        "required": ["documentation"],
    }


def test_only_services_that_are_called_stay_and_they_are_plain(tmp_path: Path) -> None:
    # GIVEN botocore's data
    for service in (*SERVICES, "s3"):
        folder = tmp_path / service / "2012-11-05"
        folder.mkdir(parents=True)
        for name in ("service-2", "paginators-1", "waiters-2", "examples-1", "endpoint-rule-set-1"):
            folder.joinpath(f"{name}.json.gz").write_bytes(gzip.compress(b'{"version":"1.0"}'))
    partition = {"dnsSuffix": "amazonaws.com", "regions": {"eu-west-1": {}}}
    hosts: dict[str, Any] = {name: {"endpoints": {"eu-west-1": {}}} for name in (*SERVICES, "ec2")}
    endpoints = tmp_path / "endpoints.json"
    endpoints.write_text(json.dumps({"partitions": [{**partition, "services": hosts}]}))
    # WHEN it is pruned
    prune(tmp_path)
    # THEN each client finds its model, as botocore looks for it
    assert {path.name for path in tmp_path.iterdir()} == {*SERVICES, "endpoints.json"}
    del hosts["ec2"]
    assert json.loads(endpoints.read_text()) == {"partitions": [{**partition, "services": hosts}]}
    for service in SERVICES:
        models = {path.name: json.loads(path.read_text()) for path in (tmp_path / service).glob("*/*")}
        assert models.keys() == {"service-2.json", "endpoint-rule-set-1.json"}
        assert all(model == {"version": "1.0"} for model in models.values())
