"""The plan function's parts put together, and what operators see of a round.

Apart from `wiring` and `telemetry`: whoever plans holds no key, and loads nothing that calls Tencent.
"""

from functools import partial

from aws_lambda_powertools import Logger, Metrics

from roomstate.aws.clients import reading_dynamodb_client, sqs_client
from roomstate.aws.reads import Reads
from roomstate.aws.telemetry import count
from roomstate.reconcile.planner import Plan, Planner
from roomstate.reconcile.settings import PlanSettings


def make_planner(settings: PlanSettings) -> Planner:
    """What the plan function plans with."""
    reads = partial(Reads, reading_dynamodb_client(), settings.table_name)
    return Planner(reads, sqs_client(), settings.queue_url, sorted(settings.sdk_app_ids))


def report_plan(plan: Plan, logger: Logger, metrics: Metrics) -> None:
    """Log and count a round."""
    if plan.is_skipped:
        count(metrics, "RoundsSkipped")
        logger.warning("no new round: rooms of the last one still wait to be asked for")
        return
    count(metrics, "RoomsPlanned", plan.planned)
    facts = {"planned": plan.planned, "missed": plan.missed}
    if plan.missed:
        count(metrics, "RoomsMissed", plan.missed)
        logger.error(
            "not all rooms could be put in the queue: the next round tries again, the oldest first",
            extra=facts,
        )
    else:
        logger.info("planned", extra=facts)
