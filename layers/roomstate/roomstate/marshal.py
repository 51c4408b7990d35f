"""DynamoDB's attribute values, for the types this project stores: str, int, bool, None, bytes, list,
dict.

boto3's own TypeSerializer does the same, but importing boto3 costs a cold start what 60 modules cost,
for this one class. A property test holds the two against each other.
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


def _to(value: Any) -> "AttributeValueTypeDef":
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case list() | tuple():
            return {"L": [_to(element) for element in value]}
        case Mapping():
            return {"M": {name: _to(element) for name, element in value.items()}}
    raise TypeError(f"{type(value).__name__} is not stored")


def _from(value: "AttributeValueTypeDef") -> Any:
    kind, content = next(iter(value.items()))
    match kind, content:
        case "NULL", _:
            return None
        case "N", str():
            return int(content)
        case "L", list():
            return [_from(element) for element in content]
        case "M", dict():
            return {name: _from(element) for name, element in content.items()}
        case "S" | "B" | "BOOL", _:
            return content
    raise TypeError(f"{kind} is not stored")
