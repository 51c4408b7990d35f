"""The environment of the functions, read once. `template.yaml` sets it."""

import os
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from roomstate.aws.table import TOMBSTONE_DAYS


def _split(value: str) -> frozenset[str]:
    return frozenset(part.strip() for part in value.split(",") if part.strip())


class Settings(BaseModel):
    """What every function needs."""

    # The environment holds credentials: an error names the variable, and shows no value.
    model_config = ConfigDict(hide_input_in_errors=True)

    table_name: str = Field(alias="TABLE_NAME", min_length=1)
    log_retention_days: int = Field(alias="LOG_RETENTION_DAYS", ge=TOMBSTONE_DAYS)
    """How long a record stays in the log: longer than a parked webhook waits. The record shows that the
    webhook is stored. Without it, the webhook would lose to its own registers and go out as `stale`."""
    event_bus: str = Field("", alias="EVENT_BUS")
    """Name of the EventBridge bus that records are forwarded to; empty: none are."""
    parking_queue_url: str = Field(alias="PARKING_QUEUE_URL", min_length=1)
    """Where webhooks wait that could not be stored, or not be verified, at once."""
    tokens_parameter: str = Field("", alias="TOKENS_PARAMETER")
    """Name of the SSM parameter that holds the apps' tokens; empty: every app is taken unsigned."""

    @classmethod
    def from_environment(cls) -> Self:
        """Read the settings.

        Raises:
            pydantic.ValidationError: a variable is missing or makes no sense; it names which.
        """
        return cls.model_validate(dict(os.environ))


class RedriveSettings(Settings):
    """What the redrive function needs besides."""

    dead_letter_queue_url: str = Field(alias="DEAD_LETTER_QUEUE_URL", min_length=1)
    """Where webhooks end that can never be forwarded."""


class WebhookSettings(Settings):
    """What the webhook function needs besides."""

    sdk_app_ids: Annotated[frozenset[str], BeforeValidator(_split)] = Field(alias="SDK_APP_IDS", min_length=1)
    """Whose webhooks are taken: comma-separated SdkAppIds."""
