"""Tencent's UserSig: proof that a call is an administrator's of the app (pages 1047/34385, 69883).

The algorithm is that of Tencent's own `TLSSigAPIv2.py`. The package on PyPI dates from 2019.
"""

import json
import zlib
from base64 import b64encode
from hashlib import sha256
from hmac import digest

_URL_SAFE = str.maketrans("+/=", "*-_")
"""Tencent's own choice, not that of RFC 4648."""


def usersig(sdk_app_id: int, identifier: str, secret_key: str, now_s: int, expire_s: int) -> str:
    """A UserSig, which is as secret as a password while it lasts.

    Args:
        identifier: the account that it is for.
        secret_key: the app's. Who has it can sign for any account.
        now_s: s since the epoch.
        expire_s: s from then on that it is good for.
    """
    text = (
        f"TLS.identifier:{identifier}\nTLS.sdkappid:{sdk_app_id}\nTLS.time:{now_s}\nTLS.expire:{expire_s}\n"
    )
    claims = {
        "TLS.ver": "2.0",
        "TLS.identifier": identifier,
        "TLS.sdkappid": sdk_app_id,
        "TLS.expire": expire_s,
        "TLS.time": now_s,
        "TLS.sig": b64encode(digest(secret_key.encode(), text.encode(), sha256)).decode(),
    }
    return b64encode(zlib.compress(json.dumps(claims).encode())).decode().translate(_URL_SAFE)
