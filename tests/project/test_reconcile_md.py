"""docs/reconcile.md has what `python -m benchmarks.reconcile` reckons, and names what is there."""

import re

from benchmarks.reconcile import CALLS, DOCUMENT, MARKED, round_s, table, usd
from roomstate.reconcile.compare import CACHE_MS, MARGIN_MS
from roomstate.reconcile.settings import PlanSettings, ReconcileSettings
from roomstate.reconcile.telemetry import CODES, KINDS


def test_the_document_has_the_table() -> None:
    shown = MARKED.search(DOCUMENT.read_text())
    assert shown is not None
    assert shown[0] == table(), "run `python -m benchmarks.reconcile`"


def test_a_round_is_as_quick_as_its_workers_until_tencents_limit_is_reached() -> None:
    assert round_s(10_000, 4, CALLS["Live"]) == round_s(10_000, 2, CALLS["Live"]) / 2
    assert round_s(10_000, 1_000, CALLS["Live"]) == 100
    assert usd(20, CALLS["Room"]) == 2 * usd(10, CALLS["Room"]) < usd(20, CALLS["Live"])


def test_it_names_every_variable_metric_and_margin() -> None:
    text = DOCUMENT.read_text()
    for settings in (PlanSettings, ReconcileSettings):
        for field in settings.model_fields.values():
            assert f"`{field.alias}`" in text, field.alias
    for kind in KINDS:
        assert f"`{kind.title()}Differences`" in text
    assert f"{MARGIN_MS // 1000} s" in text
    assert f"{(MARGIN_MS + CACHE_MS) // 1000} s" in text
    for code in re.findall(r"`ReconcileFailures(\d+)`", text):
        assert code in CODES
