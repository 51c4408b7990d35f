"""What is deployed, as `sam build` makes it: how large it is, and how long it takes to start."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from compileall import compile_dir
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from py_compile import PycInvalidationMode
from statistics import median
from zipfile import ZIP_DEFLATED, ZipFile

from benchmarks.figure import Figure, at_most
from benchmarks.function import ENVIRONMENT
from layers.build import PLATFORMS, install
from local.aws.template import ROOT, template

ROUNDS = 21
MOST_BARE = 1.3
MOST_PLAIN = 0.45
MOST_MB = 12
LAYERS = ("RoomstateLayer", "DependenciesLayer")
FUNCTIONS = ("WebhookFunction", "RedriveFunction")

TIMED = """
import sys, time
sys.path[:0] = {path!r}
begin = time.process_time()
{start}
sys.stderr.write(str(time.process_time() - begin))
"""


@dataclass(frozen=True, slots=True)
class Start:
    """Something to be started in a fresh process."""

    path: Sequence[Path]
    """Where its modules are, and nothing else is."""
    start: str
    """The program."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables over those that are set for each function."""


def figures(built: Path, scratch: Path, rounds: Iterable[int]) -> list[Figure]:
    """The figures of a stack that is built.

    Args:
        built: where `sam build` put it.
        scratch: a folder for what it is compared with.
        rounds: of starts; `ROUNDS` of them, with progress shown or without.
    """
    layers = [built / layer / "python" for layer in LAYERS]
    starts = {
        "ours": Start([built / "WebhookFunction", *layers], "import app"),
        "bare": Start([_boto3(scratch / "boto3"), *layers], "import boto3\nboto3.client('dynamodb')"),
        "plain": Start([built / "WebhookFunction", _plain(scratch / "plain")], "import app"),
        "unavoidable": Start(
            layers,
            "import botocore.session\nbotocore.session.get_session().create_client('dynamodb')\n"
            "import pydantic\nclass Model(pydantic.BaseModel):\n    field: int",
        ),
    }
    # Shuffled, since a short process leaves the next one a quicker machine.
    order = list(starts)
    measured = [{name: cpu_s(starts[name]) for name in random.sample(order, len(order))} for _ in rounds]
    ms = {name: f"{1000 * median(took[name] for took in measured):.0f} ms" for name in starts}
    # Pairs of one round, so that what else the machine does hits both.
    bare = median(took["ours"] / took["bare"] for took in measured)
    plain = median(took["ours"] / took["plain"] for took in measured)
    unavoidable = median(took["unavoidable"] / took["bare"] for took in measured)
    how = f"CPU of fresh processes that write no bytecode; medians of {ROUNDS} rounds, the ratio also"
    zipped = sum(_zipped(built / name, scratch / f"{name}.zip") for name in (*LAYERS, *FUNCTIONS)) / 1e6
    return [
        at_most(
            'Init of the webhook function, against a bare `boto3.client("dynamodb")` of the same artifact',
            bare,
            limit=MOST_BARE,
            unit=" x",
            measured=f"{bare:.2f} x ({ms['ours']} / {ms['bare']})",
            how=how,
        ),
        Figure(
            "Of that, what a DynamoDB client and one pydantic model take, with nothing of ours",
            f"{unavoidable:.2f} x ({ms['unavoidable']})",
            "",
            None,
            how,
        ),
        at_most(
            "Init, against the same code as plain `sam build` packages it",
            plain,
            limit=MOST_PLAIN,
            unit=" x",
            measured=f"{plain:.2f} x ({ms['ours']} / {ms['plain']})",
            how="whole wheels, and no bytecode; as above",
        ),
        at_most(
            "Zipped artifact, all layers and functions",
            zipped,
            limit=MOST_MB,
            unit=" MB",
            measured=f"{zipped:.1f} MB",
            how="what `sam build` makes; both architectures in it",
        ),
    ]


def _boto3(folder: Path) -> Path:
    """boto3, which the artifact has not, compiled as the artifact is."""
    for package in ("boto3", "s3transfer"):
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        shutil.copytree(Path(spec.origin).parent, folder / package)
    compile_dir(folder, quiet=1, force=True, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    return folder


def _plain(folder: Path) -> Path:
    """Both layers as `sam build` makes them of a `requirements.txt`: all of each wheel, no bytecode."""
    [platform] = (name for name in PLATFORMS if name.endswith(os.uname().machine))
    for layer in ("roomstate", "dependencies"):
        install(ROOT / "layers" / layer / "requirements.txt", platform, str(folder))
    sources = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "layers/roomstate/roomstate", folder / "roomstate", ignore=sources)
    return folder


def cpu_s(start: Start) -> float:
    """What it takes in a process of its own."""
    program = TIMED.format(path=[str(path) for path in start.path], start=start.start)
    ran = subprocess.run(
        # Alone with the path it is given: no site-packages, no user's settings, no bytecode written.
        [sys._base_executable, "-I", "-S", "-B", "-c", program],  # type: ignore[attr-defined]
        env={**_environment(), **start.environment, "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(ran.stderr.splitlines()[-1])


def _environment() -> Mapping[str, str]:
    """What the template sets for each function, and what Lambda and its role do."""
    shared = template()["Globals"]["Function"]["Environment"]["Variables"]
    return {**{name: value for name, value in shared.items() if isinstance(value, str)}, **ENVIRONMENT}


def _zipped(folder: Path, to: Path) -> int:
    """The size of a folder as it is uploaded, bytes."""
    with ZipFile(to, "w", ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return to.stat().st_size
