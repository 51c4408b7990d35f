"""roomstate, built and deployed by the SAM CLI as the README says, onto the emulator."""

import os
import platform
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from botocore.credentials import Credentials

from e2e.access import signature
from e2e.emulator import REGION, ROOT_KEY, client
from local.aws.template import ROOT
from local.tencent import Answer, Outgoing, post
from roomstate.aws.items import read_record
from roomstate.aws.reader import Reader
from roomstate.log.record import LogRecord
from tests.serving import Server

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ARCHITECTURE = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
"""Of this machine, as Lambda names it: the emulator runs functions on it."""
BUILD_S, DEPLOY_S = 600, 300
EVENTUALLY_S = 180
"""What is parked waits for 5 s, and where it fails, for 30 s more."""
DELIVERIES = 3
TOKENS_PARAMETER, TOKEN = "/roomstate/tokens", "the token of the app"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stack:
    name: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]

    @property
    def url(self) -> str:
        """Of the webhook."""
        return served_at(self.outputs["WebhookUrl"])

    @property
    def read_url(self) -> str:
        """Of the read API, without a path."""
        return served_at(self.outputs["ReadApiUrl"])

    def read(
        self,
        path: str,
        query: Mapping[str, Any],
        credentials: Credentials | None = None,
        **headers: str,
    ) -> tuple[int, Any, dict[str, str]]:
        """The read API's answer: status, body, headers. The request is signed where there are credentials."""
        url = f"{self.read_url}{path}?{urlencode(query, quote_via=quote)}"
        if credentials:
            headers |= signature(url, credentials)
        return get(url, **headers)

    @property
    def reader(self) -> Reader:
        return Reader(client("dynamodb"), self.outputs["TableName"])

    def deliver(self, webhook: Outgoing, token: str | None = None) -> Answer:
        """Post a webhook, and again where the answer is a 5xx, as Tencent does with redelivery.

        A busy machine may be too slow for the time that the function has, twice.
        """
        for _ in range(DELIVERIES):
            answer = post(self.url, webhook, token)
            if answer.status < 500:
                break
        return answer

    def records(self) -> list[LogRecord]:
        """The log of all rooms."""
        dynamodb: DynamoDBClient = client("dynamodb")
        pages = dynamodb.get_paginator("scan").paginate(TableName=self.outputs["TableName"])
        return [read_record(item) for page in pages for item in page["Items"] if "kind" not in item]

    def registers(self, room_id: str) -> set[str]:
        """The kinds of a room's items that are no records."""
        dynamodb: DynamoDBClient = client("dynamodb")
        pages = dynamodb.get_paginator("scan").paginate(TableName=self.outputs["TableName"])
        items = (item for page in pages for item in page["Items"] if "kind" in item)
        return {item["kind"]["S"] for item in items if item["room_id"]["S"] == room_id}

    def resource(self, logical_id: str) -> str:
        """The name that a resource of the template has got."""
        found = client("cloudformation").describe_stack_resource(
            StackName=self.name, LogicalResourceId=logical_id
        )
        name: str = found["StackResourceDetail"]["PhysicalResourceId"]
        return name

    def logs(self) -> list[str]:
        """What its functions have logged, by the function."""
        logs = client("logs")
        parts = client("cloudformation").describe_stack_resources(StackName=self.name)["StackResources"]
        groups = [
            part["PhysicalResourceId"] for part in parts if part["LogicalResourceId"].endswith("FunctionLogs")
        ]
        pages = (logs.get_paginator("filter_log_events").paginate(logGroupName=name) for name in groups)
        return [event["message"] for group in pages for page in group for event in page["events"]]


def served_at(url: str) -> str:
    """Where an API is. The emulator does not own amazonaws.com: it serves each under a path."""
    parts = urlsplit(url)
    api = parts.netloc.partition(".")[0]
    return f"{os.environ['EMULATOR_URL']}/_aws/execute-api/{api}/$default{parts.path}"


def get(url: str, **headers: str) -> tuple[int, Any, dict[str, str]]:
    """Status, body and headers of the answer to a GET."""
    where = urlsplit(url)
    return Server(url).exchange("GET", f"{where.path}?{where.query}", None, *headers.items())


def build(folder: Path, template: Path = ROOT / "template.yaml") -> None:
    """`sam build` into a folder: the work tree's own build and cache stay as they are."""
    _sam(
        *("build", "--template", str(template), "--build-dir", str(folder), "--no-cached"),
        *_parameters({}),
        timeout=BUILD_S,
    )


def deploy(built: Path, name: str, **parameters: str) -> Stack:
    """`sam deploy` what `build` left, with samconfig.toml, but for what asks at the keyboard."""
    _sam(
        *("deploy", "--template-file", str(built / "template.yaml"), "--stack-name", name),
        *("--config-file", str(ROOT / "samconfig.toml")),
        "--no-confirm-changeset",
        *_parameters(parameters),
        timeout=DEPLOY_S,
    )
    _repair_pollers()
    [stack] = client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return Stack(name, parameters, outputs)


def _repair_pollers() -> None:
    """Make a number of what a parameter says. The emulator leaves it a text, and stops polling queues."""
    functions = client("lambda")
    for source in functions.list_event_source_mappings()["EventSourceMappings"]:
        most = source.get("ScalingConfig", {}).get("MaximumConcurrency")
        if most is not None:
            functions.update_event_source_mapping(
                UUID=source["UUID"], ScalingConfig={"MaximumConcurrency": int(most)}
            )


def _parameters(parameters: Mapping[str, str]) -> list[str]:
    pairs = {"Architecture": ARCHITECTURE, **parameters}
    return ["--parameter-overrides", *(f'{name}="{value}"' for name, value in pairs.items())]


def _sam(*arguments: str, timeout: float) -> None:
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": os.environ["EMULATOR_URL"],
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "SAM_CLI_TELEMETRY": "0",
    }
    ran = subprocess.run(
        [os.environ["SAM"], *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert ran.returncode == 0, f"sam {' '.join(arguments)}\n{ran.stdout}"


def waiting(queue_url: str) -> int:
    """How many messages a queue has, seen or not."""
    attributes = client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
    return sum(int(count) for name, count in attributes.items() if name.startswith("ApproximateNumber"))


def eventually(read: Callable[[], T], wanted: Any) -> T:
    """What is read: once it is what is wanted, or else after a time that is long enough for anything."""
    end = time.monotonic() + EVENTUALLY_S
    while (found := read()) != wanted and time.monotonic() < end:
        time.sleep(0.5)
    return found


def say(text: str) -> None:
    """Tell who watches what takes long now."""
    print(f"\n  {text}", flush=True)
