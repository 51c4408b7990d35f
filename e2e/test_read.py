"""The read API, deployed: who is let in, and what its function shows from behind the gateway.

What the emulator leaves out here (e2e/test_stack.py has the rest of the list): CORS, which it does not take
from a template; throttling; and a signature where a header Authorization is none: any will do. It takes
tokens that are signed with RS256 alone, and does not look at an issuer before the first token comes.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import Credentials

from e2e.access import AUDIENCE, Issuer, new_key, principal
from e2e.emulator import REGION
from e2e.stack import TOKEN, Stack, deploy, get, say
from e2e.test_stack import outgoing
from local.aws.template import ROOT
from local.tencent import SAMPLE_APP
from roomstate.read.routes import PATHS
from tests.payloads import create, members, seat, seats

NOW = int(time.time() * 1000)
ROOM = {"sdk_app_id": SAMPLE_APP, "room_id": "read"}
QUERIES: dict[str, dict[str, Any]] = {
    "/v1/rooms": {"sdk_app_id": SAMPLE_APP},
    "/v1/room": {**ROOM, "count": "members"},
    "/v1/members": {**ROOM, "limit": 10},
    "/v1/member": {**ROOM, "user_id": "ann"},
    "/v1/user": {"sdk_app_id": SAMPLE_APP, "user_id": "ann"},
    "/v1/log": {**ROOM, "order": "desc"},
    "/v1/openapi.json": {},
}
STORY = [
    create("read", NOW - 9_000, RoomName="to be read"),
    members("read", "Online", "ann", "bob", at=NOW - 8_000),
    seats("read", seat(1, "ann"), at=NOW - 7_000),
]
STRANGE = ["".join(chr(code) for code in range(0x20, 0x7F)), "房间 #1 🎤/?&=+%41", ".", "..", "a/../b"]
"""Ids that a path, a query string or a key could take for something else."""


@pytest.fixture(scope="module")
def reader(forwarding: Stack, heard: str) -> Credentials:  # noqa: ARG001  it listens
    """Somebody who is allowed what docs/reading.md says, on a stack with a room."""
    for payload in STORY:
        assert forwarding.deliver(outgoing(payload)).ok
    return principal("reader", forwarding.outputs["ReadApiArn"])


class TestWhoSigns:
    @pytest.mark.parametrize("path", PATHS)
    def test_reads_with_each_route(self, forwarding: Stack, reader: Credentials, path: str) -> None:
        status, *_ = forwarding.read(path, QUERIES[path], reader)
        assert status == 200

    def test_sees_the_room_as_it_is_and_as_it_was(self, forwarding: Stack, reader: Credentials) -> None:
        status, now, _ = forwarding.read("/v1/room", ROOM, reader)
        assert (status, now["status"], [one["user_id"] for one in now["seats"]]) == (200, "live", ["ann"])
        status, then, _ = forwarding.read("/v1/room", {**ROOM, "at": NOW - 8_000}, reader)
        assert (status, then["seats"], then["folded"]["records"]) == (200, [], 2)
        status, where, _ = forwarding.read("/v1/user", QUERIES["/v1/user"], reader)
        assert (status, [room["room_id"] for room in where["rooms"]]) == (200, ["read"])

    def test_is_told_that_nothing_changed(self, forwarding: Stack, reader: Credentials) -> None:
        # GIVEN the ETag of an answer
        _, _, headers = forwarding.read("/v1/room", ROOM, reader)
        # THEN it is answered without a body
        status, body, _ = forwarding.read("/v1/room", ROOM, reader, **{"if-none-match": headers["etag"]})
        assert (status, body) == (304, None)

    @pytest.mark.parametrize("name", STRANGE)
    def test_reads_rooms_and_users_of_any_name(
        self, forwarding: Stack, reader: Credentials, name: str
    ) -> None:
        # GIVEN
        for payload in (create(name, NOW - 9_000), members(name, "Online", name, at=NOW - 8_000)):
            assert forwarding.deliver(outgoing(payload)).ok
        # WHEN
        room = {"sdk_app_id": SAMPLE_APP, "room_id": name}
        status, there, _ = forwarding.read("/v1/member", {**room, "user_id": name}, reader)
        # THEN
        assert (status, there["online"]) == (200, True)
        assert forwarding.read("/v1/room", room, reader)[1]["room_id"] == name
        status, log, _ = forwarding.read("/v1/log", room, reader)
        assert (status, len(log["records"])) == (200, 2)

    @pytest.mark.parametrize("path", PATHS)
    def test_may_not_read_unless_allowed(self, forwarding: Stack, reader: Credentials, path: str) -> None:
        # GIVEN a principal of the account who may read something else; and the reader's name, with a guess
        stranger = principal(f"stranger{path.replace('/', '-')}", "arn:aws:execute-api:*:*:other/*")
        forger = Credentials(reader.access_key, "guessed")
        # THEN
        for caller in (None, stranger, forger):
            status, *_ = forwarding.read(path, QUERIES[path], caller)
            assert status == 403

    def test_may_be_allowed_single_routes(self, forwarding: Stack, reader: Credentials) -> None:
        """As docs/reading.md says."""
        assert reader
        everything = forwarding.outputs["ReadApiArn"]
        assert everything.endswith("/GET/v1/*")
        someone = principal("someone", everything.replace("*", "room"))
        answered = {path: forwarding.read(path, QUERIES[path], someone)[0] for path in PATHS}
        assert answered == {path: 200 if path == "/v1/room" else 403 for path in PATHS}


class TestTheExamples:
    """Those of docs/reading.md, as they are there, but for the room."""

    def test_python_reads_a_room(self, forwarding: Stack, reader: Credentials) -> None:
        shown = run([sys.executable, "-c", example("python")], forwarding, credentials=reader)
        assert "'owner'" in shown

    def test_a_browser_reads_a_room_and_everybody_in_it(self, taking_tokens: Stack, issuer: Issuer) -> None:
        node = shutil.which("node")
        if node is None:
            pytest.skip("NOT TESTED: the example for browsers, since there is no node")
        asked = f"const token = {json.dumps(issuer.token())}, app = {json.dumps(SAMPLE_APP)};\n" + (
            'console.log(await get("room", { sdk_app_id: app, room_id: "read" }, token));\n'
            'console.log(await everybody(app, "read", token));\n'
        )
        program = example("js", "const base").replace(
            '"https://….execute-api.us-east-1.amazonaws.com"', json.dumps(taking_tokens.read_url)
        )
        shown = run([node, "--input-type=module", "--eval", program + asked], taking_tokens)
        assert "room_id: 'read'" in shown
        assert "user_id: 'ann'" in shown


def example(language: str, begins: str = "") -> str:
    """The first of the examples in a language that begins so, to read a room that is there."""
    blocks = re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs/reading.md").read_text("utf-8"), re.DOTALL)
    found: str = next(block for block in blocks if block.startswith(begins))
    return found.replace("rid-123", "read")


def run(command: list[str], stack: Stack, credentials: Credentials | None = None) -> str:
    """What a program prints that is told where to read, and who it is."""
    environment = {**os.environ, "READ_API_URL": stack.read_url, "AWS_DEFAULT_REGION": REGION}
    if credentials:
        environment["AWS_ACCESS_KEY_ID"] = credentials.access_key
        environment["AWS_SECRET_ACCESS_KEY"] = credentials.secret_key
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def taking_tokens(signed: Stack) -> Stack:
    """A stack with a room, that is read with tokens."""
    for payload in STORY:
        assert signed.deliver(outgoing(payload), TOKEN).ok
    return signed


class TestWhoHasAToken:
    def read(self, stack: Stack, token: str, path: str = "/v1/room") -> int:
        return stack.read(path, QUERIES[path], authorization=f"Bearer {token}")[0]

    @pytest.mark.parametrize("path", sorted(set(PATHS) - {"/v1/user"}))
    def test_reads_with_each_route(self, taking_tokens: Stack, issuer: Issuer, path: str) -> None:
        assert self.read(taking_tokens, issuer.token(), path) == 200

    def test_is_told_where_there_is_no_index_of_users(self, taking_tokens: Stack, issuer: Issuer) -> None:
        assert self.read(taking_tokens, issuer.token(), "/v1/user") == 409

    def test_is_let_in_by_client_id_where_the_token_has_no_audience(
        self, taking_tokens: Stack, issuer: Issuer
    ) -> None:
        """As Amazon Cognito's access tokens have none."""
        assert self.read(taking_tokens, issuer.token(aud=None, client_id=AUDIENCE)) == 200

    @pytest.mark.parametrize("path", PATHS)
    def test_nobody_is_let_in_without(self, taking_tokens: Stack, path: str) -> None:
        assert taking_tokens.read(path, QUERIES[path])[0] == 401

    @pytest.mark.parametrize(
        ("claims", "status"),
        [
            ({"iss": "http://127.0.0.1:1"}, 401),
            ({"aud": "https://another.example"}, 401),
            ({"aud": None}, 401),
            ({"exp": NOW // 1000 - 60}, 401),
            ({"nbf": NOW // 1000 + 3_600}, 401),
            # A user's ID token is for the same audience, and has no scope.
            ({"scope": None}, 403),
            ({"scope": "openid rooms/reader profile"}, 403),
            ({"key": new_key()}, 401),
        ],
        ids=[
            "of another issuer",
            "for another audience",
            "for nobody",
            "expired",
            "not yet good",
            "without a scope",
            "with another scope",
            "of another key",
        ],
    )
    def test_nobody_is_let_in_with_a_token(
        self, taking_tokens: Stack, issuer: Issuer, claims: dict[str, Any], status: int
    ) -> None:
        assert self.read(taking_tokens, issuer.token(**claims)) == status

    def test_nobody_is_let_in_with_a_token_in_the_url(self, taking_tokens: Stack, issuer: Issuer) -> None:
        query = {**ROOM, "access_token": issuer.token(), "Authorization": issuer.token()}
        assert taking_tokens.read("/v1/room", query)[0] == 401


class TestTheFunction:
    def test_is_allowed_all_that_it_does_and_logs_no_names(
        self, forwarding: Stack, reader: Credentials
    ) -> None:
        # GIVEN every route, and a room that nobody has heard of
        for path in PATHS:
            assert forwarding.read(path, QUERIES[path], reader)[0] == 200
        assert forwarding.read("/v1/room", {**ROOM, "room_id": "a secret room"}, reader)[0] == 404
        # THEN
        logged = "\n".join(forwarding.logs())
        assert "AccessDenied" not in logged
        assert "a secret room" not in logged

    def test_describes_itself(self, forwarding: Stack, reader: Credentials) -> None:
        status, document, _ = forwarding.read("/v1/openapi.json", {}, reader)
        assert (status, list(document["paths"])) == (200, list(PATHS))

    def test_refuses_what_makes_no_sense(self, forwarding: Stack, reader: Credentials) -> None:
        status, answer, _ = forwarding.read("/v1/rooms", {"sdk_app_id": SAMPLE_APP, "limit": 0}, reader)
        assert (status, answer["error"]["code"]) == (400, "parameter_invalid")

    def test_does_not_take_webhooks(self, forwarding: Stack) -> None:
        """The two APIs are apart: neither serves the other's routes."""
        assert forwarding.url.partition("/$default")[0] != forwarding.read_url.partition("/$default")[0]
        webhooks = forwarding.url.removesuffix("/webhook")
        assert get(f"{webhooks}/v1/rooms")[0] == 404
        assert get(f"{forwarding.read_url}/webhook")[0] == 404


def test_jwt_without_a_scope_is_refused_with_words(built: Path) -> None:
    say("sam deploy, with ReadAccess jwt and no JwtScope")
    with pytest.raises(AssertionError, match="JwtScope has to be set"):
        deploy(
            built,
            "without-scope",
            SdkAppIds=SAMPLE_APP,
            ReadAccess="jwt",
            JwtIssuer="http://127.0.0.1:1",
            JwtAudience=AUDIENCE,
        )
