"""Whatever is sent: one of the documented answers, and nothing in the table that it has no right to."""

import json
import math
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from fuzz.memory import Memory
from local.aws.embedded import TABLE_NAME
from local.aws.gateway import Context
from local.tencent import payload, samples
from roomstate.aws.deadline import Deadline
from roomstate.aws.parking import Parking
from roomstate.aws.store import Store
from roomstate.receive.receiver import Receiver
from roomstate.tencent.body import MAX_DEPTH, MAX_DIGITS
from roomstate.tencent.catalogue import COMMANDS
from roomstate.tencent.decode import MAX_AHEAD_MS
from roomstate.tencent.delivery import MAX_BODY_BYTES, Delivery
from roomstate.tencent.errors import ErrorCode, TokensUnavailable
from roomstate.tencent.signature import sign
from tests.payloads import APP, NOW, body, event, knowing, seat, seats, webhook

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SAMPLES = [payload(event) for event in samples().values()]
UNSIGNED, SIGNED, UNAVAILABLE = APP, "1400000002", "1400000003"
TOKEN = "token"
TIME = str(NOW // 1000)
BLOCKING = "Live.CallbackBeforeSendGift"

ANSWERS = {code for code in ErrorCode if code is not ErrorCode.UNAVAILABLE}
"""All but that of a store that fails: the one here does not."""
UNTOUCHED = ANSWERS - {ErrorCode.OK, ErrorCode.UNREADABLE}

Answer = tuple[ErrorCode, str]


def tokens_of(app: str) -> list[str]:
    if app == UNAVAILABLE:
        raise TokensUnavailable
    return [TOKEN, "old token"] if app == SIGNED else []


class NoParking(Parking):
    """The store here is never out of order: what it does not take of a verified caller is a defect."""

    def __init__(self) -> None:
        pass

    def park(self, delivery: Delivery, _: Deadline) -> None:
        assert delivery.claim is not None, f"parked: {delivery}"


class Function:
    """The function, with apps of each kind, and the table behind it."""

    def __init__(self, app: Any, memory: Memory) -> None:
        self.app = app
        self.memory = memory

    def send(self, query: str, wire: Any, *, is_base64: bool = False) -> Answer:
        """Send a webhook; check its answer's shape, and that the table gets no more than it may."""
        self.memory.written.clear()
        invoked = event(wire if isinstance(wire, bytes) else b"", query)
        if not isinstance(wire, bytes):
            invoked |= {"body": wire, "isBase64Encoded": is_base64}
        response = self.app.lambda_handler(invoked, Context())
        status, text = response.pop("statusCode"), response.pop("body")
        assert response == {"headers": {"content-type": "application/json"}, "isBase64Encoded": False}
        answer = json.loads(text)
        assert list(answer) == ["ActionStatus", "ErrorInfo", "ErrorCode"]
        code = ErrorCode(answer["ErrorCode"])
        assert code in ANSWERS
        assert status == code.status
        assert answer["ActionStatus"] == ("OK" if code is ErrorCode.OK else "FAIL")
        assert bool(answer["ErrorInfo"]) == (code is not ErrorCode.OK)
        if code in UNTOUCHED:
            assert not self.memory.written
        if code is ErrorCode.UNREADABLE:
            assert {item["outcome"]["S"] for item in self.memory.written} <= {"unreadable"}
        return code, answer["ErrorInfo"]

    def reset(self) -> None:
        """A table that holds a room, and nothing else."""
        self.memory.items.clear()
        assert self.send(query(), body(seats("rid-123", seat(1, "ann"), at=NOW))) == (ErrorCode.OK, "")


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Function:
    from functions.webhook import app  # noqa: PLC0415  (reads its environment when imported)

    memory = Memory()
    store = Store(cast("Any", memory), TABLE_NAME, 90)
    receiver = Receiver(frozenset({UNSIGNED, SIGNED, UNAVAILABLE}), knowing(tokens_of), store, NoParking())
    monkeypatch.setattr(app, "receiver", receiver)
    return Function(app, memory)


def query(app: str = UNSIGNED, **parameters: str) -> str:
    return "&".join(f"{name}={quote(value)}" for name, value in {"SdkAppid": app, **parameters}.items())


def signed(**parameters: str) -> str:
    return query(SIGNED, Sign=sign(TOKEN, TIME), RequestTime=TIME, **parameters)


# --- What is sent

# Lone surrogates too: no gateway sends them, and nothing may hang on that.
odd_text = st.text(
    st.characters(exclude_categories=()) | st.sampled_from("\0\ud800\udfff%&=;+#"), max_size=40
)
encodings = st.sampled_from(
    [
        lambda text: text,
        lambda text: quote(text, safe="", errors="surrogatepass"),
        lambda text: quote_plus(text, errors="surrogatepass"),
        lambda text: quote(quote(text, errors="surrogatepass")),
        lambda text: quote(text, encoding="utf-16", errors="replace"),
        lambda text: "".join(f"%{byte:02x}" for byte in text.encode(errors="surrogatepass")),
        lambda text: f"%u{text}%zz%",
    ]
)
names = st.sampled_from(["SdkAppid", "SdkAppId", "CallbackCommand", "WebhookCommand", "OptPlatform"]) | (
    st.sampled_from(["Sign", "SIGN", "%53ign", "\u017fign", "RequestTime", "contenttype", "ClientIP", ""])
)
values = st.one_of(
    odd_text,
    st.sampled_from([UNSIGNED, SIGNED, UNAVAILABLE, f" {UNSIGNED}", f"{UNSIGNED}\0", f"{UNSIGNED},{SIGNED}"]),
    st.sampled_from([TIME, f"+{TIME}", f"{TIME}.0", "1e9", "-1", "\u0661\u0664", "9" * 5_000]),
    st.sampled_from([sign(TOKEN, TIME), sign(TOKEN, TIME).upper(), sign("", TIME), TOKEN]),
    st.sampled_from([name for known in COMMANDS for name in (known, known.lower())]),
)


@st.composite
def queries(draw: st.DrawFn) -> str:
    """Text, or parameters: of nobody, of an app without tokens, or of one with."""
    if draw(st.integers(0, 9)) == 0:
        return draw(odd_text)
    pairs = draw(st.lists(st.tuples(names | odd_text, encodings, values), max_size=5))
    parameters = [f"{name}={encode(value)}" for name, encode, value in pairs]
    good = draw(st.sampled_from([None, query(), signed(), query(SIGNED), query(UNAVAILABLE)]))
    if good is not None:
        parameters.insert(draw(st.integers(0, len(parameters))), good)
    return draw(st.sampled_from(["&", "&", "&", "&&", ";"])).join(parameters)


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else {}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | odd_text,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(odd_text, inner, max_size=5),
    max_leaves=10,
)
ODD: tuple[Any, ...] = (
    *(None, True, False, -1, 1.0, -0.0, 1e308, math.nan, math.inf),
    *(10**15 - 1, 10**15, 10**38, 10**99, 10**100, 10**300),
    *(str(NOW), NOW, NOW + MAX_AHEAD_MS, NOW + MAX_AHEAD_MS + 1),
    *(
        "",
        " ",
        "\0",
        "\t",
        "\ud800",
        "\ud83d\ude00",
        "\u0661",
        "1e9",
        "+1",
        "#",
        "a#b#00",
        "9" * 15,
        "9" * 16,
    ),
    *("x" * 256, "x" * 257, "\u00e9" * 129, "\u20ac" * 1_366, "x" * 4_096, "x" * 16_384, "x" * 16_385),
    *([], {}, [None], [[]], [{}], [0] * 300, nested(MAX_DEPTH - 3), nested(MAX_DEPTH)),
    *("true", "false", "add", "delete", "Online", "Offline", BLOCKING),
)
hostile_values = anything | st.sampled_from(ODD).map(deepcopy)  # it may be mutated in its turn


