"""DynamoDB's attribute values, for the types this project stores: str, int, bool, None, bytes, list,
dict.

boto3's own TypeSerializer does the same, but importing boto3 costs a cold start what 60 modules cost,
for this one class. A property test compares the two.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Item = dict[str, "AttributeValueTypeDef"]


def to_item(attributes: Mapping[str, Any]) -> Item:
    """An item to write. An attribute that is None is left out."""
    return {name: _to(value) for name, value in attributes.items() if value is not None}


def from_item(item: Mapping[str, "AttributeValueTypeDef"]) -> dict[str, Any]:
    """The attributes of an item that was read."""
    return {name: _from(value) for name, value in item.items()}


# Every item of every webhook passes here, so the most frequent types are checked first.


def _to(value: Any) -> "AttributeValueTypeDef":
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if value is None:
        return {"NULL": True}
    if isinstance(value, dict):
        return {"M": {name: _to(element) for name, element in value.items()}}
    if isinstance(value, list | tuple):
        return {"L": [_to(element) for element in value]}
    if isinstance(value, bytes):
        return {"B": value}
    raise TypeError(f"{type(value).__name__} is not stored")


def _from(value: Any) -> Any:
    [(kind, content)] = value.items()
    if kind in ("S", "BOOL", "B"):
        return content
    if kind == "N":
        return int(content)
    if kind == "NULL":
        return None
    if kind == "M":
        return {name: _from(element) for name, element in content.items()}
    if kind == "L":
        return [_from(element) for element in content]
    raise TypeError(f"{kind} is not stored")
