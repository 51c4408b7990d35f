"""`make bench` loses nothing of what it has measured, and is not cut off without a word."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks import run
from benchmarks.figure import Figure
from benchmarks.run import Section, TookTooLong, measure, within
from e2e import emulator

FIRST = Figure("The first figure", "1 s", "at most 2 s", True, "by hand")
LAST = Figure("The last figure", "3 s", "at most 2 s", False, "by hand")
BESIDE = Figure("Init", "300 ms", "", None, "by hand", "900 ms")
OLD = "<!-- make bench -->\nold\n<!-- /make bench -->\n<!-- side by side -->\nold\n<!-- /side by side -->"


def good(figure: Figure) -> Section:
    return Section(f"{figure.name} alone", 60, lambda: [figure])


def failing() -> list[Figure]:
    raise ConnectionError("[nobody] answers")


def endless() -> list[Figure]:
    while True:
        with suppress(Exception):  # as what is measured may well do
            signal.pause()


def interrupted() -> list[Figure]:
    os.kill(os.getpid(), signal.SIGINT)
    return endless()


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """A shell starts what it runs in the background with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def out() -> Console:
    return Console(file=io.StringIO(), width=200)


def shown(out: Console) -> str:
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def test_each_figure_is_shown_before_the_next_is_measured(out: Console) -> None:
    def look() -> list[Figure]:
        assert "The first figure  1 s  at most 2 s  met" in shown(out)
        return [LAST]

    assert measure([good(FIRST), Section("a look", 60, look)], out) == ([FIRST, LAST], {})


def test_what_fails_is_named_and_the_rest_is_measured(out: Console) -> None:
    figures, missing = measure([good(FIRST), Section("units", 60, failing), good(LAST)], out)
    assert (figures, missing) == ([FIRST, LAST], {"units": "ConnectionError: [nobody] answers"})


def test_what_takes_too_long_is_cut_off_and_the_rest_is_measured(out: Console) -> None:
    figures, missing = measure([good(FIRST), Section("units", 0.01, endless), good(LAST)], out)
    assert (figures, missing) == ([FIRST, LAST], {"units": "TookTooLong: longer than 0.01 s"})


def test_what_is_interrupted_keeps_what_it_has(out: Console) -> None:
    figures, missing = measure([good(FIRST), Section("units", 60, interrupted), good(LAST)], out)
    assert figures == [FIRST]
    assert missing == {"units": "Interrupted.", "The last figure alone": "Interrupted."}


def test_no_alarm_is_left_behind() -> None:
    with pytest.raises(TookTooLong), within(0.01):
        endless()
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


class TestResults:
    @pytest.fixture(autouse=True)
    def files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """A README and results of our own."""
        monkeypatch.setattr(run, "ROOT", tmp_path)
        for name, file in ("RESULTS", "results.md"), ("README", "README.md"):
            monkeypatch.setattr(run, name, tmp_path / file)
            (tmp_path / file).write_text(OLD)
        before = signal.getsignal(signal.SIGTERM)
        yield
        signal.signal(signal.SIGTERM, before)

    def main(self, monkeypatch: pytest.MonkeyPatch, *sections: Section) -> int:
        monkeypatch.setattr(run, "sections", lambda *_: list(sections))
        return run.main()

    def test_are_written_where_all_is_measured(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.main(monkeypatch, good(FIRST), good(BESIDE), good(LAST)) == 0
        for file in run.RESULTS, run.README:
            assert "| The first figure | 1 s | at most 2 s | met |\n| The last" in file.read_text()
            assert "| --- | --- | --- |\n| Init | 900 ms | 300 ms |\n" in file.read_text()

    def test_are_left_alone_where_one_section_is_measured(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(run, "sections", lambda *_: [good(FIRST), good(LAST)])
        assert run.main(["--only", "The last figure alone"]) == 0
        assert run.RESULTS.read_text() == run.README.read_text() == OLD
        told = capsys.readouterr().out
        assert "The last figure" in told
        assert "The first figure" not in told

    @pytest.mark.parametrize(("spoilt", "code"), [(failing, 1), (interrupted, 130)])
    def test_are_left_alone_where_any_is_missing(
        self, monkeypatch: pytest.MonkeyPatch, spoilt: Any, code: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.main(monkeypatch, good(FIRST), Section("units", 60, spoilt)) == code
        assert run.RESULTS.read_text() == run.README.read_text() == OLD
        # AND what there is, is shown, and what is not, named
        told = capsys.readouterr().out
        assert "The first figure" in told
        assert "NOT MEASURED: units." in told


class TestEmulator:
    """It runs the bench, and the tests of the deployed stack."""

    def test_gives_the_exit_code(self) -> None:
        assert emulator.run([sys.executable, "-c", "raise SystemExit(3)"], os.environ, 60) == 3

    def test_lets_a_command_that_is_interrupted_have_its_say(self, tmp_path: Path) -> None:
        # GIVEN a command that has something to write when Ctrl-C comes, which both get
        program = (
            "import os, pathlib, signal, sys, time; "
            "os.kill(os.getppid(), signal.SIGINT); time.sleep(1); "
            "pathlib.Path(sys.argv[1]).write_text('what there is'); sys.exit(130)"
        )
        # WHEN it comes, THEN it is waited for
        said = tmp_path / "said"
        assert emulator.run([sys.executable, "-c", program, str(said)], os.environ, 60) == 130
        assert said.read_text() == "what there is"

    def test_ends_a_command_that_has_had_its_time(self) -> None:
        with pytest.raises(subprocess.TimeoutExpired):
            emulator.run([sys.executable, "-c", "import signal; signal.pause()"], os.environ, 0.1)
