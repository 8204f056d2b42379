"""The WebUI starts with the extension as it does without: no traceback of ours, hardly any time."""

from __future__ import annotations

import pytest

from . import running
from .tiny_models import NAMES


@pytest.mark.parametrize(
    "flags",
    [
        (),
        ("--api", "--freeze-settings", "--no-hashing", "--skip-install"),
    ],
    ids=["plain", "frozen"],
)
def test_the_tab_is_there(checkout, fresh, models, flags):
    with running.started(checkout, fresh, models, *flags) as webui:
        assert "tab_modelsim" in elements(webui)
        assert webui.our_errors() == []


def test_without_a_page_it_loads_and_the_host_s_api_answers(checkout, fresh, models):
    with running.started(checkout, fresh, models, "--nowebui", "--api") as webui:
        assert {model["model_name"] for model in webui.api("/sdapi/v1/sd-models")} == set(NAMES)
        assert webui.our_errors() == []


def test_the_start_grows_by_less_than_a_thirtieth(checkout, fresh, models, tmp_path, capsys):
    """0.3 s of the ten that the hosts take: as a share, so that a slow or a busy machine does not matter."""
    alone = running.new_data_folder(tmp_path / "alone")
    seconds = []
    for data in (fresh, alone, fresh):  # the first start reads the files into the cache, and compiles ours
        with running.started(checkout, data, models) as webui:
            seconds.append(webui.api("/internal/profile-startup"))
    without, with_us = seconds[1:]
    grown = ours(with_us) + max(0, with_us["records"]["create ui"] - without["records"]["create ui"])
    with capsys.disabled():
        print(f"\nmodelsim adds {grown:.2f} s to the {without['total']:.1f} s that {checkout.root.name} takes to start")
    assert grown < without["total"] / 30


def test_installing_what_is_there_takes_less_than_a_second(checkout, fresh, capsys):
    extension = fresh / "extensions" / "modelsim"
    running.run_installer(checkout, extension)
    seconds = running.run_installer(checkout, extension)
    with capsys.disabled():
        print(f"\ninstall.py takes {seconds:.2f} s where nothing is missing")
    assert seconds < 1


def elements(webui):
    """The ids of everything on the host's page."""
    return {component["props"].get("elem_id") for component in webui.api("/config")["components"]}


def ours(profile):
    """The seconds that the host has written down for our script and callbacks."""
    return sum(seconds for name, seconds in profile["records"].items() if name.endswith("modelsim.py"))
