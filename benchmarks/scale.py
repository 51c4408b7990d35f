"""What webhooks take of AWS and cost a month, from 10 a second to 100,000: the tables of docs/scaling.md.

    python -m benchmarks.scale

writes them there. They follow from what the last `make bench` wrote of a million webhooks
(benchmarks/results.md), at list prices and without volume discounts, and from the template.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.capacity import PARTITION_WRITE_UNITS
from benchmarks.cost import (
    BILLED_MS,
    DAYS_OF_MONTH,
    LOG_GB,
    MILLION,
    READ_UNIT,
    RECOVERY_GB_MONTH,
    STORAGE_GB_MONTH,
    WRITE_UNIT,
)
from local.aws.template import ROOT, parameter_default
from roomstate.aws.deadline import BUDGET_S

SCALING = ROOT / "docs/scaling.md"
MARKED = re.compile(
    r"(?<=<!-- python -m benchmarks.scale -->\n).*?(?=<!-- /python -m benchmarks.scale -->)", re.DOTALL
)
RATES = (10, 100, 1_000, 10_000, 100_000)
"""Webhooks a second."""
MONTH_S = DAYS_OF_MONTH * 24 * 3_600
STAY_MIN = 10
"""Assumed of whoever is in a room, to say how many people a rate stands for: each enters and leaves."""
EXECUTION_REQUESTS = 10
"""A second, at the most, however short: https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html"""
PARTITION_GB = 10
"""https://aws.amazon.com/blogs/database/part-3-scaling-dynamodb-how-partitions-hot-keys-and-split-for-heat-impact-performance/"""
KB_TO_MB = 1_000
_PART = re.compile(r"^\| ([^|*]+) \| ([\d.]+) \| ([\d.]+) \|", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Parts:
    """USD for a million webhooks, by the names that `benchmarks.cost` gives its parts."""

    plain: Mapping[str, float]
    forwarding: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    cells: Sequence[str]
    """One for each of the `RATES`."""


def main() -> None:
    """Write the tables of the last results, and show them."""
    print(write((ROOT / "benchmarks/results.md").read_text()))


def write(results: str) -> str:
    """Write the tables into the document. Gives them."""
    written = tables(results)
    SCALING.write_text(MARKED.sub(lambda _: written, SCALING.read_text()))
    return written


def tables(results: str) -> str:
    """What is between the marks of the document, of what `make bench` wrote."""
    parts = read_parts(results)
    return f"""
{_table("What it takes", needs(parts))}

{_table("USD a month", costs(parts))}

"""


def read_parts(results: str) -> Parts:
    """The parts of what a million webhooks cost.

    Raises:
        ValueError: there are none.
    """
    _, _, section = results.partition("## What a million webhooks cost")
    rows = _PART.findall(section)
    if not rows:
        raise ValueError("The results have no parts of what a million webhooks cost: run `make bench`.")
    return Parts(
        {name: float(plain) for name, plain, _ in rows},
        {name: float(forwarding) for name, _, forwarding in rows},
    )


def needs(parts: Parts) -> list[Row]:
    """What a rate takes of each service."""
    write_units = parts.plain["DynamoDB: writes"] / (WRITE_UNIT * MILLION)
    read_units = parts.plain["DynamoDB: reads"] / (READ_UNIT * MILLION)
    log_kb = parts.plain["CloudWatch: logs taken in"] / LOG_GB
    kept_usd = sum(usd for name, usd in parts.plain.items() if "DynamoDB" in name and "kept" in name)
    kept_gb = kept_usd / (STORAGE_GB_MONTH + RECOVERY_GB_MONTH)
    redriven = float(parameter_default("RedriveConcurrency")) * 1_000 / BILLED_MS

    def table_gb(rate: int) -> float:
        return kept_gb * _millions(rate)

    return [
        _row(f"People online, if each stays {STAY_MIN} minutes", lambda rate: rate * STAY_MIN * 60 / 2),
        _row("Webhooks a month, million", _millions),
        _row(
            f"Executions to allow, at {BILLED_MS} ms each, or one for {EXECUTION_REQUESTS} webhooks a second",
            lambda rate: rate * max(BILLED_MS / 1_000, 1 / EXECUTION_REQUESTS),
        ),
        _row(f"Executions when DynamoDB hangs, at {BUDGET_S} s each", lambda rate: rate * BUDGET_S),
        _row("Write units a second", lambda rate: rate * write_units),
        _row("Read units a second", lambda rate: rate * read_units),
        _row("Size of the table, GB", table_gb),
        _row(
            "Partitions of the table, at least",
            lambda rate: math.ceil(
                max(rate * write_units / PARTITION_WRITE_UNITS, table_gb(rate) / PARTITION_GB)
            ),
        ),
        _row("Logs, MB a second", lambda rate: rate * log_kb / KB_TO_MB),
        _row("Minutes to redrive what one minute parked", lambda rate: rate / redriven),
    ]


def costs(parts: Parts) -> list[Row]:
    """What a rate costs in a month, by service, and all of it."""
    by_service: dict[str, float] = {}
    for name, usd in parts.plain.items():
        service = name.partition(":")[0]
        by_service[service] = by_service.get(service, 0) + usd
    rows = [_dollars(service, usd) for service, usd in by_service.items() if usd]
    both = _dollars("**All**", sum(parts.plain.values()))
    return [
        *rows,
        Row(both.name, [f"**{cell}**" for cell in both.cells]),
        _dollars("All, forwarded", sum(parts.forwarding.values())),
    ]


def _millions(rate: int) -> float:
    """Webhooks in a month."""
    return rate * MONTH_S / MILLION


def _dollars(name: str, usd: float) -> Row:
    return Row(name, [f"{usd * _millions(rate):,.0f}" for rate in RATES])


def _row(name: str, value: Callable[[int], float]) -> Row:
    return Row(name, [_short(value(rate)) for rate in RATES])


def _short(number: float) -> str:
    """Two digits of a small number, all of a large one: none is known better."""
    return f"{number:.2g}" if number < 10 else f"{number:,.0f}"  # noqa: PLR2004


def _table(title: str, rows: Iterable[Row]) -> str:
    head = [title, *(f"{rate:,}/s" for rate in RATES)]
    lines = [head, ["---", *("---:" for _ in RATES)], *([row.name, *row.cells] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
