"""The DynamoDB table, written: one read, then one transaction, for each unit of a webhook."""

import random
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from roomstate.decide import decide
from roomstate.errors import Unavailable
from roomstate.registers import ROOM, AnyRegister, Key
from roomstate.table import (
    DAY_S,
    read_record,
    read_register,
    record_item,
    register_item,
    register_key,
    unchanged,
)
from roomstate.webhook import LogRecord, Webhook, log_record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

ATTEMPTS = 5
"""Rounds of read, decide, commit for one unit, when others write the same registers meanwhile."""
MAX_BACKOFF_S = 0.05
"""Longest wait between two rounds."""

Registers = Mapping[Key, AnyRegister]


class Conflict(Exception):
    """A register is no longer what was read. Nothing was written."""


class Store:
    """Writes webhooks.

    Args:
        client: a DynamoDB client.
        table_name: the table that `template.yaml` describes.
        retention_days: how long a record stays in the log.
    """

    def __init__(self, client: "DynamoDBClient", table_name: str, retention_days: int) -> None:
        self._client = client
        self._table = table_name
        self._retention_days = retention_days

    def record(self, webhook: Webhook) -> tuple[LogRecord, ...]:
        """Store a webhook, unit by unit.

        A unit that is stored already is left as it is, so a webhook may be recorded any number of
        times: what an earlier try did not come to is done now.

        Returns:
            The record of each unit, as it stands in the log.

        Raises:
            Unavailable: a unit could not be stored; the units before it are.
        """
        try:
            return tuple(self._record_unit(webhook, part) for part in range(len(webhook.units)))
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("The webhook could not be stored.") from error

    def _record_unit(self, webhook: Webhook, part: int) -> LogRecord:
        unit = webhook.units[part]
        for attempt in range(ATTEMPTS):
            # An eventually consistent read costs half and is nearly always current. Where it is not,
            # the conditions on what it read fail, and the next round reads consistently.
            registers = self._read(webhook, part, consistent=attempt > 0)
            decision = decide(webhook.version, unit.assertions, registers)
            record = log_record(
                webhook,
                part,
                decision.changes,
                won=bool(decision.writes),
                expires_at=webhook.received_at // 1000 + self._retention_days * DAY_S,
            )
            try:
                return self._commit(record, decision.writes, registers)
            except Conflict:
                time.sleep(random.uniform(0, MAX_BACKOFF_S))  # noqa: S311
        raise Unavailable("The webhook could not be stored: too many others at the same time.")

    def _read(self, webhook: Webhook, part: int, *, consistent: bool) -> Registers:
        """The registers a unit asserts, and the room's, as far as they exist."""
        unit = webhook.units[part]
        if unit.room_id is None or not unit.assertions:
            return {}
        wanted = {ROOM, *(key for key, _ in unit.assertions)}
        keys = [register_key(webhook.sdk_app_id, unit.room_id, key).item() for key in wanted]
        found: dict[Key, AnyRegister] = {}
        while keys:
            page = self._client.batch_get_item(
                RequestItems={self._table: {"Keys": keys, "ConsistentRead": consistent}}
            )
            found.update(read_register(item) for item in page["Responses"].get(self._table, []))
            rest: Any = page["UnprocessedKeys"].get(self._table, {})
            keys = rest.get("Keys", [])
        return found

    def _commit(self, record: LogRecord, writes: Registers, read: Registers) -> LogRecord:
        """Write a record and its registers, or find the record there already.

        Raises:
            Conflict: somebody wrote one of the registers since they were read.
        """
        actions: list[TransactWriteItemTypeDef] = [
            {
                "Put": {
                    "TableName": self._table,
                    "Item": record_item(record),
                    "ConditionExpression": "attribute_not_exists(pk)",
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                }
            }
        ]
        for key, register in writes.items():
            assert record.room_id is not None
            item = register_item(record.sdk_app_id, record.room_id, key, register, record.received_at)
            put: Any = {"TableName": self._table, "Item": item, **unchanged(read.get(key))}
            actions.append({"Put": put})
        try:
            self._client.transact_write_items(TransactItems=actions)
        except self._client.exceptions.TransactionCanceledException as error:
            first, *others = error.response["CancellationReasons"]
            if first["Code"] == "ConditionalCheckFailed":
                return read_record(first["Item"])
            if any(
                reason["Code"] in ("ConditionalCheckFailed", "TransactionConflict")
                for reason in (first, *others)
            ):
                raise Conflict from error
            raise
        return record
