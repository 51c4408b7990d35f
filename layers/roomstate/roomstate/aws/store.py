"""The DynamoDB table, written: one read, then one transaction, for each unit of a webhook."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from roomstate.aws.clients import DYNAMODB_CALL_S
from roomstate.aws.deadline import Deadline
from roomstate.aws.items import (
    is_torn,
    puts,
    read_record,
    read_registers,
    record_item,
    register_items,
    unit_name,
)
from roomstate.aws.marshal import Item
from roomstate.aws.retry import persist, tries
from roomstate.aws.table import DAY_S, TTL_ATTRIBUTE, ItemKey, item_key, life_copy, life_keys, register_key
from roomstate.log.record import LogRecord, log_record
from roomstate.state.decide import decide
from roomstate.state.registers import LIFE, AnyRegister, Key
from roomstate.state.webhook import Webhook

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef


class Busy(Exception):
    """DynamoDB left some keys unread in every try."""


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

    def record(self, webhook: Webhook, deadline: Deadline) -> tuple[LogRecord, ...]:
        """Store a webhook, unit by unit.

        A unit that is stored already is left as it is, so a webhook may be recorded any number of
        times: what an earlier try did not come to is done now.

        Returns:
            The record of each unit, as it stands in the log.

        Raises:
            Unavailable: a unit could not be stored in time; the units before it are.
        """
        return tuple(self._record_unit(webhook, part, deadline) for part in range(len(webhook.units)))

    def _record_unit(self, webhook: Webhook, part: int, deadline: Deadline) -> LogRecord:
        return persist(
            lambda attempt: self._try(webhook, part, deadline, consistent=attempt > 0),
            tries(deadline, DYNAMODB_CALL_S),
            again_on=(Busy, BotoCoreError, ClientError),
            given_up="The webhook could not be stored.",
        )

    def _try(self, webhook: Webhook, part: int, deadline: Deadline, *, consistent: bool) -> LogRecord:
        # An eventually consistent read costs half and is nearly always current. Where it is not, the
        # conditions on what it read fail, and the next try reads consistently.
        unit = webhook.units[part]
        items = self._read(webhook, part, deadline, consistent=consistent)
        registers = read_registers(items.values())
        decision = decide(webhook.version, unit.assertions, registers)
        writes = decision.writes
        if is_torn(items.values()):
            writes = {LIFE: registers[LIFE], **writes}
        record = log_record(
            webhook,
            part,
            decision.changes,
            won=decision.won,
            expires_at=webhook.received_at // 1000 + self._retention_days * DAY_S,
        )
        deadline.require(DYNAMODB_CALL_S)
        return self._commit(record, writes, items)

    def _read(
        self, webhook: Webhook, part: int, deadline: Deadline, *, consistent: bool
    ) -> dict[ItemKey, Item]:
        """The items of the registers a unit asserts, and of the room's life, as far as they exist.

        Both copies of the life, where they are read consistently. Else one, which stands for both: they are
        written together, so the conditions on what it is fail should the other be something else.
        """
        unit = webhook.units[part]
        if unit.room_id is None or not unit.assertions:
            return {}
        asserted = {key for key, _ in unit.assertions} - {LIFE}
        keys = [register_key(webhook.sdk_app_id, unit.room_id, key) for key in asserted]
        copies = life_keys(webhook.sdk_app_id, unit.room_id)
        if consistent:
            return self._get([*keys, *copies], deadline, consistent=True)
        one = copies[life_copy(webhook.event_id, part)]
        found = self._get([*keys, one], deadline, consistent=False)
        if one not in found:
            return found
        if TTL_ATTRIBUTE in found[one]:
            # DynamoDB may have deleted the other already, and only a write of the life brings it back.
            return self._read(webhook, part, deadline, consistent=True)
        return found | dict.fromkeys(copies, found[one])

    def _get(self, places: Iterable[ItemKey], deadline: Deadline, *, consistent: bool) -> dict[ItemKey, Item]:
        keys = [place.item() for place in places]
        found: dict[ItemKey, Item] = {}
        for _ in tries(deadline, DYNAMODB_CALL_S):
            deadline.require(DYNAMODB_CALL_S)
            page = self._client.batch_get_item(
                RequestItems={self._table: {"Keys": keys, "ConsistentRead": consistent}}
            )
            found.update((item_key(item), item) for item in page["Responses"].get(self._table, []))
            rest: Any = page["UnprocessedKeys"].get(self._table, {})
            keys = rest.get("Keys", [])
            if not keys:
                return found
        raise Busy

    def _commit(
        self, record: LogRecord, writes: Mapping[Key, AnyRegister], read: Mapping[ItemKey, Item]
    ) -> LogRecord:
        """Write a record and its registers, or find the record there already.

        Raises:
            TransactionCanceledException: somebody wrote one of the registers since they were read.
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
            items = register_items(
                record.sdk_app_id,
                record.room_id,
                key,
                register,
                writer=unit_name(record),
                received_at=record.received_at,
            )
            actions += puts(self._table, items, read)
        try:
            self._client.transact_write_items(TransactItems=actions)
        except self._client.exceptions.TransactionCanceledException as error:
            of_record = error.response["CancellationReasons"][0]
            if of_record["Code"] == "ConditionalCheckFailed":
                return read_record(of_record["Item"])
            raise
        return record
