"""What AWS charges for a million webhooks of a single change, all in.

Units and bytes are measured (`units`). List prices of us-east-1 in USD, without any free tier, as of
2026-11-21. A GB is taken as 10^9 bytes, which is the dearer reading. How long the function takes on Lambda
cannot be measured here: `BILLED_MS` is an assumption.

Not in it: cold starts, parked webhooks, tokens (one read of SSM in 5 minutes for each instance), and what
your consumers read.
"""

from dataclasses import dataclass
from itertools import starmap
from typing import get_args

from benchmarks.capacity import started
from benchmarks.figure import Figure
from benchmarks.units import Cost, Costs
from local.aws.template import parameter_default, resource, template
from roomstate.state.webhook import Outcome
from roomstate.tencent.errors import ErrorCode

MILLION = 1_000_000
GB = 10**9
DAYS_OF_MONTH = 365 / 12

BILLED_MS = 20
"""Assumed: two round trips to DynamoDB of 5 ms each, and 10 ms of a third of a CPU."""
BILLED_MS_FORWARDING = 30
"""Assumed: one to EventBridge more."""
ROOM_DAYS = 1
"""Assumed: how long a room lives. Its registers go when it has ended."""
MORE_MS = 10
"""For which the difference is told."""

# https://aws.amazon.com/api-gateway/pricing/ (HTTP APIs, the first 300 million a month)
HTTP_API_REQUEST = 1.00 / MILLION
HTTP_API_METER_BYTES = 512 * 1024
# https://aws.amazon.com/lambda/pricing/ (Arm, the first 7.5 billion GB-seconds a month)
LAMBDA_REQUEST = 0.20 / MILLION
LAMBDA_GB_SECOND = 0.0000133334
# https://aws.amazon.com/dynamodb/pricing/on-demand/ (table class Standard)
WRITE_UNIT = 0.625 / MILLION
READ_UNIT = 0.125 / MILLION
STORAGE_GB_MONTH = 0.25
RECOVERY_GB_MONTH = 0.20
"""Point-in-time recovery, by the size of the table."""
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
ITEM_OVERHEAD_BYTES = 100
# https://aws.amazon.com/cloudwatch/pricing/ (Standard log class, and Lambda's and vended logs, first 10 TB)
LOG_GB = 0.50
LOG_GB_MONTH = 0.03
METRIC_MONTH = 0.30
ALARM_MONTH = 0.10
# https://aws.amazon.com/eventbridge/pricing/ (custom events)
EVENT = 1.00 / MILLION
EVENT_METER_BYTES = 64 * 1024
# https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer (to the internet, the first 10 TB a month)
OUT_GB = 0.09

LOG_EVENT_BYTES = 26
"""What PutLogEvents counts for an event beside its text; taken as billed."""
HEADERS = """HTTP/1.1 200 OK
Date: Sat, 21 Nov 2026 11:39:40 GMT
Content-Type: application/json
Content-Length: 50
Connection: keep-alive
Apigw-Requestid: nYpGbpbQ7w5KoWT=

"""
ACCESS = {
    "$context.requestId": "nYpGbpbQ7w5KoWT=",
    "$context.identity.sourceIp": "203.0.113.250",
    "$context.status": "200",
    "$context.responseLatency": "24",
    "$context.integrationStatus": "200",
    "$context.error.responseType": "-",
}
"""A line of the access log."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a million webhooks cost at one service. USD."""

    name: str
    plain: float
    forwarding: float
    how: str
    """The arithmetic of one webhook, where it is not forwarded."""


@dataclass(frozen=True, slots=True)
class _Charge:
    name: str
    usd: float
    """Of one webhook."""
    how: str


def figures(costs: Costs) -> list[Figure]:
    """The sums. `table` has their parts."""
    parts = table(costs)
    more = duration(MORE_MS) * MILLION
    alarms, metrics = fixed()
    return [
        Figure(
            name="AWS for a million webhooks of a single change",
            measured=f"${sum(part.plain for part in parts):.2f}; "
            f"forwarded ${sum(part.forwarding for part in parts):.2f}",
            target="",
            met=None,
            how="list prices of us-east-1; measured units and bytes; the function assumed to take "
            f"{BILLED_MS} ms, or {BILLED_MS_FORWARDING} forwarding ({MORE_MS} ms more are ${more:.2f})",
        ),
        Figure(
            name="AWS for a month, whatever comes",
            measured=f"${alarms * ALARM_MONTH:.2f}, and up to ${metrics * METRIC_MONTH:.2f}",
            target="",
            met=None,
            how=f"{alarms} alarms; up to {metrics} metrics",
        ),
    ]


