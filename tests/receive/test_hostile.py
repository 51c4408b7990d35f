"""Whatever is sent: one of the documented answers, and nothing in the table that it has no right to."""

import json
import math
from copy import deepcopy
from cProfile import Profile
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given, settings, target
from hypothesis import strategies as st

from fuzz.memory import Memory
from local.aws.embedded import TABLE_NAME
from local.aws.gateway import Context
from local.aws.limits import item_key
from local.tencent import payload, samples
from roomstate.aws.deadline import Deadline
from roomstate.aws.forwarder import MAX_CALL_BYTES, MAX_CALL_ENTRIES, Forwarder
from roomstate.aws.items import register_item
from roomstate.aws.parking import Parking
from roomstate.aws.recorder import ForwardingRecorder
from roomstate.aws.store import Store
from roomstate.receive.receiver import Receiver
from roomstate.state.registers import Admin, Member, Metadata, Register, Seat, Version
from roomstate.tencent.body import MAX_DEPTH, MAX_DIGITS
from roomstate.tencent.decode import MAX_AHEAD_MS
from roomstate.tencent.delivery import MAX_BODY_BYTES, Delivery
from roomstate.tencent.errors import ErrorCode, TokensUnavailable
from roomstate.tencent.signature import sign
from tests.commands import COMMANDS
from tests.dearest import BODIES, LISTS, largest, opposite
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

    def park(self, delivery: Delivery, _: Deadline) -> str:
        assert delivery.claim is not None, f"parked: {delivery}"
        return "message-1"


class Bus:
    """Stands in for the EventBridge client of a `Forwarder`: takes what it is given, if it may."""

    def put_events(self, **call: Any) -> Any:
        assert 0 < len(call["Entries"]) <= MAX_CALL_ENTRIES
        assert sum(len(entry["Detail"].encode()) for entry in call["Entries"]) <= MAX_CALL_BYTES
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in call["Entries"]]}


class Function:
    """The function, with apps of each kind, and the table behind it."""

    def __init__(self, app: Any, memory: Memory) -> None:
        self.app = app
        self.memory = memory

    def send(self, query: str, wire: Any, *, is_base64: bool = False) -> Answer:
        """Send a webhook; check its answer's shape, and that the table gets no more than it may."""
        self.memory.written.clear()
        self.memory.written_bytes = 0
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
        assert self.memory.written_bytes <= 1024 * 1024
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
    recorder = ForwardingRecorder(store, Forwarder(cast("Any", Bus()), "bus"))
    receiver = Receiver(frozenset({UNSIGNED, SIGNED, UNAVAILABLE}), knowing(tokens_of), recorder, NoParking())
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


MOST_CALLS = 600_000
"""Of functions, Python's and C's, for one body: what a core does in about a tenth of a second."""
DOUBLES = ("fuzz/memory.py", "local/aws/limits.py", "tests/receive/test_hostile.py")


def calls_made(profile: Profile) -> int:
    """The calls of functions that were profiled. Those of the doubles, and by them, do not count."""
    made = 0
    for function in profile.getstats():
        if isinstance(function.code, str) or function.code.co_filename.endswith(DOUBLES):
            continue  # a function of C has but a name, and is counted with those who called it
        made += function.callcount
        made += sum(called.callcount for called in function.calls or () if isinstance(called.code, str))
    return made


@pytest.mark.parametrize("dear", BODIES)
def test_no_body_takes_much_work(function: Function, dear: str) -> None:
    first = BODIES[dear]()
    for wire in (first, opposite(first)):
        assert len(wire) <= MAX_BODY_BYTES
        with Profile() as profile:
            function.send(query(), wire)
        assert calls_made(profile) <= MOST_CALLS


AS_LARGE_AS_MAY_BE: dict[str, Any] = {
    "seat": Seat("x" * 256, True, True, True),
    "admin": Admin(True),
    "member": Member(True, "x" * 256),
    "metadata": Metadata("x" * 16_384),
}


