"""A real WebUI as a process: started with the extension in a data folder of its own, asked over HTTP, ended."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .tiny_models import NAMES

REPOSITORY = Path(__file__).parents[2]
TIMEOUT = 300
"""Seconds until it answers, and for an answer: ten to thirty do, without others on the machine."""

OUR_FRAME = re.compile(r'File "[^"]*[\\/]extensions[\\/]modelsim[\\/].*|\*\*\* .*modelsim.*')
"""A line of a traceback that runs through the extension, or what the host prints above one."""


_DIED = "(webui_worker):"
"""Forge's serves from a thread of this name, without which the process stays and never answers."""


@dataclass(frozen=True)
class Checkout:
    """A WebUI on the disk: A1111, Forge, Forge Neo or reForge."""

    root: Path
    python: Path

    @property
    def is_forge(self) -> bool:
        """Whether it is today's Forge or Forge Neo, which load checkpoints by their own rules."""
        return (self.root / "backend" / "diffusion_engine").is_dir()

    @property
    def is_neo(self) -> bool:
        """Whether it is Forge Neo: its command line ends at a flag that it does not know."""
        return self.is_forge and (self.root / "modules_forge" / "presets.py").is_file()

    def on_cpu(self) -> list[str]:
        """So that the tests find the same on every machine."""
        if self.is_neo:
            return ["--cpu"]
        return ["--always-cpu"] if self.is_forge else ["--use-cpu", "all", "--no-half"]

    def with_models(self, folder: Path) -> list[str]:
        """Checkpoints are those of this folder, and none is downloaded where there are none."""
        return ["--ckpt-dirs", str(folder)] if self.is_neo else ["--no-download-sd-model", "--ckpt-dir", str(folder)]

    def serving_its_own(self) -> list[str]:
        """So that gradio 4 hands out the WebUI's own scripts, too, where its --data-dir is another folder."""
        return ["--gradio-allowed-path", str(self.root)] if self.is_forge else []

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in ("COMMANDLINE_ARGS", "PYTHONPATH")}
        return kept | {"HF_HUB_OFFLINE": "1", "GRADIO_ANALYTICS_ENABLED": "False", "PYTHONUTF8": "1"}


@dataclass(frozen=True)
class Running:
    """A WebUI that answers under `url`; `data` is its --data-dir, `log` all that it has printed."""

    url: str
    process: subprocess.Popen
    log: Path
    data: Path

    def api(self, path: str, question: dict[str, Any] | None = None) -> Any:
        """GET, or POST where there is a question; the JSON of the answer."""
        body = None if question is None else json.dumps(question).encode()
        request = urllib.request.Request(self.url + path, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return json.load(answer)

    def our_errors(self) -> list[str]:
        """Lines of the log that show the extension in a traceback."""
        return OUR_FRAME.findall(self.log.read_text("utf-8", errors="replace"))


def new_data_folder(folder: Path) -> Path:
    """A --data-dir as a first start finds it, but for a chosen checkpoint, without which Forge with --freeze-settings
    does not start, live previews that need no download, no browser that opens by itself, and the mark that Forge Neo's
    settings are of its own time, without which it waits for Enter."""
    (folder / "extensions").mkdir(parents=True)
    settings = {"sd_model_checkpoint": f"{NAMES[0]}.safetensors", "show_progress_type": "Approx cheap"}
    settings |= {"auto_launch_browser": "Disable", "VERSION_UID": "PY313"}
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def add_extension(data: Path) -> Path:
    """A copy of this repository, as `git clone` would put it there."""
    working = ".*", "__pycache__", "tests", "benchmarks", "build", "dist"
    return Path(shutil.copytree(REPOSITORY, data / "extensions" / "modelsim", ignore=shutil.ignore_patterns(*working)))


def run_installer(checkout: Checkout, extension: Path) -> float:
    """install.py as the host runs it at each start; its seconds. Raises CalledProcessError where it fails."""
    environment = checkout.environment() | {"PYTHONPATH": str(checkout.root)}
    start = time.perf_counter()
    subprocess.run([checkout.python, extension / "install.py"], cwd=checkout.root, env=environment, check=True)
    return time.perf_counter() - start


@contextmanager
def started(checkout: Checkout, data: Path, models: Path, *flags: str) -> Iterator[Running]:
    """The WebUI over the models, from when it answers; what install.py does has been done before."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [checkout.python, "-u", "launch.py", "--skip-prepare-environment", "--skip-torch-cuda-test"]
    command += [*checkout.on_cpu(), *checkout.with_models(models), "--data-dir", data]
    command += ["--port", str(port), *flags]
    log = data / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=checkout.root, env=checkout.environment(), stdout=output, stderr=subprocess.STDOUT
        )
        try:
            running = Running(f"http://127.0.0.1:{port}", process, log, data)
            _wait_until_it_answers(running)
            yield running
        finally:
            process.kill()
            process.wait()


def _wait_until_it_answers(running: Running) -> None:
    """The host prints its time to start when all callbacks have run, and listens a moment before or after that."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        printed = running.log.read_text("utf-8", errors="replace")
        if running.process.poll() is not None or _DIED in printed:
            raise RuntimeError(f"the WebUI ended with {running.process.poll()}:\n{printed[-3000:]}")
        if "Startup time: " in printed and _listens(running.url):
            return
        time.sleep(0.1)
    raise TimeoutError(f"the WebUI did not answer within {TIMEOUT} s:\n{printed[-3000:]}")


def _listens(url: str) -> bool:
    try:
        urllib.request.urlopen(url + "/docs", timeout=TIMEOUT).close()
    except urllib.error.HTTPError:
        return True
    except (urllib.error.URLError, ConnectionError):
        return False
    return True


def named_checkout(environment: dict[str, str]) -> Checkout | str:
    """What WEBUI_ROOT and WEBUI_PYTHON name, or the reason why there is none."""
    named = environment.get("WEBUI_ROOT")
    if not named:
        return "WEBUI_ROOT names no WebUI"
    root = Path(named).expanduser().resolve()
    if not (root / "launch.py").is_file():
        return f"WEBUI_ROOT names a folder without launch.py: {root}"
    own = root / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    default = own if own.is_file() else Path(sys.executable)
    return Checkout(root, Path(environment.get("WEBUI_PYTHON") or default))
