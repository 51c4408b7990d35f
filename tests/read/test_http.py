"""The read API over HTTP, on the local gateway: any id, the document, and a client that only has `fetch`."""

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from local.aws.gateway import WEBHOOK_PATH, Gateway
from local.aws.template import ROOT
from roomstate.aws.reader import Reader
from roomstate.aws.store import Store
from roomstate.read.errors import Code
from roomstate.read.routes import PATHS
from tests.payloads import (
    AN_HOUR,
    APP,
    Payload,
    admins,
    body,
    create,
    members,
    seat,
    seats,
    set_metadata,
    webhook,
)
from tests.read.api import ask, make_api
from tests.serving import Server

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from schemathesis import Case

PRINTABLE = [chr(code) for code in range(0x20, 0x7F)]
IDS = [
    *(one for one in PRINTABLE if not one.isalnum()),
    "".join(PRINTABLE),
    "..",
    "a%2Fb",
    "a%20b",
    "a&sdk_app_id=1",
    "直播间",
    "ルーム",
    "방",
    "é",
    "e\u0301",
    "😀",
    "👩‍👩‍👧",
    "\u202eabc",
    "x" * 256,
]


def post(server: Server, *payloads: Payload) -> None:
    for payload in payloads:
        query = urlencode({"SdkAppid": APP, "CallbackCommand": payload["CallbackCommand"]})
        status, answer = server.send("POST", f"{WEBHOOK_PATH}?{query}", body(payload))
        assert (status, answer["ActionStatus"]) == (200, "OK")


def test_ids_of_any_characters_stay_apart(server: Server) -> None:
    # GIVEN a room and a user for each id
    for room_id in IDS:
        post(server, seats(room_id, seat(0, room_id)), members(room_id, "Online", room_id, "another"))
    for room_id in IDS:
        # THEN each route finds it, and nothing else
        named = {"sdk_app_id": APP, "room_id": room_id}
        status, room = server.get("room", **named)
        assert (status, room["room_id"]) == (200, room_id)
        assert [taken["user_id"] for taken in room["seats"]] == [room_id]
        status, page = server.get("members", **named)
        assert sorted(member["user_id"] for member in page["members"]) == sorted({room_id, "another"})
        assert server.get("member", **named, user_id=room_id)[1]["seats"] == [0]
        status, user = server.get("user", sdk_app_id=APP, user_id=room_id)
        assert [there["room_id"] for there in user["rooms"]] == [room_id]
        status, log = server.get("log", **named)
        assert [record["room_id"] for record in log["records"]] == [room_id] * 2
        # AND a page of it leads to the next, also where a blank is no plus
        first = server.get("members", **named, limit=1)[1]
        query = f"sdk_app_id={APP}&room_id={quote(room_id, safe='')}&limit=1&next={first['next']}"
        second = server.send("GET", f"/v1/members?{query}")[1]
        assert [*first["members"], *second["members"]] == page["members"]
    status, rooms = server.get("rooms", sdk_app_id=APP, limit=100)
    seen = [room["room_id"] for room in rooms["rooms"]]
    while rooms["next"]:
        status, rooms = server.get("rooms", sdk_app_id=APP, limit=100, next=rooms["next"])
        seen.extend(room["room_id"] for room in rooms["rooms"])
    assert sorted(seen) == sorted(IDS)


def test_an_answer_is_not_sent_to_who_has_it(server: Server) -> None:
    post(server, create("r"))
    target = f"/v1/room?sdk_app_id={APP}&room_id=r"
    status, _, headers = server.exchange("GET", target)
    assert status == 200
    assert server.exchange("GET", target, None, ("If-None-Match", headers["etag"]))[:2] == (304, None)
    post(server, seats("r", seat(1, "ann"), at=2_000))
    assert server.exchange("GET", target, None, ("If-None-Match", headers["etag"]))[0] == 200


EVERYTHING = [
    create("r", RoomName="a room", Category=[1, 2], IsSeatEnabled=True, Owner_Account="ann"),
    set_metadata("r", at=2_000, topic="evening"),
    seats("r", seat(0), seat(1, "jared", Audio=True), at=2_000),
    admins("r", "add", "ann", at=2_000),
    members("r", "Online", "jared", at=2_000),
    members("r", "Online", "ann", at=2_000, cause=None),
    {"CallbackCommand": "Live.CallbackBeforeSendGift", "RoomId": "r", "GiftWater": {"Coins": 10**30}},
]


