"""The environment of the sweep function, read once. `template.yaml` sets it."""

import os
from typing import Self

from pydantic import BaseModel, ConfigDict, Field


class SweepSettings(BaseModel):
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
