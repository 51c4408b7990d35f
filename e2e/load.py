"""`make load`: many webhooks, doubled and shuffled, onto the deployed stack, while AWS fails for a while.

The stack is deployed to the emulator. Between its functions and DynamoDB and SQS is a proxy that throttles,
hangs, and lets calls be done whose answer is lost, from a quarter to a half of the way. A webhook that is
not answered OK is delivered again, as Tencent does with redelivery. A parked one that fails once more is a
dead letter at once, rather than after two hours; dead letters are moved back in the end. Then every room is
to be what the webhooks that were sent come to, every webhook in the log, and no message left.

Exit codes: 0 all is as it should be, 1 something is not.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from e2e.emulator import client
from e2e.faults import Faults, between
from e2e.stack import Stack, build, deploy, say, waiting
from local.commands.send import from_body
from local.tencent import SAMPLE_APP, post
from roomstate.log.fold import fold
from roomstate.log.record import LogRecord, log_record
from tests.converging import lasting
from tests.payloads import (
    Payload,
    admins,
    body,
    create,
    del_metadata,
    destroy,
    members,
    seat,
    seats,
    set_metadata,
    update,
    webhook,
)

LIVES = 0.03
"""The share of webhooks that end a room, or begin it anew."""
SEATS, USERS = 8, 40
"""Of a room."""
ROUNDS = 20
"""Deliveries of a webhook at most."""
DRAIN_S = 1_800
"""The longest pause of a parked webhook is 15 minutes."""
FUNCTIONS = ("WebhookFunction", "RedriveFunction")


def main(arguments: Sequence[str] | None = None) -> int:
    """Send all, and look. Gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m e2e.load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=20_000, help="webhooks; each is sent twice (20000)")
    parser.add_argument("--rooms", type=int, default=500, help="how many rooms they are of (500)")
    parser.add_argument("--senders", type=int, default=8, help="how many are sent at once (8)")
    parser.add_argument("--seed", type=int, default=1, help="for other webhooks, and another order (1)")
    asked = parser.parse_args(arguments)
    drawn = random.Random(asked.seed)
    payloads = list(happenings(asked.count, asked.rooms, drawn))
    faults = Faults(asked.seed)
    with TemporaryDirectory(prefix="roomstate-load-") as folder:
        say("sam build, and sam deploy")
        build(Path(folder) / "build")
        stack = deploy(
            Path(folder) / "build", "load", SdkAppIds=SAMPLE_APP, ReadAccess="none", Dashboard="false"
        )
        give_up_early(stack)
        with between(client("dynamodb").meta.endpoint_url, faults) as url:
            for function in FUNCTIONS:
                reroute(stack.resource(function), url)
            begun = time.monotonic()
            answers = send(stack, payloads, faults, drawn, asked.senders)
            seconds = time.monotonic() - begun
            moved = drain(stack)
    rate = sum(answers.values()) / seconds
    print(f"\n{sum(answers.values()):,} deliveries in {seconds:,.0f} s, {rate:,.0f} a second")
    print(f"  {'dead letters moved back':<45} {moved:>8,}")
    for told in (answers, faults.met):
        print(*(f"  {name:<45} {count:>8,}" for name, count in sorted(told.items())), sep="\n")
    return look(stack, payloads)


