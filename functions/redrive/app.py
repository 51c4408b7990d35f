"""The parking queue's Lambda: it tries parked webhooks again."""

from functools import partial
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from roomstate.aws.deadline import Deadline
from roomstate.aws.telemetry import make_logger
from roomstate.receive.redrive_wiring import make_redriver
from roomstate.receive.settings import RedriveSettings
from roomstate.receive.telemetry import report_redriven, reporting_redrive

logger = make_logger()
metrics = Metrics()
redriver = make_redriver(RedriveSettings.from_environment())
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def redrive(record: SQSRecord, deadline: Deadline) -> None:
    with reporting_redrive(record.message_id, logger, metrics):
        redriven = redriver.redrive(
            record.body,
            record.receipt_handle,
            int(record.attributes.approximate_receive_count),
            deadline,
        )
        report_redriven(redriven, record.message_id, logger, metrics)


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    deadline = Deadline.of_invocation(context.get_remaining_time_in_millis())
    return process_partial_response(event, partial(redrive, deadline=deadline), processor, context)
