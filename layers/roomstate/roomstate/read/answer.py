"""Answers as JSON, with an ETag."""

from hashlib import sha256

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel

from roomstate.aws.pages import weigh
from roomstate.read.errors import Code, ErrorAnswer, Refused, Why

JSON = "application/json"
MAX_ANSWER_BYTES = 5_000_000
"""What an answer weighs. A function's takes 6 MB."""


def to_answer(shown: BaseModel, if_none_match: str | None) -> Response[str]:
    """A success.

    Args:
        if_none_match: the request's header: what the caller has already.

    Raises:
        Refused: it is larger than an answer may be.
    """
    return json_answer(shown.model_dump_json(), if_none_match)


def json_answer(body: str, if_none_match: str | None) -> Response[str]:
    octets = body.encode()
    if weigh(octets) > MAX_ANSWER_BYTES:
        raise Refused(Code.TOO_MANY, f"The answer would have more than {MAX_ANSWER_BYTES} bytes.")
    tag = f'"{sha256(octets).hexdigest()[:32]}"'
    # Kept by the caller alone, who asks before it is used again.
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if if_none_match is not None and _matches(if_none_match, tag):
        return Response(304, headers=headers, body="")
    return Response(200, JSON, body, headers)


def to_error(why: Refused) -> Response[str]:
    answer = ErrorAnswer(error=Why(code=why.code, message=str(why)))
    headers = {"cache-control": "no-store"}
    return Response(why.code.status, JSON, answer.model_dump_json(), headers)


def _matches(if_none_match: str, tag: str) -> bool:
    tags = (part.strip().removeprefix("W/") for part in if_none_match.split(","))
    return any(part in (tag, "*") for part in tags)
