"""moto, made quick enough for tens of thousands of calls. What it answers stays the same.

On its way to a service a call passes what only HTTP, other services and S3 need: the addresses of 200
services, a request of werkzeug, a signature that nobody checks, a list of all methods that a class has. That
takes more than all the rest. And moto is slow with a room of thousands: it copies every item of the table
for each action of a transaction, to be able to roll back, where copying the index is enough (nothing here
changes an item in place but its expiry); for each query it sorts the whole table, and copies all that it
finds; it weighs an item anew for each of its attributes; and in an answer it looks each value of an item up
by each of its spellings.
"""

import copy
import inspect
import operator
import string
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import HeadersDict
from botocore.exceptions import NoCredentialsError
from botocore.parsers import BaseJSONParser as BotocoreJSONParser
from moto.core import responses
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.parse import BaseJSONParser
from moto.core.responses import BaseResponse
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import camelcase_to_underscores, method_names_from_class
from moto.dynamodb.comparisons import ConditionExpressionParser, Func, Op
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, LimitedSizeDict
from moto.dynamodb.models.dynamo_type import Item as StoredItem
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import bytesize
from moto.dynamodb.responses import DynamoHandler
from moto.events.responses import EventsHandler
from moto.moto_api._internal.moto_random import MotoRandom
from moto.sqs.responses import SQSResponse
from moto.ssm.responses import SimpleSystemManagerResponse
from werkzeug.exceptions import HTTPException

_MAX_ITEM_BYTES = 405_000  # moto's
_SERVICES: Mapping[str, Callable[[], BaseResponse]] = {
    "dynamodb": DynamoHandler,
    "events": EventsHandler,
    "sqs": SQSResponse,
    "ssm": SimpleSystemManagerResponse,
}


@contextmanager
def quick() -> Iterator[None]:
    """Have moto be quick for as long as the context lasts."""
    with ExitStack() as patches:
        for owner, name, replacement in (
            (BotocoreStubber, "process_request", _process),
            (SigV4Auth, "add_auth", _sign_nothing),
            (responses, "method_names_from_class", cache(method_names_from_class)),
            (responses, "camelcase_to_underscores", cache(camelcase_to_underscores)),
            (MotoRandom, "get_random_string", _random_string),
            (BaseJSONParser, "_parse_structure", _parse_as_it_is),
            (BotocoreJSONParser, "_handle_structure", _read_as_it_is),
            (BaseJSONSerializer, "_serialize_type_structure", _serialise_as_it_is),
            (ConditionExpressionParser, "parse", _parse_once),
            (StoredItem, "__init__", _make_item),
            (DynamoType, "__hash__", _hash),
            (DynamoType, "__eq__", _equals),
            (DynamoType, "size", _size),
            (DynamoDBBackend, "transact_write_items", _transact),
            (Table, "query", _query_partition),
        ):
            patches.enter_context(patch.object(owner, name, replacement))
        patches.enter_context(patch.object(Table, "__deepcopy__", lambda table, _: table, create=True))
        yield


# --- The way to a service

_process_any = BotocoreStubber.process_request


def _process(stubber: BotocoreStubber, request: Any) -> Any:
    """moto's answer: status, headers and body."""
    service, region, *domain = urlsplit(request.url).netloc.split(".")
    if service not in _SERVICES or domain != ["amazonaws", "com"]:
        return _process_any(stubber, request)
    try:
        return _call(_SERVICES[service](), region, request)
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


def _sign_nothing(signer: SigV4Auth, _: Any) -> None:
    if signer.credentials is None:
        raise NoCredentialsError


def _random_string(
    random: MotoRandom, length: int = 20, include_digits: bool = True, lower_case: bool = False
) -> str:
    chosen = "".join(random.choices(string.ascii_letters + string.digits * include_digits, k=length))
    return chosen.lower() if lower_case else chosen


_parse = BaseJSONParser._parse_structure
_read = BotocoreJSONParser._handle_structure  # type: ignore[attr-defined]
_serialise = BaseJSONSerializer._serialize_type_structure


def _parse_as_it_is(parser: Any, shape: Any, value: Any) -> Any:
    if shape.name == "AttributeValue" and "B" not in value:  # bytes alone need decoding
        return value
    return _parse(parser, shape, value)  # type: ignore[no-untyped-call]


def _read_as_it_is(parser: Any, shape: Any, value: Any) -> Any:
    if shape.name == "AttributeValue" and "B" not in value:
        return value
    return _read(parser, shape, value)


