"""The exam of merge recipes: `shared/tools/make_merges.py` writes it and scores the answers that this writes.

    python -m benchmarks.recipes OUT [OUT …]      answers of `recipe` for OUT/targets, as OUT/answers.json, and the score
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from lib_modelsim.cli.recipe import document
from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.workspace import Workspace

TOOL = Path(__file__).parents[2] / "shared" / "tools" / "make_merges.py"


def answers(exam: Path, only: str = "") -> list[dict]:
    """What `recipe --json` says of every target, its candidates being the library."""
    found = []
    for target in sorted((exam / "targets").glob(f"{only or '*'}.safetensors")):
        host = Folders([target, exam / "library"], exam / "data", Settings())
        with Workspace(host, lambda: Library(None)) as use:
            index = use.read_index(Job())
            found.append(document(use.lineage.recipe(target.stem, "base", index, Job())))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exams", nargs="+", type=Path)
    parser.add_argument("--only", default="", help="one target")
    options = parser.parse_args()
    for exam in options.exams:
        began = time.perf_counter()
        found = answers(exam, options.only)
        print(f"{exam}: {len(found)} targets in {time.perf_counter() - began:.1f} s")
        file = exam / "answers.json"
        file.write_text(json.dumps(found, indent=1))
        subprocess.run([sys.executable, str(TOOL), "score", str(exam), str(file)], check=True)


if __name__ == "__main__":
    main()
