"""What every function reports with: its logger, its counts, and how it names an error."""

from pathlib import Path
from traceback import extract_tb
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import ClientError
from pydantic_core import to_json

from roomstate.aws.refusals import EventsRefused


def make_logger() -> Logger:
    """Powertools' logger, with a quicker serializer, and messages that are not looked through for JSON."""
    return Logger(json_serializer=_to_json, json_deserializer=str)


def _to_json(line: dict[str, Any]) -> str:
    return to_json(line, fallback=str).decode()


def count(metrics: Metrics, name: str, value: int = 1) -> None:
    """Count something."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def describe(error: BaseException) -> str:
    """The kind of an error and where it was raised, not its text: some quote what was to be written."""
    cause = error.__cause__ or error
    if isinstance(cause, ClientError):
        return cause.response["Error"]["Code"]
    if isinstance(cause, EventsRefused):
        return str(cause)
    last = extract_tb(cause.__traceback__)[-1:]
    where = "".join(f" at {Path(frame.filename).name}:{frame.lineno}" for frame in last)
    return f"{type(cause).__name__}{where}"
