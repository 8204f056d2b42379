"""The fakes of `modules.*` are what the real ones are: held against signatures recorded from the WebUIs' source."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from lib_modelsim.engines.webui_queue import FIELDS

from .fakes import A1111, FIFOLock, Forge, Neo, OptionInfo, Options, ReForge, State

RECORDED = Path(__file__).parent / "recorded"

HOSTS = {"a1111": A1111, "forge": Forge, "neo": Neo, "reforge": ReForge}


@pytest.fixture(params=sorted(RECORDED.glob("*.json")), ids=lambda path: path.stem)
def recorded(request):
    return json.loads(request.param.read_text())


def signature(function):
    return str(inspect.signature(function))


def public(thing):
    return {name: member for name, member in vars(thing).items() if not name.startswith("_")}


def assert_class(fake, real):
    assert signature(fake) == (real["init"] or "()").replace("(self, ", "(").replace("(self)", "()")
    for name, member in public(fake).items():
        if callable(member) and name != "wait_until_asked_for":  # for the tests
            assert signature(member) == real["methods"].get(name), name


def test_what_a_fake_module_offers_is_there_and_is_called_the_same_way(recorded, tmp_path):
    modules = HOSTS[recorded["host"]](tmp_path).modules
    for module, known in recorded["modules"].items():
        for name, fake in public(modules[module]).items() if module in modules else ():
            real = known[name]
            assert real is not None, f"{module}.{name} is not in {recorded['host']}"
            if inspect.isclass(fake):
                assert_class(fake, real["class"])
            elif callable(fake):
                assert {"function": signature(fake)} == real, f"{module}.{name}"


def test_every_fake_module_was_recorded(recorded, tmp_path):
    packages = {"modules", "modules_forge"}
    assert set(HOSTS[recorded["host"]](tmp_path).modules) - packages <= set(recorded["modules"])


@pytest.mark.parametrize(
    ("module", "name", "fake"),
    [
        ("modules.fifo_lock", "FIFOLock", FIFOLock),
        ("modules.shared_state", "State", State),
        ("modules.options", "Options", Options),
        ("modules.options", "OptionInfo", OptionInfo),
    ],
)
def test_objects_of_the_host_are_called_the_same_way(recorded, module, name, fake):
    assert_class(fake, recorded["modules"][module][name]["class"])


def test_the_fields_that_are_put_back_are_the_states_own(recorded):
    real = set(recorded["modules"]["modules.shared_state"]["State"]["class"]["attributes"])
    assert set(FIELDS) - real <= {"preview_step"}
    assert real - set(FIELDS) <= {"need_restart", "server_command", "server_start", "vae_stream"}
    assert set(vars(State())) <= real
