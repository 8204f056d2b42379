"""Run by the WebUI at each start: installs the packages that modelsim needs and the WebUI does not have."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from tempfile import TemporaryDirectory

NEEDED = ("numpy", "scipy", "matplotlib", "safetensors", "tqdm", "jinja2", "networkx")
"""All of them come with A1111, Forge and reForge, mostly by way of other packages; torch is the WebUI's own affair."""


def main() -> None:
    """Install what is missing; the version of every installed package stays as it is."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if not missing:
        return
    from lib_modelsim.installing import how_to_install, installed

    packages = " ".join(missing)
    try:
        from launch import run_pip
    except ImportError as error:
        print(f"modelsim needs {packages}, and the WebUI cannot install it ({error}). Fix: {how_to_install(*missing)}")
        return
    with TemporaryDirectory() as folder:
        as_it_is = Path(folder, "constraints.txt")
        as_it_is.write_text("\n".join(f"{name}=={version}" for name, version in installed().items()), "utf-8")
        try:
            run_pip(f'install {packages} -c "{as_it_is}"', f"{packages} for modelsim")
        except RuntimeError as error:  # what the launcher makes of pip's failure
            fix = how_to_install(*missing)
            print(f"modelsim will not work: {packages} could not be installed. Fix: {fix} ({error})")


main()
