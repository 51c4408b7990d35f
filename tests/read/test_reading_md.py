"""docs/reading.md against the API that it describes."""

import json
import re
from typing import Any

import pytest

from local.aws.template import ROOT, template
from roomstate.read.errors import Code
from roomstate.read.routes import PATHS
from tests.read.api import ask, make_api

TEXT = (ROOT / "docs" / "reading.md").read_text("utf-8")


def section(title: str) -> str:
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def document() -> Any:
    return json.loads(ask(make_api(None), "openapi.json")["body"])


def rows(title: str) -> dict[str, str]:
    """The second cell of each row of a table, by the first, in the order of the table."""
    return dict(re.findall(r"^\| `(/v1/[a-z.]+)` \|([^|]*)\|", section(title), re.MULTILINE))


def test_it_has_every_route_and_no_other() -> None:
    assert tuple(rows("Routes")) == PATHS


@pytest.mark.parametrize("path", PATHS)
def test_it_has_every_parameter_of_a_route_and_no_other(path: str) -> None:
    # GIVEN what the table says of it, ranges and values in parentheses
    shown = re.findall(r"`([a-z_]+)(?:=members)?`", re.sub(r"\([^)]*\)", "", rows("Routes")[path]))
    # THEN the handler takes that
    assert shown == [one["name"] for one in document()["paths"][path]["get"].get("parameters", [])]


def test_it_has_every_code_with_its_status() -> None:
    shown = re.findall(r"^\| (\d+) \| `([a-z_]+)` \|", section("Errors"), re.MULTILINE)
    assert [(int(status), code) for status, code in shown] == [(code.status, code.value) for code in Code]


def test_it_has_every_limit_of_a_page() -> None:
    limits = {}
    for path, said in rows("Routes").items():
        if found := re.search(r"`limit` \(1\D([\d,]+)\)", said):
            limits[path] = int(found[1].replace(",", ""))
    described = {
        path: parameter["schema"]["maximum"]
        for path, route in document()["paths"].items()
        for parameter in route["get"].get("parameters", [])
        if parameter["name"] == "limit"
    }
    assert limits == described


def test_it_names_what_decides_who_may_read() -> None:
    read = next(
        group["Parameters"]
        for group in template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        if group["Label"]["default"] == "Reading"
    )
    assert [name for name in read if f"`{name}`" not in TEXT and f"`{name}=" not in TEXT] == []
