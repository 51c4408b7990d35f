"""Two stacks for all tests: one that forwards, and one whose webhooks are signed."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from e2e.access import AUDIENCE, SCOPE, Issuer, issuing
from e2e.emulator import client
from e2e.simulated import ask_simulated
from e2e.stack import TOKEN, TOKENS_PARAMETER, Stack, build, deploy, say
from local.aws.embedded import PARKING_QUEUE_URL, TABLE_NAME, embedded_dynamodb
from local.commands.run import rooms
from local.commands.send import Named, read
from local.tencent import SAMPLE_APP
from local.tencent_cloud.caller import App
from local.tencent_cloud.cloud import SimulatedTencent
from local.tencent_cloud.server import serve
from roomstate.aws.clients import sqs_client
from roomstate.aws.parking import Parking
from roomstate.aws.reader import Reader
from roomstate.aws.store import Store
from roomstate.receive.receiver import Receiver, Request
from roomstate.state.rooms import Member, Room
from roomstate.tencent.answer import ACCEPTED
from tests.payloads import AN_HOUR, NOW

RECONCILED_APP, RECONCILE_KEY = "1400000002", "the key of the reconciled app"

if "EMULATOR_URL" not in os.environ:
    pytest.exit("These tests need the emulator and the SAM CLI: `make e2e` runs them with both.", 2)


@pytest.fixture(scope="session")
def built() -> Iterator[Path]:
    with TemporaryDirectory(prefix="roomstate-build-") as folder:
        say("sam build")
        build(Path(folder) / "build")
        yield Path(folder) / "build"


class Tencent(SimulatedTencent):
    """Tencent's cloud of one app, in which things happen some time ago."""

    def __init__(self) -> None:
        super().__init__(
            App(int(RECONCILED_APP), RECONCILE_KEY), lambda: int(time.time() * 1000) - self.ago_ms
        )
        self.ago_ms = 0


@pytest.fixture(scope="session")
def tencent() -> Tencent:
    return Tencent()


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    """Whose tokens the stack takes whose webhooks are signed."""
    with issuing() as issuer:
        yield issuer


@pytest.fixture(scope="session")
def forwarding(built: Path, tencent: Tencent, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack with a bus of its own, read by who signs. It asks the simulated Tencent about the other app."""
    account = {
        "host": "adminapisgp.im.qcloud.com",
        "identifier": "administrator",
        "secret_key": RECONCILE_KEY,
    }
    client("ssm").put_parameter(
        Name="/roomstate/reconcile", Type="SecureString", Value=json.dumps({RECONCILED_APP: account})
    )
    with serve(tencent) as port:
        ask_simulated(built, port)
        say("sam deploy: a stack that forwards and reconciles")
        stack = deploy(
            built,
            "forwarding",
            SdkAppIds=f"{SAMPLE_APP}, {RECONCILED_APP}",
            ForwardTo="new",
            UserIndex="true",
            ReconcileMinutes="60",
            ReconcileParameter="/roomstate/reconcile",
        )
        yield stack
    _show_logs(stack, request)


@pytest.fixture(scope="session")
def heard(forwarding: Stack) -> str:
    """The URL of a queue that gets what is put on the stack's bus."""
    sqs, events, bus = client("sqs"), client("events"), forwarding.outputs["EventBusName"]
    url: str = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps({"source": ["roomstate"]})
    rule = events.put_rule(Name="all", EventBusName=bus, EventPattern=pattern)["RuleArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        },
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    events.put_targets(Rule="all", EventBusName=bus, Targets=[{"Id": "heard", "Arn": arn}])
    return url


@pytest.fixture(scope="session")
def signed(built: Path, issuer: Issuer, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack that takes what is signed, on a path of its own, and forwards nothing; read with tokens."""
    say("sam deploy: a stack whose webhooks are signed")
    client("ssm").put_parameter(
        Name=TOKENS_PARAMETER, Type="SecureString", Value=json.dumps({SAMPLE_APP: [TOKEN]})
    )
    stack = deploy(
        built,
        "signed",
        SdkAppIds=SAMPLE_APP,
        TokensParameter=TOKENS_PARAMETER,
        WebhookPath="/w/9f2c6d0e",
        ForwardTo="none",
        SnapStart="PublishedVersions",
        RedriveConcurrency="0",
        ReadAccess="jwt",
        JwtIssuer=issuer.url,
        JwtAudience=f"another,{AUDIENCE}",
        JwtScope=SCOPE,
    )
    yield stack
    _show_logs(stack, request)


def _show_logs(stack: Stack, request: pytest.FixtureRequest) -> None:
    if request.session.testsfailed:
        print(f"\nWhat the functions of {stack.name!r} logged:", *stack.logs(), sep="\n")


@pytest.fixture(scope="session")
def samples() -> list[Named]:
    """The webhooks of `events/`."""
    return read([], None)


@pytest.fixture(scope="session")
def embedded(samples: list[Named]) -> list[tuple[Room, list[Member]]]:
    """The rooms, with their members, that the samples leave in the embedded DynamoDB, as in `make run`."""
    with embedded_dynamodb() as dynamodb:
        store = Store(dynamodb, TABLE_NAME, retention_days=90)
        parking = Parking(sqs_client, PARKING_QUEUE_URL)
        receiver = Receiver({SAMPLE_APP}, lambda *_: None, store, parking)
        for _, webhook in samples:
            receipt = receiver.receive(Request(webhook.query, webhook.body, NOW), AN_HOUR, AN_HOUR)
            assert (receipt.answer, receipt.parked) == (ACCEPTED, None)
        return rooms(dynamodb, Reader(dynamodb, TABLE_NAME))
