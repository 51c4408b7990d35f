"""The read API with a reader of one's own, without the function around it."""

import io
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from aws_lambda_powertools import Logger

from local.aws.embedded import TABLE_NAME
from local.aws.gateway import Context
from roomstate.aws.reader import Reader
from roomstate.read.api import Api
from roomstate.read.settings import ReadSettings
from tests.payloads import APP

NEEDED: dict[str, dict[str, str]] = {
    "rooms": {"sdk_app_id": APP},
    "room": {"sdk_app_id": APP, "room_id": "r"},
    "members": {"sdk_app_id": APP, "room_id": "r"},
    "member": {"sdk_app_id": APP, "room_id": "r", "user_id": "ann"},
    "user": {"sdk_app_id": APP, "user_id": "ann"},
    "log": {"sdk_app_id": APP, "room_id": "r"},
    "openapi.json": {},
}
"""The parameters that each route cannot do without."""


def make_api(reader: Reader | None, log: io.StringIO | None = None, user_index: str = "true") -> Api:
    """An API whose routes read with a reader: there is none where none is to be read with."""
    settings = {
        "TABLE_NAME": TABLE_NAME,
        "SDK_APP_IDS": APP,
        "LOG_RETENTION_DAYS": "90",
        "USER_INDEX": user_index,
    }

    def give(_: Any) -> Reader:
        assert reader is not None
        return reader

    return Api(
        ReadSettings.model_validate(settings), give, Logger(service=uuid4().hex, stream=log or io.StringIO())
    )


def ask(api: Api, route: str) -> dict[str, Any]:
    """Its answer to a route with what that needs."""
    event = {
        "rawPath": f"/v1/{route}",
        "rawQueryString": urlencode(NEEDED[route]),
        "headers": {},
        "requestContext": {"http": {"method": "GET", "path": f"/v1/{route}"}, "stage": "$default"},
    }
    return api.handle(event, Context())
