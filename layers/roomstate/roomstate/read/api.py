"""The read API: an event of an HTTP API in (payload format 2.0), its answer out."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError

from roomstate.aws.clients import READER_CALL_S
from roomstate.aws.deadline import Deadline, OutOfTime
from roomstate.aws.reader import Reader
from roomstate.aws.reads import TooMany
from roomstate.aws.telemetry import describe
from roomstate.read.answer import to_error
from roomstate.read.errors import Code, Refused
from roomstate.read.parameters import refused
from roomstate.read.query import parse_query, unknown_parameter
from roomstate.read.routes import PATHS, add_routes
from roomstate.read.settings import ReadSettings
from roomstate.tencent.errors import Unavailable

UNAVAILABLE = "The table cannot be read at present, or not in time. Try again."


class Api:
    """The routes, and what becomes of a request that has none or fails.

    Args:
        settings: the function's.
        reader_until: gives a reader that begins no call after a deadline.
        logger: hears of what failed, never of a query.
    """

    def __init__(
        self, settings: ReadSettings, reader_until: Callable[[Deadline], Reader], logger: Logger
    ) -> None:
        self._apps = settings.sdk_app_ids
        self._reader_until = reader_until
        self._logger = logger
        self._app = app = APIGatewayHttpResolver(enable_validation=True)
        app.use(middlewares=[self._look_at_parameters])
        add_routes(app, self._reader, user_index=settings.user_index)
        app.exception_handler(Refused)(to_error)
        app.exception_handler(TooMany)(lambda why: to_error(Refused(Code.TOO_MANY, str(why))))
        app.exception_handler(RequestValidationError)(lambda why: to_error(refused(why)))
        app.exception_handler(NotFoundError)(
            lambda _: to_error(Refused(Code.ROUTE_UNKNOWN, "There is no such route."))
        )
        app.exception_handler([BotoCoreError, ClientError, OutOfTime, Unavailable])(self._unavailable)
        app.exception_handler(Exception)(self._failed)

    def handle(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """The answer to an event."""
        try:
            parameters = parse_query(event.get("rawQueryString") or "")
        except Refused as why:
            return _as_dict(to_error(why))
        # The framework is handed what was read: it would read what is repeated as it pleases.
        told = {"rawQueryString": urlencode(parameters), "queryStringParameters": parameters}
        return self._app.resolve({**event, **told}, context)

    def _reader(self) -> Reader:
        remaining_ms = self._app.lambda_context.get_remaining_time_in_millis()
        return self._reader_until(Deadline.of_invocation(remaining_ms).earlier(READER_CALL_S))

    def _look_at_parameters(self, app: Any, go_on: Callable[[Any], Response[Any]]) -> Response[Any]:
        """Refuse those that the route does not know, and apps that are not served."""
        route = app.context["_route"]
        if route.method != "GET" or route.path not in PATHS:
            return go_on(app)
        given = app.current_event.query_string_parameters
        known = {field.alias for field in route.dependant.query_params}
        for name in given:
            if name not in known:
                raise unknown_parameter(name)
        if "sdk_app_id" in given and given["sdk_app_id"] not in self._apps:
            raise Refused(Code.APP_UNKNOWN, "The stack does not serve this app.")
        return go_on(app)

    def _unavailable(self, why: Exception) -> Response[Any]:
        self._report("the table could not be read", why)
        answer = to_error(Refused(Code.UNAVAILABLE, UNAVAILABLE))
        answer.headers["retry-after"] = "1"
        return answer

    def _failed(self, why: Exception) -> Response[Any]:
        self._report("a defect", why)
        return to_error(Refused(Code.INTERNAL, "A defect: the function's log has it."))

    def _report(self, message: str, why: Exception) -> None:
        self._logger.error(message, extra={"cause": describe(why)})
        with single_metric(name="ReadFailed", unit=MetricUnit.Count, value=1):
            pass


def _as_dict(response: Response[Any]) -> dict[str, Any]:
    return {
        "statusCode": response.status_code,
        "headers": response.headers,
        "body": response.body,
        "isBase64Encoded": False,
    }
