"""The parts of the webhook function put together, as the settings say."""

from aws_lambda_powertools import Logger

from roomstate.aws.clients import sqs_client, ssm_client
from roomstate.aws.parking import Parking
from roomstate.aws.recorder import make_recorder
from roomstate.aws.tokens import Tokens, Verify
from roomstate.receive.receiver import Receiver
from roomstate.receive.settings import Settings, WebhookSettings


def make_receiver(settings: WebhookSettings, logger: Logger) -> Receiver:
    """What the webhook function hands its requests to."""
    if not settings.tokens_parameter:
        logger.warning(
            "No tokens are set: whoever knows the URL and an SdkAppid, which is in every client app, can "
            "write the state of its rooms. Set TokensParameter, or a WebhookPath that nobody can guess."
        )
    return Receiver(
        settings.sdk_app_ids, make_verify(settings), make_recorder(settings), make_parking(settings)
    )


def make_verify(settings: Settings) -> Verify:
    """What checks what callers claim: nothing, where no app has tokens."""
    if settings.tokens_parameter:
        return Tokens(ssm_client(), settings.tokens_parameter).verify
    return lambda *_: None


def make_parking(settings: Settings) -> Parking:
    """Where they wait that could not go there."""
    return Parking(sqs_client, settings.parking_queue_url)
