"""What the README says of performance is what `make bench` wrote last."""

from benchmarks.run import MARKED, README, RESULTS


def test_the_readme_has_the_table_of_the_results() -> None:
    shown = MARKED.search(README.read_text())
    assert shown is not None
    assert shown[0].strip().startswith("| Figure |")
    assert shown[0].strip() in RESULTS.read_text()
