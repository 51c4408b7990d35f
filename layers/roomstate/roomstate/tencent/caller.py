"""Who sends: the query string of the webhook's URL, looked at before the body is."""

from collections.abc import Set
from typing import NamedTuple
from urllib.parse import parse_qsl

from roomstate.tencent.errors import UnknownApp
from roomstate.tencent.signature import Claim
from roomstate.tencent.wire import identifier

MAX_PARAMETERS = 32
"""Parameters of a URL; the documents name seven."""

_SPELLINGS = {
    # One overview page spells SdkAppId and WebhookCommand; every sample the other names.
    "sdkappid": "sdk_app_id",
    "callbackcommand": "command",
    "webhookcommand": "command",
    "optplatform": "opt_platform",
    "sign": "sign",
    "requesttime": "request_time",
}


class Caller(NamedTuple):
    """Who sends, as far as the URL tells."""

    sdk_app_id: str
    command: str | None
    """The URL's CallbackCommand, which the body's overrules."""
    opt_platform: str | None
    """RESTAPI, Web, Android, iOS, …: an open set. Some commands come without."""
    claim: Claim
    """What the URL shows to prove it."""


def identify(query: str, sdk_app_ids: Set[str]) -> Caller:
    """Who sends, according to the URL. Its claim is there to prove it.

    Args:
        query: the query string as it came, percent-encoded.
        sdk_app_ids: the apps whose webhooks are taken.

    Raises:
        UnknownApp: SdkAppid is missing, empty, repeated, or not one of `sdk_app_ids`.
    """
    parameters = _parameters(query)
    named = parameters.get("sdk_app_id", [])
    if len(named) != 1 or named[0] not in sdk_app_ids:
        raise UnknownApp("SdkAppid is missing, repeated, or not served here.")
    return Caller(
        sdk_app_id=named[0],
        command=_optional(parameters.get("command", [])),
        opt_platform=_optional(parameters.get("opt_platform", [])),
        claim=Claim.of(parameters.get("sign", []), parameters.get("request_time", [])),
    )


def _parameters(query: str) -> dict[str, list[str]]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise UnknownApp(f"The URL has more than {MAX_PARAMETERS} parameters.") from None
    parameters: dict[str, list[str]] = {}
    for name, value in pairs:
        known = _SPELLINGS.get(name.lower())
        if known is not None:
            parameters.setdefault(known, []).append(value)
    return parameters


def _optional(values: list[str]) -> str | None:
    """A parameter that only informs: an odd value is no reason to refuse."""
    try:
        return identifier(values[0]) if len(values) == 1 else None
    except ValueError:
        return None
