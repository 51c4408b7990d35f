"""Who sends: the query string of the webhook's URL, looked at before the body is."""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from urllib.parse import parse_qsl

from roomstate.tencent.errors import UnknownApp
from roomstate.tencent.signature import verify
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


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends, as far as the URL tells."""

    sdk_app_id: str
    command: str | None
    """The URL's CallbackCommand, which the body's overrules."""
    opt_platform: str | None
    """RESTAPI, Web, Android, iOS, …: an open set. Some commands come without."""


def authenticate(
    query: str, received_at: int, sdk_app_ids: Set[str], tokens_of: Callable[[str], Sequence[str]]
) -> Caller:
    """Check that the webhook is meant for us, and that the caller knows a token of the app.

    Args:
        query: the query string as it came, percent-encoded.
        received_at: ms since the epoch, by our clock.
        sdk_app_ids: the apps whose webhooks are taken.
        tokens_of: the tokens of an app; an app that has none is taken unsigned.

    Raises:
        UnknownApp: SdkAppid is missing, empty, repeated, or not one of `sdk_app_ids`.
        BadSignature: the app has tokens, and Sign and RequestTime prove none of them.
        TokensUnavailable: from `tokens_of`.
    """
    parameters = _parameters(query)
    claimed = parameters.get("sdk_app_id", [])
    if len(claimed) != 1 or claimed[0] not in sdk_app_ids:
        raise UnknownApp("SdkAppid is missing, repeated, or not served here.")
    tokens = tokens_of(claimed[0])
    if tokens:
        verify(parameters.get("sign", []), parameters.get("request_time", []), tokens, received_at)
    return Caller(
        sdk_app_id=claimed[0],
        command=_optional(parameters.get("command", [])),
        opt_platform=_optional(parameters.get("opt_platform", [])),
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
    """A parameter that only informs: what is odd about it is no reason to refuse."""
    try:
        return identifier(values[0]) if len(values) == 1 else None
    except ValueError:
        return None
