"""What `fuzz.handler` changes bodies into."""

import json
import math
import random
from typing import Any

from tests.commands import COMMANDS
from tests.payloads import NOW

# What no structure of a seed suggests.
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, -0.0, 1e308, math.nan, math.inf, 10**15 - 1, 10**15, 10**38, 10**300),
    *("", " ", "\0", "\ud800", "\ud83d\ude00", "\u0661", "x" * 256, "\u00e9" * 129, "x" * 2_000, "x" * 4_097),
    *(NOW, str(NOW), NOW + 300_000, NOW + 300_001, "true", "false", "add", "delete", "Online", "Offline"),
    *([], {}, [None], [[]], [{}], [0] * 257, [[[[[[[[[[]]]]]]]]]]),
    *COMMANDS,
)


def mutate_document(document: dict[str, Any], chance: random.Random) -> None:
    """Change one place."""
    places = list(walk(document))
    container, key = chance.choice(places) if places else (document, "RoomId")
    match chance.randrange(6):
        case 0 if places:
            del container[key]
        case 1 if isinstance(container, list):
            container.append(chance.choice(container or ODD))
        case 2 if places:
            other, there = chance.choice(places)
            container[key] = json.loads(json.dumps(other[there]))
        case 3 if places:
            alike = [odd for odd in ODD if type(odd) is type(container[key])]
            container[key] = json.loads(json.dumps(chance.choice(alike or ODD)))
        case 4 if isinstance(container, list):
            container.extend(map(str, range(chance.choice((2, 100, 1_000)))))
        case _:
            container[key] = json.loads(json.dumps(chance.choice(ODD)))


def walk(document: Any) -> Any:
    """Each container with each of its keys."""
    for key in list(document) if isinstance(document, dict) else range(len(document)):
        yield document, key
        if isinstance(document[key], dict | list):
            yield from walk(document[key])


def words() -> str:
    """libFuzzer's dictionary: what the wire's names are, and what breaks parsers."""
    fields = {
        field.alias or name for model in COMMANDS.values() for name, field in model.model_fields.items()
    }
    odd = ("NaN", "-Infinity", "1e999", r"\\ud800", r"\xff", r"\xed\xa0\x80", "[[[[", "%00", "%u0", "&")
    return "".join(f'"{word}"\n' for word in (*sorted(fields), *COMMANDS, *odd))
