"""The two commands of the README: the page without a WebUI, and the tests.

    python standalone.py [--models DIR ...] [--port N] [--torch-index URL] [--recreate]
    python standalone.py test [arguments of pytest]

Needs only Python 3.10 to 3.13: it creates `.venv` beside this file, installs the pinned packages of
`requirements/` there, and starts the page or the tests in it. `.venv/modelsim.json` says what is installed, so the
next start is immediate. Whatever is unfinished or out of date is built again.
"""

import argparse
import errno
import hashlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import venv
from pathlib import Path

if not (3, 10) <= sys.version_info[:2] <= (3, 13):  # before anything that older versions cannot run
    sys.exit(
        f"modelsim needs Python 3.10, 3.11, 3.12 or 3.13; this is {sys.version.split()[0]}. "
        "Fix: use one of those, for example `python3.11 standalone.py` (on Windows `py -3.11 standalone.py`)."
    )

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements"
VENV = HERE / ".venv"
LAYERS = {
    "standalone": ("torch.txt", "standalone.txt", "vocabulary.txt"),
    "test": ("test.txt",),
    "gradio3": ("gradio3.txt",),
}
"""What is installed together; all but the first only where the tests are run."""

BUILT_HERE = ("markupsafe",) if sys.version_info >= (3, 13) else ()
"""No wheel of the 2.x that gradio 4 takes is for Python 3.13. Its set-up does without a compiler."""

CLEAR_PATIENCE = 30.0
"""Seconds to wait for the end of a set-up whose parent was killed while it unpacked pip: it fills what we empty."""

INTERRUPT_GRACE = 3.0
"""Seconds in which a child that got Ctrl-C from the terminal itself may finish."""

PIP = """
import os, runpy, threading
def end_with_parent():
    os.read(0, 1)  # returns when the parent is gone, however it went
    os._exit(1)
threading.Thread(target=end_with_parent, daemon=True).start()
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""
"""pip, but never left behind: an orphan would go on writing into a `.venv` that the next start builds anew."""


class SetupError(Exception):
    """The set-up cannot go on; the message says why and what to do."""


def main(arguments: list[str]) -> int:
    """Set up what is missing, run the page or the tests, return their exit code."""
    options, rest = parse(arguments)
    testing = rest[:1] == ["test"]
    try:
        prepare([*LAYERS] if testing else ["standalone"], options.torch_index, options.recreate)
    except (SetupError, OSError) as error:
        print(f"modelsim: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("modelsim: setup was interrupted; the next start runs it again.", file=sys.stderr)
        return 130
    if testing:
        return run(["-m", "pytest", *rest[1:]], folder=HERE)
    return run(["-m", "lib_modelsim", "serve", *rest])


def parse(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """The options of the set-up, and all others as they were given."""
    parser = argparse.ArgumentParser(
        usage="standalone.py [--torch-index URL] [--recreate] [--models DIR ...] [--port N]\n"
        "       standalone.py [--torch-index URL] [--recreate] test [arguments of pytest]",
        description="Open the page of modelsim, or run its tests. The first start installs the packages they need.",
        epilog="Other options go to the page: --models DIR ... (folders with checkpoints), --port N.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--torch-index", metavar="URL", help="install torch from this package index (kept for later starts)"
    )
    parser.add_argument("--recreate", action="store_true", help="build .venv again and forget --torch-index")
    return parser.parse_known_args(arguments)


# --- the set-up ---


def prepare(layers: list[str], torch_index: "str | None" = None, recreate: bool = False) -> None:
    """Make `.venv` hold these layers. Raises SetupError."""
    began = time.monotonic()
    state = {} if recreate else read_state()
    torch_index = torch_index or state.get("torch_index")
    wanted = {layer: fingerprint(layer, torch_index) for layer in LAYERS}
    finished = state.get("finished", {})
    current = finished and all(wanted.get(layer) == finished[layer] for layer in finished)
    if not (current and venv_python().exists()):
        create_venv()
        finished = {}
    missing = [layer for layer in layers if layer not in finished]
    if not missing:
        return
    write_state(torch_index, finished={})  # whatever pip is at work on does not count as there
    for layer in missing:
        install(layer, torch_index)
    write_state(torch_index, finished | {layer: wanted[layer] for layer in missing})
    say(f"setup took {time.monotonic() - began:.0f} s")


def read_state() -> dict:
    """What `.venv` holds: {"torch_index": URL or None, "finished": {layer: fingerprint}}; empty if unknown."""
    try:
        return json.loads((VENV / "modelsim.json").read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: cut short
        return {}


def write_state(torch_index: "str | None", finished: dict[str, str]) -> None:
    temporary = VENV / "modelsim.json.new"
    temporary.write_text(json.dumps({"torch_index": torch_index, "finished": finished}), "utf-8")
    temporary.replace(VENV / "modelsim.json")


def fingerprint(layer: str, torch_index: "str | None") -> str:
    """Changes with the Python version, the index of torch and every pinned package of the layer."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {torch_index}".encode())
    for name in ("constraints.txt", *LAYERS[layer]):
        digest.update((REQUIREMENTS / name).read_bytes())
    return digest.hexdigest()


