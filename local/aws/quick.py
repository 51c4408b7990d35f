"""Calls to moto, made quick enough for tens of thousands of them. What it answers stays the same.

On its way to a service a call passes what only HTTP, other services and S3 need: the addresses of 200
services, a request of werkzeug, a signature that nobody checks, a list of all methods that a class has; and
each value of an item is looked up by each of its spellings. That takes more than all the rest.
"""

import string
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pkgutil import resolve_name
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import HeadersDict
from botocore.parsers import BaseJSONParser as BotocoreJSONParser
from moto.core import models, responses
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.parse import BaseJSONParser
from moto.core.responses import BaseResponse
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import camelcase_to_underscores, method_names_from_class
from moto.dynamodb.comparisons import ConditionExpressionParser, Func, Op
from moto.moto_api._internal.moto_random import MotoRandom
from moto.sqs import models as sqs_models
from moto.utilities.aws_headers import gen_amzn_requestid_long
from werkzeug.exceptions import HTTPException

from local.aws.quick_items import QUICK_ITEMS

_SERVICES = {
    "dynamodb": "moto.dynamodb.responses:DynamoHandler",
    "events": "moto.events.responses:EventsHandler",
    "sqs": "moto.sqs.responses:SQSResponse",
    "ssm": "moto.ssm.responses:SimpleSystemManagerResponse",
}
"""By name, since to import one that is not called takes up to a second."""


@contextmanager
def quick() -> Iterator[None]:
    """Have moto be quick for as long as the context lasts."""
    with ExitStack() as patches:
        for (owner, name), replacement in {**_QUICK_CALLS, **QUICK_ITEMS}.items():
            patches.enter_context(patch.object(owner, name, replacement, create=name == "__deepcopy__"))
        yield


# --- The way to a service

_process_any = BotocoreStubber.process_request


def _service_of(url: str) -> tuple[Callable[[], BaseResponse], str] | None:
    """A service that is called in JSON, and its region."""
    name, _, rest = urlsplit(url).netloc.partition(".")
    region, _, domain = rest.partition(".")
    if name not in _SERVICES or domain != "amazonaws.com":
        return None
    return resolve_name(_SERVICES[name]), region


def _process(stubber: BotocoreStubber, request: Any) -> Any:
    """moto's answer: status, headers and body."""
    found = _service_of(request.url)
    if found is None:
        return _process_any(stubber, request)
    service, region = found
    try:
        return _call(service(), region, request)
    except HTTPException as error:
        return error.code, error.get_headers(), error.get_body()


def _call(handler: Any, region: str, request: Any) -> Any:
    """Do what `BaseResponse.dispatch` does, as much of it as calls in JSON need."""
    body = request.body or b""
    told = (
        (name, value.decode() if isinstance(value, bytes) else value)
        for name, value in request.headers.items()
    )
    headers = HeadersDict(told)
    handler.uri, handler.path, handler.raw_path = request.url, "/", "/"
    handler.method, handler.headers = request.method, headers
    handler.raw_body, handler.body = body, body.decode()
    handler.querystring = handler.data = {}
    handler.uri_match = {}
    handler.region, handler.current_account = region, DEFAULT_ACCOUNT_ID
    handler.partition = "aws"
    handler.response_headers = {"server": "amazon.com"}
    if handler.automated_parameter_parsing:
        content_type = headers.get("Content-Type")
        handler.parse_parameters(
            SimpleNamespace(
                method=request.method,
                values={},
                headers=headers,
                data=body,
                path="/",
                content_type=content_type,
            )
        )
    return handler.call_action()


_sign_any = SigV4Auth.add_auth


def _sign(signer: Any, request: Any) -> None:
    if signer.credentials is None or _service_of(request.url) is None:
        _sign_any(signer, request)


def _random_string(
    random: MotoRandom, length: int = 20, include_digits: bool = True, lower_case: bool = False
) -> str:
    chosen = "".join(random.choices(string.ascii_letters + string.digits * include_digits, k=length))
    return chosen.lower() if lower_case else chosen


def _with_request_id(headers: dict[str, str], body: Any) -> Any:
    if "status" in headers:
        headers["status"] = str(headers["status"])
    gen_amzn_requestid_long(headers)  # in a body of XML, moto would look for its place
    return headers, body


_parse = BaseJSONParser._parse_map
_read = BotocoreJSONParser._handle_map  # type: ignore[attr-defined]
_serialise = BaseJSONSerializer._serialize_type_map


def _is_as_it_is(shape: Any, value: Any) -> bool:
    """Whether a map is an item that reads the same in JSON. Only bytes do not, which none has deeper down."""
    return shape.value.name == "AttributeValue" and not any("B" in attribute for attribute in value.values())


def _parse_as_it_is(parser: Any, shape: Any, value: Any) -> Any:
    return value if _is_as_it_is(shape, value) else _parse(parser, shape, value)  # type: ignore[no-untyped-call]


def _read_as_it_is(parser: Any, shape: Any, value: Any) -> Any:
    return value if _is_as_it_is(shape, value) else _read(parser, shape, value)


def _serialise_as_it_is(self: Any, serialised: Any, value: Any, shape: Any, key: str) -> None:
    if _is_as_it_is(shape, value):
        serialised[key] = value
    else:
        _serialise(self, serialised, value, shape, key)


# --- Expressions

_parse_condition = ConditionExpressionParser.parse
_parsed: dict[Any, tuple[Op | Func, tuple[str, ...], tuple[str, ...]]] = {}
_MAX_PARSED = 1_000


def _parse_once(parser: ConditionExpressionParser) -> Op | Func:
    """A condition, which a transaction has parsed three times over."""
    key = (
        parser.condition_expression,
        repr(parser.expression_attribute_names),
        repr(parser.expression_attribute_values),
    )
    parsed = _parsed.get(key)
    if parsed is None:
        if len(_parsed) >= _MAX_PARSED:
            _parsed.clear()
        condition = _parse_condition(parser)
        parsed = condition, tuple(parser.expr_attr_names_found), tuple(parser.expr_attr_values_found)
        _parsed[key] = parsed
    found, names, values = parsed
    parser.expr_attr_names_found, parser.expr_attr_values_found = [*names], [*values]
    return found


_QUICK_CALLS: Mapping[tuple[Any, str], Any] = {
    (BotocoreStubber, "process_request"): _process,
    (SigV4Auth, "add_auth"): _sign,
    (responses, "method_names_from_class"): cache(method_names_from_class),
    (responses, "camelcase_to_underscores"): cache(camelcase_to_underscores),
    (sqs_models, "camelcase_to_underscores"): cache(camelcase_to_underscores),
    (BaseResponse, "_enrich_response"): staticmethod(_with_request_id),
    (MotoRandom, "get_random_string"): _random_string,
    (BaseJSONParser, "_parse_map"): _parse_as_it_is,
    (BotocoreJSONParser, "_handle_map"): _read_as_it_is,
    (BaseJSONSerializer, "_serialize_type_map"): _serialise_as_it_is,
    (ConditionExpressionParser, "parse"): _parse_once,
    (models, "RESPONSES_METHODS"): [],  # of a library that sends no requests here
}
"""What is put in whose place."""
