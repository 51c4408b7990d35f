"""The parts of the redrive function put together, as the settings say."""

from roomstate.aws.clients import sqs_client
from roomstate.aws.dead_letters import DeadLetters
from roomstate.aws.recorder import make_recorder
from roomstate.receive.redriver import Redriver
from roomstate.receive.settings import RedriveSettings
from roomstate.receive.wiring import make_parking, make_verify


def make_redriver(settings: RedriveSettings) -> Redriver:
    """What the redrive function hands its messages to."""
    dead_letters = DeadLetters(sqs_client(), settings.dead_letter_queue_url)
    return Redriver(make_verify(settings), make_recorder(settings), make_parking(settings), dead_letters)