def create_venv() -> None:
    """An empty virtual environment with pip, in place of whatever was there."""
    if Path(sys.prefix).resolve() == VENV:
        raise SetupError(".venv must be built again, but this Python runs in it. Fix: `deactivate`, then start again.")
    if importlib.util.find_spec("ensurepip") is None:
        raise SetupError("this Python cannot create a .venv. Fix: on Debian and Ubuntu `apt install python3-venv`.")
    say(f"creating {VENV} {'again ' if VENV.exists() else ''}with Python {sys.version.split()[0]}")
    builder = venv.EnvBuilder(clear=True, with_pip=True, symlinks=os.name != "nt")
    give_up = time.monotonic() + CLEAR_PATIENCE
    while True:
        try:
            return builder.create(VENV)
        except (OSError, subprocess.CalledProcessError) as error:
            still_filled = isinstance(error, OSError) and error.errno == errno.ENOTEMPTY
            if not still_filled or time.monotonic() > give_up:
                raise SetupError(f"cannot create {VENV}: {error}. Fix: close what uses it, or move it away.") from error


def install(layer: str, torch_index: "str | None") -> None:
    """Install one layer's packages in their pinned versions, wheels only: nothing is compiled but the one of
    BUILT_HERE."""
    say(f"installing the packages of requirements/{layer}.txt; the first time takes a few minutes")
    if layer == "gradio3":  # beside the other gradio: for whoever puts this folder in front of PYTHONPATH
        pip_install("--no-deps", "--target", str(VENV / "gradio3"), *requirements("gradio3.txt"))
        return
    if torch_index and "torch.txt" in LAYERS[layer]:
        # By itself: the packages that torch needs come from the usual index, in our versions.
        pip_install("--index-url", torch_index, "--no-deps", *requirements("torch.txt"))
    resolved = [name for name in LAYERS[layer] if name != "vocabulary.txt"]
    pip_install(*requirements(*resolved), "-c", str(REQUIREMENTS / "constraints.txt"))
    if "vocabulary.txt" in LAYERS[layer]:
        pip_install("--no-deps", *requirements("vocabulary.txt"))


def requirements(*names: str) -> list[str]:
    """These files of `requirements/`, as pip takes them."""
    return [argument for name in names for argument in ("-r", str(REQUIREMENTS / name))]


def pip_install(*arguments: str) -> None:
    """Run pip in `.venv`, tell what it downloads, keep all it says in `.venv/setup.log`. Raises SetupError."""
    command = [str(venv_python()), "-c", PIP, "install", "--progress-bar=off", "--no-input", "--only-binary=:all:"]
    command += [f"--no-binary={','.join(BUILT_HERE)}"] if BUILT_HERE else []
    pip = subprocess.Popen(
        [*command, *arguments],
        env=environment() | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    log = VENV / "setup.log"
    with log.open("a", encoding="utf-8") as log_file, pip:
        lines = []
        for line in pip.stdout:
            lines.append(line.strip())
            log_file.write(line)
            if lines[-1].startswith(("Downloading", "Installing")):
                say(f"  {lines[-1][:110]}")
    if pip.returncode:
        raise SetupError(pip_failure(pip.returncode, [line for line in lines if line], log))


def pip_failure(code: int, lines: list[str], log: Path) -> str:
    """One line of what went wrong, then pip's last ones."""
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    reason = errors[-1] if errors else f"pip exited with code {code}"
    fix = "Fix: check the connection, the free disk space and --torch-index, then start again."
    return "\n".join([f"the packages could not be installed: {reason}. {fix} ({log})", *lines[-6:]])


# --- what runs in .venv ---


def run(arguments: list[str], folder: "Path | None" = None) -> int:
    """Run `.venv`'s Python with our terminal; Ctrl-C and termination reach it. Returns its exit code."""
    child = subprocess.Popen([str(venv_python()), *arguments], env=environment(), cwd=folder)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    while True:
        try:
            code = child.wait()
            return 128 - code if code < 0 else code  # as a shell tells the signal that ended it
        except KeyboardInterrupt:
            pass_interrupt_on(child)


def pass_interrupt_on(child: subprocess.Popen) -> None:
    """A terminal sends Ctrl-C to the child as well; pass on only what came to us alone."""
    try:
        child.wait(INTERRUPT_GRACE)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGINT if os.name != "nt" else signal.CTRL_C_EVENT)


def venv_python() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def environment() -> dict[str, str]:
    """Ours, with this folder's package in reach, UTF-8 everywhere, and no word to gradio's makers."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
    return inherited | {"PYTHONPATH": str(HERE), "PYTHONUTF8": "1", "GRADIO_ANALYTICS_ENABLED": "False"}


def say(line: str) -> None:
    print(f"modelsim: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
