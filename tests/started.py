"""A program that serves, as somebody starts it."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Timer

from local.aws.template import ROOT

PATIENCE_S = 120
"""What takes longer hangs, and is killed."""


@contextmanager
def started(program: Sequence[str], environment: Mapping[str, str]) -> "Iterator[subprocess.Popen[str]]":
    """Run Python, from the project's root, for as long as the context lasts.

    Args:
        program: Python's arguments.
        environment: all of it.
    """
    with subprocess.Popen(
        [sys.executable, *program],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        watchdog = Timer(PATIENCE_S, process.kill)
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()
