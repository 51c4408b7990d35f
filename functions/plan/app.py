"""The schedule's Lambda: it puts every room that lives in the queue, to be asked for."""

from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from roomstate.aws.deadline import Deadline
from roomstate.aws.telemetry import make_logger
from roomstate.reconcile.planning import make_planner, report_plan
from roomstate.reconcile.settings import PlanSettings

logger = make_logger()
metrics = Metrics()
planner = make_planner(PlanSettings.from_environment())


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(_: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    plan = planner.plan(Deadline.of_invocation(context.get_remaining_time_in_millis()))
    report_plan(plan, logger, metrics)
    return {"planned": plan.planned, "missed": plan.missed, "skipped": plan.is_skipped}
