"""`template.yaml`, read as data, so that what runs here cannot drift from what is deployed."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML with CloudFormation's short forms: `!Ref X` is read as {"Ref": "X"}, as it is in JSON."""


def _intrinsic(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _intrinsic)


@cache
def template() -> dict[str, Any]:
    """The whole template."""
    return load(ROOT / "template.yaml")


def load(path: Path) -> dict[str, Any]:
    """A template of a file."""
    loaded: dict[str, Any] = yaml.load(path.read_text(), _Loader)  # noqa: S506
    return loaded


def resource(name: str) -> dict[str, Any]:
    """A resource's properties."""
    properties: dict[str, Any] = template()["Resources"][name]["Properties"]
    return properties


def parameter_default(name: str) -> str:
    """What a parameter is unless told."""
    return str(template()["Parameters"][name]["Default"])


def with_optional(elements: list[Any]) -> list[Any]:
    """The elements of a list, those too that are there on a condition."""
    return [element["Fn::If"][1] if "Fn::If" in element else element for element in elements]
