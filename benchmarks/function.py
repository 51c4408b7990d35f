"""The webhook function in this process, as Lambda runs it."""

import io
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any, TextIO
from unittest.mock import patch

from botocore.session import Session

from benchmarks.webhooks import Event
from local.gateway import Context
from local.template import ROOT
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
    "LOG_RETENTION_DAYS": "90",
    "POWERTOOLS_SERVICE_NAME": "webhook",
    "POWERTOOLS_METRICS_NAMESPACE": "roomstate",
}

Function = Callable[[Event], dict[str, Any]]


@contextmanager
def webhook_function(
    environment: Mapping[str, str], watch: Callable[[Any], None], log: TextIO
) -> Iterator[Function]:
    """Start the function anew. It takes events for as long as the context lasts.

    Args:
        environment: variables over `ENVIRONMENT`.
        watch: gets each AWS client that the function makes.
        log: gets what it writes to stdout from now on.
    """
    create_client = Session.create_client

    def create_watched(session: Session, *args: Any, **options: Any) -> Any:
        client = create_client(session, *args, **options)
        watch(client)
        return client

    with patch.dict(os.environ, {**ENVIRONMENT, **environment}):
        spec = spec_from_file_location("webhook_function", ROOT / "functions/webhook/app.py")
        assert spec is not None
        assert spec.loader is not None
        app: Any = module_from_spec(spec)
        with patch.object(Session, "create_client", create_watched), redirect_stdout(io.StringIO()):
            spec.loader.exec_module(app)
        # A second start in one process gets the logger of the first.
        app.logger.registered_handler.setStream(log)
        with redirect_stdout(log):
            yield lambda event: app.lambda_handler(event, Context())
