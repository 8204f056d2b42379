"""Record what a WebUI offers to extensions, so that the fakes of `modules.*` can be held against the real thing.

    python tests/hosts/recorded/record.py WEBUI_ROOT NAME-VERSION

reads the WebUI's source without running it (its own Python and torch are not needed) and writes `NAME-VERSION.json`
beside this file. Per name in `OFFERED` that is one of

    {"function": "(callback, *, name=None)"}     its signature as `inspect.signature` prints it, without annotations
    {"class": {"init": "(self, …)", "attributes": […], "methods": {"begin": "(self, job='(unknown)')"}}}
    {"value": "{}"}                              what the module assigns to it
    null                                         this WebUI has no such name

A name that a module takes from another module of the WebUI is followed there. Attributes are what a class and its
methods assign, and its properties; names with an underscore are left out.
"""

from __future__ import annotations

import ast
import copy
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OFFERED = {
    "launch": ("is_installed", "run_pip"),
    "modules.call_queue": ("queue_lock", "wrap_gradio_call", "wrap_gradio_gpu_call", "wrap_queued_call"),
    "modules.deepbooru": ("DeepDanbooru", "model"),
    "modules.devices": ("autocast", "device_interrogate", "torch_gc"),
    "modules.errors": ("report",),
    "modules.fifo_lock": ("FIFOLock",),
    "modules.hashes": ("calculate_sha256", "sha256", "sha256_from_cache"),
    "modules.infotext_utils": (
        "ParamBinding",
        "bind_buttons",
        "create_buttons",
        "parse_generation_parameters",
        "register_paste_params_button",
    ),
    "modules.interrogate": ("InterrogateModels",),
    "modules.lowvram": ("send_everything_to_cpu",),
    "modules.options": ("OptionHTML", "OptionInfo", "Options"),
    "modules.paths": ("data_path", "models_path", "script_path"),
    "modules.processing": (
        "Processed",
        "StableDiffusionProcessing",
        "StableDiffusionProcessingTxt2Img",
        "create_infotext",
        "process_images",
    ),
    "modules.progress": (
        "add_task_to_queue",
        "create_task_id",
        "current_task",
        "finish_task",
        "pending_tasks",
        "record_results",
        "start_task",
    ),
    "modules.script_callbacks": (
        "on_app_started",
        "on_before_reload",
        "on_before_ui",
        "on_model_loaded",
        "on_script_unloaded",
        "on_ui_settings",
        "on_ui_tabs",
    ),
    "modules.scripts": ("basedir",),
    "modules.sd_models": (
        "CheckpointInfo",
        "FakeInitialModel",
        "SdModelData",
        "checkpoint_aliases",
        "checkpoints_list",
        "forge_model_reload",
        "get_checkpoint_state_dict",
        "get_closet_checkpoint_match",
        "list_models",
        "load_model",
        "model_data",
        "read_state_dict",
        "reload_model_weights",
        "select_checkpoint",
        "unload_model_weights",
    ),
    "modules.sd_samplers": ("samplers_map", "visible_sampler_names"),
    "modules.shared": (
        "OptionHTML",
        "OptionInfo",
        "cmd_opts",
        "config_filename",
        "interrogator",
        "list_checkpoint_tiles",
        "opts",
        "refresh_checkpoints",
        "sd_model",
        "state",
    ),
    "modules.shared_state": ("State",),
    "modules.ui_common": ("create_refresh_button",),
    "modules.ui_components": ("ToolButton",),
    "modules_forge.main_entry": (
        "forge_unet_storage_dtype_options",
        "module_list",
        "refresh_model_loading_parameters",
        "refresh_models",
        "ui_checkpoint",
    ),
    "modules_forge.main_thread": ("run_and_wait_result",),
    "modules_forge.presets": ("PresetArch",),
}


