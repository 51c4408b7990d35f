"""AWS clients, as the functions use them, and how long their calls may take.

Tencent waits 2 s for an answer (72210), and the network needs some of that. The function may run for 3 s:
within them a webhook that was not stored is parked, even if Tencent has hung up. The times allow for a
service that accepts a connection and hangs, or cannot be reached:

    template's Timeout                            3.0 s   the invocation
    deadline.MARGIN_S                             0.2 s   of it, to report and to return
    deadline.BUDGET_S                             1.8 s   from the first line of the handler to the answer
    SSM, DynamoDB        connect 0.25 read 0.45   0.7 s   a call, at the worst
    SQS, EventBridge     connect 0.25 read 0.35   0.6 s   a call, at the worst

The SDK tries each call once: our own code repeats what is worth another try, and begins a
call only if its worst case still fits. Pauses between two tries are cut short for that. Of all calls, only
the first to park is made however little time is left. So a webhook whose store hangs

    0.00  reads (0.45 s until the read times out)
    0.45  reads again: 1.8 - 0.6 to park - 0.7 to read = 0.5 s is the last moment to begin
    0.90  parks, and answers OK; or, where the queue hangs too (0.35 s),
    1.25  waits a little and tries again to park, as long as 3.0 - 0.2 - 0.6 = 2.2 s are not over
    2.50  answers 500

A blocking command is answered at 1.25: nobody may wait for its log record. Where tokens were never read and
SSM hangs, the same two tries are those for the tokens, and the webhook is parked unverified. An EventBridge
that hangs is begun by 0.6 s at the latest, is over by 1.2 s, and leaves 0.6 s to park.

What is not bounded by these: the look-up of a name, a name with several dead addresses (each takes the
time to connect), a server that drips bytes, a CPU that starves, and a cold start, which comes before the
first line of the handler. A call that takes longer than it may leaves less to the next; parking has the time
between the answer and the end of the invocation for that.

Clients are made with botocore, since importing boto3 loads s3transfer and its resources, which nothing
here uses.
"""

import logging
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

CONNECT_S = 0.25
DYNAMODB_READ_S = 0.45
SQS_READ_S = 0.35
DYNAMODB_CALL_S = CONNECT_S + DYNAMODB_READ_S
SSM_CALL_S = DYNAMODB_CALL_S
SQS_CALL_S = CONNECT_S + SQS_READ_S
EVENTS_CALL_S = SQS_CALL_S

READER_CONNECT_S = 0.25
READER_READ_S = 1.0
"""A reader's call may bring 1 MB, and nobody loses anything by waiting a little longer for it."""
READER_ATTEMPTS = 2
READER_CALL_S = READER_ATTEMPTS * (READER_CONNECT_S + READER_READ_S) + 1.0
"""With the SDK's pause between the two, which is a second at most."""
READER_POOL = 32
"""Connections: the queries of all partitions of a list run side by side."""


def _is_no_secret(record: logging.LogRecord) -> bool:
    return '"Parameter"' not in record.getMessage()


# At DEBUG botocore logs each answer whole, that of Parameter Store too, whatever the type of the parameter.
logging.getLogger("botocore.parsers").addFilter(_is_no_secret)


def dynamodb_client() -> "DynamoDBClient":
    """A DynamoDB client for the function's role and region."""
    return cast("DynamoDBClient", _client("dynamodb", DYNAMODB_READ_S))


def reading_dynamodb_client() -> "DynamoDBClient":
    """A DynamoDB client for the function that readers ask, whom no 2 s bind."""
    config = Config(
        connect_timeout=READER_CONNECT_S,
        read_timeout=READER_READ_S,
        retries={"total_max_attempts": READER_ATTEMPTS, "mode": "standard"},
        max_pool_connections=READER_POOL,
    )
    return cast("DynamoDBClient", _client("dynamodb", DYNAMODB_READ_S, config))


def patient_dynamodb_client() -> "DynamoDBClient":
    """A DynamoDB client for what nobody waits for: it tries again by itself, and reads in parallel."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 5}, max_pool_connections=32)
    return cast("DynamoDBClient", _session().create_client("dynamodb", config=config))


def sqs_client() -> "SQSClient":
    """An SQS client for the function's role and region."""
    return cast("SQSClient", _client("sqs", SQS_READ_S))


def events_client() -> "EventBridgeClient":
    """An EventBridge client for the function's role and region."""
    return cast("EventBridgeClient", _client("events", SQS_READ_S))


def ssm_client() -> "SSMClient":
    """An SSM client for the function's role and region."""
    return cast("SSMClient", _client("ssm", DYNAMODB_READ_S))


def _client(service: str, read_s: float, more: Config | None = None) -> Any:
    config = Config(
        connect_timeout=CONNECT_S,
        read_timeout=read_s,
        retries={"total_max_attempts": 1},
        # Two things cost over a quarter of a call's CPU: to check parameters, which mypy has done and
        # AWS does again, and to put together, at each call, a description of this machine.
        parameter_validation=False,
        user_agent=f"Botocore/{botocore.__version__} app/roomstate",
    )
    return _session().create_client(service, config=config.merge(more) if more else config)


@cache
def _session() -> "botocore.session.Session":
    """One for all clients: a second one reads all of botocore's data again, which costs a client's price."""
    return botocore.session.get_session()
