"""Tencent's signature (page 64412): proof that the caller knows a token of the app.

`Sign` is the lower-case hexadecimal SHA-256 of the token followed by `RequestTime`, which is in s since
the epoch. It covers neither the body nor the command: it proves who calls, not what is said, and it can
be used again by whoever sees it while it is fresh.
"""

import re
from collections.abc import Collection, Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import NamedTuple

from roomstate.tencent.errors import BadSignature

WINDOW_MS = 60_000
"""How far RequestTime may be from our clock, both ways. The page says 60 s of age."""

_SIGN = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TIME = re.compile(r"[0-9]{1,10}", re.ASCII)


class Claim(NamedTuple):
    """What a URL shows to prove that its caller knows a token. It may have to wait for the tokens."""

    sign_digest: str = ""
    """The SHA-256 of Sign, hexadecimal. Whoever reads it in the queue cannot sign a request with it."""
    request_time: str = ""
    defect: str = ""
    """Why it proves nothing, whatever the tokens are; empty where it may prove something."""

    @staticmethod
    def of(signs: Sequence[str], request_times: Sequence[str]) -> "Claim":
        """The claim in the values of the parameters Sign and RequestTime, however many there are."""
        if len(signs) != 1 or len(request_times) != 1:
            return Claim(defect="Sign or RequestTime is missing or repeated.")
        [claimed], [request_time] = signs, request_times
        if not _SIGN.fullmatch(claimed) or not _TIME.fullmatch(request_time):
            return Claim(defect="Sign or RequestTime is malformed.")
        return Claim(_digest(claimed), request_time)


def sign(token: str, request_time: str) -> str:
    """The Sign for a RequestTime."""
    return _digest(f"{token}{request_time}")


def verify(claim: Claim, tokens: Collection[str], received_at: int) -> None:
    """Check a claim.

    Args:
        claim: what the URL shows.
        tokens: any of which the caller may know. An app that has none is taken unsigned.
        received_at: when it was shown, in ms since the epoch, by our clock.

    Raises:
        BadSignature: and nothing else. A parameter is missing, repeated or malformed; the time is out of
            the window; no token gives this Sign.
    """
    if not tokens:
        return
    if claim.defect:
        raise BadSignature(claim.defect)
    # All are compared, each in constant time, so that the time taken reveals nothing.
    digests = [_digest(sign(token, claim.request_time)) for token in tokens]
    matches = [compare_digest(claim.sign_digest, digest) for digest in digests]
    if not any(matches):
        raise BadSignature("Sign does not match.")
    if abs(received_at - int(claim.request_time) * 1000) > WINDOW_MS:
        raise BadSignature("RequestTime is more than 60 s from the clock.")


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
