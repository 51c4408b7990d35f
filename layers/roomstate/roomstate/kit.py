"""What other projects import from roomstate. Names here stay; the modules behind them may move.

    from roomstate.kit import Reader

    room = Reader(boto3.client("dynamodb"), table_name).room("1400000001", "rid-123")

Reading: `Reader` gives `Room`, `Seat`, `Admin`, `Member` and `LogRecord`. Listening to EventBridge:
`ForwardedWebhook` is the detail of an event, `Change` what it says changed.
"""

from roomstate.aws.reader import Reader
from roomstate.log.forwarded import ForwardedWebhook
from roomstate.log.record import LogRecord
from roomstate.state.changes import Change
from roomstate.state.rooms import Admin, Member, Room, Seat

__all__ = ["Admin", "Change", "ForwardedWebhook", "LogRecord", "Member", "Reader", "Room", "Seat"]
