"""The set-up of standalone.py: what makes it install, what it repairs, and what it says when it cannot."""

import errno
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import standalone

ROOT = Path(standalone.__file__).parent
GRADIO3 = Path(sys.prefix) / "gradio3"


@pytest.fixture
def venv_path(tmp_path, monkeypatch):
    path = tmp_path / "ein Ordner für Ähren" / ".venv"
    monkeypatch.setattr(standalone, "VENV", path)
    return path


@pytest.fixture
def steps(venv_path, monkeypatch):
    """What the set-up does, with a virtual environment and a pip that cost nothing."""
    done = []

    def create_venv():
        done.append("create")
        standalone.venv_python().parent.mkdir(parents=True, exist_ok=True)
        standalone.venv_python().touch()
        (venv_path / "modelsim.json").unlink(missing_ok=True)

    monkeypatch.setattr(standalone, "create_venv", create_venv)
    monkeypatch.setattr(standalone, "install", lambda layer, torch_index: done.append((layer, torch_index)))
    return done


def test_the_second_start_installs_nothing(steps):
    standalone.prepare(["standalone"])
    assert steps == ["create", ("standalone", None)]
    standalone.prepare(["standalone"])
    assert len(steps) == 2


def test_the_tests_are_further_layers(steps):
    standalone.prepare(["standalone"])
    standalone.prepare([*standalone.LAYERS])
    assert steps == ["create", ("standalone", None), ("test", None), ("gradio3", None)]
    standalone.prepare(["standalone"])
    assert len(steps) == 4


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, standalone.SetupError])
@pytest.mark.parametrize("layer", ["standalone", "test"])
def test_an_interrupted_set_up_is_built_anew(steps, monkeypatch, interruption, layer):
    install = standalone.install

    def interrupted(at_work, torch_index):
        if at_work == layer:
            raise interruption
        install(at_work, torch_index)

    monkeypatch.setattr(standalone, "install", interrupted)
    with pytest.raises(interruption):
        standalone.prepare(["standalone", "test"])
    monkeypatch.setattr(standalone, "install", install)
    steps.clear()
    standalone.prepare(["standalone", "test"])
    assert steps == ["create", ("standalone", None), ("test", None)]


