"""The console's server: who may ask, what it serves, and what it sends."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
)
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from local.aws.embedded import TABLE_NAME
from local.aws.gateway import HOST, Gateway
from local.commands import console as command
from local.console.lists import Lists
from local.console.sending import Sender, Unsendable
from local.console.server import PAGE, Console, Settings
from local.console.totals import recorded, totals
from local.console.trouble import explain
from local.tencent import Answer
from roomstate.aws.reader import Reader
from roomstate.aws.store import Store
from tests.payloads import AN_HOUR, APP, create, destroy, seat, seats, webhook

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

OWN = f"{HOST}:3000"
LOCAL = Settings([APP], f"http://{OWN}/webhook", None, sends=True, signed=False, fill_command="make send")
DEPLOYED = Settings([APP], None, TABLE_NAME, sends=False, signed=False, fill_command=None)
TOKEN = "the token"
SENT = {"sdk_app_id": APP, "body": "{}", "dated": "now", "twice": False}


@Request.application
def inner(request: Request) -> Response:
    """Stands for the gateway."""
    return Response(f"the gateway: {request.method} {request.path}")


@pytest.fixture
def sender() -> Mock:
    sender = Mock(Sender)
    sender.send.return_value = {"answers": [], "records": []}
    sender.samples.return_value = []
    return sender


@pytest.fixture
def lists(dynamodb: "DynamoDBClient") -> Lists:
    return Lists(Reader(dynamodb, TABLE_NAME), [APP], totals)


@pytest.fixture
def console(sender: Mock) -> Client:
    lists = Mock(Lists)
    lists.rooms.return_value = {"rooms": []}
    return Client(Console(inner, LOCAL, lists, sender))


def ask(console: Client, method: str, path: str, *, host: str = OWN, **headers: str) -> Any:
    return console.open(
        path, method=method, headers={"Host": host, **headers}, json=SENT if method == "POST" else None
    )


class TestWhoMayAsk:
    @pytest.mark.parametrize("host", [OWN, "localhost:3000", "LOCALHOST", "[::1]:3000", "127.0.0.1"])
    @pytest.mark.parametrize(
        "path", ["/", "/console/app.js", "/console/rooms?sdk_app_id=" + APP, "/v1/rooms"]
    )
    def test_whoever_names_this_machine(self, console: Client, host: str, path: str) -> None:
        assert ask(console, "GET", path, host=host).status_code == 200

    @pytest.mark.parametrize(
        "host",
        [
            "evil.example:3000",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "evil.example#localhost",
            "127.0.0.2",
            "",
            "localhost:3000\t",
        ],
    )
    @pytest.mark.parametrize(
        "path", ["/", "/console/app.js", "/console/settings", "/console/rooms", "/v1/rooms", "/other"]
    )
    def test_nobody_who_came_by_another_name(self, console: Client, host: str, path: str) -> None:
        """As a site's own name does that is made to point to this machine."""
        refused = ask(console, "GET", path, host=host)
        assert (refused.status_code, refused.json["error"]["code"]) == (403, "host_unknown")

    def test_tencent_by_any_name(self, console: Client) -> None:
        """By that of a tunnel, say."""
        assert ask(console, "POST", "/webhook", host="tunnel.example").text == "the gateway: POST /webhook"

    @pytest.mark.parametrize("path", ["/webhook", "/console/send"])
    @pytest.mark.parametrize(
        "origin", ["http://evil.example", "null", "http://127.0.0.1:8080", "https://127.0.0.1:3000", ""]
    )
    def test_no_page_of_another_site_may_post(
        self, console: Client, sender: Mock, path: str, origin: str
    ) -> None:
        refused = ask(console, "POST", path, Origin=origin)
        assert (refused.status_code, refused.json["error"]["code"]) == (403, "origin_foreign")
        sender.send.assert_not_called()

    @pytest.mark.parametrize("path", ["/webhook", "/console/send"])
    def test_nor_one_whose_name_was_made_to_point_here(
        self, console: Client, sender: Mock, path: str
    ) -> None:
        """Its origin is the host that it asks."""
        refused = ask(console, "POST", path, host="evil.example:3000", Origin="http://evil.example:3000")
        assert refused.status_code == 403
        sender.send.assert_not_called()

    def test_what_is_nested_too_deeply_to_be_read_is_refused(self, console: Client, sender: Mock) -> None:
        headers = {"Host": OWN, "Origin": f"http://{OWN}"}
        sender.send.side_effect = Unsendable("no webhook")
        refused: Any = console.open("/console/send", method="POST", headers=headers, data=b"[" * 200_000)
        assert (refused.status_code, refused.json["error"]["code"]) == (400, "unsendable")

    def test_what_names_no_origin_may_not_send(self, console: Client, sender: Mock) -> None:
        assert ask(console, "POST", "/console/send").status_code == 403
        sender.send.assert_not_called()

    @pytest.mark.parametrize("host", [OWN, "localhost:3000", "[::1]:3000"])
    def test_the_page_itself_may_send(self, console: Client, sender: Mock, host: str) -> None:
        assert ask(console, "POST", "/console/send", host=host, Origin=f"http://{host}").status_code == 200
        sender.send.assert_called_once_with(SENT)


