"""Why a webhook is refused: one exception for each answer that is not OK."""

from enum import IntEnum


class ErrorCode(IntEnum):
    """`ErrorCode` of an answer: the HTTP status it comes with, times 100.

    0 allows and 1 refuses what a blocking command asks for (page 72210), so no code here is 1.
    """

    OK = 0
    UNREADABLE = 40000
    BAD_SIGNATURE = 40100
    UNKNOWN_APP = 40300
    TOO_LARGE = 41300
    UNAVAILABLE = 50000

    @property
    def status(self) -> int:
        """The HTTP status. Tencent takes anything but 200 for a failure."""
        return 200 if self is ErrorCode.OK else self // 100


class Refused(Exception):
    """A webhook that is answered FAIL. The message goes to the sender as `ErrorInfo`.

    It must never hold a secret, the query string, or any part of the body.
    """

    code: ErrorCode


class UnknownApp(Refused):
    """The URL's SdkAppid is missing, repeated, or not one of ours."""

    code = ErrorCode.UNKNOWN_APP


class BadSignature(Refused):
    """Sign and RequestTime do not prove that the caller knows a token of the app."""

    code = ErrorCode.BAD_SIGNATURE


class Unreadable(Refused):
    """Authentic, but the body does not decode as its command. The message names the field."""

    code = ErrorCode.UNREADABLE


class TooLarge(Refused):
    """The body is larger than a webhook may be."""

    code = ErrorCode.TOO_LARGE


class Unavailable(Refused):
    """The webhook could not be stored. Nothing of the unit that failed was written."""

    code = ErrorCode.UNAVAILABLE


class TokensUnavailable(Exception):
    """The app's tokens are not known at present, so nobody can prove to know one.

    No answer: the webhook waits until they are.
    """
