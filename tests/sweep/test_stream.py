"""Which changes of life items leave a room to be swept."""

from dataclasses import dataclass
from typing import Any

import pytest

from roomstate.aws.items import register_item
from roomstate.state.life import Life
from roomstate.state.registers import LIFE
from roomstate.sweep.stream import Due, due
from tests.payloads import APP, NOW


def image(life: "Life | Settled | None") -> Any:
    if isinstance(life, Settled):
        return {**image(life.life), "expires_at": {"N": "1"}}
    return life and register_item(APP, "r", LIFE, life, writer="0" * 32, received_at=NOW)


def change(old: "Life | Settled | None", new: "Life | Settled | None") -> dict[str, Any]:
    """`dynamodb` of a stream record."""
    images = {"OldImage": image(old), "NewImage": image(new)}
    return {name: found for name, found in images.items() if found is not None}


@dataclass(frozen=True)
class Settled:
    """A life that was swept, and is to expire."""

    life: Life


LIVE, ENDED = Life(1, started_at=60_000), Life(1, started_at=60_000, ended_at=90_000)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(LIVE, ENDED, Due(APP, "r"), id="ended"),
        pytest.param(ENDED, Life(1, 200_000, 90_000), Due(APP, "r"), id="created again"),
        pytest.param(Life(1), LIVE, Due(APP, "r"), id="its creation came after others"),
        pytest.param(None, ENDED, Due(APP, "r"), id="first heard of by its end"),
        pytest.param(None, Life(1), None, id="first heard of"),
        pytest.param(ENDED, Settled(ENDED), None, id="its expiry was set"),
        pytest.param(Settled(ENDED), Life(1, 70_000, 90_000), Due(APP, "r"), id="its expiry was lost"),
        pytest.param(Settled(ENDED), Life(1, 60_000, 90_000, 120_000), None, id="and it is alive after all"),
        pytest.param(ENDED, Life(1, 60_000, 90_000, 120_000), None, id="alive after all"),
        pytest.param(ENDED, None, Due(APP, "r", expired=ENDED), id="expired"),
    ],
)
def test_what_is_due(old: Life | Settled | None, new: Life | Settled | None, expected: Due | None) -> None:
    assert due(change(old, new)) == expected


def test_a_record_without_images_is_passed_over() -> None:
    assert due({"Keys": {}}) is None
