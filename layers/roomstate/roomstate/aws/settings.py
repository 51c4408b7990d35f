"""What the functions' settings have in common. `template.yaml` sets the environment; it is read once."""

import os
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from roomstate.aws.table import TOMBSTONE_DAYS


def _split(value: str) -> frozenset[str]:
    return frozenset(part.strip() for part in value.split(",") if part.strip())


SdkAppIds = Annotated[frozenset[str], BeforeValidator(_split), Field(alias="SDK_APP_IDS", min_length=1)]
"""Comma-separated SdkAppIds."""


class TableSettings(BaseModel):
    """What every function needs: each has the table."""

    # The environment holds credentials: an error names the variable, and shows no value. Of the models of
    # one line, a function needs the last alone: only that is built.
    model_config = ConfigDict(hide_input_in_errors=True, defer_build=True)

    table_name: str = Field(alias="TABLE_NAME", min_length=1)

    @classmethod
    def from_environment(cls) -> Self:
        """Read the settings.

        Raises:
            pydantic.ValidationError: a variable is missing or makes no sense; it names which.
        """
        return cls.model_validate(dict(os.environ))


class RecorderSettings(TableSettings):
    """What a function needs that stores webhooks."""

    log_retention_days: int = Field(alias="LOG_RETENTION_DAYS", ge=TOMBSTONE_DAYS)
    """How long a record stays in the log: longer than a parked webhook waits. The record shows that the
    webhook is stored. Without it, the webhook would lose to its own registers and go out as `stale`."""
    event_bus: str = Field("", alias="EVENT_BUS")
    """Name of the EventBridge bus that records are forwarded to; empty: none are."""
