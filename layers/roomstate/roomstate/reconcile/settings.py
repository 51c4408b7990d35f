"""The environment of the two functions, read once. `template.yaml` sets it.

    plan        TABLE_NAME  SDK_APP_IDS  RECONCILE_QUEUE_URL
    reconcile   TABLE_NAME  LOG_RETENTION_DAYS  EVENT_BUS  RECONCILE_PARAMETER  RECONCILE_CALLS_PER_SECOND
                RECONCILE_WORKERS

No host is among them: hosts come from the parameter, and are Tencent's.
"""

import os
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from roomstate.aws.table import TOMBSTONE_DAYS


def _split(value: str) -> frozenset[str]:
    return frozenset(part.strip() for part in value.split(",") if part.strip())


class _Settings(BaseModel):
    # The environment holds credentials: an error names the variable, and shows no value.
    model_config = ConfigDict(hide_input_in_errors=True)

    table_name: str = Field(alias="TABLE_NAME", min_length=1)

    @classmethod
    def from_environment(cls) -> Self:
        """Read the settings.

        Raises:
            pydantic.ValidationError: a variable is missing or makes no sense; it names which.
        """
        return cls.model_validate(dict(os.environ))


class PlanSettings(_Settings):
    """What the function needs that plans a round."""

    sdk_app_ids: Annotated[frozenset[str], BeforeValidator(_split)] = Field(alias="SDK_APP_IDS", min_length=1)
    """Whose rooms are asked for: comma-separated SdkAppIds."""
    queue_url: str = Field(alias="RECONCILE_QUEUE_URL", min_length=1)
    """Where rooms wait to be asked for."""


class ReconcileSettings(_Settings):
    """What the function needs that asks."""

    log_retention_days: int = Field(alias="LOG_RETENTION_DAYS", ge=TOMBSTONE_DAYS)
    """How long a record stays in the log."""
    event_bus: str = Field("", alias="EVENT_BUS")
    """Name of the EventBridge bus that records are forwarded to; empty: none are."""
    parameter: str = Field(alias="RECONCILE_PARAMETER", min_length=1)
    """Name of the SSM SecureString that holds the administrators' accounts (`accounts`)."""
    calls_per_second: float = Field(alias="RECONCILE_CALLS_PER_SECOND", gt=0, le=200)
    """With each command, by all environments of the function together. Tencent takes 200 (63404)."""
    workers: int = Field(alias="RECONCILE_WORKERS", ge=1)
    """How many environments of the function there are at once, at most: each takes its share."""
