"""`make sweep`: delete what the last end, or the last beginning, of a room has voided.

The stack does so by itself; this is for rooms whose sweep failed, and for what ended before there was a
sweep. Nobody sees any difference. Credentials and region are those of the environment, as for the AWS CLI.

Exit codes: 0 done, 2 it could not be done, 130 stopped; what was deleted until then stays so.
"""

import argparse
import sys
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from local.commands.replay import INTERRUPTED
from roomstate.aws.clients import patient_dynamodb_client
from roomstate.aws.deadline import Deadline
from roomstate.sweep.stream import Due
from roomstate.sweep.sweeper import Sweeper
from roomstate.tencent.errors import Unavailable

FAILED = 2
A_DAY_S = 86_400


def main(arguments: Sequence[str] | None = None) -> int:
    """Sweep one room. Gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m local.commands.sweep",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--table", required=True, help="TableName of the stack's outputs")
    parser.add_argument("--app", required=True, help="its SdkAppId")
    parser.add_argument("--room", required=True, help="which room")
    asked = parser.parse_args(arguments)
    try:
        sweeper = Sweeper(patient_dynamodb_client(), asked.table)
        deleted = sweeper.sweep(Due(asked.app, asked.room), Deadline(A_DAY_S))
    except KeyboardInterrupt:
        return INTERRUPTED
    except (BotoCoreError, ClientError, Unavailable) as error:
        print(f"AWS: {error}", file=sys.stderr)
        return FAILED
    print(f"Deleted {deleted} items of room {asked.room!r}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
