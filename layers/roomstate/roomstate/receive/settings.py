"""The environment of the functions, read once. `template.yaml` sets it."""

from pydantic import Field

from roomstate.aws.settings import RecorderSettings, SdkAppIds


class Settings(RecorderSettings):
    """What both functions need."""

    parking_queue_url: str = Field(alias="PARKING_QUEUE_URL", min_length=1)
    """Where webhooks wait that could not be stored, or not be verified, at once."""
    tokens_parameter: str = Field("", alias="TOKENS_PARAMETER")
    """Name of the SSM parameter that holds the apps' tokens; empty: every app is taken unsigned."""


class RedriveSettings(Settings):
    """What the redrive function needs besides."""

    dead_letter_queue_url: str = Field(alias="DEAD_LETTER_QUEUE_URL", min_length=1)
    """Where webhooks end that can never be forwarded."""


class WebhookSettings(Settings):
    """What the webhook function needs besides."""

    sdk_app_ids: SdkAppIds
    """Whose webhooks are taken: comma-separated SdkAppIds."""
