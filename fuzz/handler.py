"""`make fuzz`: a coverage-guided fuzzer (atheris) on the whole webhook function.

An input is a caller, a query string and a body. What an answer and the table must be like is asserted, so
a crash is either an exception that nobody caught or a rule that was broken.

    python -m fuzz.handler FOLDER -max_total_time=60     (libFuzzer's options)
    python -m fuzz.handler FOLDER FOLDER/crash-…         one input again

The folder holds what the next run begins with, and what was found.
"""

import io
import json
import math
import os
import random
import sys
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast
from urllib.parse import unquote

import atheris  # type: ignore[import-untyped]  # has an environment of its own

from fuzz.memory import Memory
from local.aws.limits import item_bytes

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_DEFAULT_REGION": "us-east-1",
    "TABLE_NAME": "roomstate",
    "PARKING_QUEUE_URL": "https://queue.invalid/parking",
    "SDK_APP_IDS": "1400000001",
    "LOG_RETENTION_DAYS": "90",
    "POWERTOOLS_SERVICE_NAME": "webhook",
    "POWERTOOLS_METRICS_NAMESPACE": "roomstate",
}
TOLD = sys.stdout = io.StringIO()  # a function's stdout is its log
os.environ.update(ENVIRONMENT)

with atheris.instrument_imports(include=["roomstate", "functions"]):
    from functions.webhook import app
    from fuzz.mutation import mutate_document, words
    from roomstate.aws.deadline import Deadline
    from roomstate.aws.forwarder import Forwarder
    from roomstate.aws.items import WRITER, read_record, read_register, register_items
    from roomstate.aws.parking import Parking
    from roomstate.aws.recorder import ForwardingRecorder
    from roomstate.aws.store import Store
    from roomstate.log.forwarded import ForwardedWebhook
    from roomstate.receive.receiver import Receiver
    from roomstate.state.life import Life
    from roomstate.state.registers import LIFE
    from roomstate.state.rooms import show_room
    from roomstate.tencent.errors import ErrorCode, TokensUnavailable
    from roomstate.tencent.signature import Claim, sign, verify
    from roomstate.tencent.units import MAX_WRITTEN_BYTES
    from tests.payloads import NOW

TIME = str(NOW // 1000)
UNSIGNED, SIGNED, UNAVAILABLE = "1400000001", "1400000002", "1400000003"
TOKEN = "token-that-nobody-may-see"
CALLERS = (
    "",
    f"SdkAppid={UNSIGNED}&",
    f"SdkAppid={SIGNED}&Sign={sign(TOKEN, TIME)}&RequestTime={TIME}&",
    f"SdkAppid={SIGNED}&RequestTime={TIME}&",
    f"SdkAppid={UNAVAILABLE}&",
)
TEXT, BASE64, CLAIMS_BASE64 = range(3)
MAX_QUERY_BYTES = 1_023
MAX_ITEMS = 5_000
MAX_ANSWER_BYTES = 1_024


class Input(NamedTuple):
    caller: int
    form: int
    query: bytes
    body: bytes

    def encode(self) -> bytes:
        """As FuzzedDataProvider reads it: bytes from the front, numbers from the back."""
        return (
            self.query + self.body + len(self.query).to_bytes(2, "little") + bytes([self.form, self.caller])
        )

    @staticmethod
    def decode(data: bytes) -> "Input":
        provider = atheris.FuzzedDataProvider(data)
        caller = provider.ConsumeIntInRange(0, len(CALLERS) - 1)
        form = provider.ConsumeIntInRange(TEXT, CLAIMS_BASE64)
        query = provider.ConsumeBytes(provider.ConsumeIntInRange(0, MAX_QUERY_BYTES))
        return Input(caller, form, query, provider.ConsumeBytes(provider.remaining_bytes()))

    def event(self) -> dict[str, Any]:
        """What API Gateway invokes the function with, and now and then what it never would."""
        text = self.body.decode(errors="surrogateescape")
        return {
            "version": "2.0",
            "routeKey": "POST /webhook",
            "rawPath": "/webhook",
            "rawQueryString": CALLERS[self.caller] + self.query.decode(errors="surrogateescape"),
            "headers": {},
            "requestContext": {"timeEpoch": NOW, "requestId": "request-1"},
            "body": b64encode(self.body).decode() if self.form == BASE64 else text,
            "isBase64Encoded": self.form != TEXT,
        }


class NoParking(Parking):
    """The store here is never out of order: what it does not take of a verified caller is a defect."""

    def __init__(self) -> None:
        pass

    def park(self, delivery: Any, _: Any) -> str:
        assert delivery.claim is not None, f"parked: {delivery}"
        return "message-1"


class Bus:
    """Stands in for the EventBridge client of a `Forwarder`: takes events that can be read."""

    def put_events(self, **call: Any) -> Any:
        for entry in call["Entries"]:
            ForwardedWebhook.model_validate_json(entry["Detail"])
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in call["Entries"]]}


def verify_claim(app_id: str, claim: Claim, received_at: int, _: Deadline) -> None:
    if app_id == UNAVAILABLE:
        raise TokensUnavailable
    verify(claim, [TOKEN, "old token"] if app_id == SIGNED else [], received_at)


