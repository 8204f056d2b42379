"""The exam of merge recipes: `shared/tools/make_merges.py` writes it and scores the answers that this writes.

    python -m benchmarks.recipes OUT [OUT …] [--only t07]    answers for OUT/targets (OUT/answers.json) and the score

All models are indexed in one pass, kept in OUT/library.sqlite; then each target is asked about with the library's 20.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.lineage.document import document
from lib_modelsim.workspace.lineage.distances import block_distances
from lib_modelsim.workspace.lineage.recipe import recipe
from lib_modelsim.workspace.workspace import Workspace

TOOL = Path(__file__).parents[2] / "shared" / "tools" / "make_merges.py"


def answers(exam: Path, only: str = "") -> list[dict]:
    """What `recipe --json` says of every target, its candidates being the library."""
    folders = [exam / "library", exam / "targets"]
    with Workspace(Folders(folders, exam, Settings()), lambda: Library(exam / "library.sqlite")) as use:
        models = use.read_index(Job()).models
        known = [model for model in models if model.path.parent.name == "library"]
        wanted = [model for model in models if model.path.parent.name == "targets"]
        base = next(model for model in known if model.name == "base")
        began = time.perf_counter()
        block_distances(known[0], [*known[1:], *wanted], use.library, Job(), "cpu")
        print(f"one pass over {len(models)} models: {time.perf_counter() - began:.1f} s")
        found = []
        for target in sorted(wanted, key=lambda model: model.name):
            if only in ("", target.name):
                began = time.perf_counter()
                answer = document(recipe(target, known, base, use.library, Job(), "cpu"))
                method = answer["method"] or {}
                seconds = round(time.perf_counter() - began, 2)
                found.append(answer | {"parameters": method.get("parameters"), "seconds": seconds})
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
