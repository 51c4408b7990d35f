"""The route's Lambda: an API Gateway event in, Tencent's answer out."""

import gc
from typing import Any

# While modules load, nothing becomes garbage, so looking for it only costs time.
gc.disable()

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from roomstate.aws.deadline import Deadline
from roomstate.aws.telemetry import make_logger
from roomstate.receive.gateway import to_request, to_response
from roomstate.receive.settings import WebhookSettings
from roomstate.receive.telemetry import report
from roomstate.receive.wiring import make_receiver

logger = make_logger()
metrics = Metrics()
receiver = make_receiver(WebhookSettings.from_environment(), logger)

# What is loaded by now stays in use for good: later collections need not look at it.
gc.freeze()
gc.enable()


@logger.inject_lambda_context
@metrics.log_metrics
@event_source(data_class=APIGatewayProxyEventV2)
def lambda_handler(event: APIGatewayProxyEventV2, context: LambdaContext) -> dict[str, Any]:
    remaining_ms = context.get_remaining_time_in_millis()
    receipt = receiver.receive(
        to_request(event), Deadline.of_answer(remaining_ms), Deadline.of_invocation(remaining_ms)
    )
    report(receipt, event.request_context.request_id, logger, metrics)
    return to_response(receipt.answer)
