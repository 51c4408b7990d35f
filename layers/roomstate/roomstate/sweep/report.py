"""What operators see of a sweep: one log line and two metrics."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aws_lambda_powertools import Logger, Metrics

from roomstate.aws.telemetry import count, describe
from roomstate.sweep.stream import Due


@dataclass(slots=True)
class Report:
    deleted: int = 0


@contextmanager
def reporting_sweep(room: Due, logger: Logger, metrics: Metrics) -> Iterator[Report]:
    """Log and count what becomes of a sweep. Whoever sweeps by hand needs the room's name."""
    report = Report()
    named = {"sdk_app_id": room.sdk_app_id, "room_id": room.room_id}
    try:
        yield report
    except Exception as error:
        count(metrics, "SweepFailed")
        logger.warning("not swept: the stream brings it again", extra={**named, "cause": describe(error)})
        raise
    count(metrics, "SweptItems", report.deleted)
    logger.info("swept", extra={**named, "deleted": report.deleted})
