"""A process that draws a suite of 40 pictures into a folder and says each time that it begins one; to be killed."""

import sys
import time
from pathlib import Path

from lib_modelsim.job import Job
from lib_modelsim.probes.gallery import Gallery
from lib_modelsim.probes.plan import make_plan
from lib_modelsim.probes.run import draw_missing
from tests.probes.fake_engine import FakeEngine
from tests.probes.suites import CHECKPOINTS, forty_pictures


def begin(checkpoint, parameters, drawn):
    print(".", end="", flush=True)
    time.sleep(0.002)  # so that a kill may come while it draws
    return drawn


if __name__ == "__main__":
    engine = FakeEngine(CHECKPOINTS, mishap=begin)
    with Gallery(Path(sys.argv[1])) as gallery:
        draw_missing(make_plan(forty_pictures(), CHECKPOINTS, engine, gallery), engine, gallery, Job())
