"""A simulated Tencent, the table that its webhooks fill, and the reconciler between the two."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from local.aws.embedded import TABLE_NAME
from local.tencent_cloud.caller import App
from local.tencent_cloud.cloud import Direct, SimulatedTencent
from roomstate.aws.deadline import Clock, Deadline
from roomstate.aws.reader import Reader
from roomstate.aws.recorder import Recorder
from roomstate.aws.store import Store
from roomstate.reconcile.accounts import Account
from roomstate.reconcile.ask import Call
from roomstate.reconcile.held import Held, hold
from roomstate.reconcile.pacer import Paced, Pacer
from roomstate.reconcile.reconciler import Reconciler, Report
from roomstate.reconcile.rest import Administrator, TencentApi
from roomstate.sweep.stream import Due
from roomstate.sweep.sweeper import Sweeper
from tests.payloads import AN_HOUR, APP, Payload, Time, webhook
from tests.reconcile.world import SECRET_KEY, START

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ACCOUNT = Account("adminapisgp.im.qcloud.com", Administrator(int(APP), "administrator", SECRET_KEY))


class Tabled:
    """Args:
    time: by which everything goes; the world's starts at `START`.
    meanwhile: runs after each call of Tencent's, and gets the name of the command.
    """

    def __init__(
        self,
        dynamodb: "DynamoDBClient",
        recorder: Recorder | None = None,
        time: Time | None = None,
        meanwhile: Callable[[str], None] | None = None,
        skew: int = 0,
    ) -> None:
        self.time = time or Time()
        self.time.now = START / 1000
        self.skew = skew
        self.dynamodb = dynamodb
        self.tencent = SimulatedTencent(App(int(APP), SECRET_KEY), self.tencents_time)
        self.store = Store(dynamodb, TABLE_NAME, 90)
        self.reader = Reader(dynamodb, TABLE_NAME)
        self.meanwhile = meanwhile
        self.reconciler = self.worker(recorder or self.store)

    @property
    def now(self) -> int:
        return round(self.time.now * 1000)

    def tencents_time(self) -> int:
        return self.now

    def our_time(self) -> int:
        return self.tencents_time() + self.skew

    def our_clock(self) -> float:
        return self.our_time() / 1000

    def wait(self, ms: int) -> None:
        self.time.now += ms / 1000

    def deliver(self, *bodies: Payload) -> None:
        for body in bodies:
            self.store.record(webhook(body, received_at=self.our_time()), AN_HOUR)

    def worker(self, recorder: Recorder) -> Reconciler:
        """One that stores in a way of its own."""
        return Reconciler(self.reader_until, recorder, self.caller, self.our_clock)

    def reconcile(self, room_id: str = "r", deadline: Deadline = AN_HOUR) -> Report:
        return self.reconciler.reconcile(APP, room_id, deadline)

    def held(self, room_id: str = "r") -> Held:
        return hold(self.reader.registers(APP, room_id))

    def sweep(self, room_id: str = "r") -> None:
        Sweeper(self.dynamodb, TABLE_NAME, self.our_clock).sweep(Due(APP, room_id), AN_HOUR)

    def members(self, room_id: str = "r") -> list[str]:
        page = self.reader.members(APP, room_id, limit=10_000)
        return [member.user_id for member in page.members] if page else []

    def reader_until(self, deadline: Deadline) -> Reader:
        return Reader(self.dynamodb, TABLE_NAME, deadline=deadline)

    def caller(self, _: str, until: Deadline) -> Call:
        clock: Clock = self.time
        connection = Paced(Direct(self.tencent), Pacer(200, clock), until)
        api = TencentApi(connection, ACCOUNT.administrator, self.our_clock, self.time.sleep)

        def call(command: Any, request: Any) -> dict[str, Any]:
            response = api.call(command, request)
            if self.meanwhile:
                self.meanwhile(command.name)
            return response

        return call
