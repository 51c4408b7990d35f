"""The environment of the two functions, read once. `template.yaml` sets it.

    plan        TABLE_NAME  SDK_APP_IDS  RECONCILE_QUEUE_URL
    reconcile   TABLE_NAME  LOG_RETENTION_DAYS  EVENT_BUS  RECONCILE_PARAMETER  RECONCILE_CALLS_PER_SECOND
                RECONCILE_WORKERS

No host is among them: hosts come from the parameter, and are Tencent's.
"""

from pydantic import Field

from roomstate.aws.settings import RecorderSettings, SdkAppIds, TableSettings


class PlanSettings(TableSettings):
    """What the function needs that plans a round."""

    sdk_app_ids: SdkAppIds
    """Whose rooms are asked for: comma-separated SdkAppIds."""
    queue_url: str = Field(alias="RECONCILE_QUEUE_URL", min_length=1)
    """Where rooms wait to be asked for."""


class ReconcileSettings(RecorderSettings):
    """What the function needs that asks."""

    parameter: str = Field(alias="RECONCILE_PARAMETER", min_length=1)
    """Name of the SSM SecureString that holds the administrators' accounts (`accounts`)."""
    calls_per_second: float = Field(alias="RECONCILE_CALLS_PER_SECOND", gt=0, le=200)
    """With each command, by all environments of the function together. Tencent takes 200 (63404)."""
    workers: int = Field(alias="RECONCILE_WORKERS", ge=1)
    """How many environments of the function there are at once, at most: each takes its share."""