def table(costs: Costs) -> list[Part]:
    """The parts, of the dearest of the webhooks that were measured."""
    kind = max(costs.forwarding, key=lambda kind: _usd(costs.forwarding[kind]))
    plain = {charge.name: charge for charge in _charges(costs.plain[kind])}
    return [
        Part(
            charge.name,
            plain[charge.name].usd * MILLION if charge.name in plain else 0,
            charge.usd * MILLION,
            (plain.get(charge.name) or charge).how,
        )
        for charge in _charges(costs.forwarding[kind])
    ]


def _usd(cost: Cost) -> float:
    return sum(charge.usd for charge in _charges(cost))


def duration(milliseconds: float) -> float:
    """USD for so long a run of the function."""
    memory_gb = float(template()["Globals"]["Function"]["MemorySize"]) / 1024
    return memory_gb * milliseconds / 1000 * LAMBDA_GB_SECOND


def fixed() -> tuple[int, int]:
    """The alarms of the stack, and the metrics that it may come to publish."""
    alarms = [each for each in template()["Resources"].values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    filters = [each for each in template()["Resources"].values() if each["Type"] == "AWS::Logs::MetricFilter"]
    refusals = set(ErrorCode) - {ErrorCode.OK, ErrorCode.UNREADABLE}  # the latter is an outcome
    others = ("Parked", "Misnamed", "UnknownCommand", "Redriven", "RedriveFailed", "NeverForwarded")
    swept = ("SweptItems", "SweepFailed")
    return len(alarms), len(get_args(Outcome)) + len(refusals) + len((*others, *swept, *filters))


def _charges(cost: Cost) -> list[_Charge]:
    forwards = cost.event_bytes > 0
    memory_mb = template()["Globals"]["Function"]["MemorySize"]
    billed_ms = BILLED_MS_FORWARDING if forwards else BILLED_MS
    log_days = int(parameter_default("FunctionLogRetentionDays"))
    record_days = int(parameter_default("LogRetentionDays"))
    # Lambda adds no lines of its own to a run that succeeds.
    assert template()["Globals"]["Function"]["LoggingConfig"]["SystemLogLevel"] == "WARN"
    lines = [*cost.log_bytes, len(_access_line())]
    log_gb = (sum(lines) + LOG_EVENT_BYTES * len(lines)) / GB
    out_bytes = len(HEADERS.replace("\n", "\r\n")) + cost.answer_bytes
    record_gb = (cost.record_bytes + ITEM_OVERHEAD_BYTES) / GB
    register_gb = (cost.register_bytes + ITEM_OVERHEAD_BYTES) / GB / 2
    kept = STORAGE_GB_MONTH + RECOVERY_GB_MONTH
    charges = [
        ("API Gateway", HTTP_API_REQUEST * started(out_bytes, HTTP_API_METER_BYTES), "a request"),
        ("Lambda: requests", LAMBDA_REQUEST, "a request"),
        ("Lambda: duration", duration(billed_ms), f"{billed_ms} ms (assumed) of {memory_mb} MB"),
        ("DynamoDB: writes", WRITE_UNIT * cost.write_units, f"write units: {cost.write_units:g}"),
        ("DynamoDB: reads", READ_UNIT * cost.read_units, f"read units: {cost.read_units:g}"),
        (
            "DynamoDB: the log, kept and recoverable",
            record_gb * record_days / DAYS_OF_MONTH * kept,
            f"{cost.record_bytes} + {ITEM_OVERHEAD_BYTES} bytes for {record_days} days",
        ),
        (
            "DynamoDB: registers, kept and recoverable",
            register_gb * ROOM_DAYS / DAYS_OF_MONTH * kept,
            f"{cost.register_bytes} + {ITEM_OVERHEAD_BYTES} bytes for {ROOM_DAYS} day (assumed), halved",
        ),
        ("DynamoDB: the sweep after the room's end", WRITE_UNIT / 2, "a write unit, shared by two"),
        ("CloudWatch: logs taken in", log_gb * LOG_GB, f"{log_gb * GB:.0f} bytes in {len(lines)} lines"),
        (
            "CloudWatch: logs kept",
            log_gb * log_days / DAYS_OF_MONTH * LOG_GB_MONTH,
            f"for {log_days} days, taken as not compressed",
        ),
        ("Data transfer out", out_bytes / GB * OUT_GB, f"{out_bytes} bytes of answer"),
    ]
    if forwards:
        events = started(cost.event_bytes, EVENT_METER_BYTES)
        charges.append(("EventBridge", EVENT * events, f"{events} event of {cost.event_bytes} bytes"))
    return list(starmap(_Charge, charges))


def _access_line() -> str:
    line: str = resource("WebhookStage")["AccessLogSettings"]["Format"]
    for name, value in ACCESS.items():
        line = line.replace(name, value)
    assert "$" not in line, "the template's access log has a field that is not known here"
    return line
