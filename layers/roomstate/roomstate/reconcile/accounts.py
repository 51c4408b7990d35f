"""The administrators that call Tencent's REST API, from one SecureString of SSM Parameter Store.

Its value is a JSON object of SdkAppid to the account of an administrator, the app's secret key, and the host
of the app's data centre:

    {"1400000001": {"host": "adminapisgp.im.qcloud.com", "identifier": "administrator", "secret_key": "…"}}
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Annotated

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from roomstate.aws.clients import SSM_CALL_S
from roomstate.aws.deadline import Deadline
from roomstate.aws.retry import persist, tries
from roomstate.reconcile.rest import Administrator, is_of_tencent
from roomstate.tencent.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

KEPT_S = 300
"""How long accounts are used before they are read again."""
PAUSE_S = 30
"""After a failure. SSM takes 40 reads a second of the whole account, and webhooks' tokens are among them."""

logger = logging.getLogger(__name__)


class NoAccount(Exception):
    """The app cannot be asked about: nobody is set who may. Holds nothing of the parameter."""


class _Entry(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    host: str
    identifier: Annotated[str, Field(min_length=1, max_length=256)]
    secret_key: Annotated[str, Field(min_length=1)]


_ENTRIES: TypeAdapter[dict[Annotated[str, Field(pattern=r"^[0-9]{1,10}$")], _Entry]] = TypeAdapter(
    dict[Annotated[str, Field(pattern=r"^[0-9]{1,10}$")], _Entry]
)


@dataclass(frozen=True, slots=True)
class Account:
    host: str
    """One of Tencent's."""
    administrator: Administrator


class Accounts:
    """Reads accounts when they are first needed, and again every `KEPT_S`.

    If they cannot be read again, those read before stay in use.

    Args:
        client: an SSM client.
        parameter: the name of the parameter.
        clock: s since the epoch.
    """

    def __init__(self, client: "SSMClient", parameter: str, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._parameter = parameter
        self._clock = clock
        self._accounts: Mapping[str, Account] | None = None
        self._failure: NoAccount | Unavailable = NoAccount("never raised")
        self._read_at = self._failed_at = -inf

    def of(self, sdk_app_id: str, deadline: Deadline) -> Account:
        """The account of an app.

        Raises:
            NoAccount: there is none, or the parameter makes no sense.
            Unavailable: they cannot be read.
        """
        if not self._is_within(KEPT_S, self._read_at) and not self._is_within(PAUSE_S, self._failed_at):
            self._refresh(deadline)
        if self._accounts is None:
            raise type(self._failure)(*self._failure.args)
        if sdk_app_id not in self._accounts:
            raise NoAccount(f"The parameter of RECONCILE_PARAMETER has no entry for SdkAppid {sdk_app_id}.")
        return self._accounts[sdk_app_id]

    def _refresh(self, deadline: Deadline) -> None:
        try:
            self._accounts = parse(self._read(deadline))
        except (NoAccount, Unavailable) as failure:
            self._failed_at, self._failure = self._clock(), failure
            logger.error("accounts cannot be read from SSM: %s", failure)
        else:
            self._read_at = self._clock()

    def _is_within(self, seconds: float, moment: float) -> bool:
        """Whether a moment is at most that long ago. One in the future is not: the clock was set back."""
        return 0 <= self._clock() - moment < seconds

    def _read(self, deadline: Deadline) -> str:
        def read(_: int) -> str:
            deadline.require(SSM_CALL_S)
            answer = self._client.get_parameter(Name=self._parameter, WithDecryption=True)
            return answer["Parameter"]["Value"]

        return persist(
            read,
            tries(deadline, SSM_CALL_S),
            again_on=(BotoCoreError, ClientError),
            given_up="The administrators' accounts cannot be read.",
        )


def parse(value: str) -> dict[str, Account]:
    """The accounts that a parameter's value holds, by SdkAppid.

    Raises:
        NoAccount: it holds none, or something else. Says where the fault is, and quotes nothing.
    """
    try:
        # json's own errors quote the text, and so would pydantic's of JSON.
        document = json.loads(value)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise NoAccount("The parameter of RECONCILE_PARAMETER is no JSON object.")
    fault = None
    try:
        entries = _ENTRIES.validate_python(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        steps = (step for step in first["loc"] if isinstance(step, str))
        fault = ".".join(step for step in steps if step in _Entry.model_fields or step.isdecimal())
    if fault is not None:
        where = f" at {fault}" if fault else ""
        raise NoAccount(f"The parameter of RECONCILE_PARAMETER has a fault{where}.")
    for app, entry in entries.items():
        if not is_of_tencent(entry.host):
            raise NoAccount(f"The host of SdkAppid {app} is none under im.qcloud.com or tim.qq.com.")
    return {
        app: Account(entry.host, Administrator(int(app), entry.identifier, entry.secret_key))
        for app, entry in entries.items()
    }
