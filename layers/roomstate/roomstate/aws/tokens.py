"""The tokens that apps sign with, from one SecureString of SSM Parameter Store.

Its value is a JSON object of SdkAppid to tokens. Two while a token is being rotated; none for an app that
is taken unsigned:

    {"1400000001": ["new token", "old token"], "1400000002": ["token"], "1400000003": []}
"""

import json
import logging
import time
from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from roomstate.aws.clients import SSM_CALL_S
from roomstate.aws.deadline import Deadline
from roomstate.aws.retry import ATTEMPTS, jitter, persist, tries
from roomstate.tencent.errors import BadSignature, TokensUnavailable, Unavailable
from roomstate.tencent.signature import Claim, verify

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

KEPT_S = 300
"""How long tokens are used before they are read again."""
DOUBTED_S = 60
"""If a claim does not hold, tokens older than this are read again. So a stranger can cause at most one call
to SSM a minute in each environment, whatever they send."""
PAUSE_S = 1
"""The longest pause after a failure while no tokens are known: every webhook waits for them."""
KNOWN_PAUSE_S = 10
"""The longest pause after a failure while older tokens are known, which stay in use."""

Verify = Callable[[str, Claim, int, Deadline], None]
"""Verifies the claim of an app's webhook: `Tokens.verify` is one."""

logger = logging.getLogger(__name__)


class Tokens:
    """Reads tokens when they are first needed, and again every `KEPT_S`.

    If they cannot be read again, those read before stay in use. A claim that matches old tokens is good, but
    one that does not is not proved forged: it may be signed with a newer token, which is not among them.

    Args:
        client: an SSM client.
        parameter: the name of the parameter.
        clock: s since the epoch. Not a monotonic clock: that may stand still while the environment is frozen.
    """

    def __init__(self, client: "SSMClient", parameter: str, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._parameter = parameter
        self._clock = clock
        self._tokens: dict[str, tuple[str, ...]] | None = None
        self._missed: set[str] = set()
        self._read_at = self._failed_at = -inf
        self._pause_s = 0.0

    def verify(self, sdk_app_id: str, claim: Claim, received_at: int, deadline: Deadline) -> None:
        """Check that the caller knows a token of the app, or that the app is taken unsigned.

        Args:
            sdk_app_id: the app.
            claim: what the caller shows.
            received_at: when it was shown, in ms since the epoch.
            deadline: of reading tokens, should that be necessary.

        Raises:
            BadSignature: the caller knows none.
            TokensUnavailable: that cannot be decided at present.
        """
        failure: Exception | None = None
        # The second time, a token or an entry may be found that was set only a moment ago.
        for at_most_s in (KEPT_S, DOUBTED_S):
            self._refresh(at_most_s, deadline)
            try:
                return verify(claim, self._of(sdk_app_id), received_at)
            except (BadSignature, TokensUnavailable) as error:
                failure = error
        if not self._is_within(KEPT_S, self._read_at):
            raise TokensUnavailable from failure
        assert failure is not None
        raise failure

    def _of(self, sdk_app_id: str) -> tuple[str, ...]:
        if self._tokens is None:
            raise TokensUnavailable
        if sdk_app_id not in self._tokens:
            if sdk_app_id not in self._missed:
                self._missed.add(sdk_app_id)
                logger.error("the tokens parameter has no entry for SdkAppid %s", sdk_app_id)
            raise TokensUnavailable
        return self._tokens[sdk_app_id]

    def _refresh(self, at_most_s: float, deadline: Deadline) -> None:
        """Read tokens that are older than that, unless SSM failed a moment ago."""
        if self._is_within(at_most_s, self._read_at) or self._is_within(self._pause_s, self._failed_at):
            return
        known = self._tokens is not None

        def read(_: int) -> str:
            deadline.require(SSM_CALL_S)
            answer = self._client.get_parameter(Name=self._parameter, WithDecryption=True)
            return answer["Parameter"]["Value"]

        try:
            value = persist(
                read,
                # While older tokens are known, no webhook waits for another try.
                tries(deadline, SSM_CALL_S, 1 if known else ATTEMPTS),
                again_on=(BotoCoreError, ClientError),
                given_up="The tokens cannot be read.",
            )
            self._tokens = _parse(value)
        except (Unavailable, ValueError) as error:
            self._failed_at, self._pause_s = self._clock(), jitter(KNOWN_PAUSE_S if known else PAUSE_S)
            # Not the text of the error: a ValueError may quote the parameter.
            logger.error("tokens cannot be read from SSM: %s", _kind(error.__cause__ or error))
        else:
            self._read_at = self._clock()
            self._missed.clear()

    def _is_within(self, seconds: float, moment: float) -> bool:
        """Whether a moment is at most that long ago. One in the future is not: the clock was set back."""
        return 0 <= self._clock() - moment < seconds


def _parse(value: str) -> dict[str, tuple[str, ...]]:
    document: Any = json.loads(value)
    if not isinstance(document, dict):
        raise NotTokens
    return {sdk_app_id: _tokens(tokens) for sdk_app_id, tokens in document.items()}


def _tokens(tokens: Any) -> tuple[str, ...]:
    # An empty token would be known to everybody.
    if not isinstance(tokens, list) or not all(isinstance(token, str) and token for token in tokens):
        raise NotTokens
    for token in tokens:
        token.encode()  # a lone surrogate signs nothing; UnicodeEncodeError is a ValueError
    return tuple(tokens)


class NotTokens(ValueError):
    """The parameter is no JSON object of SdkAppid to a list of tokens."""


def _kind(error: BaseException) -> str:
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return type(error).__name__