class TestWhatIsServed:
    @pytest.mark.parametrize(
        ("path", "content_type"),
        [
            ("/", "text/html"),
            ("/console/console.css", "text/css"),
            ("/console/app.js", "text/javascript"),
            ("/console/icon.svg", "image/svg+xml"),
        ],
    )
    def test_files_of_the_page(self, console: Client, path: str, content_type: str) -> None:
        answer = ask(console, "GET", path)
        assert (answer.status_code, answer.content_type) == (200, f"{content_type}; charset=utf-8")
        # AND not again, where they are the same
        again = ask(console, "GET", path, **{"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")

    @pytest.mark.parametrize(
        "path",
        [
            "/console/",
            "/console/../server.py",
            "/console/%2e%2e/server.py",
            "/console/..%2fserver.py",
            "/console//etc/passwd",
            "/console/../page/app.js",
            "/console/app.js/",
            "/console/APP.JS",
            "/console/.",
            "/console/page/app.js",
            "/console/app.js%00",
        ],
    )
    def test_nothing_else_of_the_disk(self, console: Client, path: str) -> None:
        assert ask(console, "GET", path).status_code == 404

    @pytest.mark.parametrize("path", ["/", "/console/app.js", "/console/settings", "/console/nothing"])
    def test_says_what_the_page_may_do(self, console: Client, path: str) -> None:
        headers = ask(console, "GET", path).headers
        policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
        assert (
            policy["default-src"]
            == policy["form-action"]
            == policy["base-uri"]
            == policy["frame-ancestors"]
            == "'none'"
        )
        assert (
            policy["script-src"]
            == policy["style-src"]
            == policy["connect-src"]
            == policy["img-src"]
            == "'self'"
        )
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"

    def test_the_page_has_nothing_that_the_policy_forbids(self) -> None:
        page = (PAGE / "index.html").read_text()
        assert "<script>" not in page
        assert "style=" not in page
        assert "http" not in page

    def test_the_scripts_make_no_markup(self) -> None:
        forbidden = (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "srcdoc",
            ".style.",
        )
        for path in PAGE.glob("*.js"):
            assert not [word for word in forbidden if word in path.read_text()], path.name

    def test_other_methods_are_refused(self, console: Client) -> None:
        assert ask(console, "DELETE", "/console/settings", Origin=f"http://{OWN}").status_code == 405

    @pytest.mark.parametrize(
        ("query", "status", "code"),
        [
            ("sdk_app_id=7", 404, "app_unknown"),
            ("", 404, "app_unknown"),
            (f"sdk_app_id={APP}&next=forged", 400, "next_invalid"),
            (f"sdk_app_id={APP}&filter={'x' * 257}", 400, "parameter_invalid"),
        ],
    )
    def test_what_makes_no_sense_is_refused(
        self, lists: Lists, sender: Mock, query: str, status: int, code: str
    ) -> None:
        refused = ask(Client(Console(inner, LOCAL, lists, sender)), "GET", f"/console/rooms?{query}")
        assert (refused.status_code, refused.json["error"]["code"]) == (status, code)

    def test_a_table_that_cannot_be_read_is_told(self, sender: Mock) -> None:
        lists = Mock(Lists)
        lists.rooms.side_effect = NoCredentialsError()
        refused = ask(Client(Console(inner, LOCAL, lists, sender)), "GET", "/console/rooms")
        assert refused.status_code == 503
        assert "no AWS credentials" in refused.json["error"]["message"]


class TestTheLists:
    def test_have_rooms_with_their_seats_and_what_ended(self, store: Store, lists: Lists) -> None:
        # GIVEN
        for payload in (
            create("lives", 5_000, RoomName="Name", MaxSeatCount=4),
            seats("lives", seat(0, "ann"), seat(1), seat(2, "bob"), at=6_000),
            create("ended", 5_000),
            destroy("ended", 7_000),
        ):
            store.record(webhook(payload), AN_HOUR)
        # WHEN
        shown = lists.rooms(APP, "", None)
        # THEN
        [room] = shown["rooms"]
        assert room == {"room_id": "lives", "name": "Name", "started_at": 5_000, "seats_taken": 2, "seats": 4}
        assert shown["ended"] == [{"room_id": "ended", "ended_at": 7_000}]
        assert shown["outcomes"] == {"applied": 4}

    def test_are_filtered_by_id_and_name_in_any_case(self, store: Store, lists: Lists) -> None:
        for room, name in (("one", "Alpha"), ("two", "Beta"), ("alphabet", "")):
            store.record(webhook(create(room, 5_000, RoomName=name)), AN_HOUR)
        assert {room["room_id"] for room in lists.rooms(APP, "ALPHA", None)["rooms"]} == {"one", "alphabet"}


@pytest.mark.usefixtures("dynamodb")
class TestSending:
    @pytest.fixture
    def posted(self, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        posted: list[Any] = []

        def post(url: str, outgoing: Any, token: str | None) -> Answer:
            posted.append((url, outgoing, token))
            return Answer(200, "OK", ok=True)

        monkeypatch.setattr("local.console.sending.post", post)
        return posted

    def send(
        self, body: str, dated: str = "written", *, twice: bool = False, token: str | None = None
    ) -> Any:
        sender = Sender("http://receiver/webhook", token, [APP], recorded)
        return sender.send({"sdk_app_id": APP, "body": body, "dated": dated, "twice": twice})

    def test_sends_what_is_written_as_it_is(self, posted: list[Any]) -> None:
        body = '{ "CallbackCommand" : "Mic.CallbackAfterSeatInfoChanged", "n": 144115233775727695 }'
        self.send(body, twice=True, token=TOKEN)
        assert [(url, one.body.decode(), token) for url, one, token in posted] == [
            ("http://receiver/webhook", body, TOKEN)
        ] * 2
        assert posted[0][1].query.startswith(
            f"SdkAppid={APP}&CallbackCommand=Mic.CallbackAfterSeatInfoChanged"
        )

    @pytest.mark.parametrize(("dated", "late_ms"), [("now", 0), ("late", 60_000)])
    def test_dates_what_it_sends_and_keeps_every_digit(
        self,
        posted: list[Any],
        monkeypatch: pytest.MonkeyPatch,
        dated: str,
        late_ms: int,
    ) -> None:
        monkeypatch.setattr("local.console.sending.time", Mock(time_ns=lambda: 1_800_000_000_000_000_000))
        self.send('{"EventTime": 1, "Member_Account": 144115233775727695}', dated)
        sent = json.loads(posted[0][1].body)
        assert sent == {"EventTime": 1_800_000_000_000 - late_ms, "Member_Account": 144115233775727695}

    @pytest.mark.parametrize("body", ["", "no JSON", "[]", "7", '{"a": ' * 5_000])
    def test_dates_nothing_that_is_no_object(self, posted: list[Any], body: str) -> None:
        with pytest.raises(Unsendable, match="as written"):
            self.send(body, "now")
        assert posted == []

    @pytest.mark.parametrize(
        "asked",
        [
            None,
            [],
            {},
            {**SENT, "dated": "never"},
            {**SENT, "twice": 1},
            {**SENT, "body": {}},
            {**SENT, "sdk_app_id": "7"},
        ],
        ids=repr,
    )
    def test_refuses_what_the_page_does_not_send(self, posted: list[Any], asked: Any) -> None:
        with pytest.raises(Unsendable):
            Sender("http://receiver/webhook", None, [APP], recorded).send(asked)
        assert posted == []


class TestADeployedTable:
    @pytest.fixture
    def reading(self, dynamodb: "DynamoDBClient") -> Client:
        return Client(Console(Gateway(None), DEPLOYED, Lists(Reader(dynamodb, TABLE_NAME), [APP])))

    def test_is_only_read(self, reading: Client) -> None:
        refused = ask(reading, "POST", "/console/send", Origin=f"http://{OWN}")
        assert (refused.status_code, refused.json["error"]["code"]) == (403, "read_only")
        assert ask(reading, "POST", "/webhook").status_code == 404
        assert ask(reading, "GET", "/console/samples").status_code == 404

    def test_has_no_totals(self, reading: Client) -> None:
        shown = ask(reading, "GET", f"/console/rooms?sdk_app_id={APP}").json
        assert (shown["outcomes"], shown["ended"]) == (None, None)


def refused_by_aws(code: str, message: str = "Why.") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Query")


class TestWhatIsSaid:
    @pytest.mark.parametrize(
        ("error", "said"),
        [
            (NoCredentialsError(), "There are no AWS credentials in the environment"),
            (NoRegionError(), "There is no AWS region in the environment"),
            (EndpointConnectionError(endpoint_url="https://x"), "AWS cannot be reached"),
            (
                refused_by_aws("ResourceNotFoundException"),
                "There is no table 'the table' in this account and region",
            ),
            (
                refused_by_aws("AccessDeniedException"),
                "may not read the table 'the table'; they need dynamodb:Query",
            ),
            (
                refused_by_aws("ExpiredTokenException"),
                "AWS does not accept these credentials; sign in anew: Why.",
            ),
            (
                refused_by_aws(
                    "ValidationException", "The table does not have the specified index: LiveRooms"
                ),
                "is not one of roomstate",
            ),
            (refused_by_aws("Throttled"), "Throttled, Why."),
        ],
    )
    def test_of_each_trouble(self, error: BotoCoreError | ClientError, said: str) -> None:
        told = explain(error, "the table")
        assert said in told
        assert "\n" not in told

    def test_before_anything_is_served(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def fails() -> Any:
            raise NoRegionError

        monkeypatch.setattr(command, "_client", fails)
        assert command.main(["--table", "t", "--app", APP]) == 1
        assert capsys.readouterr().err.startswith("There is no AWS region")

    def test_of_a_table_that_is_none_of_ours(
        self, dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(command, "_client", lambda: dynamodb)
        assert command.main(["--table", "nothing", "--app", APP]) == 1
        assert capsys.readouterr().err.startswith("There is no table 'nothing'")

    def test_a_table_of_ours_can_be_read(self, dynamodb: "DynamoDBClient") -> None:
        assert command.probe(Reader(dynamodb, TABLE_NAME), APP)

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--app", APP],
            ["--table", "t"],
            ["--table", "t", "--app", "x"],
            ["--table", "t", "--app", ","],
            ["--table", "t", "--app", APP, "--port", "70000"],
        ],
    )
    def test_of_arguments_that_are_missing_or_wrong(self, arguments: Sequence[str]) -> None:
        with pytest.raises(SystemExit) as ended:
            command.main(arguments)
        assert ended.value.code == 2
