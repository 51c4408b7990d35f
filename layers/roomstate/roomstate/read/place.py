"""`next`: where a page begins, told to a caller who is to hand it back, and not to read or to change it.

It holds a user id, a room's place in the list or a record's, each of the list that it was given for; never a
key of the table. It is bound to its list by a digest, so that one of another list, or one that was cut off,
is refused rather than read as something else. The digest has no key: nothing can be reached with a forged one
that cannot be reached without.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from hashlib import sha256

from roomstate.read.errors import Code, Refused

VERSION = b"\x01"
DIGEST_BYTES = 9
MAX_LENGTH = 600
"""Of a `next`; those that are given are shorter, as an id has 256 bytes at most."""


class Place:
    """The places of one list.

    Args:
        about: which list: the route, and the parameters that decide what it holds and in which order.
    """

    def __init__(self, *about: str | int | None) -> None:
        self._about = "\0".join(f"{len(str(part))}:{part}" for part in about).encode()

    def seal(self, position: str | None) -> str | None:
        """What `next` is for a position."""
        if position is None:
            return None
        held = position.encode()
        return urlsafe_b64encode(VERSION + self._digest(held) + held).decode().rstrip("=")

    def open(self, following: str | None) -> str | None:
        """The position that a `next` was given for.

        Raises:
            Refused: it was not given for this list.
        """
        if following is None:
            return None
        try:
            if len(following) > MAX_LENGTH or not following.isascii():
                raise ValueError
            octets = urlsafe_b64decode(following + "=" * (-len(following) % 4))
            digest, held = octets[1 : 1 + DIGEST_BYTES], octets[1 + DIGEST_BYTES :]
            position = held.decode()
            # Sealed again it is the same: it has its version, and no second spelling.
            if not position or digest != self._digest(held) or self.seal(position) != following:
                raise ValueError
        except (ValueError, Error):
            raise Refused(Code.NEXT_INVALID, NOT_OF_THIS_LIST) from None
        return position

    def _digest(self, held: bytes) -> bytes:
        return sha256(VERSION + self._about + b"\0" + held).digest()[:DIGEST_BYTES]


NOT_OF_THIS_LIST = (
    "next was not given for this list: it is handed back as it came, with the parameters that it came for."
)
