"""What other projects import from roomstate. Names here stay; the modules behind them may move.

    from roomstate.kit import Reader

    room = Reader(boto3.client("dynamodb"), table_name).room("1400000001", "rid-123")

Reading: `Reader` gives `Room`, `Seat`, `Admin`, `Member` and `LogRecord`.

Listening to EventBridge: `ForwardedWebhook` is the detail of an event, `Change` what a reader saw change by
it, `AnyFact` what it says of the room. `Replica` keeps rooms of your own from such events.
"""

from roomstate.aws.reader import Reader
from roomstate.log.facts import AdminFact, AnyFact, MemberFact, MetadataFact, RoomFact, SeatFact
from roomstate.log.forwarded import ForwardedWebhook
from roomstate.log.record import LogRecord
from roomstate.log.replica import Replica
from roomstate.state.changes import Change
from roomstate.state.rooms import Admin, Member, Room, Seat

__all__ = [
    "Admin",
    "AdminFact",
    "AnyFact",
    "Change",
    "ForwardedWebhook",
    "LogRecord",
    "Member",
    "MemberFact",
    "MetadataFact",
    "Reader",
    "Replica",
    "Room",
    "RoomFact",
    "Seat",
    "SeatFact",
]
