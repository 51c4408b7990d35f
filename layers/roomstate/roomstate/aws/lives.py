"""A room's life, written by who is no webhook."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import uuid4

from roomstate.aws.items import puts, register_items
from roomstate.aws.marshal import Item
from roomstate.aws.table import TTL_ATTRIBUTE, ItemKey
from roomstate.state.life import Life
from roomstate.state.registers import LIFE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def write_life(
    client: "DynamoDBClient",
    table_name: str,
    room: tuple[str, str],
    life: Life,
    read: Mapping[ItemKey, Item],
    *,
    expires_at: int | None = None,
) -> bool:
    """Write both copies of a life, if they are still what was read. Gives whether they were.

    Args:
        room: SdkAppid and room id.
        read: the copies that were there.
        expires_at: s since the epoch, from when on DynamoDB may delete it.

    Raises:
        botocore.exceptions.ClientError: DynamoDB failed, or somebody is writing the life just now.
    """
    items = register_items(*room, LIFE, life, writer=uuid4().hex, received_at=0)
    if expires_at is not None:
        items = [item | {TTL_ATTRIBUTE: {"N": str(expires_at)}} for item in items]
    try:
        client.transact_write_items(TransactItems=puts(table_name, items, read))
    except client.exceptions.TransactionCanceledException as error:
        if all(
            reason["Code"] != "ConditionalCheckFailed" for reason in error.response["CancellationReasons"]
        ):
            raise
        return False
    return True
