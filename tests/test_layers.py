"""What may import what."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import roomstate

PACKAGE = Path(roomstate.__file__).parent
CORE = (
    "registers",
    "changes",
    "wire",
    "catalogue",
    "webhook",
    "delivery",
    "decode",
    "decide",
    "fold",
    "rooms",
    "signature",
    "forwarded",
)
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
    "roomstate.fold",
    "roomstate.reader",
    "roomstate.rooms",
    # what else is large
    "asyncio",
    "multiprocessing",
    "sqlite3",
    "unittest",
}
IMPURE = AWS | {"time", "datetime", "os", "random", "socket", "threading", "subprocess", "io", "pathlib"}


def imports(module: str) -> set[str]:
    """What a module of the package imports, directly."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text())
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return named | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("module", CORE)
def test_the_core_knows_no_aws_no_clock_and_no_environment(module: str) -> None:
    assert not {name.split(".")[0] for name in imports(module)} & IMPURE


@pytest.mark.parametrize("module", CORE)
def test_the_core_imports_the_core_alone(module: str) -> None:
    ours = {name.removeprefix("roomstate.") for name in imports(module) if name.startswith("roomstate")}
    assert ours <= {*CORE, "errors"}


def test_the_core_loads_without_aws() -> None:
    """In a fresh process: what it loads itself, and what that loads."""
    program = f"import sys; import roomstate.fold, roomstate.rooms; print({AWS!r} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def test_a_cold_start_loads_nothing_that_is_not_needed() -> None:
    """In a fresh process, as Lambda starts it: each of these is one careless import away."""
    program = f"import sys; import functions.webhook.app; print(sorted({UNNEEDED!r} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_imports_run_one_way() -> None:
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    needs = {
        module: {name.removeprefix("roomstate.") for name in imports(module)} & modules for module in modules
    }
    while needs:
        free = {module for module, others in needs.items() if not others & set(needs)}
        assert free, f"a circle among {sorted(needs)}"
        needs = {module: others for module, others in needs.items() if module not in free}


def test_only_one_module_makes_aws_clients() -> None:
    assert [path.stem for path in PACKAGE.glob("*.py") if "create_client" in path.read_text()] == ["aws"]
