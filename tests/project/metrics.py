"""Which metrics there are: what the code counts, told of each thing that it reports."""

import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout, suppress
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple, get_args
from unittest.mock import patch

from aws_lambda_powertools import Logger, Metrics

from local.aws.template import resource, template
from roomstate.aws.refusals import NeverForwarded
from roomstate.log.record import log_record
from roomstate.receive.receiver import Receipt
from roomstate.receive.redriver import Redriven
from roomstate.receive.telemetry import report, report_redriven, reporting_redrive
from roomstate.reconcile.errors import NoAnswer
from roomstate.reconcile.planner import Plan
from roomstate.reconcile.planning import report_plan
from roomstate.reconcile.telemetry import CODES, KINDS, report_room, reporting
from roomstate.state.registers import Admin, Key
from roomstate.state.webhook import Outcome
from roomstate.sweep.report import reporting_sweep
from roomstate.sweep.stream import Due
from roomstate.tencent.errors import BadSignature, Refused, TokensUnavailable
from tests.payloads import seats, webhook
from tests.read.api import ask, make_api

Report = Callable[[Logger, Metrics], None]


class Metric(NamedTuple):
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()


@cache
def counted() -> frozenset[Metric]:
    """What the functions count, and what the template's filters count in logs."""
    by_filters = {Metric("roomstate", name) for name in filtered()}
    by_functions = {
        metric
        for service, reports in REPORTS.items()
        for told in reports()
        for metric in _told(service, told)
    }
    return frozenset(by_filters | by_functions | _of_a_failed_read())


def filtered() -> set[str]:
    """What metric filters count."""
    made = template()["Resources"]
    filters = (resource(name) for name, one in made.items() if one["Type"] == "AWS::Logs::MetricFilter")
    return {
        transformation["MetricName"] for one in filters for transformation in one["MetricTransformations"]
    }


def _told(service: str, told: Report) -> set[Metric]:
    metrics = Metrics(namespace="roomstate", service=service)
    with suppress(OSError):  # what fails is reported, and fails
        told(Logger(service=service, stream=io.StringIO()), metrics)
    if not metrics.metric_set:
        return set()
    document: Any = metrics.serialize_metric_set()
    metrics.clear_metrics()
    return _embedded(document)


def _embedded(document: Mapping[str, Any]) -> set[Metric]:
    """What CloudWatch counts of a line of the log (Embedded Metric Format)."""
    return {
        Metric(directive["Namespace"], metric["Name"], tuple((name, document[name]) for name in names))
        for directive in document["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
        for names in directive["Dimensions"]
    }


def _receipts() -> Iterator[Report]:
    arrived = webhook(seats("r"))
    record = log_record(arrived, 0, (), won=True, expires_at=1)
    receipts = [
        *(Receipt(records=(record._replace(outcome=outcome),)) for outcome in get_args(Outcome)),
        *(Receipt(refused=refused()) for refused in Refused.__subclasses__()),
        Receipt(parked=TokensUnavailable()),
        Receipt(webhook=arrived._replace(command="Live.CallbackUnheardOf", is_misnamed=True)),
    ]
    for receipt in receipts:
        yield lambda logger, metrics, receipt=receipt: report(receipt, "1", logger, metrics)  # type: ignore[misc]


def _redrives() -> Iterator[Report]:
    arrived = webhook(seats("r"))
    for done in (Redriven(arrived), Redriven(arrived, NeverForwarded()), BadSignature(), OSError()):

        def told(logger: Logger, metrics: Metrics, done: Redriven | Exception = done) -> None:
            with reporting_redrive("1", logger, metrics):
                if isinstance(done, Exception):
                    raise done
                report_redriven(done, "1", logger, metrics)

        yield told


def _sweeps() -> Iterator[Report]:
    def swept(logger: Logger, metrics: Metrics) -> None:
        with reporting_sweep(Due("1", "r"), logger, metrics):
            pass

    def failed(logger: Logger, metrics: Metrics) -> None:
        with reporting_sweep(Due("1", "r"), logger, metrics):
            raise OSError

    yield from (swept, failed)


def _plans() -> Iterator[Report]:
    for plan in (Plan(2, 1), Plan(is_skipped=True)):
        yield lambda logger, metrics, plan=plan: report_plan(plan, logger, metrics)  # type: ignore[misc]


def _reconciliations() -> Iterator[Report]:
    def differed(logger: Logger, metrics: Metrics) -> None:
        differences = [SimpleNamespace(assertions=[(Key(kind), Admin(True)) for kind in KINDS])]  # type: ignore[arg-type]
        found = SimpleNamespace(
            sdk_app_id="1",
            room_id="r",
            differences=differences,
            answers=SimpleNamespace(failures=[NoAnswer("c", code) for code in (*CODES, "another")]),
            comparison=SimpleNamespace(member_drift=3),
        )
        report_room(found, logger, metrics)  # type: ignore[arg-type]

    yield differed
    for failure in (NeverForwarded(), OSError()):

        def failed(logger: Logger, metrics: Metrics, failure: Exception = failure) -> None:
            with reporting({"sdk_app_id": "1", "room_id": "r"}, logger, metrics):
                raise failure

        yield failed


def _of_a_failed_read() -> set[Metric]:
    output = io.StringIO()
    with patch.dict(os.environ, POWERTOOLS_SERVICE_NAME="read"), redirect_stdout(output):
        ask(make_api(None), "rooms")
    return _embedded(json.loads(output.getvalue()))


REPORTS: Mapping[str, Callable[[], Iterator[Report]]] = {
    "webhook": _receipts,
    "redrive": _redrives,
    "sweep": _sweeps,
    "plan": _plans,
    "reconcile": _reconciliations,
}
"""What each function reports, by its service."""