def _serialise_as_it_is(self: Any, serialised: Any, value: Any, shape: Any, key: str) -> None:
    if shape.name == "AttributeValue" and "B" not in value:  # bytes alone need encoding
        serialised[key] = value
    else:
        _serialise(self, serialised, value, shape, key)


# --- Expressions

_parse_condition = ConditionExpressionParser.parse
_parsed: dict[Any, Any] = {}
_MAX_PARSED = 1_000


def _parse_once(parser: ConditionExpressionParser) -> Op | Func:
    """A condition, which a transaction has parsed three times over."""
    key = (
        parser.condition_expression,
        repr(parser.expression_attribute_names),
        repr(parser.expression_attribute_values),
    )
    if key not in _parsed:
        if len(_parsed) >= _MAX_PARSED:
            _parsed.clear()
        condition = _parse_condition(parser)
        _parsed[key] = condition, tuple(parser.expr_attr_names_found), tuple(parser.expr_attr_values_found)
    found: Op | Func
    found, names, values = _parsed[key]
    parser.expr_attr_names_found, parser.expr_attr_values_found = [*names], [*values]
    return found


# --- Items and tables


def _make_item(
    item: StoredItem, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]
) -> None:
    item.hash_key, item.range_key, item.attrs = hash_key, range_key, LimitedSizeDict()
    dict.update(item.attrs, {name: DynamoType(value) for name, value in attrs.items()})
    if sum(bytesize(name) + value.size() for name, value in item.attrs.items()) > _MAX_ITEM_BYTES:
        raise ItemSizeTooLarge


def _hash(value: DynamoType) -> int:
    return hash((value.type, value.value if value.type == "S" else value.cast_value))


def _equals(value: DynamoType, other: DynamoType) -> bool:
    if value.type == other.type == "S":
        return bool(value.value == other.value)
    return value.type == other.type and bool(value.cast_value == other.cast_value)


_weigh = DynamoType.size


def _size(value: DynamoType) -> int:
    return len(value.value.encode()) if value.type == "S" else _weigh(value)


_transact_items = DynamoDBBackend.transact_write_items


def _transact(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    """A transaction that takes back what it did when it fails, and no copy of the table beforehand."""
    held = []
    for action in transact_items:
        [(kind, of)] = action.items()
        table = backend.tables.get(of["TableName"])
        if table is not None and {"pk", "sk"} <= (key := of["Item"] if kind == "Put" else of["Key"]).keys():
            partition, sort = DynamoType(key["pk"]), DynamoType(key["sk"])
            held.append((table, partition, sort, table.items.get(partition, {}).get(sort)))
    try:
        _transact_items(backend, transact_items)
    except Exception:
        for table, partition, sort, item in held:
            if item is None:
                table.items.get(partition, {}).pop(sort, None)
            else:
                table.items[partition][sort] = item
        raise


_query_table = Table.query
_QUERY = inspect.signature(Table.query)
_COMPARE: Mapping[str, Callable[..., bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "BETWEEN": lambda key, first, last: first <= key <= last,
    "BEGINS_WITH": str.startswith,
}


def _query_partition(table: Table, *args: Any, **kwargs: Any) -> Any:
    """moto's query, of as few items as it may find."""
    asked = _QUERY.bind(table, *args, **kwargs).arguments
    partition, sort = "pk", "sk"
    if asked.get("index_name"):
        schema = table.get_index(asked["index_name"], error_if_not=True).schema
        partition, sort = (key["AttributeName"] for key in schema)
        everything = (item for items in table.items.values() for item in items.values())
    else:
        everything = (item for item in table.items.get(asked["hash_key"], {}).values())
    wanted, comparison = asked["hash_key"].value, asked["range_comparison"]
    bounds = [bound.value for bound in asked["range_objs"]]
    found = [
        item
        for item in everything
        if (partition in item.attrs and item.attrs[partition].value == wanted)
        and (comparison not in _COMPARE or _COMPARE[comparison](item.attrs[sort].value, *bounds))
    ]
    if asked["limit"] and asked["exclusive_start_key"] is None:
        found.sort(key=lambda item: item.attrs[sort].value, reverse=asked["scan_index_forward"] is False)
        del found[asked["limit"] + 1 :]  # one more, to be told that there is more
    only = copy.copy(table)
    only.items = defaultdict(dict)
    for item in found:
        only.items[item.hash_key][item.range_key] = item
    # It copies what it found, which nobody changes.
    with patch.object(StoredItem, "__deepcopy__", _copy_item, create=True):
        return _query_table(only, *args, **kwargs)


def _copy_item(item: StoredItem, _: Any) -> StoredItem:
    clone = copy.copy(item)
    clone.attrs = LimitedSizeDict(item.attrs)
    return clone
