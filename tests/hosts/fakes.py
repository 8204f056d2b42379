"""Fakes of what WebUIs offer to extensions: as much as this extension uses, with the real ones' traps.

Their signatures are held against the recorded ones by test_fakes.py.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from pathlib import Path
from threading import Event, Lock
from types import ModuleType, SimpleNamespace

BROKEN = b"broken"
"""What a checkpoint that cannot be loaded begins with."""


class FIFOLock:
    """First come, first served; it can be asked for, or waited for without end. As A1111 has it: who is woken takes it
    only then, and whoever asks in between is first."""

    def __init__(self):
        self._lock, self._inner_lock, self._pending_threads = Lock(), Lock(), deque()

    def acquire(self, blocking=True):
        with self._inner_lock:
            if self._lock.acquire(False):
                return True
            if not blocking:
                return False
            woken = Event()
            self._pending_threads.append(woken)
        woken.wait()
        time.sleep(0.01)  # to be overtaken
        return self._lock.acquire()

    def release(self):
        with self._inner_lock:
            if self._pending_threads:
                self._pending_threads.popleft().set()
            self._lock.release()

    def wait_until_asked_for(self, times=1):
        """Until so many are waiting; for the tests."""
        until = time.monotonic() + 30
        while len(self._pending_threads) < times:
            assert time.monotonic() < until
            time.sleep(0.001)

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *_):
        self.release()


class State:
    def __init__(self):
        self.skipped = self.interrupted = self.stopping_generation = False
        self.job, self.job_no, self.job_count, self.job_timestamp = "", 0, 0, "0"
        self.processing_has_refined_job_count = False
        self.sampling_step = self.sampling_steps = 0
        self.current_latent = self.current_image = self.textinfo = self.time_start = None
        self.current_image_sampling_step = self.id_live_preview = 0
        self.server_command = None

    def begin(self, job="(unknown)"):
        self.sampling_step = self.job_no = self.current_image_sampling_step = self.id_live_preview = 0
        self.job_count, self.time_start, self.job_timestamp = -1, time.time(), "20260101000000"
        self.processing_has_refined_job_count = self.skipped = self.interrupted = self.stopping_generation = False
        self.current_latent = self.current_image = self.textinfo = None
        self.job = job

    def end(self):
        self.job, self.job_count = "", 0

    def interrupt(self):
        self.interrupted = True

    def skip(self):
        self.skipped = True

    def stop_generating(self):
        self.stopping_generation = True

    def request_restart(self):
        self.interrupt()
        self.server_command = "restart"


class NeoState(State):
    """Forge Neo's, with one field more."""

    def __init__(self):
        super().__init__()
        self.preview_step = 0

    def begin(self, job="(unknown)"):
        super().begin(job)
        self.preview_step = 0


class StateWithTasks(State):
    """SD.Next's: it tells jobs apart, and knows no `stopping_generation`."""

    def __init__(self):
        super().__init__()
        del self.stopping_generation
        self.running = []

    def begin(self, title="", task_id=0, api=None):
        super().begin(title)
        del self.stopping_generation
        self.running.append(title)
        return f"id of {title}"

    def end(self, task_id=None):
        assert task_id == f"id of {self.running.pop()}"
        super().end()


class OptionInfo:
    def __init__(  # as long as it is
        self,
        default=None,
        label="",
        component=None,
        component_args=None,
        onchange=None,
        section=None,
        refresh=None,
        comment_before="",
        comment_after="",
        infotext=None,
        restrict_api=False,
        category_id=None,
    ):
        self.default, self.label, self.component, self.component_args = default, label, component, component_args
        self.section, self.comment_after = section, comment_after

    def info(self, info):
        self.comment_after += info
        return self


class Options:
    def __init__(self, data_labels, restricted_opts):
        self.__dict__.update(data_labels=data_labels, data={}, frozen=False, saved=[])

    def __setattr__(self, key, value):
        assert not self.frozen, "changing settings is disabled"
        self.data[key] = value

    def __getattr__(self, key):
        if key in self.data:
            return self.data[key]
        raise AttributeError(key)

    def set(self, key, value, is_api=False, run_callbacks=True):
        setattr(self, key, value)
        return True

    def save(self, filename):
        self.saved.append(dict(self.data))

    def add_option(self, key, info):
        self.data_labels[key] = info
        self.data.setdefault(key, info.default)


class CheckpointInfo:
    def __init__(self, filename):
        self.filename = filename
        self.name = Path(filename).name
        self.sha256 = self.shorthash = None
        self.title, self.short_title = self.name, Path(filename).stem


