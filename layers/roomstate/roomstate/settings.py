"""The environment of the functions, read once. `template.yaml` sets it."""

import os
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _split(value: str) -> frozenset[str]:
    return frozenset(part.strip() for part in value.split(",") if part.strip())


class Settings(BaseModel):
    # The environment holds credentials: an error names the variable, and shows no value.
    model_config = ConfigDict(hide_input_in_errors=True)

    table_name: str = Field(alias="TABLE_NAME", min_length=1)
    sdk_app_ids: Annotated[frozenset[str], BeforeValidator(_split)] = Field(alias="SDK_APP_IDS", min_length=1)
    """Whose webhooks are taken: comma-separated SdkAppIds."""
    log_retention_days: int = Field(alias="LOG_RETENTION_DAYS", ge=1)
    """How long a record stays in the log."""


def from_environment() -> Settings:
    """Read the settings.

    Raises:
        pydantic.ValidationError: a variable is missing or makes no sense; it names which.
    """
    return Settings.model_validate(dict(os.environ))
