"""A local AWS for as long as a command runs: `python -m e2e.emulator MINISTACK SECONDS COMMAND …`

MiniStack serves CloudFormation, API Gateway, DynamoDB and the rest on one port of this machine, runs
functions as processes, and lets each do what its role allows. The command finds it at EMULATOR_URL, and may
take so many seconds.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import ProxyHandler, build_opener

import botocore.session

HOST = "127.0.0.1"
REGION = "us-east-1"
ROOT_KEY = "test"
"""The access key, and the secret, of an account's root in MiniStack."""
START_S, STOP_S = 60, 10
LOG_LINES = 100
"""Of the log that are shown where the command fails."""


def main(ministack: str, seconds: str, *command: str) -> int:
    """Run the command. Gives its exit code."""
    # A run that is ended from outside ends the emulator too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with TemporaryDirectory(prefix="roomstate-e2e-", ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "ministack.log"
        code: int | None = None
        try:
            with emulator(ministack, log) as url:
                environment = {**untouched(os.environ), "EMULATOR_URL": url, "TMPDIR": folder}
                code = run(command, environment, float(seconds))
                return code
        finally:
            if code != 0:
                lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
                print("\nThe end of the emulator's log:", *lines, sep="\n", file=sys.stderr)


def run(command: Sequence[str], environment: Mapping[str, str], seconds: float) -> int:
    """Run a command to its end, or until it has had its time. Gives its exit code."""
    with subprocess.Popen(command, env=environment) as running:
        try:
            return running.wait(seconds)
        except KeyboardInterrupt:
            # Ctrl-C reaches the command too, which may have something to say yet.
            return running.wait(STOP_S)
        finally:
            end(running)


def end(running: "subprocess.Popen[bytes]") -> None:
    """End a command that has not ended; at first with a chance to say what it has."""
    if running.poll() is None:
        running.terminate()
        with suppress(subprocess.TimeoutExpired):
            running.wait(STOP_S)
        running.kill()


@contextmanager
def emulator(ministack: str, log: Path) -> Iterator[str]:
    """MiniStack, with all it writes beside its log. Gives its URL."""
    with socket.create_server((HOST, 0)) as free:
        port: int = free.getsockname()[1]
    url = f"http://{HOST}:{port}"
    environment = {
        **untouched(os.environ),
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "HOME": str(log.parent),
        "TMPDIR": str(log.parent),
        "BIND_HOST": HOST,
        "MINISTACK_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "AWS_ENDPOINT_URL": url,
        "LAMBDA_EXECUTOR": "local",
        # Signatures are checked, and what roles allow.
        "AUTH": "true",
        # No other ports.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [Path(ministack).absolute()],
            cwd=log.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that it and the functions it runs are one process group
        )
    try:
        wait_until_healthy(process, url)
        print(f"MiniStack serves on {url}", flush=True)
        yield url
    finally:
        stop(process)


def untouched(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without anybody's own AWS, and without a proxy to this machine."""
    direct = {name: f"{environment.get(name, '')},{HOST}".lstrip(",") for name in ("NO_PROXY", "no_proxy")}
    return {
        **{name: value for name, value in environment.items() if not name.startswith("AWS_")},
        **direct,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_DEFAULT_REGION": REGION,
    }


def wait_until_healthy(process: "subprocess.Popen[bytes]", url: str) -> None:
    """Wait until it answers.

    Raises:
        RuntimeError: it ended, or did not answer in time.
    """
    direct = build_opener(ProxyHandler({}))
    end = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < end:
        with suppress(OSError, HTTPException), direct.open(f"{url}/_ministack/health", timeout=5):
            return
        time.sleep(0.2)
    raise RuntimeError(f"MiniStack did not start; its exit code is {process.poll()}.")


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End it, and the functions it runs."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@cache
def client(service: str) -> Any:
    """A client of the emulator that runs.

    Not as the functions make theirs: those have Tencent's time-outs.
    """
    return botocore.session.get_session().create_client(
        service,
        region_name=REGION,
        endpoint_url=os.environ["EMULATOR_URL"],
        aws_access_key_id=ROOT_KEY,
        aws_secret_access_key=ROOT_KEY,
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
