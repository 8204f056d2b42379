"""A WebUI's HTTP API as far as probes need it, in a thread: it draws noise and goes wrong when told to.

tests/webui/test_probes.py asks the real ones the same questions.
"""

from __future__ import annotations

import base64
import io
import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

from PIL import Image

HASHES = {name: name.encode().hex().ljust(64, "0") for name in ("anna", "bert", "carl")}

QUIET = {"job": "", "interrupted": False, "skipped": False, "stopping_generation": False}


class Answer(Exception):  # noqa: N818
    """An answer that is an error."""

    def __init__(self, status: int, kind: str = "", words: str = "") -> None:
        self.status, self.body = status, {"error": kind, "errors": words}


@dataclass
class FakeWebui:
    """`options` are the user's, `loads` what was loaded in which order, `drawn` what `txt2img` was asked and answered.

    `mishap` is asked before each picture and may raise an Answer, `after` changes the state when it is drawn,
    `size_of` says how large the picture becomes.
    """

    options: dict[str, Any] = field(
        default_factory=lambda: {
            "sd_model_checkpoint": "carl.safetensors [6361726c00]",
            "sd_vae": "Automatic",
            "s_churn": 3.0,
            "CLIP_stop_at_last_layers": 1,
            "randn_source": "GPU",
            "samples_format": "jpg",
            "eta_noise_seed_delta": 0,
        }
    )
    password: str | None = None
    forgets: tuple[str, ...] = ()
    mishap: Callable[[dict[str, Any]], None] = lambda question: None
    after: Callable[[dict[str, Any]], None] = lambda state: None
    size_of: Callable[[dict[str, Any]], tuple[int, int]] = lambda question: (question["width"], question["height"])
    info: dict[str, Any] = field(default_factory=dict)
    loads: list[str] = field(default_factory=lambda: ["carl"])
    drawn: list[dict[str, Any]] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=lambda: dict(QUIET))
    drawing: Event = field(default_factory=Event)
    task: str = ""
    queue: Lock = field(default_factory=Lock)

    def get(self, path: str) -> Any:
        if path == "/sdapi/v1/sd-models":
            return [
                {
                    "title": f"{name}.safetensors [{digits[:10]}]",
                    "filename": f"C:\\models\\{name}.safetensors",
                    "model_name": name,
                    "hash": digits[:10],
                    "sha256": digits,
                }
                for name, digits in HASHES.items()
            ]
        known = {
            "/sdapi/v1/options": self.options,
            "/sdapi/v1/sd-vae": [{"model_name": "clear.vae", "filename": "/clear.vae"}],
            "/sdapi/v1/samplers": [{"name": "Euler"}, {"name": "DDIM"}],
            "/sdapi/v1/schedulers": [{"name": "automatic", "label": "Automatic"}],
            "/sdapi/v1/progress?skip_current_image=true": {"state": self.state},
            "/internal/sysinfo": {"Version": "v1.10.1"},
        }
        if path not in known:
            raise Answer(404)
        return known[path]

    def post(self, path: str, question: dict[str, Any]) -> Any:
        if path == "/sdapi/v1/txt2img":
            with self.queue:
                return self._draw(question)
        if path == "/internal/progress":
            return {"active": question["id_task"] == self.task}
        if path == "/sdapi/v1/interrupt":
            self.state["interrupted"] = True
            self.drawing.set()
        elif path == "/sdapi/v1/options":
            before = self.options.get("sd_model_checkpoint")
            self.options.update(question)
            if self.options["sd_model_checkpoint"] != before:
                self._load(self.options["sd_model_checkpoint"])
        else:
            raise Answer(404)
        return {}

    def _load(self, title: str) -> None:
        name = title.partition(".")[0]
        if name in HASHES and self.loads[-1:] != [name]:
            self.loads.append(name)

    def _draw(self, question: dict[str, Any]) -> dict[str, Any]:
        settings = question["override_settings"]
        self.task = question["force_task_id"]
        self.state.update(QUIET)
        self._load(settings["sd_model_checkpoint"])
        try:
            self.mishap(question)
        finally:
            self.task = ""
        self.after(self.state)
        self.drawn.append(question)
        self.options.update({name: settings[name] for name in self.forgets})
        seeds = [question["seed"] + place for place in range(question["batch_size"])]
        name = self.loads[-1]
        info = {
            "all_prompts": [question["prompt"]] * len(seeds),
            "all_negative_prompts": [question["negative_prompt"]] * len(seeds),
            "all_seeds": seeds,
            "sd_model_hash": HASHES[name][:10],
            "sd_model_name": name,
            "infotexts": [f"Steps: {question['steps']}, Seed: {seed}, Version: v1.10.1" for seed in seeds],
        }
        size = self.size_of(question)
        return {"images": [_noise(name, seed, size) for seed in seeds], "info": json.dumps(info | self.info)}


@dataclass
class FakeNeo(FakeWebui):
    """Forge Neo's: what it overrides it puts back in the end, as far as it can (modules/sysinfo.py, set_config).

    `modules` are those that each picture was generated with; `module_list` is empty until its page was opened.
    """

    module_list: dict[str, str] = field(
        default_factory=lambda: {name: f"/models/{name}" for name in ("ae.safetensors", "t5.safetensors")}
    )
    modules: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.options.update(
            sd_model_checkpoint="carl.safetensors",
            forge_preset="sd",
            forge_checkpoint_sd="carl.safetensors",
            forge_additional_modules=list(self.module_list.values()),
            forge_unet_storage_dtype="Automatic",
            emphasis="No norm",
        )
        del self.options["sd_vae"]

    def get(self, path: str) -> Any:
        if path == "/sdapi/v1/sd-modules":
            return [{"model_name": name, "filename": file} for name, file in self.module_list.items()]
        return super().get(path)

    def _draw(self, question: dict[str, Any]) -> dict[str, Any]:
        before = {name: self.options[name] for name in question["override_settings"]}
        self._set(question["override_settings"])
        self.modules.append(self.options["forge_additional_modules"])
        try:
            return super()._draw(question)
        finally:
            self._set(before)

    def _set(self, wanted: dict[str, Any]) -> None:
        for name, value in wanted.items():
            changed = value
            if name == "sd_model_checkpoint" and value.partition(".")[0] not in HASHES:
                raise Answer(500, "RuntimeError", f"Model {value!r} not found...")
            if name == "forge_additional_modules" and value != self.options[name]:
                known = (self.module_list.get(file.rpartition("/")[2]) for file in value)
                changed = sorted(file for file in known if file is not None)
            self.options[name] = changed


def _noise(name: str, seed: int, size: tuple[int, int]) -> str:
    file = io.BytesIO()
    noise = Image.frombytes("RGB", (8, 8), random.Random(f"{name} {seed}").randbytes(192))
    noise.resize(size, Image.Resampling.NEAREST).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def refuse(status: int) -> None:
    """Raises an Answer."""
    raise Answer(status)


@contextmanager
def served(webui: FakeWebui) -> Iterator[str]:
    """Its address, as long as this lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(lambda: webui.get(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(lambda: webui.post(self.path, json.loads(body)))

        def _answer(self, answer: Callable[[], Any]) -> None:
            status, told = 200, None
            expected = f"Basic {base64.b64encode((webui.password or '').encode()).decode()}"
            allowed = not webui.password or self.headers.get("Authorization") == expected
            try:
                told = answer() if allowed else refuse(401)
            except Answer as refused:
                status, told = refused.status, refused.body
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *words: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
