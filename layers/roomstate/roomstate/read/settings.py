"""The environment of the read function, read once. `template.yaml` sets it."""

from pydantic import Field

from roomstate.aws.settings import SdkAppIds, TableSettings


class ReadSettings(TableSettings):
    sdk_app_ids: SdkAppIds
    """Whose rooms are shown: comma-separated SdkAppIds."""
    user_index: bool = Field(False, alias="USER_INDEX")
    """Whether the table has the index UserRooms."""
    log_retention_days: int = Field(alias="LOG_RETENTION_DAYS", ge=1)
    """How long a record stays in the log."""
