"""What the documents say of the folders is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "lib_modelsim"


@pytest.mark.parametrize("title", ["The way of one checkpoint through the code", "The way of one picture"])
def test_every_path_on_the_way_exists(title):
    section = (ROOT / "README.md").read_text("utf-8").split(f"## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("    ")]
    paths = re.findall(r"[\w*/]+(?:\.py|\.json|/(?=[ ,]|$))", "\n".join(lines), re.MULTILINE)
    assert len(paths) > 12
    found = {path: list(PACKAGE.glob(path) if "/" in path else PACKAGE.rglob(path)) for path in paths}
    assert [path for path, there in found.items() if not there] == []


@pytest.mark.parametrize("document", ["README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))])
def test_every_link_to_a_file_leads_somewhere(document):
    path = ROOT / document
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text("utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []
