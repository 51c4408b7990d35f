"""Why Tencent's REST API gave nothing that state can be concluded from.

No message and no attribute holds a key, a UserSig, a URL or a part of the answer.
"""


class NoAnswer(Exception):
    """A command that was not answered with what was asked for.

    Args:
        command: the name of the command, as `get_seat_list`.
        reason: in a word, for messages and metrics: Tencent's ErrorCode where it gave one, else ours.
        request_id: Tencent's; its support asks for it.
    """

    def __init__(self, command: str, reason: str, request_id: str | None = None) -> None:
        super().__init__(f"{command}: {reason}" + (f" (RequestId {request_id})" if request_id else ""))
        self.command = command
        self.reason = reason
        self.request_id = request_id


class Gone(NoAnswer):
    """100004: the room was never created, or it has been dissolved. Tencent does not say which."""


class NoSeats(NoAnswer):
    """100211: the room has no seats."""


class Busy(NoAnswer):
    """Tencent is asked too often. Whoever asks on is told the same."""


class Failed(NoAnswer):
    """Any other failure, or an answer that does not read as its page says."""


class Unreachable(Failed):
    """No word of the API itself: nobody answers in time, or with a status that is not 200."""
