"""Our page among the WebUI's settings."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib_modelsim.hosts.host import Settings
from lib_modelsim.hosts.settings import SECTION, add_settings
from lib_modelsim.hosts.webui import WebUI

from .fakes import A1111


class Dropdown:
    """gradio's, by name."""


@pytest.fixture
def webui(tmp_path, monkeypatch):
    return A1111(tmp_path).install(monkeypatch)


def test_untouched_they_are_the_usual_ones(webui):
    add_settings(Dropdown)
    assert WebUI().settings() == Settings()


def test_without_a_page_they_are_the_usual_ones_or_what_the_file_remembers(webui):
    assert WebUI().settings() == Settings()
    webui.opts.data["modelsim_measure"] = "cosine"
    assert WebUI().settings() == Settings(measure="cosine")


def test_what_is_set_is_read(webui):
    add_settings(Dropdown)
    webui.opts.data.update(
        modelsim_measure="delta-cosine",
        modelsim_references=" /lists/anchors.txt ",
        modelsim_output="/figures",
        modelsim_device="cpu",
        modelsim_memory=1.5,
        modelsim_index_new=True,
        modelsim_keep_encoder=True,
    )
    assert WebUI().settings() == Settings(
        "delta-cosine", Path("/lists/anchors.txt"), Path("/figures"), "cpu", 3 << 29, True, True
    )


def test_the_page_is_one_section_of_components_that_the_webui_can_make(webui):
    add_settings(Dropdown)
    assert len(webui.opts.data_labels) == len(vars(Settings()))
    for name, option in webui.opts.data_labels.items():
        assert name.startswith("modelsim_")
        assert option.section == SECTION
        if option.component is Dropdown:
            assert option.default in option.component_args["choices"]
        else:
            assert type(option.default) in (str, int, bool), "A1111 knows no component for others, and ends"


@example({"modelsim_memory": 1e-227})
@given(
    st.dictionaries(
        st.sampled_from([f"modelsim_{name}" for name in vars(Settings())]),
        st.from_type(object) | st.floats() | st.text() | st.lists(st.text()),
    )
)
def test_a_file_of_settings_may_hold_anything(stored):
    from lib_modelsim.hosts.settings import read_settings

    found = read_settings(SimpleNamespace(**stored))
    assert isinstance(found.measure, str)
    assert found.device in ("auto", "cpu", "cuda")
    assert found.memory is None or found.memory > 0
    assert isinstance(found.index_new, bool)
    assert isinstance(found.keep_encoder, bool)
