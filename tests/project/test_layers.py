"""What may import what."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import roomstate

PACKAGE = Path(roomstate.__file__).parent
FLOORS = (("state",), ("tencent",), ("log",), ("aws",), ("receive", "sweep", "read", "reconcile"))
"""The wings from the lowest floor up. A wing imports itself and those below, not its neighbours."""
WINGS = {wing: floor for floor, wings in enumerate(FLOORS) for wing in wings}
PURE = (
    "state",
    "tencent",
    "log",
    # of the wing that asks Tencent, all but what calls it
    *(
        f"reconcile.{name}"
        for name in ("answers", "ask", "compare", "errors", "held", "names", "usersig", "webhooks")
    ),
)
KIT = "kit"
"""What other projects import: above all wings, and no wing imports it."""
AWS = {"boto3", "botocore", "aws_lambda_powertools", "mypy_boto3_dynamodb"}
UNNEEDED = {
    # the SDK's upper half
    "boto3",
    "s3transfer",
    # of Powertools, what costs more than all of this project's code
    "aws_lambda_powertools.event_handler",
    "aws_lambda_powertools.utilities.idempotency",
    "aws_lambda_powertools.utilities.parameters",
    "aws_lambda_powertools.utilities.parser",
    "aws_lambda_powertools.utilities.validation",
    "aws_xray_sdk",
    # of pydantic, what only a schema, an e-mail address or a dataclass of it needs
    "email_validator",
    "pydantic.dataclasses",
    "pydantic.networks",
    "pydantic.v1",
    # of the package, what consumers read rooms with
    "roomstate.kit",
    "roomstate.log.fold",
    # of what only some need: forwarding, redriving
    "roomstate.aws.forwarder",
    "roomstate.log.forwarded",
    "roomstate.log.facts",
    "roomstate.aws.dead_letters",
    "roomstate.receive.redriver",
    # the models of commands that change no room
    "roomstate.tencent.catalogue.observed",
    "roomstate.tencent.catalogue.chat",
    "roomstate.tencent.catalogue.live_events",
    # of reconciling, of which the webhook function knows the name of the command alone
    "roomstate.tencent.catalogue.own",
    "roomstate.aws.reader",
    "roomstate.state.rooms",
    # what else is large
    "asyncio",
    "multiprocessing",
    "sqlite3",
    "unittest",
}
IMPURE = AWS | {"time", "datetime", "os", "random", "socket", "threading", "subprocess", "io", "pathlib"}
IMPURE |= {"ssl", "urllib3"}
MAX_LINES = 260


def modules() -> dict[str, Path]:
    """The modules of the package by their names below `roomstate`, a wing's own `__init__` too."""
    paths = (path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem != "__init__")
    return {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in paths}


MODULES = modules()


def imports(name: str) -> set[str]:
    """What a module imports, wherever in it: modules, and modules with the names taken from them."""
    tree = ast.parse(MODULES[name].read_text())
    return set(_imported(tree))


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(name: str) -> set[str]:
    """The modules of the package that a module imports."""
    named = {other.removeprefix("roomstate.") for other in imports(name) if other.startswith("roomstate.")}
    return {other for known in named for other in (known, f"{known}.__init__") if other in MODULES} - {name}


def test_every_module_is_in_a_wing_or_is_the_kit() -> None:
    assert {name.split(".")[0] for name in MODULES} == {*WINGS, KIT}


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith(PURE)])
def test_the_pure_wings_know_no_aws_no_clock_and_no_environment(name: str) -> None:
    assert not {other.split(".")[0] for other in imports(name)} & IMPURE


@pytest.mark.parametrize("name", [name for name in MODULES if name != KIT])
def test_a_wing_imports_itself_and_those_below(name: str) -> None:
    wing = name.split(".", maxsplit=1)[0]
    below = {other for other, floor in WINGS.items() if floor < WINGS[wing]}
    assert {other.split(".")[0] for other in ours(name)} <= below | {wing}


def test_the_pure_wings_load_without_aws() -> None:
    """In a fresh process: what they load themselves, and what that loads."""
    pure = ", ".join(f"roomstate.{name}" for name in MODULES if name.startswith(PURE))
    program = f"import sys; import {pure}; print({AWS!r} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def test_what_consumers_import_loads_without_aws() -> None:
    """They bring their own client; Lambda's boto3 is in no layer of ours."""
    program = f"import sys; import roomstate.kit; print({AWS!r} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def test_a_cold_start_loads_nothing_that_is_not_needed() -> None:
    """In a fresh process, as Lambda starts it: each of these is one careless import away."""
    program = f"import sys; import functions.webhook.app; print(sorted({UNNEEDED!r} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("function", "others"),
    [
        ("read", ("receive", "sweep", "reconcile", "kit")),
        # Who plans holds no key, and loads nothing that calls Tencent.
        ("plan", ("receive", "sweep", "read", "kit", "reconcile.rest", "reconcile.accounts")),
        ("reconcile", ("receive", "sweep", "read.", "kit", "reconcile.planner")),
    ],
)
def test_a_function_loads_no_other_and_nothing_that_its_layers_lack(
    function: str, others: tuple[str, ...]
) -> None:
    """It may be slower to start than the webhook's, but it runs on the same layers."""
    program = f"import sys; import functions.{function}.app; print(' '.join(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = ran.stdout.splitlines()[-1].split()
    assert not [name for name in loaded if name.startswith(tuple(f"roomstate.{other}" for other in others))]
    locks = [PACKAGE.parent / "requirements.txt", PACKAGE.parents[1] / "dependencies" / "requirements.txt"]
    locked = {
        line.partition("==")[0].replace("-", "_")
        for lock in locks
        for line in lock.read_text().splitlines()
        if "==" in line
    }
    # Names that differ from those they are imported by; and certifi, which botocore does without.
    there = {*locked, "dateutil", "certifi", "roomstate", "functions", "__main__"}
    absent = {name.partition(".")[0] for name in loaded} - there - set(sys.stdlib_module_names)
    assert {name for name in absent if not name.startswith("_")} == set()


def test_imports_make_no_circle() -> None:
    needs = {name: ours(name) for name in MODULES}
    while needs:
        free = {name for name, others in needs.items() if not others & set(needs)}
        assert free, f"a circle among {sorted(needs)}"
        needs = {name: others for name, others in needs.items() if name not in free}


def test_only_one_module_makes_aws_clients() -> None:
    assert [name for name, path in MODULES.items() if "create_client" in path.read_text()] == ["aws.clients"]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_read_in_one_sitting(name: str) -> None:
    assert len(MODULES[name].read_text().splitlines()) <= MAX_LINES