def happenings(count: int, rooms: int, drawn: random.Random) -> Iterator[Payload]:
    """What happens in some rooms, one thing after another, within the last day."""
    begun = int(time.time() * 1000) - 86_400_000
    for number in range(count):
        room, at = f"load-{number % rooms}", begun + number * (80_000_000 // count)
        user = f"user-{drawn.randrange(USERS)}"
        if number < rooms or drawn.random() < LIVES / 2:
            yield create(room, at, RoomName=f"name {number}", Owner_Account=user)
            continue
        if drawn.random() < LIVES / 2:
            yield destroy(room, at)
            continue
        match drawn.randrange(10):
            case 0 | 1 | 2 | 3:
                yield members(room, drawn.choice(["Online", "Online", "Offline"]), user, at=at)
            case 4 | 5 | 6:
                yield seats(room, seat(drawn.randrange(SEATS), drawn.choice([user, None])), at=at)
            case 7:
                yield admins(room, drawn.choice(["add", "delete"]), user, at=at)
            case 8:
                yield update(room, at, RoomName=f"name {number}", Notice=f"notice {number}")
            case _ if drawn.random() < 0.8:
                yield set_metadata(room, at, **{f"key-{number % 5}": f"value {number}"})
            case _:
                yield del_metadata(room, f"key-{number % 5}", at=at)


def give_up_early(stack: Stack) -> None:
    """Make a dead letter of what could not be redriven once."""
    policy = {"deadLetterTargetArn": stack.outputs["DeadLetterQueueArn"], "maxReceiveCount": 1}
    client("sqs").set_queue_attributes(
        QueueUrl=stack.outputs["ParkingQueueUrl"], Attributes={"RedrivePolicy": json.dumps(policy)}
    )


def reroute(function: str, url: str) -> None:
    """Let a function call DynamoDB and SQS by way of another URL."""
    functions = client("lambda")
    variables = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    variables |= {"AWS_ENDPOINT_URL_DYNAMODB": url, "AWS_ENDPOINT_URL_SQS": url}
    functions.update_function_configuration(FunctionName=function, Environment={"Variables": variables})


def send(
    stack: Stack, payloads: Sequence[Payload], faults: Faults, drawn: random.Random, senders: int
) -> Counter[str]:
    """Deliver each webhook twice, in no order, and again what is not answered OK. Gives the answers."""
    outgoing = [from_body(body(payload), payload["CallbackCommand"], SAMPLE_APP) for payload in payloads]
    left = [*outgoing, *outgoing]
    drawn.shuffle(left)
    answers: Counter[str] = Counter()
    fails = range(len(left) // 4, len(left) // 2)
    with ThreadPoolExecutor(senders) as pool, progress() as shown:
        task = shown.add_task("webhooks sent", total=len(left))
        for _ in range(ROUNDS):
            again = []
            delivered = pool.map(lambda one: (one, post(stack.url, one)), left)
            for number, (one, answer) in enumerate(delivered):
                answers[str(answer.status)] += 1
                if not answer.ok:
                    again.append(one)
                    shown.update(task, total=len(outgoing) * 2 + len(again))
                faults.on = len(left) > len(outgoing) and number in fails
                shown.advance(task)
            left = again
            if not left:
                return answers
    raise SystemExit(f"{len(left)} webhooks were not answered OK in {ROUNDS} deliveries.")


def drain(stack: Stack) -> int:
    """Wait until what was parked is taken up, and move dead letters back. Gives how many those were.

    Raises:
        SystemExit: that takes too long.
    """
    parked, dead = (stack.outputs[name] for name in ("ParkingQueueUrl", "DeadLetterQueueUrl"))
    end, moved = time.monotonic() + DRAIN_S, 0
    with progress() as shown:
        task = shown.add_task("parked webhooks taken up", total=waiting(parked))
        while (left := waiting(parked)) or waiting(dead):
            if time.monotonic() > end:
                raise SystemExit(f"{left} webhooks are parked, and {waiting(dead)} are dead letters.")
            if not left:
                moved += move(dead, parked)
            total = max(left, shown.tasks[task].total or 0)
            shown.update(task, total=total, completed=total - left)
            time.sleep(1)
    return moved


def move(source: str, destination: str) -> int:
    """Move the messages of a queue to another, as SQS's own move task does. The emulator has none."""
    sqs, moved = client("sqs"), 0
    while messages := sqs.receive_message(QueueUrl=source, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            sqs.send_message(QueueUrl=destination, MessageBody=message["Body"])
            sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
        moved += len(messages)
    return moved


def look(stack: Stack, payloads: Sequence[Payload]) -> int:
    """Compare the table with what was sent. Gives the exit code."""
    sent = [record for payload in payloads for record in records(payload)]
    by_room: dict[str, list[LogRecord]] = {}
    for record in sent:
        by_room.setdefault(record.room_id or "", []).append(record)
    say("reading the table")
    stored = Counter((record.event_id, record.part) for record in stack.records())
    missing = {(record.event_id, record.part) for record in sent} - stored.keys()
    different = []
    with progress() as shown:
        for room, told in shown.track(by_room.items(), description="rooms compared"):
            if lasting(stack.reader.registers(SAMPLE_APP, room)) != lasting(fold(told)):
                different.append(room)
    letters = waiting(stack.outputs["DeadLetterQueueUrl"])
    print(
        f"{len(payloads):,} webhooks of {len(by_room):,} rooms: {len(missing)} missing in the log, "
        f"{len(different)} rooms different, {letters} dead letters"
    )
    if different:
        print("Different:", *different[:10])
    return 1 if missing or different or letters else 0


def records(payload: Payload) -> Iterator[LogRecord]:
    """What a webhook leaves in the log, but for its changes."""
    arrived = webhook(payload, SAMPLE_APP)
    for part in range(len(arrived.units)):
        yield log_record(arrived, part, (), won=True, expires_at=0)


def progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


if __name__ == "__main__":
    sys.exit(main())
