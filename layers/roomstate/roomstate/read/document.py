"""What the OpenAPI document says of the answers."""

from collections import defaultdict
from typing import Any

from pydantic import BaseModel

from roomstate.read.answer import JSON
from roomstate.read.errors import Code, ErrorAnswer

ETAG = {"description": "Of the answer; given as If-None-Match, a 304 says that it still is so."}
OF_ANY = {400, 404, 422, 500, 503}
"""Statuses that any route may answer with."""

UNCHANGED: Any = {"description": "It is what the caller has.", "content": {}}
DOCUMENT: Any = {
    200: {"description": "OpenAPI", "content": {JSON: {"schema": {"type": "object"}}}},
    304: UNCHANGED,
}


def responses(shown: type[BaseModel], *statuses: int) -> Any:
    """What a route answers: what it shows, or one of the errors that it may give."""
    words: defaultdict[int, list[str]] = defaultdict(list)
    for code in Code:
        if code.status in {*OF_ANY, *statuses} and code is not Code.ROUTE_UNKNOWN:
            words[code.status].append(f"`{code.value}`: {code.meaning}")
    return {
        200: {
            "description": "It is there.",
            "headers": {"ETag": {**ETAG, "schema": {"type": "string"}}},
            "content": {JSON: {"model": shown}},
        },
        304: UNCHANGED,
        **{
            status: {"description": "; ".join(said), "content": {JSON: {"model": ErrorAnswer}}}
            for status, said in words.items()
        },
    }
