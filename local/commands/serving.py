"""Serving on loopback until somebody ends it, as `make run` and `make console` do."""

import argparse
import os
import signal
import socket
import sys
from collections.abc import Callable

from local.aws.gateway import HOST

MAX_PORT = 65_535


def add_port(parser: argparse.ArgumentParser) -> None:
    """Let the port be chosen: `check_port` looks at it."""
    parser.add_argument("--port", type=int, default=3000, help="0 takes a free one (default: %(default)s)")


def check_port(parser: argparse.ArgumentParser, port: int) -> None:
    """Exit with an error where there is no such port."""
    if not 0 <= port <= MAX_PORT:
        parser.error(f"--port is not between 0 and {MAX_PORT}")


def until_interrupted(port: int, serve: Callable[[socket.socket], None]) -> int:
    """Serve on a port of this machine. Gives the exit code.

    Args:
        serve: gets the listening socket; ends by exception only.
    """
    try:
        listener = socket.create_server((HOST, port))
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        print(f"Cannot serve on port {port}: {reason}. PORT=0 takes a free one.", file=sys.stderr)
        return 1
    # SIGINT too: a shell starts what it runs in the background with SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        with listener:
            serve(listener)
    except KeyboardInterrupt:
        pass
    return 0
