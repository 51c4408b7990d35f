"""The contract of forwarded events, as files: `schemas/`.

`python -m local.commands.schema` writes the JSON Schema of this version and its examples, `--check` only
compares. The files of an earlier version are left as they were released.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from pydantic.json_schema import GenerateJsonSchema

from local.aws.template import ROOT
from local.tencent import samples
from roomstate.log.forwarded import SCHEMA_VERSION, ForwardedWebhook, forwarded, without_payload
from roomstate.log.record import LogRecord, log_record
from roomstate.receive.gateway import to_request
from roomstate.state.decide import decide
from roomstate.state.registers import AnyRegister, Key
from roomstate.state.webhook import Webhook
from roomstate.tencent.caller import identify
from roomstate.tencent.decode import decode
from roomstate.tencent.delivery import Delivery

SCHEMAS = ROOT / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
RETENTION_S = 90 * 24 * 3600
CUT_OFF = b'{"CallbackCommand":"Live.CallbackAfterModifyAdmin","RoomId":"rid-123","opType":"Ad'
"""A body that breaks off."""

Rooms = dict[str | None, dict[Key, AnyRegister]]
"""The registers of rooms, by room_id."""


class _AllRequired(GenerateJsonSchema):
    """Every field is there in every event, those with a default too."""

    def field_is_required(self, *_: Any, **__: Any) -> bool:
        return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or name those that differ. Gives the exit code: 1 where any does."""
    parser = argparse.ArgumentParser(prog="python -m local.commands.schema", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check: bool = parser.parse_args(arguments).check
    differing = {
        path: text for path, text in files().items() if not path.exists() or path.read_text("utf-8") != text
    }
    for path, text in differing.items():
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        print(f"{path.relative_to(ROOT)} {'differs from the code' if check else 'written'}")
    return 1 if check and differing else 0


def files() -> dict[Path, str]:
    """What the code makes of this version's files."""
    schema = ForwardedWebhook.model_json_schema(mode="serialization", schema_generator=_AllRequired)
    directory = SCHEMAS / "examples" / str(SCHEMA_VERSION)
    return {
        SCHEMAS / f"forwarded-webhook-{SCHEMA_VERSION}.json": _pretty({"$schema": DIALECT, **schema}),
        **{
            directory / f"{name}.json": _pretty(webhook.model_dump(mode="json"), sort=False)
            for name, webhook in examples().items()
        },
    }


def examples() -> dict[str, ForwardedWebhook]:
    """One for each way an event may look."""
    story = sample_records()
    seat = story["070-mic-seat-info-changed-live"]
    cut_off = Delivery(seat.sdk_app_id, CUT_OFF, seat.received_at, "Live.CallbackAfterModifyAdmin", "RESTAPI")
    return {
        "room-created": forwarded(story["010-live-create-room"]),
        "member-online": forwarded(story["050-live-member-state-changed-online"]),
        "seat-occupied": forwarded(seat),
        "gift-observed": forwarded(story["110-live-before-send-gift"]),
        "member-offline": forwarded(story["150-live-member-state-changed-other-name"]),
        "room-ended": forwarded(story["180-live-destroy-room"]),
        "unreadable": forwarded(records_of(decode(cut_off), {})[0]),
        "payload-too-large": without_payload(forwarded(seat)),
    }


def sample_records() -> dict[str, LogRecord]:
    """The record of each sample webhook, told in their order; of one in parts, the first."""
    rooms: Rooms = {}
    told: dict[str, LogRecord] = {}
    for name, event in samples().items():
        request = to_request(APIGatewayProxyEventV2(event))
        app = event["queryStringParameters"]["SdkAppid"]
        caller = identify(request.query, {app})
        delivery = Delivery(app, request.body, request.received_at, caller.command, caller.opt_platform)
        told[name] = records_of(decode(delivery), rooms)[0]
    return told


def records_of(webhook: Webhook, rooms: Rooms) -> list[LogRecord]:
    """The records of a webhook, one for each part; it is applied to the rooms it names."""
    records = []
    for part, unit in enumerate(webhook.units):
        registers = rooms.setdefault(unit.room_id, {})
        decision = decide(webhook.version, unit.assertions, registers)
        registers.update(decision.writes)
        expires_at = webhook.received_at // 1000 + RETENTION_S
        records.append(log_record(webhook, part, decision.changes, won=decision.won, expires_at=expires_at))
    return records


def _pretty(document: dict[str, Any], *, sort: bool = True) -> str:
    return json.dumps(document, indent=2, sort_keys=sort, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
