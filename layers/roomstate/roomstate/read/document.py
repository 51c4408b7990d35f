"""What the OpenAPI document says of the answers."""

import json
from collections import defaultdict
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from pydantic import BaseModel

from roomstate.read.answer import JSON
from roomstate.read.errors import Code, ErrorAnswer

TITLE, VERSION = "roomstate: reading rooms", "1"
DESCRIPTION = (
    "Rooms as they are, and as they were. All times are ms since the epoch. A list comes in pages: `next` of "
    "a page is where the following one begins, and only null is the end; a short page is not. Ids are in the "
    "query, percent-encoded in UTF-8. An error is `{error: {code, message}}`. What API Gateway answers by "
    "itself, to a caller that it does not let in for instance, is `{message}`, and not described here."
)
ETAG = {"description": "Of the answer; given as If-None-Match, a 304 says that it still is so."}
OF_ANY = {400, 404, 422, 500, 503}
"""Statuses that any route about rooms may answer with."""
OF_THE_DOCUMENT = {400, 500}
OF_THE_FRAMEWORK = "ValidationError"
"""Is in the names of its own errors, which no route gives."""


def make_document(app: APIGatewayHttpResolver) -> str:
    """The document of an application, as JSON."""
    document = json.loads(app.get_openapi_json_schema(title=TITLE, version=VERSION, description=DESCRIPTION))
    for path in document["paths"].values():
        answers = path["get"]["responses"]
        for status in [
            status for status, answer in answers.items() if OF_THE_FRAMEWORK in json.dumps(answer)
        ]:
            del answers[status]
    schemas = document["components"]["schemas"]
    for name in [name for name in schemas if OF_THE_FRAMEWORK in name]:
        del schemas[name]
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def responses(shown: type[BaseModel] | None, *statuses: int) -> Any:
    """What a route answers: what it shows, or one of the errors that it may give.

    Args:
        shown: None for the document itself.
        statuses: those of errors, beside those of any route.
    """
    errors = {*OF_ANY, *statuses} if shown is not None else OF_THE_DOCUMENT
    words: defaultdict[int, list[str]] = defaultdict(list)
    for code in Code:
        if code.status in errors and code is not Code.ROUTE_UNKNOWN:
            words[code.status].append(f"`{code.value}`: {code.meaning}")
    return {
        200: {
            "description": "It is there.",
            "headers": {"ETag": {**ETAG, "schema": {"type": "string"}}},
            "content": {JSON: {"schema": {"type": "object"}} if shown is None else {"model": shown}},
        },
        304: {"description": "It is what the caller has.", "content": {}},
        **{
            status: {"description": "; ".join(said), "content": {JSON: {"model": ErrorAnswer}}}
            for status, said in words.items()
        },
    }
