"""`make send`: post webhooks to a receiver that runs: the samples of `events/`, or files.

A file holds an event of an API Gateway HTTP API, as those of `events/` do, or a webhook's body alone.
WEBHOOK_TOKEN signs, SDK_APP_ID says whose the webhooks are.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from local.aws.template import parameter_default
from local.tencent import SAMPLE_APP, Outgoing, from_event, post, samples

DEFAULT_URL = f"http://127.0.0.1:3000{parameter_default('WebhookPath')}"
SEEDS = 1_000_000
LATE_SHARE = 4
"""With --late, one delivery in this many is held back."""

Named = tuple[str, Outgoing]


class Unsendable(Exception):
    """Nothing can be sent; the text says why, to the user."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Send, and show each answer. Gives the exit code: 0 where all were accepted."""
    parser = argparse.ArgumentParser(
        prog="python -m local.commands.send",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="*", type=Path, help="(default: the samples, in their order)")
    parser.add_argument(
        "--url", type=_url, default=DEFAULT_URL, help="of the receiver (default: %(default)s)"
    )
    parser.add_argument("--twice", action="store_true", help="each webhook twice in a row")
    parser.add_argument("--shuffle", action="store_true", help="in random order")
    parser.add_argument("--late", action="store_true", help="hold some back, and deliver them at the end")
    parser.add_argument("--seed", type=int, help="repeat the run that printed this seed")
    asked = parser.parse_args(arguments)
    seed: int = Random().randrange(SEEDS) if asked.seed is None else asked.seed  # noqa: S311  no secret
    try:
        webhooks = read(asked.files, os.environ.get("SDK_APP_ID") or None)
        in_time, late = schedule(webhooks, Random(seed), asked.twice, asked.shuffle, asked.late)  # noqa: S311
        token = os.environ.get("WEBHOOK_TOKEN") or None
        print(f"Webhooks to {asked.url}, {'signed' if token else 'unsigned'}")
        if asked.shuffle or asked.late:
            print(f"Repeat with --seed {seed}")
        accepted = send(asked.url, in_time, token, "")
        accepted += send(asked.url, late, token, "Held back until now")
    except Unsendable as reason:
        print(reason, file=sys.stderr)
        return 1
    refused = len(in_time) + len(late) - accepted
    print(f"\n{accepted} OK, {refused} refused")
    return 1 if refused else 0


def read(files: Sequence[Path], app: str | None) -> list[Named]:
    """The webhooks of files, or else of the samples, with their names.

    Args:
        files: their paths.
        app: whose they are; None: an event's own, or that of the samples.

    Raises:
        Unsendable: a file is not there, or holds no webhook.
    """
    if files:
        return [(path.stem, read_file(path, app)) for path in files]
    return [(name, from_event(event, app)) for name, event in samples().items()]


def read_file(path: Path, app: str | None) -> Outgoing:
    """The webhook of a file: of an event, or of a body alone.

    Raises:
        Unsendable: it is not there, or holds none.
    """
    try:
        content = path.read_bytes()
        document: Any = json.loads(content)
    except OSError as error:
        raise Unsendable(f"{path} cannot be read: {os.strerror(error.errno or 0)}.") from error
    except (ValueError, RecursionError) as error:
        raise Unsendable(f"{path} is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise Unsendable(f"{path} is not a JSON object: neither a webhook's body nor an event.")
    if "rawQueryString" not in document:
        return from_body(content, document.get("CallbackCommand"), app or SAMPLE_APP)
    try:
        return from_event(document, app)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unsendable(f"{path} has a rawQueryString, but is no event of an HTTP API: {error}.") from error


def from_body(content: bytes, command: Any, app: str) -> Outgoing:
    """The webhook of a body alone, in a URL as Tencent makes it. The body is sent as it is."""
    parameters = {"SdkAppid": app, "CallbackCommand": command, "contenttype": "json"}
    known = {name: value for name, value in parameters.items() if isinstance(value, str)}
    return Outgoing(urlencode(known, quote_via=quote, errors="replace"), content)


def schedule(
    webhooks: Sequence[Named], random: Random, twice: bool, shuffle: bool, late: bool
) -> tuple[list[Named], list[Named]]:
    """What to deliver in time, and what after that."""
    deliveries = [webhook for webhook in webhooks for _ in range(2 if twice else 1)]
    if shuffle:
        random.shuffle(deliveries)
    count = -(-len(deliveries) // LATE_SHARE) if late else 0
    held_back = set(random.sample(range(len(deliveries)), count))
    in_time = [delivery for place, delivery in enumerate(deliveries) if place not in held_back]
    return in_time, [deliveries[place] for place in sorted(held_back)]


def send(url: str, webhooks: Sequence[Named], token: str | None, title: str) -> int:
    """Post webhooks one after the other, and show each answer. Gives how many were accepted.

    Raises:
        Unsendable: nobody answers there.
    """
    accepted = 0
    if webhooks:
        print(f"\n{title}\n" if title else "")
    for name, webhook in webhooks:
        try:
            answer = post(url, webhook, token)
        except (OSError, HTTPException) as error:
            reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
            raise Unsendable(f"No receiver answers at {url}: {reason}. `make run` starts one.") from error
        print(f"  {name:<40} {answer}", flush=True)
        accepted += answer.ok
    return accepted


def _url(text: str) -> str:
    """argparse's type of a receiver's URL."""
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # its port or its IPv6 address is none
        valid = False
    if not valid or parts.query or not text.isascii() or not text.isprintable() or " " in text:
        raise argparse.ArgumentTypeError(f"not a receiver's URL, such as {DEFAULT_URL}: {text!r}")
    return text


if __name__ == "__main__":
    sys.exit(main())
