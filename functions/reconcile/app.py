"""The Lambda that asks Tencent: for the rooms of the queue, or for one that whoever invokes it names."""

from functools import partial
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from roomstate.aws.deadline import Deadline
from roomstate.aws.telemetry import make_logger
from roomstate.reconcile.answer import answer
from roomstate.reconcile.names import from_message
from roomstate.reconcile.settings import ReconcileSettings
from roomstate.reconcile.telemetry import report_room, reporting
from roomstate.reconcile.wiring import make_worker
from roomstate.reconcile.worker import check

logger = make_logger()
metrics = Metrics()
worker = make_worker(ReconcileSettings.from_environment())
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def reconcile(record: SQSRecord, deadline: Deadline) -> None:
    named = from_message(record.body)
    with reporting(named, logger, metrics):
        if int(record.attributes.approximate_receive_count) > 1:
            since = int(record.attributes.approximate_first_receive_timestamp)
            worker.make_up(named, since, deadline)
        report = worker.reconcile(named, deadline)
        report_room(report, logger, metrics)
        check(report)


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    deadline = Deadline.of_invocation(context.get_remaining_time_in_millis())
    if "Records" in event:
        return process_partial_response(event, partial(reconcile, deadline=deadline), processor, context)
    report = worker.reconcile(event, deadline)
    report_room(report, logger, metrics)
    return answer(report)
