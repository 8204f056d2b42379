"""What the page loads when a WebUI starts: what only a comparison needs comes with the first one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LOADED = """
import json, sys
import lib_modelsim.hosts.settings, lib_modelsim.library, lib_modelsim.ui.backend, lib_modelsim.ui.tab
print(json.dumps(sorted(sys.modules)))
"""
ON_FIRST_USE = (
    "scipy",
    "matplotlib",
    "lib_modelsim.families.bases",
    "lib_modelsim.workspace.comparing.by_choice",
    "lib_modelsim.workspace.comparing.compare",
    "lib_modelsim.workspace.comparing.detail",
    "lib_modelsim.workspace.families.classify",
    "lib_modelsim.workspace.finding.find",
    "lib_modelsim.workspace.probing.probes",
)


def test_a_start_loads_nothing_that_only_an_answer_needs():
    root = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", LOADED], cwd=root, check=True, capture_output=True, text=True)
    assert not set(json.loads(run.stdout)) & set(ON_FIRST_USE)