def places(document: Any) -> list[tuple[Any, Any]]:
    """Each container of a document with each of its keys."""
    keys = list(document) if isinstance(document, dict) else range(len(document))
    found = [(document, key) for key in keys]
    for _, key in list(found):
        if isinstance(document[key], dict | list):
            found += places(document[key])
    return found


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    """A documented payload that is no longer quite what it was."""
    document = json.loads(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(0, 3))):
        found = places(document)
        if not found:
            break
        container, key = found[draw(st.integers(0, min(len(found), 200) - 1))]
        match draw(st.sampled_from(["replace", "replace", "drop", "add", "multiply"])):
            case "replace":
                container[key] = draw(hostile_values)
            case "drop":
                del container[key]
            case "add" if isinstance(container, dict):
                container[draw(odd_text)] = draw(hostile_values)
            case "multiply" if isinstance(container, list) and len(container) < 10:
                container *= draw(st.sampled_from([2, 30]))
            case _:
                document["EventTime"] = draw(hostile_values)
    wire = bytearray(json.dumps(document, ensure_ascii=draw(st.booleans())).encode(errors="surrogatepass"))
    if draw(st.booleans()):
        at = draw(st.integers(0, len(wire)))
        wire[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=4) | st.just(b"\0\xff"))
    assume(len(wire) <= MAX_BODY_BYTES)  # a larger one has a test of its own
    return bytes(wire)


