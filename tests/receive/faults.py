"""What can go wrong with a call to AWS, and the time that it takes."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import inf
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from local.aws.gateway import Context
from roomstate.aws import clients
from roomstate.aws.clients import DYNAMODB_CALL_S, EVENTS_CALL_S, SQS_CALL_S, SSM_CALL_S
from tests.payloads import Time

REAL_CLIENT = clients._client
TIMES_OUT_S = {
    "dynamodb": DYNAMODB_CALL_S,
    "ssm": SSM_CALL_S,
    "sqs": SQS_CALL_S,
    "eventbridge": EVENTS_CALL_S,
}
"""After which a call is given up that is not answered."""


class Killed(BaseException):
    """The process is gone. No `except Exception` sees it, and nothing of it survives."""


class WorldTime(Time):
    """The world's time. When an invocation's is up, its process is killed."""

    def __init__(self) -> None:
        super().__init__()
        self._ends_at = inf

    @contextmanager
    def invocation(self, seconds: float) -> "Iterator[Invocation]":
        """An invocation with so much time, as the function learns of it."""
        self._ends_at = self.now + seconds
        try:
            yield Invocation(self)
        finally:
            self._ends_at = inf

    def remaining_ms(self) -> int:
        return round((self._ends_at - self.now) * 1000)

    def sleep(self, seconds: float, /) -> None:
        super().sleep(seconds)
        if self.now >= self._ends_at:
            raise Killed


class Invocation:
    """What a function learns of its invocation, by the world's time."""

    def __init__(self, time: WorldTime) -> None:
        self._time = time
        self._context = Context()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def get_remaining_time_in_millis(self) -> int:
        return self._time.remaining_ms()


Fault = Callable[[WorldTime, str, Any], Any]
"""(time, event name, request) -> a response; or it raises. AWS hears of the call where it is made: `aws`."""


def aws(event_name: str, request: Any) -> Any:
    """Make a call."""
    return botocore_stubber(event_name, request)


def take_over(client: Any, before_send: Callable[..., Any]) -> None:
    """Have all of a client's calls answered by somebody else, who makes them by `aws`, or does not.

    botocore asks everybody who listens before it takes the first answer, and moto would make the call.
    """
    client.meta.events.unregister("before-send", botocore_stubber)
    client.meta.events.register_first("before-send", before_send)


class TakenOver:
    """Clients of AWS whose calls a world answers, one world after the other.

    A new process would make new clients. What they keep is connections, and there are none here.
    """

    def __init__(self) -> None:
        self.clients = {service: self._client(service) for service in ("dynamodb", "events", "sqs", "ssm")}
        self.answering: Callable[..., Any] | None = None
        """The world's `before_send`."""

    def _client(self, service: str) -> Any:
        client = REAL_CLIENT(service, 1)
        take_over(client, self._before_send)
        return client

    def _before_send(self, **sent: Any) -> Any:
        assert self.answering is not None
        return self.answering(**sent)


def error(status: int, code: str, **fields: Any) -> Any:
    return response(status, {"__type": f"com.amazonaws#{code}", "message": "a fault", **fields})


def response(status: int, document: Any) -> Any:
    told = json.dumps(document).encode()
    headers = {"content-type": "application/x-amz-json-1.0"}
    return AWSResponse("https://aws", status, headers, MockRawResponse(told))  # type: ignore[arg-type]


def raising(failure: BaseException, *, after: bool) -> Fault:
    def fault(_: WorldTime, event_name: str, request: Any) -> Any:
        if after:
            aws(event_name, request)
        raise failure

    return fault


def timing_out(*, after: bool) -> Fault:
    def fault(time: WorldTime, event_name: str, request: Any) -> Any:
        if after:
            aws(event_name, request)
        time.sleep(TIMES_OUT_S[event_name.split(".")[1]])
        raise ReadTimeoutError(endpoint_url="aws")

    return fault


def slow(seconds: float) -> Fault:
    """A call that is answered, after more than a time-out bounds: a name is looked up, a CPU starves."""

    def fault(time: WorldTime, event_name: str, request: Any) -> Any:
        time.sleep(seconds)
        return aws(event_name, request)

    return fault


def conflict(_: WorldTime, __: str, request: Any) -> Any:
    actions = json.loads(request.body)["TransactItems"]
    reasons = [{"Code": "None"}, *({"Code": "TransactionConflict"} for _ in actions[1:])]
    if len(actions) == 1:
        reasons = [{"Code": "TransactionConflict"}]
    return error(400, "TransactionCanceledException", CancellationReasons=reasons)


def refusing(code: str) -> Fault:
    def fault(_: WorldTime, __: str, request: Any) -> Any:
        """EventBridge takes the call, and each entry but the first."""
        entries = json.loads(request.body)["Entries"]
        told = [{"ErrorCode": code, "ErrorMessage": "a fault"}]
        told += [{"EventId": str(number)} for number in range(1, len(entries))]
        return response(200, {"FailedEntryCount": 1, "Entries": told})

    return fault


FAULTS: Mapping[str, Fault] = {
    "throttled": lambda *_: error(400, "ThrottlingException"),
    "5xx": lambda *_: error(500, "InternalServerError"),
    "time-out before": timing_out(after=False),
    "time-out after": timing_out(after=True),
    "slow 0.5 s": slow(0.5),
    "slow 1.25 s": slow(1.25),
    "slow 1.9 s": slow(1.9),
    "connection lost": raising(ConnectionClosedError(endpoint_url="aws"), after=False),
    "conflict": conflict,
    "entry refused": refusing("InternalFailure"),
    "killed before": raising(Killed(), after=False),
    "killed after": raising(Killed(), after=True),
}


def applies(fault: str, place: str) -> bool:
    only = {"conflict": "TransactWriteItems", "entry refused": "PutEvents"}
    return place.endswith(only.get(fault, ""))
