"""What docs/extending.md says of engines and pages is true: its examples are registered and used."""

from __future__ import annotations

import pytest

from lib_modelsim.engines import registry
from lib_modelsim.errors import ModelsimError
from tests.command import run
from tests.pictures.test_extending import example


@pytest.fixture
def plain(monkeypatch):
    monkeypatch.setattr(registry, "_KINDS", dict(registry._KINDS))
    registry.register(example("Add an engine")["KIND"])


@pytest.mark.usefixtures("plain")
def test_the_engine_of_the_docs_generates_a_suite(small_family, tmp_path):
    command = ("probe", "--suite", "cfg1-fast", "--models", small_family, "--out", tmp_path, "--generate-with", "plain")
    document = run(*command, "--json").document
    assert (document["engine"], document["pictures"], document["existing"]) == ("plain", 5, 5)
    assert document["failures"] == []
    shown = run("gallery", tmp_path, "--suite", "cfg1-fast", "--json").document
    assert shown["engine"] == "plain"
    assert len({picture["path"] for row in shown["checkpoints"] for picture in row["pictures"]}) == 5


@pytest.mark.usefixtures("plain")
def test_an_unknown_engine_is_refused_with_the_names():
    with pytest.raises(ModelsimError, match="diffusers, webui, plain"):
        registry.engine_kind("cloud")


def test_the_page_of_the_docs_is_a_tab_that_answers(small_family, tmp_path, monkeypatch):
    gr = pytest.importorskip("gradio", reason="the tab needs gradio")
    from lib_modelsim.hosts.folders import Folders
    from lib_modelsim.hosts.host import Settings
    from lib_modelsim.library import Library
    from lib_modelsim.ui import pages, tab
    from lib_modelsim.ui.backend import Backend
    from lib_modelsim.ui.view_state import ViewState

    more = list(pages.PAGES)
    for module in (pages, tab):
        monkeypatch.setattr(module, "PAGES", more)
    example("Add a page")
    backend = Backend(Folders([small_family], tmp_path, Settings(device="cpu")), lambda: Library(None))
    try:
        with gr.Blocks() as blocks:
            page = tab.Tab(ViewState(backend)).pages["largest"]
        assert "Largest files" in [block.label for block in blocks.blocks.values() if isinstance(block, gr.TabItem)]
        assert "anna: " in page.show()
    finally:
        backend.close()