bodies = st.one_of(
    mutants(),
    mutants(),
    st.binary(),
    anything.map(lambda value: json.dumps(value).encode()),
    odd_text,
)


# --- What is answered


@given(query=queries(), wire=bodies, is_base64=st.booleans())
@settings(max_examples=1_000)
def test_anything_gets_a_documented_answer(
    function: Function, query: str, wire: Any, is_base64: bool
) -> None:
    # GIVEN a table with a room
    function.reset()
    # WHEN anything is sent, THEN the answer and the table are in order (`Function.send`)
    code, _ = answer = function.send(query, wire, is_base64=is_base64)
    # AND nothing of who is refused for the URL is read
    if code in UNTOUCHED - {ErrorCode.TOO_LARGE}:
        assert function.send(query, b"") == answer


@given(wire=bodies, is_base64=st.booleans(), url=st.sampled_from([query(), signed()]))
@settings(max_examples=1_000)
def test_any_body_of_an_authentic_caller_is_stored_or_kept_as_unreadable(
    function: Function, wire: Any, is_base64: bool, url: str
) -> None:
    function.reset()
    code, _ = answer = function.send(url, wire, is_base64=is_base64)
    assert code in {ErrorCode.OK, ErrorCode.UNREADABLE}
    # AND one way or the other it is in the log, once
    assert any("payload" in item for item in function.memory.written)
    assert function.send(url, wire, is_base64=is_base64) == answer
    assert not function.memory.written


@pytest.mark.parametrize("name", samples())
def test_every_place_of_a_documented_webhook_may_hold_anything(function: Function, name: str) -> None:
    wire = payload(samples()[name])
    for place in range(len(places(json.loads(wire)))):
        for odd in ODD:
            document = json.loads(wire)
            container, key = places(document)[place]
            container[key] = odd
            function.memory.items.clear()
            code, _ = function.send(query(), json.dumps(document).encode())
            assert code in {ErrorCode.OK, ErrorCode.UNREADABLE}
            assert any("payload" in item for item in function.memory.written)


@given(wire=bodies, url=st.sampled_from([query(), signed()]))
def test_any_blocking_webhook_of_an_authentic_caller_is_let_pass(
    function: Function, wire: Any, url: str
) -> None:
    function.reset()
    assert function.send(f"{url}&CallbackCommand={BLOCKING}", wire) == (ErrorCode.OK, "")


@given(claimed=values, request_time=values, encode=encodings)
@example(claimed=sign(TOKEN, TIME), request_time=f" {TIME}", encode=quote)
@example(claimed=sign(TOKEN, f"0{TIME}"), request_time=f"0{TIME}", encode=quote)
def test_no_text_opens_an_app_that_has_tokens(
    function: Function, claimed: str, request_time: str, encode: Any
) -> None:
    assume((claimed, request_time) != (sign(TOKEN, TIME), TIME))
    function.reset()
    url = f"SdkAppid={SIGNED}&Sign={encode(claimed)}&RequestTime={encode(request_time)}"
    code, _ = function.send(url, body(seats("rid-123", seat(1, "mallory"), at=NOW)))
    assert code is ErrorCode.BAD_SIGNATURE


@given(app=values, encode=encodings)
def test_no_text_is_an_app_but_its_own_number(function: Function, app: str, encode: Any) -> None:
    assume(app not in {UNSIGNED, SIGNED, UNAVAILABLE})
    function.reset()
    code, _ = function.send(f"SdkAppid={encode(app)}", body(seats("rid-123", seat(1, "mallory"), at=NOW)))
    assert code is ErrorCode.UNKNOWN_APP


@pytest.mark.parametrize("name", ["CallbackCommand", "OptPlatform", "ClientIP", "contenttype", "other", ""])
@pytest.mark.parametrize("url", [query(), signed()], ids=["unsigned", "signed"])
def test_every_other_parameter_may_hold_anything(function: Function, name: str, url: str) -> None:
    strings = [odd for odd in ODD if isinstance(odd, str)]
    for odd in (*strings, *(quote(odd, errors="surrogatepass") for odd in strings)):
        function.memory.items.clear()
        answer = function.send(f"{url}&{name}={odd}", body(seats("rid-123", seat(2, "bob"), at=NOW)))
        assert answer == (ErrorCode.OK, "")
        assert any("payload" in item for item in function.memory.written)


