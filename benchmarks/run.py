"""`make bench`: every figure against its target, as one table.

It is printed, written to `benchmarks/results.md` and put into the README, between its marks.
"""

import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import artifact, cost, room, throughput, units, warm
from benchmarks.cost import Part
from benchmarks.figure import Figure
from e2e.stack import build
from local.aws.template import ROOT

RESULTS = ROOT / "benchmarks/results.md"
README = ROOT / "README.md"
MARKED = re.compile(r"(?<=<!-- make bench -->\n).*?(?=<!-- /make bench -->)", re.DOTALL)
PACKAGES = ("aws-lambda-powertools", "pydantic", "botocore", "boto3")


def main() -> None:
    """Measure everything."""
    progress = Console(stderr=True)
    with TemporaryDirectory(prefix="roomstate-bench-") as scratch:
        built = Path(scratch) / "built"
        progress.print("Building the stack with sam build ...")
        build(built)
        rounds = track(range(artifact.ROUNDS), "starts of the function", console=progress, transient=True)
        figures = artifact.figures(built, Path(scratch), rounds)
    progress.print("Warm requests, and those of one room ...")
    figures += warm.figures()
    costs = units.measure()
    figures += [*units.figures(costs), *cost.figures(costs), *room.figures()]
    figures += throughput.figures(progress)
    parts = cost.table(costs)
    _show(figures, parts)
    RESULTS.write_text(_document(figures, parts))
    README.write_text(MARKED.sub(lambda _: f"{_table(figures)}\n", README.read_text()))


def _show(figures: Sequence[Figure], parts: Sequence[Part]) -> None:
    out = Console(highlight=False)
    shown = Table("Figure", "Measured", "Target", "")
    for figure in figures:
        shown.add_row(*_cells(figure))
    out.print(shown)
    priced = Table("USD for a million", "", "forwarded", "one webhook")
    for part in parts:
        priced.add_row(*_prices(part))
    out.print(priced)
    missed = [figure.name for figure in figures if figure.met is False]
    out.print(f"Targets missed: {'; '.join(missed) or 'none'}.")
    out.print(f"Written to {RESULTS.relative_to(ROOT)}, and to the README.")


def _document(figures: Sequence[Figure], parts: Sequence[Part]) -> str:
    packages = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    how = "\n".join(f"- {figure.name}: {figure.how}." for figure in figures)
    lines = [f"| {' | '.join(_prices(part))} |" for part in parts]
    return f"""# What `make bench` measured

{datetime.now(UTC):%Y-%m-%d}, on {_machine()}; Python {platform.python_version()}, {packages}.

{_table(figures)}

## How

{how}

## What a million webhooks cost, by part

USD, list prices of us-east-1 (`benchmarks/cost.py` has each price and where it is from).

| Part | Not forwarded | Forwarded | One webhook |
| --- | ---: | ---: | --- |
{chr(10).join(lines)}
| **All** | **{sum(p.plain for p in parts):.2f}** | **{sum(p.forwarding for p in parts):.2f}** | |
"""


def _table(figures: Sequence[Figure]) -> str:
    rows = [f"| {' | '.join(_cells(figure))} |" for figure in figures]
    return "\n".join(["| Figure | Measured | Target | |", "| --- | --- | --- | --- |", *rows])


def _cells(figure: Figure) -> tuple[str, ...]:
    verdict = {True: "met", False: "missed", None: ""}[figure.met]
    return figure.name, figure.measured, figure.target, verdict


def _prices(part: Part) -> tuple[str, ...]:
    return part.name, f"{part.plain:.3f}", f"{part.forwarding:.3f}", part.how


def _machine() -> str:
    models = re.findall(r"^model name\s*: (.*)$", _read("/proc/cpuinfo"), re.MULTILINE)
    model = models[0].strip() if models else platform.machine()
    return f"{os.cpu_count()} cores of {model}, {platform.system()}"


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:  # not Linux
        return ""


if __name__ == "__main__":
    main()