DOCUMENT: Any = json.loads(ask(make_api(None), "openapi.json")["body"])
SPECIFIED = schemathesis.openapi.from_dict(
    DOCUMENT,
    config=SchemathesisConfig.from_dict(
        {
            "generation": {"deterministic": True, "max-examples": 60, "database": "none"},
            # A method that is not there is the gateway's to answer, and not in the document.
            "phases": {"coverage": {"unexpected-methods": [], "generate-duplicate-query-parameters": True}},
        }
    ),
)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


class TestTheDocument:
    def test_is_openapi(self) -> None:
        SPECIFIED.validate()

    def test_has_the_routes(self) -> None:
        assert list(DOCUMENT["paths"]) == list(PATHS)
        assert all(list(path) == ["get"] for path in DOCUMENT["paths"].values())

    def test_names_nothing_that_is_not_used_and_all_that_is(self) -> None:
        text = json.dumps(DOCUMENT)
        named = set(re.findall(r"#/components/schemas/(\w+)", text))
        assert named == DOCUMENT["components"]["schemas"].keys()

    def test_says_which_code_comes_with_which_status(self) -> None:
        for name, path in DOCUMENT["paths"].items():
            for status, response in path["get"]["responses"].items():
                said = re.findall(r"`(\w+)`:", response["description"])
                assert {Code(code).status for code in said} <= {int(status)}, name
                assert said or status in ("200", "304"), name
        every = {code for code in Code if f"`{code}`" in json.dumps(DOCUMENT)}
        # A path that is no route is in no document.
        assert every == set(Code) - {Code.ROUTE_UNKNOWN}


@pytest.fixture
def gateway(dynamodb: "DynamoDBClient", store: Store) -> Gateway:  # noqa: ARG001  the function's table
    """The local gateway, before a table that has a room with something of everything."""
    from functions.read.app import lambda_handler  # noqa: PLC0415  it reads the environment

    for payload in EVERYTHING:
        store.record(webhook(payload), AN_HOUR)
    return Gateway(lambda_handler, lambda_handler)


@SPECIFIED.parametrize()
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@pytest.mark.parametrize("is_known", [False, True])
def test_the_api_does_what_it_says(case: "Case[Any]", gateway: Gateway, is_known: bool) -> None:
    """As generated, where hardly anything is known; and for the room that is."""
    if is_known:
        known = {"sdk_app_id": APP, "room_id": "r", "user_id": "ann"}
        parameters = DOCUMENT["paths"][case.path]["get"].get("parameters", [])
        takes = {parameter["name"] for parameter in parameters}
        case.query |= {name: value for name, value in known.items() if name in takes}
        case.query.pop("next", None)
    response = case.call_and_validate(app=gateway, checks=CHECKS)
    if is_known and "at" not in case.query:
        assert response.status_code in {200, 400}


NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="NOT TESTED: examples/node/read.mjs, since there is no node")
def test_a_client_of_another_language_reads_a_room_whole(server: Server, reader: Reader) -> None:
    # GIVEN a room of more members, and a log of more records, than one page has
    room_id = "it's a 直播间 / #1 & 100%?"
    crowd = [
        members(room_id, "Online", *(f"user-{n}-{m}" for m in range(90)), at=2_000 + n) for n in range(3)
    ]
    post(server, create(room_id, RoomName="a room"), *crowd)
    post(server, *(seats(room_id, seat(0, f"user-{n}"), at=5_000 + n) for n in range(100)))
    # WHEN a script that has nothing but `fetch` reads it
    assert NODE is not None
    read = subprocess.run(
        [NODE, ROOT / "examples/node/read.mjs", server.url, APP, room_id],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    # THEN it has all of it
    assert (read.returncode, read.stderr) == (0, "")
    found = json.loads(read.stdout)
    room = reader.room(APP, room_id)
    assert room is not None
    assert found["room"] == room.model_dump(mode="json")
    everybody = (reader.members(APP, room_id, limit=1_000), reader.log(APP, room_id, limit=1_000))
    inside, log = (page.model_dump(mode="json") for page in everybody if page is not None)
    assert (found["members"], found["log"]) == (inside["members"], log["records"])
    assert (len(found["members"]), len(found["log"])) == (270, 104)


@pytest.mark.skipif(NODE is None, reason="NOT TESTED: examples/node/read.mjs, since there is no node")
def test_it_says_why_it_cannot(server: Server) -> None:
    assert NODE is not None
    read = subprocess.run(
        [NODE, ROOT / "examples/node/read.mjs", server.url, APP, "nowhere"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert read.returncode == 1
    assert read.stderr == "404 room_unknown: No webhook of the app named the room.\n"
