"""The read API's Lambda: an API Gateway event in, JSON out."""

from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from roomstate.aws.clients import reading_dynamodb_client
from roomstate.aws.deadline import Deadline
from roomstate.aws.reader import Reader
from roomstate.aws.telemetry import make_logger
from roomstate.read.api import Api
from roomstate.read.settings import ReadSettings

logger = make_logger()
settings = ReadSettings.from_environment()
make_reader = partial(
    Reader,
    reading_dynamodb_client(),
    settings.table_name,
    log_retention_days=settings.log_retention_days,
)


def reader_until(deadline: Deadline) -> Reader:
    return make_reader(deadline=deadline)


api = Api(settings, reader_until, logger)


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api.handle(event, context)