class Model:
    """A loaded model. Taken apart it draws nothing."""

    def __init__(self, info, tensors):
        self.sd_checkpoint_info, self.tensors, self.taken_apart = info, tensors, False

    def state_dict(self):
        return self.tensors


class FakeInitialModel:
    """Forge's own stand-in for a model."""


class Checkpoints:
    """What `modules.sd_models` knows of the files in a folder."""

    def __init__(self, folder, opts):
        self.folder, self.opts = folder, opts
        self.checkpoints_list, self.checkpoint_aliases = {}, {}
        self.model_data = SimpleNamespace(sd_model=None)
        self.tensors = {}
        self.list_models()

    def list_models(self):
        self.checkpoints_list.clear()
        self.checkpoint_aliases.clear()
        for path in sorted(self.folder.glob("*.safetensors")):
            info = CheckpointInfo(str(path))
            self.checkpoints_list[info.title] = info
            self.checkpoint_aliases.update({info.title: info, info.short_title: info})

    def chosen(self):
        return self.checkpoint_aliases[self.opts.sd_model_checkpoint]

    def model_of(self, info):
        if Path(info.filename).read_bytes().startswith(BROKEN):
            raise ValueError("no model in it")
        return Model(info, self.tensors)

    def reload_model_weights(self, sd_model=None, info=None, forced_reload=False):
        """A1111's: it takes the old model apart before it reads the new file, and mends it only when it is made to."""
        info, loaded = info or self.chosen(), self.model_data.sd_model
        if loaded is not None and not forced_reload and loaded.sd_checkpoint_info.filename == info.filename:
            return loaded
        if loaded is not None:
            loaded.taken_apart = True
        self.model_data.sd_model = self.model_of(info)
        self.opts.data["sd_model_checkpoint"] = info.title
        return self.model_data.sd_model


class ForgeCheckpoints(Checkpoints):
    """Forge's: what is chosen is loaded later, and what could not be loaded is not tried again."""

    def __init__(self, folder, opts):
        super().__init__(folder, opts)
        self.model_data.sd_model, self.model_data.forge_hash = FakeInitialModel(), ""
        self.model_data.forge_loading_parameters = {}

    STORAGES = {"Automatic": (None, False), "float8-e4m3fn": ("float8", False)}  # noqa: RUF012

    def refresh_model_loading_parameters(self):
        storage, _ = self.STORAGES[self.opts.data.get("forge_unet_storage_dtype", "Automatic")]
        self.model_data.forge_loading_parameters = {"checkpoint_info": self.chosen(), "unet_storage_dtype": storage}

    def forge_model_reload(self):
        wanted = self.model_data.forge_loading_parameters
        if self.model_data.forge_hash != str(wanted):
            self.model_data.sd_model = None
            self.model_data.sd_model = self.model_of(wanted["checkpoint_info"])
            self.model_data.forge_hash = str(wanted)
        return self.model_data.sd_model, True


class NeoCheckpoints(ForgeCheckpoints):
    """Forge Neo's: a file that cannot be loaded leaves the stand-in."""

    def refresh_model_loading_parameters(self, *, refresh=True):
        super().refresh_model_loading_parameters()

    def forge_model_reload(self):
        try:
            return super().forge_model_reload()
        except Exception:
            self.model_data.sd_model, self.model_data.forge_hash = FakeInitialModel(), ""
            raise


class Callbacks:
    """What `modules.script_callbacks` was told."""

    def __init__(self):
        self.told = {}

    def on_before_ui(self, callback, *, name=None):
        self.told["before_ui"] = callback

    def on_ui_tabs(self, callback, *, name=None):
        self.told["ui_tabs"] = callback

    def on_ui_settings(self, callback, *, name=None):
        self.told["ui_settings"] = callback

    def on_app_started(self, callback, *, name=None):
        self.told["app_started"] = callback

    def on_script_unloaded(self, callback, *, name=None):
        self.told["script_unloaded"] = callback


def module(name, **members):
    made = ModuleType(name)
    vars(made).update(members)
    return made


def public(thing, *names):
    return {name: getattr(thing, name) for name in names}


CHECKPOINTS = ("checkpoints_list", "model_data", "list_models", "reload_model_weights")


