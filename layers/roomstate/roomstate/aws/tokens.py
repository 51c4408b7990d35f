"""The tokens that apps sign with, from one SecureString of SSM Parameter Store.

Its value is a JSON object of SdkAppid to tokens. Two while a token is being rotated; none for an app that
is taken unsigned:

    {"1400000001": ["new token", "old token"], "1400000002": ["token"], "1400000003": []}
"""

import json
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from roomstate.tencent.errors import TokensUnavailable

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

KEPT_S = 300
"""How long tokens are used before they are read again."""
RETRY_S = 10
"""How long after a failure they are not asked for again."""

logger = logging.getLogger(__name__)


class Tokens:
    """Reads tokens when they are first needed, and again every `KEPT_S`.

    Where they cannot be read again, those read before are used on: they were good, and a refused webhook
    is lost. Where they were never read, nobody is let in.
    """

    def __init__(
        self, client: "SSMClient", parameter: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._parameter = parameter
        self._clock = clock
        self._tokens: dict[str, tuple[str, ...]] | None = None
        self._missed: set[str] = set()
        self._read_next = clock()

    def of(self, sdk_app_id: str) -> tuple[str, ...]:
        """The tokens of an app; none where it is taken unsigned.

        Raises:
            TokensUnavailable: the parameter was never read, or does not speak of the app.
        """
        if self._clock() >= self._read_next:
            self._read()
        if self._tokens is None:
            raise TokensUnavailable("The webhook cannot be verified at present.")
        if sdk_app_id not in self._tokens:
            if sdk_app_id not in self._missed:
                self._missed.add(sdk_app_id)
                logger.error("the tokens parameter has no entry for SdkAppid %s", sdk_app_id)
            raise TokensUnavailable("The webhook cannot be verified at present.")
        return self._tokens[sdk_app_id]

    def _read(self) -> None:
        try:
            answer = self._client.get_parameter(Name=self._parameter, WithDecryption=True)
            self._tokens = _parse(answer["Parameter"]["Value"])
            self._missed.clear()
            self._read_next = self._clock() + KEPT_S
        except (BotoCoreError, ClientError, ValueError) as error:
            self._read_next = self._clock() + RETRY_S
            # Not the text of the error: a ValueError may quote the parameter.
            logger.error("tokens cannot be read from SSM: %s", _kind(error))


def _parse(value: str) -> dict[str, tuple[str, ...]]:
    document: Any = json.loads(value)
    if not isinstance(document, dict):
        raise NotTokens
    return {sdk_app_id: _tokens(tokens) for sdk_app_id, tokens in document.items()}


def _tokens(tokens: Any) -> tuple[str, ...]:
    # An empty token would be one that everybody knows.
    if not isinstance(tokens, list) or not all(isinstance(token, str) and token for token in tokens):
        raise NotTokens
    for token in tokens:
        token.encode()  # a lone surrogate signs nothing; UnicodeEncodeError is a ValueError
    return tuple(tokens)


class NotTokens(ValueError):
    """The parameter is no JSON object of SdkAppid to a list of tokens."""


def _kind(error: Exception) -> str:
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return type(error).__name__