def test_new_pins_or_another_python_build_it_anew(steps, tmp_path, monkeypatch):
    pins = tmp_path / "requirements"
    pins.mkdir()
    for file in standalone.REQUIREMENTS.iterdir():
        (pins / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(standalone, "REQUIREMENTS", pins)
    standalone.prepare(["standalone"])
    (pins / "constraints.txt").write_text("six==1.17.0\n")
    standalone.prepare(["standalone"])
    assert steps.count("create") == 2
    monkeypatch.setattr(sys, "version_info", (3, 12, 99))
    standalone.prepare(["standalone"])
    assert steps.count("create") == 3


def test_a_venv_whose_python_is_gone_is_built_anew(steps):
    standalone.prepare(["standalone"])
    standalone.venv_python().unlink()
    standalone.prepare(["standalone"])
    assert steps.count("create") == 2


def test_the_index_of_torch_is_remembered_until_it_changes(steps):
    standalone.prepare(["standalone"], "https://torch.example/cpu")
    standalone.prepare(["standalone"])
    assert len(steps) == 2
    standalone.prepare(["standalone"], "https://torch.example/cu130")
    assert steps[2:] == ["create", ("standalone", "https://torch.example/cu130")]
    standalone.prepare(["standalone"], recreate=True)
    assert steps[4:] == ["create", ("standalone", None)]


@pytest.mark.parametrize("text", ["", '{"finis'])
def test_a_damaged_note_counts_as_none(steps, venv_path, text):
    standalone.prepare(["standalone"])
    (venv_path / "modelsim.json").write_text(text)
    standalone.prepare(["standalone"])
    assert steps.count("create") == 2


def test_a_venv_that_an_orphan_still_fills_is_emptied_once_more(venv_path, monkeypatch):
    tries = []

    def create(builder, path):
        tries.append(path)
        if len(tries) == 1:
            raise OSError(errno.ENOTEMPTY, "Directory not empty")

    monkeypatch.setattr(venv.EnvBuilder, "create", create)
    standalone.create_venv()
    assert tries == [venv_path, venv_path]


def test_a_venv_in_use_is_told(venv_path, monkeypatch, capsys):
    def create(builder, path):
        raise PermissionError(errno.EACCES, "in use")

    monkeypatch.setattr(venv.EnvBuilder, "create", create)
    assert standalone.main([]) == 2
    assert "Fix: close what uses it" in capsys.readouterr().err


def test_only_torch_comes_from_its_own_index(venv_path, monkeypatch):
    calls = []
    monkeypatch.setattr(standalone, "pip_install", lambda *arguments: calls.append(arguments))
    standalone.install("standalone", "https://torch.example/cpu")
    torch_alone, everything, _ = calls
    assert torch_alone[:3] == ("--index-url", "https://torch.example/cpu", "--no-deps")
    assert torch_alone[-1].endswith("torch.txt")
    assert "--index-url" not in everything
    assert any(argument.endswith("standalone.txt") for argument in everything)


def test_the_first_command_installs_what_generates_and_the_vocabulary_alone(venv_path, monkeypatch):
    calls = []
    monkeypatch.setattr(standalone, "pip_install", lambda *arguments: calls.append(arguments))
    standalone.install("standalone", None)
    everything, vocabulary = calls
    pinned = [Requirement(line) for line in lines_of("standalone.txt")]
    assert {"diffusers", "transformers", "gradio"} <= {requirement.name for requirement in pinned}
    assert not any(argument.endswith("vocabulary.txt") for argument in everything)
    assert vocabulary == ("--no-deps", "-r", str(standalone.REQUIREMENTS / "vocabulary.txt"))
    assert [Requirement(line).name for line in lines_of("vocabulary.txt")] == ["clip-anytorch"]


def lines_of(name):
    """What a file of requirements names, without comments."""
    lines = (standalone.REQUIREMENTS / name).read_text("utf-8").splitlines()
    return [wanted for line in lines if (wanted := line.partition("#")[0].strip())]


def test_the_second_gradio_lies_beside_the_first(venv_path, monkeypatch):
    calls = []
    monkeypatch.setattr(standalone, "pip_install", lambda *arguments: calls.append(arguments))
    standalone.install("gradio3", "https://torch.example/cpu")
    pins = str(standalone.REQUIREMENTS / "gradio3.txt")
    assert calls == [("--no-deps", "--target", str(venv_path / "gradio3"), "-r", pins)]


@pytest.mark.skipif(not GRADIO3.is_dir(), reason="needs the second gradio that `standalone.py test` installs")
def test_the_second_gradio_has_all_that_it_requires():
    beside = [str(GRADIO3), *sys.path]
    for package in metadata.distributions(path=[str(GRADIO3)]):
        for requirement in map(Requirement, package.requires or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                found = next(iter(metadata.distributions(name=requirement.name, path=beside)), None)
                assert found, f"{package.name} requires {requirement}"
                assert found.version in requirement.specifier, f"{package.name} requires {requirement}"


def test_every_requirement_is_pinned():
    for file in (ROOT / "requirements").glob("*.txt"):
        for line in file.read_text("utf-8").splitlines():
            requirement = line.partition("#")[0].strip()
            assert not requirement or "==" in requirement, f"{file.name}: {line}"


def test_a_failing_pip_is_told_in_one_line_and_its_last_words(venv_path, monkeypatch, capsys):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    assert standalone.main(["--recreate"]) == 2
    told = capsys.readouterr().err.splitlines()
    reason = next(line for line in told if "could not be installed" in line)
    log = (venv_path / "setup.log").read_text("utf-8").splitlines()
    errors = [line.removeprefix("ERROR: ") for line in log if line.startswith("ERROR: ")]
    assert f"could not be installed: {errors[-1]}. Fix: check the connection" in reason
    assert log[-1] == told[-1]


def test_pip_does_not_outlive_the_set_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts connections, never answers
        index = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        command = [sys.executable, "-c", standalone.PIP, "download", "--isolated", "--index-url", index, "six"]
        pip = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with silent.accept()[0]:  # it is at work
            pip.stdin.close()  # as the end of its parent does
            assert pip.wait(timeout=60) == 1


@pytest.mark.parametrize(
    ("given", "started", "layers"),
    [
        ([], ["-m", "lib_modelsim", "serve"], ["standalone"]),
        (
            ["--torch-index", "URL", "--models", "a b", "ü", "--port", "7"],
            ["-m", "lib_modelsim", "serve", "--models", "a b", "ü", "--port", "7"],
            ["standalone"],
        ),
        (["--models", "test"], ["-m", "lib_modelsim", "serve", "--models", "test"], ["standalone"]),
        (["test", "-q", "-k", "x"], ["-m", "pytest", "-q", "-k", "x"], [*standalone.LAYERS]),
        (["--recreate", "test", "--re"], ["-m", "pytest", "--re"], [*standalone.LAYERS]),
    ],
)
def test_other_options_reach_the_page_or_pytest(monkeypatch, given, started, layers):
    calls = []
    monkeypatch.setattr(standalone, "prepare", lambda layers, torch_index, recreate: calls.append(layers))
    monkeypatch.setattr(standalone, "run", lambda arguments, folder=None: calls.append(arguments) or 7)
    assert standalone.main(given) == 7
    assert calls == [layers, started]


def test_the_child_s_exit_code_is_ours(monkeypatch):
    monkeypatch.setattr(standalone, "venv_python", lambda: Path(sys.executable))
    assert standalone.run(["-c", "raise SystemExit(5)"]) == 5


def test_the_child_knows_the_package_wherever_it_runs(monkeypatch, tmp_path):
    monkeypatch.setattr(standalone, "venv_python", lambda: Path(sys.executable))
    asks = "import lib_modelsim, os; assert os.environ['GRADIO_ANALYTICS_ENABLED'] == 'False'"
    assert standalone.run(["-c", asks], folder=tmp_path) == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to all processes of a console at once")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 9), (signal.SIGTERM, 128 + signal.SIGTERM)])
@pytest.mark.usefixtures("interruptible")
def test_a_signal_to_us_reaches_the_child(sent, code):
    child = "import sys, time\nprint('ready', flush=True)\ntry: time.sleep(600)\nexcept KeyboardInterrupt: sys.exit(9)"
    parent = (
        "import standalone, sys; from pathlib import Path; standalone.INTERRUPT_GRACE = 0.2\n"
        f"standalone.venv_python = lambda: Path(sys.executable); sys.exit(standalone.run(['-c', {child!r}]))"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout.readline().strip() == b"ready"
    process.send_signal(sent)
    assert process.wait(timeout=60) == code
    process.stdout.close()


@pytest.mark.parametrize("version", [(3, 9, 18), (3, 14, 0)])
def test_another_python_is_told_so(monkeypatch, version):
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(SystemExit, match=r"needs Python 3\.10, 3\.11, 3\.12 or 3\.13.* Fix: "):
        runpy.run_path(str(ROOT / "standalone.py"))


def test_the_set_up_is_noted_whole_or_not_at_all(steps, venv_path):
    standalone.prepare(["standalone"], "https://torch.example/cpu")
    noted = json.loads((venv_path / "modelsim.json").read_text("utf-8"))
    assert noted["torch_index"] == "https://torch.example/cpu"
    assert list(noted["finished"]) == ["standalone"]
    assert not (venv_path / "modelsim.json.new").exists()
