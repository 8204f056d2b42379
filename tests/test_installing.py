"""Whoever follows our advice to install something still has an environment in which the page starts."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path

import pytest

from lib_modelsim import installing
from lib_modelsim.engines import diffusers_engine, tokenizer
from lib_modelsim.engines.diffusers_engine import Diffusers
from lib_modelsim.errors import ModelsimError
from lib_modelsim.installing import how_to_install
from lib_modelsim.job import Job
from lib_modelsim.pictures.encoders import published_weights

ROOT = Path(__file__).parent.parent

ADVICE = re.compile(r"pip3? install (?!\.`)")
"""But of the folder itself, which takes what is there."""


def needs_network():
    """Skips where the package index does not answer."""
    try:
        socket.create_connection(("pypi.org", 443), timeout=5).close()
    except OSError as error:
        pytest.skip(f"needs the package index: {error}")


def versions(python):
    """What is installed for this Python: name → version."""
    code = "import json, lib_modelsim.installing as i; print(json.dumps(i.installed()))"
    done = subprocess.run([python, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


@pytest.fixture
def environment(tmp_path):
    """Makes a throw-away environment with all that is installed here but for some packages; returns its Python."""

    def made(*without):
        folder, site = tmp_path / "environment", tmp_path / "site"
        venv.create(folder, with_pip=False, symlinks=True)
        site.mkdir()
        left_out = {str(file).partition("/")[0] for name in without for file in metadata.files(name) or ()}
        for entry in Path(importlib.util.find_spec("pip").origin).parents[1].iterdir():
            if entry.name not in left_out - {"..", "__pycache__"}:
                (site / entry.name).symlink_to(entry)
        (own,) = folder.glob("lib/python*/site-packages")
        (own / "all the others.pth").write_text(str(site))
        return folder / "bin" / "python"

    return made


def follow(advice, python):
    """Run a line of advice, given for the Python of the tests, in another one; the finished process."""
    assert advice.startswith(f'"{sys.executable}" "')
    script, _, packages = advice.partition('" "')[2].partition('" ')
    command, quick = [python, script, *packages.split()], os.environ | {"PIP_NO_COMPILE": "1", "PIP_RETRIES": "0"}
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=300, env=quick)


def test_no_sentence_advises_pip_alone():
    files = [*(ROOT / "lib_modelsim").rglob("*.py"), ROOT / "install.py", ROOT / "README.md"]
    told = [path.name for path in files if ADVICE.search(path.read_text("utf-8")) and path.name != "installing.py"]
    assert told == []


def test_the_advice_for_what_generates_and_nothing_else_changes(environment, monkeypatch):
    pytest.importorskip("gradio", reason="the page needs gradio")
    pytest.importorskip("diffusers", reason="requirements/standalone.txt is not installed")
    needs_network()
    python = environment("diffusers", "transformers", "tokenizers")
    before = versions(python)
    assert "diffusers" not in before
    monkeypatch.setattr(diffusers_engine, "find_spec", lambda name: None if name != "torch" else True)
    with pytest.raises(ModelsimError) as told, Diffusers([]).session(Job()):
        pass
    done = follow(told.value.fix.partition(", or ")[0], python)
    assert done.returncode == 0, done.stderr
    after = versions(python)
    assert set(after) - set(before) == {"diffusers", "transformers", "tokenizers"}
    assert {name: after[name] for name in before} == before
    assert after["diffusers"] == installing.pins()["diffusers"]
    subprocess.run([python, "-c", "import gradio"], check=True, capture_output=True)


def test_the_advice_for_the_vocabulary_brings_the_vocabulary_alone(environment, monkeypatch):
    needs_network()
    python = environment()
    before = versions(python)
    monkeypatch.setattr(tokenizer, "_list", lambda: None)
    tokenizer.tokenizer.cache_clear()
    with pytest.raises(ModelsimError) as told:
        tokenizer.tokenizer(49408)
    done = follow(told.value.fix.partition(", or ")[0], python)
    assert done.returncode == 0, done.stderr
    assert set(versions(python)) - set(before) <= {"clip-anytorch"}
    code = "from lib_modelsim.engines.tokenizer import tokenizer; print(tokenizer(49408)('a photo of a cat'))"
    said = subprocess.run([python, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[320, 1125, 539, 320, 2368]"  # as clip.tokenize numbers them


def test_the_advice_for_open_clip_keeps_all_that_is_there_or_says_that_it_cannot(environment):
    pytest.importorskip("gradio", reason="the page needs gradio")
    needs_network()
    python = environment()
    before = versions(python)
    done = follow(how_to_install(published_weights.PACKAGE), python)
    after = versions(python)
    assert {name: after[name] for name in before} == before
    assert done.returncode == 0 or "so none was changed. Fix: " in done.stderr.splitlines()[-1]
    assert done.returncode == 2 or "open-clip-torch" in after
    subprocess.run([python, "-c", "import gradio"], check=True, capture_output=True)


def test_modelsim_is_a_command_once_installed(environment, tmp_path):
    source = tmp_path / "source"
    for folder in ("lib_modelsim", "requirements", "javascript"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "LICENSE", "README.md", "style.css"):
        shutil.copy(ROOT / name, source)
    python = environment()
    pip = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-compile", source]
    subprocess.run(pip, check=True, capture_output=True)
    modelsim = python.parent / "modelsim"
    told = subprocess.run([modelsim, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "usage: modelsim" in told
    assert "scan" in told
    code = "import lib_modelsim.installing as i; print(i.REQUIREMENTS.is_dir(), i.pins()['gradio'])"
    said = subprocess.run([python, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert said.split() == ["False", installing.pins()["gradio"]], "the versions come with the package"
    code = "import lib_modelsim.ui.tab as t; print(t.__file__, t.STYLE, *t.SCRIPTS, sep=chr(10))"
    said = subprocess.run([python, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    tab, *web = map(Path, said.splitlines())
    package = tab.parents[1]
    wanted = {path.relative_to(source / "lib_modelsim") for path in (source / "lib_modelsim").rglob("*.*")}
    assert [path for path in sorted(wanted) if not (package / path).exists()] == []
    assert all(python.parents[1] in path.parents and path.is_file() for path in (tab, *web))
    assert [path.name for path in web[1:]] == sorted(path.name for path in (ROOT / "javascript").glob("*.js"))


@pytest.fixture
def calls(monkeypatch):
    """What pip is asked for, each with its constraints; those whose turn `fails` names fail."""
    asked = []

    def pip(arguments, constraints):
        asked.append((list(arguments), dict(constraints)))
        return len(asked) not in asked_fails

    asked_fails = set()
    monkeypatch.setattr(installing, "_pip", pip)
    return asked, asked_fails


def test_in_a_webui_s_environment_its_versions_count_before_ours(monkeypatch, calls):
    asked, fails = calls
    there = {"huggingface-hub": "0.26.0", "torch": "2.3.1+cu121", "torchvision": "0.18.1+cu121", "gradio": "3.41.2"}
    monkeypatch.setattr(installing, "installed", lambda: there)
    monkeypatch.setattr(installing, "in_own_venv", lambda: False)
    fails.add(1)
    assert installing.main(["diffusers"]) == 0
    (_, first), (_, second) = asked
    assert there.items() <= first.items()
    assert first["diffusers"] == installing.pins()["diffusers"]
    assert second == there, "any diffusers that goes with the WebUI's packages"


def test_a_build_of_torch_from_elsewhere_gets_its_own_torchvision(monkeypatch, calls):
    asked, fails = calls
    monkeypatch.setattr(installing, "installed", lambda: {"torch": "2.13.0+cpu"})
    assert installing.main(["open_clip_torch"]) == 0
    assert asked[0][0] == ["torchvision", "--index-url", "https://download.pytorch.org/whl/cpu"]
    asked.clear()
    fails.add(1)
    assert installing.main(["open_clip_torch"]) == 2
    assert len(asked) == 1, "a torchvision of another build would break what uses it"


def test_what_cannot_be_installed_is_one_line(calls, capsys):
    calls[1].update((1, 2))
    assert installing.main(["diffusers"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "diffusers could not be installed" in line
    assert "Fix: " in line


def test_our_pins_are_those_of_the_requirements():
    pinned = installing.pins()
    assert pinned["huggingface-hub"] == "0.36.2"
    assert {"diffusers", "transformers", "clip-anytorch", "gradio", "jinja2"} <= set(pinned)
