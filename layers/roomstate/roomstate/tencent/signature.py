"""Tencent's signature (page 64412): proof that the caller knows a token of the app.

`Sign` is the lower-case hexadecimal SHA-256 of the token followed by `RequestTime`, which is in s since
the epoch. It covers neither the body nor the command: it proves who calls, not what is said, and it can
be used again by whoever sees it while it is fresh.
"""

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from hmac import compare_digest

from roomstate.tencent.errors import BadSignature

WINDOW_MS = 60_000
"""How far RequestTime may be from our clock, both ways. The page says 60 s of age."""

_SIGN = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TIME = re.compile(r"[0-9]{1,10}", re.ASCII)


def sign(token: str, request_time: str) -> str:
    """The Sign for a RequestTime."""
    return sha256(f"{token}{request_time}".encode()).hexdigest()


def verify(
    signs: Sequence[str], request_times: Sequence[str], tokens: Iterable[str], received_at: int
) -> None:
    """Check the signature of a URL.

    Args:
        signs: the values of the parameter Sign.
        request_times: the values of the parameter RequestTime.
        tokens: any of which the caller may know.
        received_at: ms since the epoch, by our clock.

    Raises:
        BadSignature: and nothing else. A parameter is missing, repeated or malformed; the time is out of
            the window; no token gives this Sign.
    """
    if len(signs) != 1 or len(request_times) != 1:
        raise BadSignature("Sign or RequestTime is missing or repeated.")
    [claimed], [request_time] = signs, request_times
    if not _SIGN.fullmatch(claimed) or not _TIME.fullmatch(request_time):
        raise BadSignature("Sign or RequestTime is malformed.")
    # All are compared, each in constant time: how long it takes tells nothing.
    matches = [compare_digest(claimed, sign(token, request_time)) for token in tokens]
    if not any(matches):
        raise BadSignature("Sign does not match.")
    if abs(received_at - int(request_time) * 1000) > WINDOW_MS:
        raise BadSignature("RequestTime is more than 60 s from the clock.")
