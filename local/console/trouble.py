"""What keeps a table from being read, in a sentence for the person who has to mend it."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ReadTimeoutError,
)

_REJECTED = {
    "ExpiredTokenException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "UnrecognizedClientException",
}


def explain(error: BotoCoreError | ClientError, table: str) -> str:
    """Why a table cannot be read, and what to do."""
    match error:
        case NoCredentialsError() | PartialCredentialsError():
            return (
                "There are no AWS credentials in the environment: sign in, or name a profile in AWS_PROFILE."
            )
        case NoRegionError():
            return "There is no AWS region in the environment: name the stack's region in AWS_DEFAULT_REGION."
        case EndpointConnectionError() | ConnectTimeoutError() | ReadTimeoutError():
            return f"AWS cannot be reached: {error}"
        case ClientError():
            return _refused(error.response["Error"], table)
        case _:
            return f"AWS: {error}"


def _refused(error: object, table: str) -> str:
    assert isinstance(error, dict)
    code, message = error.get("Code", ""), str(error.get("Message", "")).rstrip(".")
    if code == "ResourceNotFoundException":
        return (
            f"There is no table {table!r} in this account and region; TableName of the stack's outputs is it."
        )
    if code in ("AccessDeniedException", "AccessDenied"):
        return (
            f"These credentials may not read the table {table!r}; they need dynamodb:Query and "
            f"dynamodb:BatchGetItem on it, and dynamodb:Query on its indexes: {message}."
        )
    if code == "ValidationException" and "index" in message:
        return f"The table {table!r} is not one of roomstate: {message}."
    if code in _REJECTED:
        return f"AWS does not accept these credentials; sign in anew: {message}."
    return f"AWS refuses to read the table {table!r}: {code}, {message}."