@dataclass(frozen=True)
class WebUI:
    """The source tree of a WebUI."""

    root: Path

    def record(self) -> dict[str, dict[str, Any]]:
        """Module → name → what it is there."""
        return {module: {name: self.describe(module, name) for name in names} for module, names in OFFERED.items()}

    def describe(self, module: str, name: str) -> dict[str, Any] | None:
        definition = self._definition(module, name)
        if isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
            return {"function": signature(definition)}
        if isinstance(definition, ast.ClassDef):
            return {"class": self._class(module, definition)}
        if isinstance(definition, ast.Import | ast.ImportFrom):
            return self._imported(definition, name)
        if isinstance(definition, ast.expr):
            return self._elsewhere(module, definition) or {"value": ast.unparse(definition)}
        return None

    def _definition(self, module: str, name: str) -> ast.AST | None:
        """The last thing that the module binds to the name: a definition, an import, or an assigned expression."""
        found = None
        for statement in _statements(self._source(module)):
            if name in _bound(statement):
                is_assignment = isinstance(statement, ast.Assign | ast.AnnAssign)
                found = statement.value if is_assignment else statement
        return found

    def _source(self, module: str) -> list[ast.stmt]:
        path = self.root.joinpath(*module.split("."))
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return ast.parse(file.read_text("utf-8-sig")).body
        return []

    def _imported(self, statement: ast.Import | ast.ImportFrom, name: str) -> dict[str, Any] | None:
        original = next(alias.name for alias in statement.names if (alias.asname or alias.name) == name)
        if isinstance(statement, ast.Import):
            return {"value": f"import {original}"}
        return self.describe(statement.module or "", original)

    def _elsewhere(self, module: str, expression: ast.expr) -> dict[str, Any] | None:
        """`other_module.name` is what it is in the other module."""
        if not (isinstance(expression, ast.Attribute) and isinstance(expression.value, ast.Name)):
            return None
        definition = self._definition(module, expression.value.id)
        if not isinstance(definition, ast.ImportFrom):
            return None
        return self.describe(f"{definition.module}.{expression.value.id}", expression.attr)

    def _class(self, module: str, definition: ast.ClassDef) -> dict[str, Any]:
        members = self._members(module, definition)
        return {
            "init": members.init,
            "attributes": sorted(name for name in members.attributes if not name.startswith("_")),
            "methods": {name: text for name, text in sorted(members.methods.items()) if not name.startswith("_")},
        }

    def _members(self, module: str, definition: ast.ClassDef) -> Members:
        """Its own and those of the bases that stand in the same module."""
        members = _own_members(definition)
        for base in definition.bases:
            above = self._definition(module, base.id) if isinstance(base, ast.Name) else None
            if isinstance(above, ast.ClassDef):
                members = members.over(self._members(module, above))
        return members


@dataclass(frozen=True)
class Members:
    """What a class holds: method → signature, names of attributes, and a dataclass's fields with their defaults."""

    methods: dict[str, str]
    attributes: frozenset[str]
    fields: dict[str, str | None] | None

    @property
    def init(self) -> str | None:
        if self.fields is None:
            return self.methods.get("__init__")
        taken = {name: default for name, default in self.fields.items() if "init=False" not in (default or "")}
        return f"({', '.join(['self', *(name + (f'={text}' if text else '') for name, text in taken.items())])})"

    def over(self, base: Members) -> Members:
        """These members in a class that inherits those of `base`."""
        fields = None if self.fields is None else (base.fields or {}) | self.fields
        return Members(base.methods | self.methods, base.attributes | self.attributes, fields)


def _own_members(definition: ast.ClassDef) -> Members:
    methods, attributes, fields = {}, set(), {}
    for statement in definition.body:
        if isinstance(statement, ast.FunctionDef):
            decorators = {ast.unparse(decorator) for decorator in statement.decorator_list}
            if "property" in decorators:
                attributes.add(statement.name)
            elif not decorators:
                methods[statement.name] = signature(statement)
            attributes |= _assigned_to_self(statement)
        else:
            attributes |= _bound(statement)
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                fields[statement.target.id] = _default(statement.value)
    is_dataclass = any("dataclass" in ast.unparse(decorator) for decorator in definition.decorator_list)
    return Members(methods, frozenset(attributes), fields if is_dataclass else None)


def _default(value: ast.expr | None) -> str | None:
    """The text of a field's default; that of `field(default=…)` where it is given so and taken by the constructor."""
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "field":
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in value.keywords}
        if given.get("init") != "False" and "default" in given:
            return given["default"]
    return value and ast.unparse(value)


def signature(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """As `inspect.signature` prints it, without annotations."""
    arguments = copy.deepcopy(function.args)
    for node in ast.walk(arguments):
        if isinstance(node, ast.arg):
            node.annotation = None
    return f"({ast.unparse(arguments)})"


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Those that run when the module is imported, with what stands under `if` and `try`."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.Try):
            yield from _statements([*statement.body, *statement.orelse, *getattr(statement, "finalbody", [])])


def _bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in statement.names}
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return {
        node.id
        for target in targets
        if target is not None
        for node in ast.walk(target)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _assigned_to_self(function: ast.FunctionDef) -> set[str]:
    return {
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        if isinstance(node.value, ast.Name) and node.value.id == "self"
    }


def main(root: Path, name: str) -> None:
    if not (root / "modules" / "script_callbacks.py").is_file():
        raise SystemExit(f"no WebUI: {root}. Fix: name the folder that holds its launch.py and modules/.")
    host, _, version = name.partition("-")
    document = {"host": host, "version": version, "modules": WebUI(root).record()}
    file = Path(__file__).with_name(f"{name}.json")
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2])
