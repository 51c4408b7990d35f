"""The webhook function in this process, as Lambda runs it."""

import io
import os
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, TextIO
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.session import Session

from benchmarks.webhooks import Event
from local.aws.gateway import Context, Handler
from local.aws.template import ROOT
from tests.payloads import APP

ENVIRONMENT = {
    # A role's credentials: its session token makes each request longer.
    "AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_SESSION_TOKEN": "x" * 800,
    "AWS_DEFAULT_REGION": "us-east-1",
    "TABLE_NAME": "roomstate",
    "PARKING_QUEUE_URL": "https://queue.invalid/parking",
    "EVENT_BUS": "",
    "SDK_APP_IDS": APP,
    "TOKENS_PARAMETER": "",
    "LOG_RETENTION_DAYS": "30",
    "POWERTOOLS_SERVICE_NAME": "webhook",
    "POWERTOOLS_METRICS_NAMESPACE": "roomstate",
}

AN_HOUR_S = 3_600
OURS = ROOT / "functions/webhook/app.py"

Function = Callable[[Event], dict[str, Any]]
Answer = Callable[[AWSPreparedRequest], bytes]


@contextmanager
def webhook_function(
    environment: Mapping[str, str], watch: Callable[[Any], None], log: TextIO
) -> Iterator[Function]:
    """Start the webhook function anew. It takes events for as long as the context lasts.

    Args:
        environment: variables over `ENVIRONMENT`.
        watch: gets each AWS client that the function makes.
        log: gets what it writes to stdout from now on.
    """
    # One for all invocations: to make it is not the function's work.
    context = Context(deadline=time.monotonic() + AN_HOUR_S)
    with function(OURS, {**ENVIRONMENT, **environment}, watch, log) as handler:
        yield lambda event: handler(event, context)


@contextmanager
def function(
    source: Path, environment: Mapping[str, str], watch: Callable[[Any], None], log: TextIO
) -> Iterator[Handler]:
    """Start any function anew, from its source."""
    create_client = Session.create_client

    def create_watched(session: Session, *args: Any, **options: Any) -> Any:
        client = create_client(session, *args, **options)
        watch(client)
        return client

    with patch.dict(os.environ, environment):
        spec = spec_from_file_location("webhook_function", source)
        assert spec is not None
        assert spec.loader is not None
        app: Any = module_from_spec(spec)
        with patch.object(Session, "create_client", create_watched), redirect_stdout(io.StringIO()):
            spec.loader.exec_module(app)
        # A second start in one process gets the logger of the first.
        # Not by `setStream`, which flushes the stream before: that of an earlier start, which may be closed.
        app.logger.registered_handler.stream = log
        with redirect_stdout(log):
            yield app.lambda_handler


def dynamodb_of(clients: Iterable[Any]) -> Any:
    """The DynamoDB client among those that the function made."""
    [client] = (client for client in clients if client.meta.service_model.service_name == "dynamodb")
    return client


@contextmanager
def answering(client: Any, answer: Answer) -> Iterator[None]:
    """Answer a client's requests where they would be sent, as DynamoDB does."""

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        body = answer(request)
        headers: Any = {
            "Server": "Server",
            "Date": "Fri, 15 Jan 2027 08:00:00 GMT",
            "Content-Type": "application/x-amz-json-1.0",
            "Content-Length": str(len(body)),
            "Connection": "keep-alive",
            "x-amzn-RequestId": "V6DDI1C3EXAMPLE0EXAMPLE0EXAMPLE0EXAMPLE0EXAMPLE0AAAA",
            "x-amz-crc32": str(zlib.crc32(body)),
        }
        return AWSResponse(request.url, 200, headers, _Raw(body))

    client.meta.events.register("before-send", send)
    yield
    client.meta.events.unregister("before-send", send)


class _Raw(io.BytesIO):
    """A body as urllib3 hands it on."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()