@st.composite
def heavy_bodies(draw: st.DrawFn) -> bytes:
    """Bodies that name much, in long words, and hold much that nobody reads."""
    sizes = st.sampled_from([1, 9, 32, 200, 256])
    head, name, form = draw(st.sampled_from([*LISTS.values()]))
    room = "r" * draw(sizes)
    named = {"RoomId": room, "FromRoomId": room, "Operator_Account": "o" * draw(sizes)}
    worded = {"EventType": draw(st.sampled_from(["Online", "Offline"])), "EventCause": "c" * draw(sizes)}
    opposite = {"opType": draw(st.sampled_from(["add", "delete"])), "Type": "t" * draw(sizes)}
    width, value = draw(sizes), "v" * draw(st.sampled_from([0, 100, 2_048, 16_384]))
    element = form.replace("%d", f'"%0{width}d"').replace('"Value":""', f'"Value":"{value}"')
    taken = largest({**head, **named, **worded, **opposite}, name, lambda number: element % number)
    blanks = draw(st.sampled_from([0, 100, 10_000, MAX_BODY_BYTES - len(taken)]))
    return taken.ljust(len(taken) + blanks)


@given(wire=heavy_bodies())
@settings(max_examples=100)
def test_no_body_writes_more_than_a_mebibyte(function: Function, wire: bytes) -> None:
    # GIVEN registers that hold as much as they may, to be changed
    function.memory.items.clear()
    for unit in webhook(wire).units:
        for key, _ in unit.assertions:
            held = Register(Version(0, "0" * 32), AS_LARGE_AS_MAY_BE[key.kind])
            item = register_item(APP, unit.room_id or "", key, held, writer="0" * 32, received_at=NOW)
            function.memory.items[item_key(item)] = item
    # WHEN as much is named as is taken, THEN it is not too much (`Function.send`)
    code, _ = function.send(query(OptPlatform="p" * 256), wire)
    assert code in {ErrorCode.OK, ErrorCode.UNREADABLE}
    # AND there is room for a small item more of each room
    written = function.memory.written_bytes
    assert written + 1_024 * len({unit.room_id for unit in webhook(wire).units}) <= 1024 * 1024
    target(float(written))


def metrics(lines: str) -> set[tuple[str, ...]]:
    """Each metric that CloudWatch makes of a log, by its name and dimensions. Each of them costs money."""
    found = set()
    for line in map(json.loads, lines.splitlines()):
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            for dimensions in directive["Dimensions"]:
                values = [f"{name}={line[name]}" for name in dimensions]
                found |= {(metric["Name"], *values) for metric in directive["Metrics"]}
    return found


@pytest.mark.parametrize("place", ["body", "URL"])
def test_made_up_commands_make_no_metrics_of_their_own(
    function: Function, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # GIVEN names that look like Tencent's, and names that do not
    odd = [" ", "\t\n", "\0", "\u2028", ":", "x" * 256, "\U0001f600" * 64]
    for name in [*odd, *(f"Live.CallbackAfter{chr(ord('A') + number)}" for number in range(20))]:
        # WHEN each is sent
        url, wire = (query(), {"CallbackCommand": name})
        if place == "URL":
            url, wire = (query(CallbackCommand=name), {})
        assert function.send(url, body(wire)) == (ErrorCode.OK, "")
    # THEN all of them are one metric
    counted = {metric for metric in metrics(capsys.readouterr().out) if metric[0] == "UnknownCommand"}
    assert counted == {("UnknownCommand", "service=webhook")}


def test_the_records_of_a_webhook_are_counted_in_one_line(
    function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    # GIVEN as many records as a webhook may have, which is as many values as a line of metrics takes
    wire: Any = {"CallbackCommand": "Live.CallbackAfterCreateBattle", "FromRoomId": "0"}
    wire["ToRoomIdList"] = [f"{room}" for room in range(1, 100)]
    # WHEN they are stored
    assert function.send(query(), body(wire)) == (ErrorCode.OK, "")
    # THEN they are counted at once
    counts = [
        line["Observed"] for line in map(json.loads, capsys.readouterr().out.splitlines()) if "_aws" in line
    ]
    assert counts == [[100.0]]


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
