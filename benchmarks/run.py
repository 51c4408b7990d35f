"""`make bench`: every figure against its target, as one table.

Each figure is shown once it is measured. Where some fail, take too long or are interrupted, the others are
there all the same, and what is missing is named. Once all are measured, the table is written to
`benchmarks/results.md`, and into the README, between its marks. `--only NAME` measures one section, and
writes nothing.
"""

import argparse
import os
import platform
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from traceback import format_exception
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import artifact, beside, cost, dearest, reading, room, throughput, units, warm
from benchmarks.cost import Part
from benchmarks.figure import Figure
from e2e.stack import build
from local.aws.template import ROOT

RESULTS = ROOT / "benchmarks/results.md"
README = ROOT / "README.md"
MARKED = re.compile(r"(?<=<!-- make bench -->\n).*?(?=<!-- /make bench -->)", re.DOTALL)
BESIDE = re.compile(r"(?<=<!-- side by side -->\n).*?(?=<!-- /side by side -->)", re.DOTALL)
PACKAGES = ("aws-lambda-powertools", "pydantic", "botocore", "boto3")


INTERRUPTED = 130
"""What a shell makes of Ctrl-C."""


@dataclass(frozen=True, slots=True)
class Section:
    """Figures that are measured together."""

    name: str
    seconds: float
    """That they may take: several times what they do take on a machine with nothing else to do."""
    measure: Callable[[], list[Figure]]


class TookTooLong(BaseException):
    """No `except Exception` in what is measured may keep this one."""


def main(arguments: Sequence[str] = ()) -> int:
    """Measure everything, or one section. Gives the exit code."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__.splitlines()[0])
    options.add_argument("--only", metavar="NAME", help="measure this section, and write nothing")
    only: str | None = options.parse_args(arguments).only
    out = Console(highlight=False)
    prices: list[Part] = []
    # SIGTERM is the same as Ctrl-C; and a shell starts what it runs in the background with that ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with TemporaryDirectory(prefix="roomstate-bench-") as scratch:
        wanted = [each for each in sections(Path(scratch), prices) if only in (None, each.name)]
        if not wanted:
            options.error(f"there is no section {only!r}")
        figures, missing = measure(wanted, out)
    _show(figures, prices, out)
    if missing:
        for name, why in missing.items():
            out.print(f"NOT MEASURED: {name}. {why}", markup=False)
        out.print("Nothing is written to the README.")
        return INTERRUPTED if "Interrupted." in missing.values() else 1
    if only:
        return 0
    RESULTS.write_text(_document(figures, prices))
    shown = MARKED.sub(lambda _: f"{_table(figures)}\n", README.read_text())
    README.write_text(BESIDE.sub(lambda _: f"{_beside(figures)}\n", shown))
    out.print(f"Written to {RESULTS.relative_to(ROOT)}, and to the README.")
    return 0


def sections(scratch: Path, prices: list[Part]) -> list[Section]:
    """What is measured, in the order of the table. `prices` gets what a million webhooks cost, by part."""
    progress = Console(stderr=True)

    @cache
    def built() -> Path:
        build(scratch / "built")
        return scratch / "built"

    def start() -> list[Figure]:
        rounds = track(range(artifact.ROUNDS), "starts of the function", console=progress, transient=True)
        return artifact.figures(built(), scratch, rounds)

    def single_changes() -> list[Figure]:
        costs = units.measure()
        prices.extend(cost.table(costs))
        return [*units.figures(costs), *cost.figures(costs)]

    def side_by_side() -> list[Figure]:
        rounds = track(range(beside.ROUNDS), "starts of both", console=progress, transient=True)
        return beside.figures(built(), scratch, rounds)

    return [
        Section("The artifact, and the start of the function", 1_800, start),
        Section("A warm request", 900, warm.figures),
        Section("Calls and units of a single change, and what they cost", 300, single_changes),
        Section("One room", 900, room.figures),
        Section("The dearest bodies", 600, dearest.figures),
        Section("Reading", 600, reading.figures),
        Section("Throughput and memory", 2_400, lambda: throughput.figures(progress)),
        Section("Side by side", 900, side_by_side),
    ]


def measure(wanted: Sequence[Section], out: Console) -> tuple[list[Figure], dict[str, str]]:
    """Measure section by section, and show each figure. Gives the figures, and why others are missing."""
    figures: list[Figure] = []
    missing: dict[str, str] = {}
    for number, section in enumerate(wanted):
        out.print(f"\n{section.name} ...")
        try:
            with within(section.seconds):
                measured = section.measure()
        except KeyboardInterrupt:
            missing |= {left.name: "Interrupted." for left in wanted[number:]}
            break
        except (Exception, TookTooLong) as why:
            missing[section.name] = f"{type(why).__name__}: {why}"
            out.print("".join(format_exception(why)), markup=False)
            continue
        for figure in measured:
            cells = _compared(figure) if figure.typical else _cells(figure)
            out.print("  " + "  ".join(filter(None, cells)), markup=False, soft_wrap=True)
        figures += measured
    return figures, missing


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise TookTooLong where the context lasts longer."""

    def ring(*_: Any) -> None:
        raise TookTooLong(f"longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _show(figures: Sequence[Figure], prices: Sequence[Part], out: Console) -> None:
    shown = Table("Figure", "Measured", "Target", "")
    compared = Table("Side by side", "A typical handler", "roomstate")
    for figure in figures:
        if figure.typical:
            compared.add_row(*_compared(figure))
        else:
            shown.add_row(*_cells(figure))
    for table in (shown, compared):
        if table.rows:
            out.print(table)
    if prices:
        priced = Table("USD for a million", "", "forwarded", "one webhook")
        for part in prices:
            priced.add_row(*_prices(part))
        out.print(priced)
    missed = [figure.name for figure in figures if figure.met is False]
    out.print(f"Targets missed: {'; '.join(missed) or 'none'}.")


def _document(figures: Sequence[Figure], parts: Sequence[Part]) -> str:
    packages = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    how = "\n".join(f"- {figure.name}: {figure.how}." for figure in figures)
    lines = [f"| {' | '.join(_prices(part))} |" for part in parts]
    return f"""# What `make bench` measured

{datetime.now(UTC):%Y-%m-%d}, on {_machine()}; Python {platform.python_version()}, {packages}.

{_table(figures)}

## Side by side

{_beside(figures)}

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
    rows = [f"| {' | '.join(_cells(figure))} |" for figure in figures if not figure.typical]
    return "\n".join(["| Figure | Measured | Target | |", "| --- | --- | --- | --- |", *rows])


def _beside(figures: Sequence[Figure]) -> str:
    rows = [f"| {' | '.join(_compared(figure))} |" for figure in figures if figure.typical]
    return "\n".join(["| | A typical handler | roomstate |", "| --- | --- | --- |", *rows])


def _compared(figure: Figure) -> tuple[str, ...]:
    return figure.name, figure.typical, figure.measured


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
    sys.exit(main(sys.argv[1:]))
