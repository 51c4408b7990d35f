"""What the documents point to is there, and what they say of the template is so."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from local.aws.template import ROOT, template

DOCUMENTS = sorted(chain(ROOT.glob("*.md"), ROOT.glob("docs/*.md"), ROOT.glob("benchmarks/*.md")))
_LINK = re.compile(r"\]\((?!https?://)([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_PARAMETER = re.compile(r"^\| (`\w+`(?:, `\w+`)*) \| (.*?) \|", re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in _LINK.findall(document.read_text("utf-8")):
        file, _, anchor = link.partition("#")
        target = (document.parent / file).resolve() if file else document
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_the_readme_leads_to_every_document() -> None:
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in _LINK.findall(text("README.md"))}
    assert {path for path in DOCUMENTS if path.name != "README.md"} <= linked


def test_every_parameter_is_explained_with_its_default() -> None:
    explained = {
        name: shown
        for names, shown in _PARAMETER.findall(text("docs/configuration.md").partition("## Outputs")[0])
        for name in re.findall(r"\w+", names)
    }
    assert explained == {
        name: f"`{parameter['Default']}`" if parameter.get("Default", "") != "" else explained.get(name)
        for name, parameter in template()["Parameters"].items()
    }
    assert {name for name, shown in explained.items() if shown == "(required)"} == {"SdkAppIds"}


def test_every_output_is_explained() -> None:
    explained = text("docs/configuration.md").partition("## Outputs")[2]
    assert set(template()["Outputs"]) <= set(re.findall(r"`(\w+)`", explained))


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def anchors(document: Path) -> Iterator[str]:
    """Those that GitHub makes of headings."""
    for heading in _HEADING.findall(document.read_text("utf-8")):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
