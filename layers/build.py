"""Build a layer: what its folder locks and holds, as Lambda's Python 3.13 loads it fastest.

    python3.13 build.py roomstate|dependencies FOLDER

It needs no Docker, and what it makes runs on arm64 and on x86_64: wheels for both are taken, and of
two compiled modules Python loads the one whose name fits its machine.
"""

import ast
import gzip
import json
import shutil
import subprocess
import sys
from compileall import compile_dir
from pathlib import Path
from py_compile import PycInvalidationMode
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).parent
LAMBDA = (3, 13)
PLATFORMS = ("manylinux2014_aarch64", "manylinux2014_x86_64")
SERVICES = {"dynamodb", "events", "sqs", "ssm"}
"""What the functions call: botocore looks through models and endpoints of all else it finds."""
NO_CODE = shutil.ignore_patterns("__pycache__", "bin")


def main() -> None:
    layer, folder = sys.argv[1:]
    if sys.version_info[:2] != LAMBDA:
        raise SystemExit(f"The layers run on Python 3.13 and are compiled by it; this is {sys.version}.")
    # Where Lambda looks for the modules of a layer.
    python = Path(folder) / "python"
    for platform in PLATFORMS:
        with TemporaryDirectory() as wheels:
            install(HERE / layer / "requirements.txt", platform, wheels)
            shutil.copytree(wheels, python, ignore=NO_CODE, dirs_exist_ok=True)
    if (HERE / layer / "roomstate").exists():
        shutil.copytree(HERE / layer / "roomstate", python / "roomstate", ignore=NO_CODE)
    for services in python.glob("botocore/data"):
        prune(services)
    for package in python.glob("aws_lambda_powertools/utilities/data_classes/__init__.py"):
        package.write_text(lazy(package.read_text()))
    for module in python.glob("pydantic_core/core_schema.py"):
        module.write_text(without_fields(module.read_text()))
    # SAM dates all files 1980, and Python would take no bytecode for theirs that it has to compare by
    # date. Unchecked, it is taken as it is: nobody edits a layer.
    if not compile_dir(
        python,
        stripdir=str(python),
        prependdir="/opt/python",
        quiet=1,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    ):
        raise SystemExit("Not all of the layer could be compiled.")


def install(lock: Path, platform: str, folder: str) -> None:
    """Install what a lock file names, as it is for Lambda on a platform."""
    options = ["--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps", "--require-hashes"]
    wheels = ["--only-binary", ":all:", "--platform", platform, "--python-version", "3.13"]
    command = [sys.executable, "-m", "pip", "install", *options, *wheels, "--target", folder, "-r", str(lock)]
    subprocess.run(command, check=True)  # noqa: S603


def prune(services: Path) -> None:
    """Leave botocore what it knows of the services that are called, plain and without their prose."""
    for service in services.iterdir():
        if service.is_dir() and service.name not in SERVICES:
            shutil.rmtree(service)
    for kind in ("examples", "paginators", "waiters"):
        for model in services.rglob(f"{kind}-*"):
            model.unlink()
    for packed in services.rglob("*.json.gz"):
        model = without_prose(json.loads(gzip.decompress(packed.read_bytes())))
        packed.with_suffix("").write_text(json.dumps(model, separators=(",", ":")))
        packed.unlink()
    endpoints = services / "endpoints.json"
    known = json.loads(endpoints.read_text())
    for partition in known["partitions"]:
        partition["services"] = {
            name: where for name, where in partition["services"].items() if name in SERVICES
        }
    endpoints.write_text(json.dumps(known, separators=(",", ":")))


def without_prose(model: Any) -> Any:
    """A model of botocore's without its documentation."""
    if isinstance(model, dict):
        return {
            name: without_prose(value)
            for name, value in model.items()
            if not (name == "documentation" and isinstance(value, str))
        }
    return [without_prose(value) for value in model] if isinstance(model, list) else model


def lazy(package: str) -> str:
    """A package's `__init__.py` that loads a submodule when a name of it is asked for.

    Powertools' data classes are thirty modules, of which a function needs one.
    """
    homes = {
        alias.asname or alias.name: node.module
        for node in ast.parse(package).body
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for alias in node.names
    }
    return (
        "from importlib import import_module\n\n"
        f"_HOMES = {homes!r}\n\n\n"
        "def __getattr__(name):\n"
        "    if name not in _HOMES:\n"
        "        raise AttributeError(name)\n"
        # Kept, since a submodule of that name (`event_source`) would else stand for it.
        '    found = globals()[name] = getattr(import_module(f".{_HOMES[name]}", __name__), name)\n'
        "    return found\n"
    )


def without_fields(module: str) -> str:
    """A module whose TypedDicts have no fields: only type checkers read them.

    pydantic's core describes itself in dozens of TypedDicts, and Python compiles each field's type.
    """
    tree = ast.parse(module)
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and [ast.unparse(base) for base in node.bases] == ["TypedDict"]:
            node.body = [ast.Pass()]
    return ast.unparse(tree)


if __name__ == "__main__":
    main()