class A1111:
    """AUTOMATIC1111's WebUI with the checkpoints of a folder."""

    checkpoints_kind, state_kind = Checkpoints, State

    def __init__(self, folder):
        self.opts, self.state, self.lock = Options({}, []), self.state_kind(), FIFOLock()
        self.checkpoints = self.checkpoints_kind(folder, self.opts)
        self.callbacks, self.hashes, self.reported = Callbacks(), {}, []
        self.modules = {found.__name__: found for found in (module("modules"), *self.offered(folder))}

    def offered(self, folder):
        cmd_opts = SimpleNamespace(freeze_settings=False, hide_ui_dir_config=False)
        yield module("modules.call_queue", queue_lock=self.lock)
        yield module("modules.errors", report=self.report)
        yield module("modules.hashes", sha256_from_cache=self.sha256_from_cache)
        yield module("modules.options", OptionInfo=OptionInfo)
        yield module("modules.paths", data_path=str(folder), models_path=str(folder / "models"))
        yield module("modules.script_callbacks", **public(self.callbacks, *(n for n in dir(Callbacks) if "on_" in n)))
        yield module("modules.sd_models", CheckpointInfo=CheckpointInfo, **public(self.checkpoints, *CHECKPOINTS))
        shared = {"opts": self.opts, "state": self.state, "cmd_opts": cmd_opts}
        yield module("modules.shared", config_filename=str(folder / "config.json"), **shared)

    def report(self, message, *, exc_info=False):
        self.reported.append(message)

    def sha256_from_cache(self, filename, title, use_addnet_hash=False):
        return self.hashes.get(title)

    def install(self, monkeypatch):
        for name, made in self.modules.items():
            monkeypatch.setitem(sys.modules, name, made)
        return self

    def freeze(self):
        """As with --freeze-settings."""
        self.modules["modules.shared"].cmd_opts.freeze_settings = True

    def hide_folders(self):
        """As with --hide-ui-dir-config."""
        self.modules["modules.shared"].cmd_opts.hide_ui_dir_config = True
        self.opts.__dict__["frozen"] = True

    def listen(self):
        """As with --listen or --share, without --enable-insecure-extension-access."""
        self.modules["modules.shared"].cmd_opts.disable_extension_access = True


class ReForge(A1111):
    def offered(self, folder):
        yield from super().offered(folder)
        yield module("modules_forge")


class Forge(ReForge):
    checkpoints_kind = ForgeCheckpoints

    def offered(self, folder):
        yield from super().offered(folder)
        self.main_entry = module("modules_forge.main_entry", module_list={}, refresh_models=self.refresh_models)
        self.main_entry.forge_unet_storage_dtype_options = self.checkpoints.STORAGES
        self.main_entry.refresh_model_loading_parameters = self.checkpoints.refresh_model_loading_parameters
        yield self.main_entry

    def __init__(self, folder):
        super().__init__(folder)
        models = self.modules["modules.sd_models"]
        models.forge_model_reload, models.FakeInitialModel = self.checkpoints.forge_model_reload, FakeInitialModel
        models.reload_model_weights = lambda sd_model=None, info=None, forced_reload=False: None  # a stub there, too

    modules_on_disk = ()
    """Files of text encoders and VAEs that its list gets when it is read anew."""

    def refresh_models(self):
        self.main_entry.module_list.update({Path(file).name: file for file in self.modules_on_disk})
        return [], sorted(self.main_entry.module_list)


class Neo(Forge):
    """Forge Neo with one of its presets."""

    checkpoints_kind, state_kind = NeoCheckpoints, NeoState

    def offered(self, folder):
        yield from super().offered(folder)
        yield module("modules_forge.presets")

    def __init__(self, folder):
        super().__init__(folder)
        del self.modules["modules.sd_models"].reload_model_weights
        for option, default in (
            ("forge_preset", "sd"),
            ("forge_checkpoint_sd", None),
            ("forge_additional_modules", []),
        ):
            self.opts.add_option(option, OptionInfo(default))


class Pipelines(Checkpoints):
    """SD.Next's: models are diffusers' pipelines, and it has words of its own."""

    def model_of(self, info):
        super().model_of(info)
        return SimpleNamespace(sd_checkpoint_info=info, taken_apart=False)

    def reload_model_weights(self, sd_model=None, info=None, op="model", force=False, revision=None):
        return super().reload_model_weights(sd_model, info, force)


class SDNext(A1111):
    """As far as it differs: pipelines, jobs with ids, no hash cache of this name."""

    checkpoints_kind, state_kind = Pipelines, StateWithTasks

    def __init__(self, folder):
        super().__init__(folder)
        self.modules["modules.sd_checkpoint"] = module("modules.sd_checkpoint")
        del self.modules["modules.hashes"]
