"""What botocore logs of what it reads."""

import logging
from typing import TYPE_CHECKING, Any

import pytest

from roomstate.aws.clients import ssm_client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.mark.parametrize("kind", ["SecureString", "String"])
def test_no_parameter_is_logged_at_any_level(
    dynamodb: "DynamoDBClient",  # noqa: ARG001  AWS is embedded
    caplog: pytest.LogCaptureFixture,
    kind: Any,
) -> None:
    # GIVEN a secret, by whatever type somebody put it
    ssm_client().put_parameter(Name="/secret", Type=kind, Value="a-secret-key", Overwrite=True)
    # WHEN a program that logs all there is to log reads it
    with caplog.at_level(logging.DEBUG):
        read = ssm_client().get_parameter(Name="/secret", WithDecryption=True)
    # THEN
    assert read["Parameter"]["Value"] == "a-secret-key"
    assert "a-secret-key" not in caplog.text
