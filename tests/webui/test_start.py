"""The WebUI starts with the extension as it does without: no traceback of ours, hardly any time."""

from __future__ import annotations

import re
import subprocess

from . import running
from .tiny_models import NAMES

CLOCK = """
import gc
import time
from modules import script_callbacks

def collected(phase, info):
    if info["generation"] == 2:
        gc.spent += time.thread_time() if phase == "stop" else -time.thread_time()

if not hasattr(gc, "spent"):  # for both clocks
    gc.spent = 0.0
    gc.callbacks.append(collected)

class Tab:
    children = ()

    def render(self):
        mark("render")

def mark(step):
    print(f"clock: {step} {time.thread_time() - gc.spent} {time.process_time()}", flush=True)

def tabs():
    mark("tab")
    return [(Tab(), __file__, __file__)]

def register():
    script_callbacks.on_ui_settings(lambda: mark("settings"))
    script_callbacks.on_ui_tabs(tabs)
"""
MARK, REGISTER = 'mark("import")\n', "script_callbacks.on_before_ui(register)\n"
CLOCKS = {"a-clock": CLOCK + REGISTER + MARK, "z-clock": CLOCK + MARK + REGISTER}
"""Extensions that the WebUI calls upon before and after ours; they say how much of its processor's time has gone by.
Full collections of garbage do not count: each takes 0.2 s for all that the WebUI has loaded, and comes in our steps or
in others by chance."""


def test_the_tab_is_there_and_the_start_grows_by_less_than_a_thirtieth(checkout, fresh, models, capsys):
    compiled = [checkout.python, "-m", "compileall", "-q", fresh / "extensions" / "modelsim"]
    subprocess.run(compiled, check=True)  # as the first start does
    for name, script in CLOCKS.items():
        scripts = fresh / "extensions" / name / "scripts"
        scripts.mkdir(parents=True)
        (scripts / "clock.py").write_text(script, encoding="utf-8")
    with running.started(checkout, fresh, models) as webui:
        assert "tab_modelsim" in elements(webui)
        assert webui.our_errors() == []
        seconds, total = between_clocks(webui.log.read_text("utf-8"))
    with capsys.disabled():
        told = ", ".join(f"{step} {spent:.2f} s" for step, spent in seconds.items())
        print(f"\n{checkout.root.name} takes {total:.1f} s of the processor's time to start, modelsim of these: {told}")
    assert sorted(seconds) == ["import", "render", "settings", "tab"]
    assert sum(seconds.values()) < total / 30  # 0.3 s of ten; twice of each on a busy machine


def test_with_frozen_settings_and_without_hashes_the_tab_is_there(checkout, fresh, models):
    flags = "--api", "--freeze-settings", "--no-hashing", "--skip-install"
    with running.started(checkout, fresh, models, *flags) as webui:
        assert "tab_modelsim" in elements(webui)
        assert webui.our_errors() == []


def test_without_a_page_it_loads_and_the_host_s_api_answers(checkout, fresh, models):
    with running.started(checkout, fresh, models, "--nowebui", "--api") as webui:
        assert {model["model_name"] for model in webui.api("/sdapi/v1/sd-models")} == set(NAMES)
        assert webui.our_errors() == []


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


def between_clocks(log):
    """Step → seconds of its thread from the first clock's mark to the second's; those of the process until the last."""
    marks = {}
    for step, thread, process in re.findall(r"clock: (\w+) ([\d.]+) ([\d.]+)", log):
        marks.setdefault(step, []).append(float(thread))
        total = float(process)
    return {step: after - before for step, (before, after) in marks.items()}, total
