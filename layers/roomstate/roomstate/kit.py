"""What other projects import from roomstate. Names here stay; the modules behind them may move.

    from roomstate.kit import Reader

    room = Reader(boto3.client("dynamodb"), table_name).room("1400000001", "rid-123")

Reading: `Reader` gives `Room` with `Seat` and `Admin`, `Presence`, and pages: `RoomPage` of `RoomSummary`,
`MemberPage` of `Member`, `UserPage` of `Whereabouts`, `LogPage` of `ForwardedWebhook`. `TooMany` says that
there is more than can be read at once. `LogRecord` has a webhook's body as it came.

Listening to EventBridge: `ForwardedWebhook` is the detail of an event, `Change` what a reader saw change by
it, `AnyFact` what it says of the room. `Replica` keeps rooms of your own from such events.
"""

from roomstate.aws.pages import LogPage, MemberPage, RoomPage, UserPage
from roomstate.aws.reader import Reader
from roomstate.aws.reads import TooMany
from roomstate.log.facts import AdminFact, AnyFact, MemberFact, MetadataFact, RoomFact, SeatFact
from roomstate.log.forwarded import ForwardedWebhook
from roomstate.log.record import LogRecord
from roomstate.log.replica import Replica
from roomstate.state.changes import Change
from roomstate.state.rooms import Admin, Folded, Member, Presence, Room, RoomSummary, Seat, Whereabouts

__all__ = [
    "Admin",
    "AdminFact",
    "AnyFact",
    "Change",
    "Folded",
    "ForwardedWebhook",
    "LogPage",
    "LogRecord",
    "Member",
    "MemberFact",
    "MemberPage",
    "MetadataFact",
    "Presence",
    "Reader",
    "Replica",
    "Room",
    "RoomFact",
    "RoomPage",
    "RoomSummary",
    "Seat",
    "SeatFact",
    "TooMany",
    "UserPage",
    "Whereabouts",
]
