"""The Lambda on the table's stream: when a room ends or begins again, it deletes what that voids."""

from functools import partial
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from roomstate.aws.clients import patient_dynamodb_client
from roomstate.aws.deadline import Deadline
from roomstate.aws.settings import TableSettings
from roomstate.aws.telemetry import make_logger
from roomstate.sweep.report import reporting_sweep
from roomstate.sweep.stream import due
from roomstate.sweep.sweeper import Sweeper

logger = make_logger()
metrics = Metrics()
sweeper = Sweeper(patient_dynamodb_client(), TableSettings.from_environment().table_name)
processor = BatchProcessor(event_type=EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)


def sweep(record: DynamoDBRecord, deadline: Deadline) -> None:
    room = due(record.raw_event["dynamodb"])
    if room is not None:
        with reporting_sweep(room, logger, metrics) as report:
            report.deleted = sweeper.sweep(room, deadline)


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    deadline = Deadline.of_invocation(context.get_remaining_time_in_millis())
    return process_partial_response(event, partial(sweep, deadline=deadline), processor, context)
