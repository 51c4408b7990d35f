"""What the README says of performance is what `make bench` wrote last."""

import re

import pytest

from benchmarks.run import BESIDE, MARKED, README, RESULTS


@pytest.mark.parametrize(
    ("marked", "head"), [(MARKED, "| Figure |"), (BESIDE, "| | A typical handler | roomstate |")]
)
def test_the_readme_has_the_tables_of_the_results(marked: "re.Pattern[str]", head: str) -> None:
    shown = marked.search(README.read_text())
    assert shown is not None
    assert shown[0].strip().startswith(head)
    assert shown[0].strip() in RESULTS.read_text()
