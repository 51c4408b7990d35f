"""A webhook as it was delivered: what decoding needs, and what is parked."""

import json
from base64 import b64decode, b64encode
from typing import Any, NamedTuple

from roomstate.tencent.signature import Claim

MAX_BODY_BYTES = 256 * 1024
"""A larger body is refused. In base64 it is a third of the 1 MiB that an SQS message takes."""


class Delivery(NamedTuple):
    """A webhook as it came."""

    sdk_app_id: str
    body: bytes
    """As it came, at most `MAX_BODY_BYTES`."""
    received_at: int
    """ms since the epoch, by our clock."""
    url_command: str | None = None
    """The URL's CallbackCommand."""
    opt_platform: str | None = None
    """The URL's OptPlatform."""
    claim: Claim | None = None
    """What is still to be verified; None where the caller is authentic."""
    is_ours: bool = False
    """Made here, not delivered by anybody: only then may it be a command of our own. No message says so."""

    def to_message(self) -> str:
        """As the text of an SQS message, which takes no bytes."""
        fields: dict[str, Any] = {
            "sdk_app_id": self.sdk_app_id,
            "body": b64encode(self.body).decode(),
            "received_at": self.received_at,
            "url_command": self.url_command,
            "opt_platform": self.opt_platform,
        }
        if self.claim is not None:
            fields["claim"] = self.claim._asdict()
        return json.dumps(fields)

    @staticmethod
    def from_message(message: str) -> "Delivery":
        """The delivery that a message holds.

        Raises:
            ValueError, TypeError, KeyError: it holds none.
        """
        fields = json.loads(message)
        # A message without a claim was authentic before it was parked.
        claim = Claim(**fields.pop("claim")) if "claim" in fields else None
        body = b64decode(fields["body"], validate=True)
        return Delivery(**{**fields, "body": body, "claim": claim, "is_ours": False})
