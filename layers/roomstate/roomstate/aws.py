"""AWS clients, as the functions use them.

Made with botocore, since importing boto3 loads s3transfer and its resources, which nothing here uses.
"""

from typing import TYPE_CHECKING, cast

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def dynamodb_client() -> "DynamoDBClient":
    """A DynamoDB client for the function's role and region."""
    config = Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2})
    return cast("DynamoDBClient", botocore.session.get_session().create_client("dynamodb", config=config))
