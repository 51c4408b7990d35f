"""The environment of the read function, read once. `template.yaml` sets it."""

import os
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _split(value: str) -> frozenset[str]:
    return frozenset(part.strip() for part in value.split(",") if part.strip())


class ReadSettings(BaseModel):
    # The environment holds credentials: an error names the variable, and shows no value.
    model_config = ConfigDict(hide_input_in_errors=True)

    table_name: str = Field(alias="TABLE_NAME", min_length=1)
    sdk_app_ids: Annotated[frozenset[str], BeforeValidator(_split)] = Field(alias="SDK_APP_IDS", min_length=1)
    """Whose rooms are shown: comma-separated SdkAppIds."""
    user_index: bool = Field(False, alias="USER_INDEX")
    """Whether the table has the index UserRooms."""
    log_retention_days: int = Field(alias="LOG_RETENTION_DAYS", ge=1)
    """How long a record stays in the log."""

    @classmethod
    def from_environment(cls) -> Self:
        """Read the settings.

        Raises:
            pydantic.ValidationError: a variable is missing or makes no sense; it names which.
        """
        return cls.model_validate(dict(os.environ))
