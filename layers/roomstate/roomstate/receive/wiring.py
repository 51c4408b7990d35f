"""The parts put together, as the settings say."""

from aws_lambda_powertools import Logger

from roomstate.aws.clients import dynamodb_client, events_client, sqs_client, ssm_client
from roomstate.aws.dead_letters import DeadLetters
from roomstate.aws.forwarder import Forwarder
from roomstate.aws.parking import Parking
from roomstate.aws.store import Store
from roomstate.aws.tokens import Tokens, Verify
from roomstate.receive.receiver import Receiver
from roomstate.receive.recorder import ForwardingRecorder, Recorder
from roomstate.receive.redriver import Redriver
from roomstate.receive.settings import RedriveSettings, Settings, WebhookSettings


def make_receiver(settings: WebhookSettings, logger: Logger) -> Receiver:
    """What the webhook function hands its requests to."""
    if not settings.tokens_parameter:
        logger.warning(
            "No tokens are set: whoever knows the URL and an SdkAppid, which is in every client app, can "
            "write the state of its rooms. Set TokensParameter, or a WebhookPath that nobody can guess."
        )
    return Receiver(
        settings.sdk_app_ids, _make_verify(settings), _make_recorder(settings), _make_parking(settings)
    )


def make_redriver(settings: RedriveSettings) -> Redriver:
    """What the redrive function hands its messages to."""
    dead_letters = DeadLetters(sqs_client(), settings.dead_letter_queue_url)
    return Redriver(_make_verify(settings), _make_recorder(settings), _make_parking(settings), dead_letters)


def _make_verify(settings: Settings) -> Verify:
    if settings.tokens_parameter:
        return Tokens(ssm_client(), settings.tokens_parameter).verify
    return lambda *_: None


def _make_recorder(settings: Settings) -> Recorder:
    store = Store(dynamodb_client(), settings.table_name, settings.log_retention_days)
    if not settings.event_bus:
        return store
    return ForwardingRecorder(store, Forwarder(events_client(), settings.event_bus))


def _make_parking(settings: Settings) -> Parking:
    return Parking(sqs_client(), settings.parking_queue_url)
