"""What a webhook is answered."""

from typing import Literal, NamedTuple

from roomstate.tencent.errors import ErrorCode, Refused


class Answer(NamedTuple):
    """What a webhook is answered."""

    code: ErrorCode
    info: str = ""
    """Why it is refused, for the sender."""

    @property
    def status_word(self) -> Literal["OK", "FAIL"]:
        return "OK" if self.code is ErrorCode.OK else "FAIL"


ACCEPTED = Answer(ErrorCode.OK)


def refusal(reason: Refused) -> Answer:
    return Answer(reason.code, str(reason))
