"""The route's Lambda: an API Gateway event in, Tencent's answer out."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from roomstate.aws import dynamodb_client
from roomstate.gateway import to_request, to_response
from roomstate.receiver import Receiver
from roomstate.settings import from_environment
from roomstate.store import Store
from roomstate.telemetry import report

logger = Logger()
metrics = Metrics()
settings = from_environment()
receiver = Receiver(settings, Store(dynamodb_client(), settings.table_name, settings.log_retention_days))


@logger.inject_lambda_context
@metrics.log_metrics
@event_source(data_class=APIGatewayProxyEventV2)
def lambda_handler(event: APIGatewayProxyEventV2, _: LambdaContext) -> dict[str, Any]:
    receipt = receiver.receive(to_request(event))
    report(receipt, logger, metrics)
    return to_response(receipt.answer)
