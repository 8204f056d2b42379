"""What the WebUI runs of this extension when it starts: install.py in a process of its own, then the script."""

from __future__ import annotations

import importlib.util
import json
import runpy
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

from lib_modelsim.hosts.host import Settings
from lib_modelsim.installing import how_to_install

from .fakes import A1111

ROOT = Path(__file__).parents[2]

MEASURED = """
import json, runpy, sys, time
began = time.process_time()
runpy.run_path(sys.argv[1])
print(json.dumps([time.process_time() - began, [name for name in sys.modules if "." not in name]]))
"""


def install():
    runpy.run_path(str(ROOT / "install.py"))


class TestInstalling:
    @pytest.fixture
    def without(self, monkeypatch):
        """Some packages are missing."""

        def missing(*names):
            found = importlib.util.find_spec
            monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name in names else found(name))

        return missing

    @pytest.fixture
    def launch(self, monkeypatch):
        """The WebUI's launcher, with what it was asked to run and what pip was told to leave alone."""
        fake = ModuleType("launch")
        fake.asked = []

        def run_pip(command, desc=None, live=False):
            fake.asked.append((command, desc, Path(command.split('"')[1]).read_text("utf-8")))

        fake.run_pip = run_pip
        monkeypatch.setitem(sys.modules, "launch", fake)
        return fake

    def test_nothing_where_nothing_is_missing(self, launch, capsys):
        install()
        assert not launch.asked
        assert capsys.readouterr().out == ""

    def test_what_is_missing_and_nothing_else(self, without, launch):
        without("scipy", "matplotlib")
        install()
        ((command, what, constraints),) = launch.asked
        assert command.startswith("install scipy matplotlib -c ")
        assert what == "scipy matplotlib for modelsim"
        assert f"numpy=={metadata.version('numpy')}" in constraints.splitlines(), "what is there keeps its version"

    def test_says_in_one_line_that_it_cannot_ask_the_launcher(self, without, monkeypatch, capsys):
        monkeypatch.setitem(sys.modules, "launch", None)
        without("scipy")
        install()
        (line,) = capsys.readouterr().out.splitlines()
        assert line.startswith("modelsim needs scipy")
        assert line.endswith(how_to_install("scipy"))

    def test_says_so_where_pip_fails(self, without, launch, capsys):
        def fail(command, desc=None, live=False):
            raise RuntimeError("Couldn't install scipy for modelsim. No network")

        launch.run_pip = fail
        without("scipy")
        install()
        assert "No network" in capsys.readouterr().out

    def test_takes_no_time_and_loads_nothing_of_ours(self):
        command = [sys.executable, "-c", MEASURED, ROOT / "install.py"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
        seconds, modules = json.loads(done.stdout)
        assert seconds < 0.3
        assert not {"lib_modelsim", "numpy", "torch", "scipy", "matplotlib", "launch"} & set(modules)


class TestTheScript:
    @pytest.fixture
    def webui(self, tmp_path, monkeypatch):
        return A1111(tmp_path).install(monkeypatch)

    @pytest.fixture
    def script(self, webui):
        return runpy.run_path(str(ROOT / "scripts" / "modelsim.py"))

    def test_is_heard_of_once_while_it_loads(self, script, webui):
        assert set(webui.callbacks.told) == {"before_ui"}

    def test_then_offers_its_tab_and_its_settings(self, script, webui, monkeypatch):
        gradio = ModuleType("gradio")
        gradio.Dropdown = object()
        monkeypatch.setitem(sys.modules, "gradio", gradio)
        webui.callbacks.told["before_ui"]()
        assert set(webui.callbacks.told) == {"before_ui", "ui_tabs", "ui_settings"}
        webui.callbacks.told["ui_settings"]()
        assert webui.opts.data_labels["modelsim_measure"].component is gradio.Dropdown

    def test_loads_the_package_alone_as_long_as_no_page_is_made(self, tmp_path):
        for name in ("modules/__init__.py", "modules/script_callbacks.py", "modules/errors.py"):
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("def on_before_ui(callback): pass\n")
        code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]\n{MEASURED}"
        command = [sys.executable, "-c", code, ROOT / "scripts" / "modelsim.py"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
        seconds, modules = json.loads(done.stdout)
        assert seconds < 0.3
        assert not {"numpy", "torch", "scipy", "matplotlib", "gradio", "sqlite3"} & set(modules)

    @pytest.mark.parametrize("wanted", [True, False])
    def test_indexes_what_is_new_where_a_person_wants_that(self, script, wanted):
        class Backend:
            """What the tab works on."""

            hashed = False

            class host:  # noqa: N801
                settings = staticmethod(lambda: Settings(index_new=wanted))

            def hash_files(self):
                self.hashed = True

        backend = Backend()
        script["index_new"](backend)
        assert backend.hashed == wanted

    def test_makes_the_tab_where_the_webui_renders_it(self, script, webui):
        gradio = pytest.importorskip("gradio")
        webui.callbacks.told["before_ui"]()
        ((tab, title, element),) = webui.callbacks.told["ui_tabs"]()
        assert (title, element) == ("modelsim", "modelsim")
        with gradio.Blocks() as page:
            tab.render()
        assert not webui.reported
        assert "modelsim_tab" in {block.elem_id for block in page.blocks.values()}
        webui.callbacks.told["app_started"](None, None)
        webui.callbacks.told["script_unloaded"]()

    def test_a_tab_that_cannot_be_made_leaves_the_page_whole(self, script, webui, monkeypatch):
        pytest.importorskip("gradio")
        webui.callbacks.told["before_ui"]()
        monkeypatch.setattr("lib_modelsim.ui.tab.Tab", None)
        ((tab, _, _),) = webui.callbacks.told["ui_tabs"]()
        tab.render()
        assert webui.reported == ["the modelsim tab cannot be shown"]
        webui.callbacks.told["script_unloaded"]()
