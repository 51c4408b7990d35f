"""`make reconcile` and `make ghost`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from local.aws.embedded import TABLE_NAME
from local.aws.template import ROOT
from local.commands import ghost, rebuild
from local.commands.reconcile import ACCOUNTS, main
from local.tencent_cloud.cloud import Direct
from local.tencent_cloud.faults import FAULTS
from roomstate.aws.clients import events_client
from roomstate.reconcile import rest
from tests.conftest import FUNCTION_ENVIRONMENT
from tests.payloads import APP
from tests.reconcile.functions import ENTRY, Functions
from tests.reconcile.test_functions import members, rooms_with_ghosts
from tests.reconcile.world import SECRET_KEY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HERE = ["--table", TABLE_NAME, "--app", APP, "--parameter", FUNCTION_ENVIRONMENT["RECONCILE_PARAMETER"]]
EVIL = "it's\x1b[2J"


@pytest.fixture
def functions(dynamodb: "DynamoDBClient") -> Iterator[Functions]:
    one = Functions(dynamodb)
    with patch.object(rest, "connect", lambda _: Direct(one.tencent)):
        yield one


def test_a_dry_run_shows_at_a_glance_what_differs_and_asserts_nothing(
    dynamodb: "DynamoDBClient", functions: Functions, capsys: pytest.CaptureFixture[str]
) -> None:
    # GIVEN a room with a ghost, whose fields and seats changed too, in a name that steers terminals
    rooms_with_ghosts(functions, EVIL, "fine")
    functions.ago_ms = 500_000
    functions.tencent.seat(EVIL, 0, "zoë", Audio=True)
    functions.tencent.update(EVIL, RoomName="\x1b[31mred")
    functions.tencent.appoint(EVIL, "zoë")
    functions.tencent.set_metadata(EVIL, k="v")
    functions.ago_ms = 0
    # WHEN
    assert main([*HERE, "--room", EVIL, "--dry-run"]) == 1
    # THEN
    out = capsys.readouterr().out
    rows = [line.split("  ") for line in out.splitlines() if line.strip()]
    cells = [[cell.strip() for cell in row if cell.strip()][:3] for row in rows]
    assert [cell for row in cells[:1] for cell in row] == [f"{EVIL!r} (Live): would be asserted"]
    assert cells[1:-1] == [
        ["what", "we hold", "Tencent says"],
        ["room_name", "nothing", r"'\x1b[31mred'"],
        ["seat 0", "nothing", "'zoë', microphone off"],
        ["admin 'zoë'", "nothing", "administrator"],
        ["metadata 'k'", "nothing", "'v'"],
        ["member 'ghost'", "in the room ('Enter')", "not in the room"],
    ]
    assert cells[-1] == ["1 rooms asked: 1 differ, 0 not answered in full"]
    assert "\x1b" not in out
    # AND nothing is asserted
    assert members(dynamodb, EVIL) == ["ghost"]


def test_every_room_that_lives_is_reconciled_and_then_nothing_differs(
    dynamodb: "DynamoDBClient", functions: Functions, capsys: pytest.CaptureFixture[str]
) -> None:
    rooms_with_ghosts(functions, "r0", "r1", "r2")
    assert main(HERE) == 0
    assert [members(dynamodb, room) for room in ("r0", "r1", "r2")] == [[], [], []]
    assert "3 rooms asked: 3 differed" in capsys.readouterr().out
    assert main([*HERE, "--dry-run"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "3 rooms asked: 0 differ, 0 not answered in full\n"
    # AND their logs tell all of it
    for room in ("r0", "r1", "r2"):
        assert rebuild.main(["--table", TABLE_NAME, "--app", APP, "--room", room]) == 0


def test_what_is_asserted_is_forwarded_where_a_bus_is_named(
    functions: Functions, capsys: pytest.CaptureFixture[str]
) -> None:
    rooms_with_ghosts(functions, "r0")
    events_client().create_event_bus(Name="rooms")
    put: list[Any] = []

    def call(_: Any, entries: Any) -> set[str]:
        put.extend(entries)
        return set()

    with patch("roomstate.aws.forwarder.Forwarder._call", call):
        assert main([*HERE, "--bus", "rooms"]) == 0
    assert [entry["DetailType"] for entry in put] == ["roomstate.Reconciled"]
    assert json.loads(put[0]["Detail"])["changes"][0]["cause"] == "Reconciled"
    assert "1 rooms asked" in capsys.readouterr().out


def test_what_is_not_answered_is_told(functions: Functions, capsys: pytest.CaptureFixture[str]) -> None:
    rooms_with_ghosts(functions, "r0")
    functions.tencent.fail("get_member_list", FAULTS["100001"])
    assert main([*HERE, "--dry-run"]) == 2
    assert "'r0' (Live): not answered: get_member_list: 100001" in capsys.readouterr().out


def test_a_room_of_many_differences_is_cut_short(
    functions: Functions, capsys: pytest.CaptureFixture[str]
) -> None:
    rooms_with_ghosts(functions, "r0")
    functions.ago_ms = 500_000
    functions.tencent.enter("r0", *(f"user{n:03}" for n in range(100)))
    functions.ago_ms = 0
    assert main([*HERE, "--dry-run"]) == 1
    out = capsys.readouterr().out
    assert "… and 81 more" in out
    assert len(out.splitlines()) < 30


class TestAccounts:
    def test_from_the_environment(
        self, functions: Functions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        rooms_with_ghosts(functions, "r0")
        monkeypatch.setenv(ACCOUNTS, json.dumps({APP: ENTRY}))
        assert main(["--table", TABLE_NAME, "--app", APP, "--dry-run"]) == 1
        assert SECRET_KEY not in capsys.readouterr().out

    @pytest.mark.parametrize("value", ["{}", SECRET_KEY, json.dumps({APP: {**ENTRY, "host": SECRET_KEY}})])
    def test_none_is_told_before_anything_is_asked(
        self,
        functions: Functions,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        value: str,
    ) -> None:
        monkeypatch.setenv(ACCOUNTS, value)
        assert main(["--table", TABLE_NAME, "--app", APP]) == 2
        captured = capsys.readouterr()
        assert captured.err
        assert SECRET_KEY not in captured.out + captured.err
        assert functions.tencent.calls == []

    def test_without_any_it_says_what_to_set(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            main(["--table", TABLE_NAME, "--app", APP])
        assert "PARAMETER=" in capsys.readouterr().err

    def test_no_option_takes_a_key(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Whoever lists a machine's processes sees their options."""
        with pytest.raises(SystemExit):
            main(["--help"])
        options = {word for word in capsys.readouterr().out.split() if word.startswith("--")}
        assert not [option for option in options if "key" in option or "secret" in option]


def test_what_aws_says_is_told_in_a_line(functions: Functions, capsys: pytest.CaptureFixture[str]) -> None:
    assert functions.tencent.calls == []
    assert main(["--table", "no-such-table", *HERE[2:]]) == 2
    assert "AWS: " in capsys.readouterr().err


def test_a_ghost_comes_and_goes(capsys: pytest.CaptureFixture[str]) -> None:
    # In a process of its own, as `make ghost` runs it: the functions read their environment when imported.
    ran = subprocess.run(
        [sys.executable, "-m", ghost.__name__],
        cwd=ROOT,
        env={**os.environ},
        capture_output=True,
        text=True,
        check=True,
    )
    shown = [line.partition(": ")[2] for line in ran.stdout.splitlines() if "read API shows" in line]
    assert shown == ["ann, bob", "ann, bob. bob is a ghost", "ann"]
    assert "roomstate.Reconciled: member.offline" in ran.stdout
    assert ran.stderr == ""
    assert capsys.readouterr().out == ""
