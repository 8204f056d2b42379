"""The exam of merge recipes: a generator beside the project writes it and scores the answers that this writes.

    python -m benchmarks.recipes OUT [OUT …] [--only t07]    answers for OUT/targets (OUT/answers.json) and the score
    python -m benchmarks.recipes OUT --resume                only targets that OUT/answers.json lacks, then the score
    python -m benchmarks.recipes OUT OUT … --table           the scores of answers there are, of all exams together

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
from lib_modelsim.lineage.wording.document import document
from lib_modelsim.workspace.lineage.distances import block_distances
from lib_modelsim.workspace.lineage.recipe import recipe
from lib_modelsim.workspace.workspace import Workspace

TOOL = Path(__file__).parents[2] / "shared" / "tools" / "make_merges.py"


def answers(exam: Path, only: str, resume: bool) -> list[dict]:
    """What `recipe --json` says of every target, its candidates being the library; written as they come."""
    folders, file = [exam / "library", exam / "targets"], exam / "answers.json"
    found = json.loads(file.read_text()) if resume and file.exists() else []
    done = {answer["target"] for answer in found}
    with Workspace(Folders(folders, exam, Settings()), lambda: Library(exam / "library.sqlite")) as use:
        models = use.read_index(Job()).models
        known = [model for model in models if model.path.parent.name == "library"]
        wanted = [model for model in models if model.path.parent.name == "targets"]
        base = next(model for model in known if model.name == "base")
        began = time.perf_counter()
        block_distances(known[0], [*known[1:], *wanted], use.library, Job(), "cpu")
        print(f"one pass over {len(models)} models: {time.perf_counter() - began:.1f} s")
        for target in sorted(wanted, key=lambda model: model.name):
            if only in ("", target.name) and target.name not in done:
                began = time.process_time()
                answer = document(recipe(target, known, base, use.library, Job(), "cpu"))
                found.append(answer | {"seconds": round(time.process_time() - began, 2)})
                file.write_text(json.dumps(found, indent=1))
    return found


def table(exams: list[Path]) -> None:
    """The scorer's table, of all exams together, and the processor's seconds a target took."""
    sys.path.insert(0, str(TOOL.parent))
    from make_merges import marks_of, row_of

    marks: dict[str, list[dict]] = {}
    seconds = []
    for exam in exams:
        truth = json.loads((exam / "truth.json").read_text())
        found = {answer["target"]: answer for answer in json.loads((exam / "answers.json").read_text())}
        seconds += [answer["seconds"] for answer in found.values()]
        for one in truth["targets"]:
            own = marks_of(one, found.get(one["target"], {}), truth["same"])
            note = f" ({one['note']})" if one["set"] in ("linear", "missing") and one["note"] else ""
            for name in (one["kind"] + note, "SET " + one["set"], "TOTAL"):
                marks.setdefault(name, []).append(own)
    order = sorted(marks, key=lambda name: (name == "TOTAL", name.startswith("SET"), name))
    columns = list(row_of(marks["TOTAL"], False))
    print("| |" + "|".join(columns) + "|\n|---|" + "---|" * len(columns))
    for name in order:
        row = row_of(marks[name], name[:3] not in ("SET", "TOT") or name == "SET missing")
        print(f"|{name}|" + "|".join("–" if value is None else str(value) for value in row.values()) + "|")
    print(f"\n{sum(seconds) / len(seconds):.1f} s of the processor a target, at most {max(seconds):.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exams", nargs="+", type=Path)
    parser.add_argument("--only", default="", help="one target")
    parser.add_argument("--resume", action="store_true", help="keep the answers there are")
    parser.add_argument("--table", action="store_true", help="ask nothing: one table of all exams")
    options = parser.parse_args()
    if options.table:
        table(options.exams)
        return
    for exam in options.exams:
        began = time.perf_counter()
        found = answers(exam, options.only, options.resume)
        print(f"{exam}: {len(found)} targets in {time.perf_counter() - began:.1f} s")
        subprocess.run([sys.executable, str(TOOL), "score", str(exam), str(exam / "answers.json")], check=True)


if __name__ == "__main__":
    main()