@pytest.mark.parametrize("url", [query(), signed()], ids=["unsigned", "signed"])
@pytest.mark.parametrize("wire", [b" " * (MAX_BODY_BYTES + 1), "\u00e9" * (MAX_BODY_BYTES // 2 + 1)], ids=len)
def test_what_is_too_large_is_not_read(function: Function, url: str, wire: Any) -> None:
    assert function.send(url, wire) == (ErrorCode.TOO_LARGE, "The body is larger than 262144 bytes.")


@pytest.mark.parametrize("app", [UNSIGNED, SIGNED])
@pytest.mark.parametrize(
    "wire",
    [
        b'{"a":' + b"[" * 200_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 30_000 + b"1" + b"}" * 30_000,
        b'{"a":' + b"9" * 200_000 + b"}",
        b'{"a":' + b"9" * 5_000 + b"}",
        b'{"a":-' + b"9" * MAX_DIGITS + b"}",
        b'{"a":1e' + b"9" * 200_000 + b"}",
        b'{"a":"' + rb"\ud800" * 40_000 + b'"}',
        b'{"a":' + b"\xff" * 200_000 + b"}",
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b"\0" * MAX_BODY_BYTES,
        b"{" + b",".join(b'"a":1' for _ in range(40_000)) + b"}",
    ],
    ids=lambda wire: wire[:8].hex(),
)
def test_what_is_made_to_exhaust_is_unreadable(function: Function, app: str, wire: bytes) -> None:
    function.reset()
    code, _ = function.send(signed() if app == SIGNED else query(), wire)
    assert code is ErrorCode.UNREADABLE


def stuffed(command: str, name: str, element: str, **more: Any) -> bytes:
    """A body that holds as many elements in a list as it may."""
    head = json.dumps({"CallbackCommand": command, "RoomId": "r", "EventTime": NOW, **more, name: []})
    room, elements = MAX_BODY_BYTES - len(head), []
    for number in range(MAX_BODY_BYTES):
        room -= len(element % number) + 1
        if room < 0:
            break
        elements.append(element % number)
    return head.replace("[]", f"[{','.join(elements)}]").encode()


@pytest.mark.parametrize(
    ("command", "name", "element"),
    [
        ("Live.CallbackAfterDelMetadata", "Keys", "%d"),
        ("Live.CallbackAfterSetMetadata", "Metadata", '{"Key":%d,"Value":""}'),
        ("Live.CallbackAfterModifyAdmin", "Admin_Account", "%d"),
        ("Mic.CallbackAfterSeatInfoChanged", "SeatList", '{"Index":%d}'),
    ],
)
def test_no_body_takes_more_than_a_hundred_transactions(command: str, name: str, element: str) -> None:
    taken = webhook(stuffed(command, name, element, opType="add"))
    assert len(taken.units) <= 100


@pytest.mark.parametrize(
    "odd", [" ", "\t\n", "\0", "\x7f", "\u2028", ":", "x" * 256, "\U0001f600" * 64], ids=ascii
)
def test_an_unknown_command_of_any_name_is_counted(
    function: Function, odd: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert function.send(query(), body({"CallbackCommand": odd})) == (ErrorCode.OK, "")
    # AND CloudWatch takes the metric: a dimension is printable ASCII, and not blank
    (metric,) = (
        json.loads(line) for line in capsys.readouterr().out.splitlines() if "UnknownCommand" in line
    )
    assert "command" in metric["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]
    assert re.fullmatch(r"[!-~]{1,256}", metric["command"])


def test_the_table_in_memory_is_as_the_embedded_one(dynamodb: "DynamoDBClient", store: Store) -> None:
    # GIVEN the documented webhooks, and each of them again
    memory = Memory()
    in_memory = Store(cast("Any", memory), TABLE_NAME, 90)
    for wire in SAMPLES * 2:
        # WHEN they are recorded in both, THEN both say the same
        once, again = (kept.record(webhook(wire), Deadline(math.inf)) for kept in (in_memory, store))
        assert once == again
    # AND hold the same
    items = dynamodb.scan(TableName=TABLE_NAME)["Items"]
    assert {(item["pk"]["S"], item["sk"]["S"]): item for item in items} == memory.items