memory = Memory()
store = Store(cast("Any", memory), ENVIRONMENT["TABLE_NAME"], 90)
recorder = ForwardingRecorder(store, Forwarder(cast("Any", Bus()), "bus"))
app.receiver = Receiver(frozenset({UNSIGNED, SIGNED, UNAVAILABLE}), verify_claim, recorder, NoParking())
setattr(Deadline, "of_answer", lambda _: Deadline(math.inf))  # noqa: B010  no clock decides here
context = cast(
    "Any",
    SimpleNamespace(
        function_name="webhook",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:webhook",
        aws_request_id="request-1",
        get_remaining_time_in_millis=lambda: 3_000,
    ),
)


def try_one(data: bytes) -> None:
    """The target: one input, twice, and all that must be so afterwards."""
    if len(memory.items) > MAX_ITEMS:
        memory.items.clear()
    event = Input.decode(data).event()
    code = send(event)
    written = list(memory.written)
    match code:
        case ErrorCode.OK:
            pass
        case ErrorCode.UNREADABLE:
            assert {item["outcome"]["S"] for item in written} <= {"unreadable"}
        case _:
            assert not written
    assert code is not ErrorCode.UNAVAILABLE
    if any(item["sdk_app_id"]["S"] == SIGNED for item in written):
        assert sign(TOKEN, TIME) in unquote(event["rawQueryString"])
    check_items(written)
    # A webhook that comes again changes nothing, and is answered as before.
    assert send(event) is code
    assert not memory.written


def send(event: Mapping[str, Any]) -> ErrorCode:
    """Invoke the function. What was written stands in `memory.written`."""
    memory.written.clear()
    TOLD.seek(0)
    TOLD.truncate()
    response = app.lambda_handler(dict(event), context)
    assert response["headers"] == {"content-type": "application/json"}
    assert response["isBase64Encoded"] is False
    assert len(response["body"]) < MAX_ANSWER_BYTES
    answer = json.loads(response["body"])
    assert list(answer) == ["ActionStatus", "ErrorInfo", "ErrorCode"]
    code = ErrorCode(answer["ErrorCode"])
    assert response["statusCode"] == code.status
    assert answer["ActionStatus"] == ("OK" if code is ErrorCode.OK else "FAIL")
    assert bool(answer["ErrorInfo"]) == (code is not ErrorCode.OK)
    assert TOKEN not in TOLD.getvalue() + response["body"]
    return code


def check_items(items: list[Any]) -> None:
    """What was written is not too much, and can be read: records, registers, and the room they make."""
    assert sum(map(item_bytes, items)) <= MAX_WRITTEN_BYTES
    for item in items:
        if "payload" in item:
            read_record(item)
            continue
        key, register = read_register(item)
        app_id, room_id = item["sdk_app_id"]["S"], item["room_id"]["S"]
        writer = item[WRITER]["S"]
        assert item in register_items(app_id, room_id, key, register, writer=writer, received_at=NOW)
        room = show_room(app_id, room_id, {LIFE: Life(), key: register})
        assert room is not None
        room.model_dump_json()


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """Now and then the JSON of the body rather than the bytes, which seldom stay JSON."""
    chance = random.Random(seed)
    one = Input.decode(data)
    try:
        document = json.loads(one.body) if chance.random() < 0.7 else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        return bytes(atheris.Mutate(data, max_size))
    for _ in range(chance.randint(1, 3)):
        mutate_document(document, chance)
    body = json.dumps(document, ensure_ascii=chance.random() < 0.5).encode(errors="replace")
    return one._replace(body=body).encode()[:max_size]


def seeds() -> list[Input]:
    """The documented webhooks, each from one caller or another; and the walls around them."""
    found: list[Input] = []
    for number, path in enumerate(sorted((ROOT / "events").glob("*.json"))):
        event = json.loads(path.read_bytes())
        query = event["rawQueryString"].partition("&")[2].encode()
        found.append(Input(1 + number % 2, number % 2, query, event["body"].encode()))
    for caller in range(len(CALLERS)):
        found.append(Input(caller, TEXT, b"Sign=0&WebhookCommand=x&RequestTime=1800000000", b"{}"))
    found += [Input(1, CLAIMS_BASE64, b"", b"e30="), Input(3, TEXT, b"Sign=" + b"0" * 64, b"{}")]
    late = str(NOW // 1000 - 61)
    found.append(
        Input(0, TEXT, f"SdkAppid={SIGNED}&Sign={sign(TOKEN, late)}&RequestTime={late}".encode(), b"{}")
    )
    found += [Input(2, TEXT, b"", b'{"a":' + b"[" * depth + b"]" * depth + b"}") for depth in (30, 40, 8_000)]
    assert all(Input.decode(one.encode()) == one for one in found)
    return found


def main(folder: Path, *options: str) -> None:
    corpus, dictionary = folder / "corpus", folder / "words"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(seeds()):
        (corpus / f"seed-{number:02}").write_bytes(one.encode())
    dictionary.write_text(words())
    bounds = ["-timeout=5", "-max_len=16384", "-rss_limit_mb=2048"]
    files = [f"-dict={dictionary}", f"-artifact_prefix={folder}/"]
    again = any(not option.startswith("-") for option in options)
    inputs = [] if again else [str(corpus)]
    atheris.Setup([sys.argv[0], *bounds, *files, *options, *inputs], try_one, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
