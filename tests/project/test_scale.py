"""docs/scaling.md has what `python -m benchmarks.scale` makes of the last `make bench`."""

import re

import pytest

from benchmarks.run import RESULTS
from benchmarks.scale import MARKED, SCALING, Parts, costs, needs, read_parts, tables
from local.aws.template import parameter_default

A_MONTH_IN_SECONDS = 365 * 24 * 3600 / 12
PARTS = """
| AWS for a million webhooks of a single change | $5.83; forwarded $6.90 |  |  |

## What a million webhooks cost, by part

| Part | Not forwarded | Forwarded | One webhook |
| --- | ---: | ---: | --- |
| API Gateway | 1.000 | 1.000 | a request |
| Lambda: requests | 0.200 | 0.200 | a request |
| Lambda: duration | 0.100 | 0.200 | 20 ms |
| DynamoDB: writes | 2.500 | 2.500 | write units: 4 |
| DynamoDB: reads | 0.125 | 0.125 | read units: 1 |
| DynamoDB: the log, kept and recoverable | 0.900 | 0.900 | |
| CloudWatch: logs taken in | 0.500 | 0.500 | 1000 bytes |
| EventBridge | 0.000 | 1.000 | 1 event |
| **All** | **5.33** | **6.43** | |
"""


@pytest.fixture
def parts() -> Parts:
    return read_parts(PARTS)


def test_the_document_has_the_tables_of_the_last_results() -> None:
    shown = MARKED.search(SCALING.read_text())
    assert shown is not None
    assert shown[0] == tables(RESULTS.read_text()), "run `python -m benchmarks.scale`"


def test_every_part_of_a_webhook_costs_as_often_as_webhooks_come_in_a_month(parts: Parts) -> None:
    # GIVEN 100 webhooks a second, WHEN they come for a month
    millions = 100 * A_MONTH_IN_SECONDS / 1_000_000
    table = {row.name: row.cells[1] for row in costs(parts)}
    # THEN parts of one service are one row, and all of them are the sum
    assert table["Lambda"] == f"{0.3 * millions:,.0f}"
    assert table["DynamoDB"] == f"{3.525 * millions:,.0f}"
    assert table["**All**"] == f"**{5.325 * millions:,.0f}**"
    assert table["All, forwarded"] == f"{6.425 * millions:,.0f}"


def test_what_forwarding_alone_takes_is_no_row_of_its_own(parts: Parts) -> None:
    assert "EventBridge" not in {row.name for row in costs(parts)}


def test_what_is_asked_of_the_table_and_the_log_follows_from_what_it_costs(parts: Parts) -> None:
    # GIVEN 4 write units, 1 read unit and 1,000 bytes of log for each webhook
    table = {row.name: row.cells for row in needs(parts)}
    assert table["Write units a second"] == ["40", "400", "4,000", "40,000", "400,000"]
    assert table["Read units a second"] == ["10", "100", "1,000", "10,000", "100,000"]
    assert table["Logs, MB a second"] == ["0.01", "0.1", "1", "10", "100"]
    # AND 0.900 USD a month for what a million left, at 0.45 for each GB: 2 GB
    assert table["Size of the table, GB"][0] == f"{2 * 10 * A_MONTH_IN_SECONDS / 1e6:,.0f}"


def test_a_short_run_takes_an_execution_for_ten_webhooks_a_second_all_the_same(parts: Parts) -> None:
    table = {row.name.partition(",")[0]: row.cells for row in needs(parts)}
    assert table["Executions to allow"] == ["1", "10", "100", "1,000", "10,000"]


def test_results_without_parts_are_said_to_be_so() -> None:
    with pytest.raises(ValueError, match="make bench"):
        read_parts("# What `make bench` measured\n")


def test_the_defaults_that_the_document_names_are_those_of_the_template() -> None:
    named = re.findall(r"`([A-Z]\w+)` \(default ([\d,]+)\)", SCALING.read_text())
    assert {name for name, _ in named} >= {"RequestsPerSecond", "ReservedConcurrency", "RedriveConcurrency"}
    for name, default in named:
        assert default.replace(",", "") == parameter_default(name), name
