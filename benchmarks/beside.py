"""roomstate beside a typical handler (`benchmarks/typical`): what each takes, and what becomes of webhooks.

Both forward to EventBridge and check signatures.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterable
from compileall import compile_dir
from pathlib import Path
from py_compile import PycInvalidationMode
from statistics import median

from benchmarks import beside_warm
from benchmarks.artifact import LAYERS, Start, cpu_s
from benchmarks.fate import DEAD_S, TENCENT_WAITS_S, THROTTLED_S, Answer, Fate
from benchmarks.fates import Fates
from benchmarks.figure import Figure
from benchmarks.typical_world import ENVIRONMENT as TYPICAL_ENVIRONMENT
from benchmarks.typical_world import TYPICAL
from e2e.stack import build
from local.aws.template import ROOT

ROUNDS = 7
OURS_ENVIRONMENT = {"EVENT_BUS": "rooms", "TOKENS_PARAMETER": "/roomstate/tokens"}
IN_PROCESS = "by running both against an embedded AWS; delivered once, as Tencent does by default"


def figures(built: Path, scratch: Path, rounds: Iterable[int]) -> list[Figure]:
    """A row each, the typical handler's beside ours.

    Args:
        built: where `sam build` put the stack.
        scratch: a folder for what it is compared with.
        rounds: of starts; `ROUNDS` of them, with progress shown or without.
    """
    build(scratch / "typical", TYPICAL / "template.yaml")
    typical = scratch / "typical" / "WebhookFunction"
    return [*starts(built, typical, scratch, rounds), warm(), *became(fates())]


def starts(built: Path, typical: Path, scratch: Path, rounds: Iterable[int]) -> list[Figure]:
    """Init of both, as they are built, and of the typical one compiled as ours is."""
    compiled = scratch / "typical-compiled"
    shutil.copytree(typical, compiled)
    compile_dir(compiled, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    ours = [built / "WebhookFunction", *(built / layer / "python" for layer in LAYERS)]
    started = {
        "ours": Start(ours, "import app", OURS_ENVIRONMENT),
        "built": Start([typical], "import app", TYPICAL_ENVIRONMENT),
        "compiled": Start([compiled], "import app", TYPICAL_ENVIRONMENT),
    }
    # Shuffled, since a short process leaves the next one a quicker machine.
    measured = [
        {name: cpu_s(started[name]) for name in random.sample(list(started), len(started))} for _ in rounds
    ]
    ms = {name: f"{1000 * median(took[name] for took in measured):,.0f} ms" for name in started}
    how = f"CPU of fresh processes that write no bytecode; medians of {ROUNDS} rounds, the ratio also"

    def beside(name: str, other: str, more: str) -> Figure:
        ratio = median(took["ours"] / took[other] for took in measured)
        return Figure(name, f"{ms['ours']} ({ratio:.2f} x)", "", None, f"{how}; {more}", ms[other])

    return [
        beside("Init, as plain `sam build` packages it, against ours as shipped", "built", "boto3 is in it"),
        beside("Init, were it compiled too", "compiled", "the same with the bytecode of all its modules"),
    ]


def warm() -> Figure:
    """CPU of a request."""
    took = beside_warm.measure()
    return Figure(
        "CPU of a warm request, one seat taken",
        f"{took.ours_us:,.0f} µs ({took.ratio:.2f} x)",
        "",
        None,
        "in one process, in turns, AWS answers in process; "
        f"medians of {beside_warm.ROUNDS} rounds, the ratio also",
        f"{took.typical_us:,.0f} µs",
    )


def fates() -> dict[str, Fates]:
    """What becomes of webhooks, found in a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.fates"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "EMULATOR_URL"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return {
        name: Fates(**{whose: [_read(fate) for fate in each] for whose, each in found.items()})
        for name, found in json.loads(ran.stdout).items()
    }


def became(found: dict[str, Fates]) -> list[Figure]:
    """What became of webhooks, in words that the runs choose."""
    rows = [
        ("AWS calls, one seat taken", "change", calls),
        ("Write and read units, one seat taken", "change", units),
        ("A webhook that is delivered twice", "duplicate", doubled),
        ("A webhook that comes after a newer one", "late", late),
        (f"Webhooks while DynamoDB throttles for {THROTTLED_S:g} s", "throttled", counted),
        (f"A webhook while DynamoDB hangs for {DEAD_S:g} s", "dead", counted),
    ]
    hows = {
        "change": "read units as documented, of keys that are read",
        "duplicate": "the same body again",
        "late": "a seat is bob's, then comes an older webhook that says ann",
        "throttled": f"each of {len(found['throttled'].ours)} times with other random pauses between tries",
        "dead": "calls are given up when the client's own time is up, or the function's",
    }
    return [
        Figure(name, say(found[case].ours), "", None, f"{hows[case]}; {IN_PROCESS}", say(found[case].typical))
        for name, case, say in rows
    ]


def calls(fates: list[Fate]) -> str:
    [fate] = fates
    return f"{len(fate.calls)} ({', '.join(fate.calls)})"


def units(fates: list[Fate]) -> str:
    [fate] = fates
    return f"{fate.write_units:g} and {fate.read_units:g}"


def doubled(fates: list[Fate]) -> str:
    [fate] = fates
    state = "changes the state again" if fate.last_changed else "changes nothing"
    if fate.forwarded == 1:
        return f"{state}; forwarded once"
    ids = "one id" if fate.event_ids == 1 else f"{fate.event_ids or 'no'} ids"
    return f"{state}; forwarded {fate.forwarded} times, with {ids}"


def late(fates: list[Fate]) -> str:
    [fate] = fates
    return "kept out" if fate.in_the_end == fate.wanted else "overwrites the newer seat"


def counted(fates: list[Fate]) -> str:
    """How often the last of the webhooks was stored, and what Tencent was told."""
    at_once = sum(fate.at_once == fate.wanted for fate in fates)
    later = sum(fate.in_the_end == fate.wanted for fate in fates) - at_once
    words = {"stored": at_once, "stored from the queue": later, "lost": len(fates) - at_once - later}
    if len(fates) == 1:
        [became] = (name for name, count in words.items() if count)
        return f"{became}; {fates[0].answers[-1]}"
    became = ", ".join(f"{name}: {count}" for name, count in words.items() if count)
    in_time = sum(fate.answers[-1].is_ok for fate in fates)
    return f"of {len(fates)}, {became}; answered OK within Tencent's {TENCENT_WAITS_S:g} s: {in_time}"


def _read(fate: dict[str, object]) -> Fate:
    answers = fate.pop("answers")
    assert isinstance(answers, list)
    return Fate(**fate, answers=[Answer(**answer) for answer in answers])  # type: ignore[arg-type]
