"""Whether a call is an administrator's of the app: what Tencent checks of the URL (63398), the UserSig too.

It is written apart from `roomstate.reconcile.usersig`, so that neither covers up for the other.
"""

import base64
import binascii
import hmac
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

SKEW_S = 300
"""How far ahead of Tencent's clock a UserSig may be made. No page says."""


class Denied(Exception):
    """A call that is refused, with Tencent's ErrorCode (page 63398)."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class App:
    """An app, as its owner set it up."""

    sdk_app_id: int
    secret_key: str
    administrators: tuple[str, ...] = ("administrator",)


def check(app: App, query: Mapping[str, str], now_s: float) -> None:
    """Check the parameters of a URL.

    Raises:
        Denied: the call is none of an administrator.
    """
    if "sdkappid" not in query:
        raise Denied(60012)
    if query["sdkappid"] != str(app.sdk_app_id):
        raise Denied(60006)
    if query.get("identifier") not in app.administrators:
        raise Denied(60010)
    random = query.get("random", "")
    if query.get("contenttype") != "json" or not random.isdecimal() or int(random) >= 2**32:
        raise Denied(60009)
    if not _is_signed(app, query["identifier"], query.get("usersig", ""), now_s):
        raise Denied(60004)


def _is_signed(app: App, identifier: str, usersig: str, now_s: float) -> bool:
    try:
        packed = usersig.replace("*", "+").replace("-", "/").replace("_", "=")
        claims = json.loads(zlib.decompress(base64.b64decode(packed, validate=True)))
        made, life = int(claims["TLS.time"]), int(claims["TLS.expire"])
        lines = [("identifier", identifier), ("sdkappid", app.sdk_app_id), ("time", made), ("expire", life)]
        text = "".join(f"TLS.{name}:{value}\n" for name, value in lines)
        key = app.secret_key.encode("ascii")
        sig = base64.b64encode(hmac.new(key, text.encode(), "sha256").digest()).decode()
        return (
            hmac.compare_digest(sig, claims["TLS.sig"])
            and claims["TLS.ver"] == "2.0"
            and made - SKEW_S <= now_s < made + life
        )
    except (ValueError, KeyError, TypeError, zlib.error, binascii.Error):
        return False
