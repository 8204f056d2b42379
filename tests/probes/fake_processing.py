"""What WebUIs draw with, beside the fakes of tests/hosts: process_images with the real one's traps.

tests/webui/test_probes.py asks the real ones the same questions.
"""

from __future__ import annotations

import random
import sys
import time
from dataclasses import dataclass, field
from types import SimpleNamespace

from PIL import Image

from tests.hosts.fakes import module


class NansException(Exception):  # noqa: N818  the WebUI's name
    """A tensor with all NaNs was produced."""


@dataclass
class Txt2Img:
    """modules.processing.StableDiffusionProcessingTxt2Img as far as it is asked for."""

    prompt: str = ""
    negative_prompt: str = ""
    styles: list = field(default_factory=list)
    seed: object = -1
    sampler_name: str | None = None
    scheduler: str | None = None
    batch_size: int = 1
    n_iter: int = 1
    steps: int = 50
    cfg_scale: float = 7.0
    width: int = 512
    height: int = 512
    do_not_save_samples: bool = False
    do_not_save_grid: bool = False
    override_settings: dict = field(default_factory=dict)
    override_settings_restore_afterwards: bool = True
    scripts: object = None

    def close(self):
        self.closed = True


class Drawing:
    """Added to a fake WebUI: it draws noise with what is in memory. `mishap` is asked before each picture, and gets the
    processing object; `size_of` one is what its picture has; `drawn` are those objects; `loads` what was loaded."""

    def __init__(self, webui, monkeypatch):
        self.webui, self.drawn, self.loads = webui, [], []
        self.mishap = lambda processing: None
        self.size_of = lambda processing: (processing.width, processing.height)
        self.forge = hasattr(webui.modules["modules.sd_models"], "forge_model_reload")
        load = webui.checkpoints.model_of
        webui.checkpoints.model_of = lambda info: (self.loads.append(info.name), load(info))[1]
        names = {"Euler": "euler", "DDIM": "ddim"}
        made = [
            module(
                "modules.processing",
                StableDiffusionProcessingTxt2Img=Txt2Img,
                process_images=self.process_images,
                program_version=lambda: "v1.10.1",
            ),
            module("modules.sd_samplers", all_samplers=[SimpleNamespace(name=name) for name in names]),
            module("modules.sd_schedulers", schedulers=[SimpleNamespace(name="automatic", label="Automatic")]),
            module("modules.sd_vae", vae_dict={}, reload_vae_weights=lambda: None),
            module("modules.devices", torch_gc=lambda: None),
        ]
        for each in made:
            monkeypatch.setitem(sys.modules, each.__name__, each)

    def process_images(self, processing):
        webui, checkpoints = self.webui, self.webui.checkpoints
        webui.opts.data.update(processing.override_settings)
        if self.forge:
            checkpoints.refresh_model_loading_parameters()
            checkpoints.forge_model_reload()
        else:
            checkpoints.reload_model_weights()
        webui.state.sampling_steps = processing.steps
        self.mishap(processing)
        self.drawn.append(processing)
        name = checkpoints.model_data.sd_model.sd_checkpoint_info.name
        images = [
            Image.frombytes("RGB", (8, 8), random.Random(f"{name} {seed}").randbytes(192)) for seed in processing.seed
        ]
        images = [image.resize(self.size_of(processing), Image.Resampling.NEAREST) for image in images]
        webui.state.job_no += 1
        webui.state.sampling_step = 0
        return SimpleNamespace(
            images=images,
            infotexts=[f"Steps: {processing.steps}"] * len(images),
            index_of_first_image=0,
            sd_model_hash="",
        )

    def until_interrupted(self):
        """A long picture: half of it is returned when somebody interrupts."""
        deadline = time.monotonic() + 60
        while not self.webui.state.interrupted:
            assert time.monotonic() < deadline, "nobody interrupted"
            time.sleep(0.01)
