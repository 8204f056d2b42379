"""What the tab is told of a WebUI and what it can ask of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lib_modelsim.errors import ModelsimError
from lib_modelsim.hosts.host import Loaded
from lib_modelsim.hosts.webui import WebUI
from lib_modelsim.job import Cancelled, Job
from tests.opened_files import opened_files

from .fakes import A1111, BROKEN, Forge, Model, Neo, ReForge, SDNext

NAMES = {A1111: "AUTOMATIC1111", Forge: "Forge", Neo: "Forge Neo", ReForge: "reForge", SDNext: "SD.Next"}


@pytest.fixture
def folder(tmp_path):
    for name in ("anna", "bert", "carl"):
        (tmp_path / f"{name}.safetensors").write_bytes(name.encode())
    return tmp_path


@pytest.fixture(params=[A1111, Forge, Neo, ReForge], ids=NAMES.get)
def webui(request, folder, monkeypatch):
    """A WebUI that has drawn with `anna`."""
    found = request.param(folder).install(monkeypatch)
    found.opts.data["sd_model_checkpoint"] = "anna.safetensors"
    WebUI().load(folder / "anna.safetensors")
    return found


def in_memory(webui):
    return webui.checkpoints.model_data.sd_model.sd_checkpoint_info.name


@pytest.mark.parametrize(("kind", "name"), NAMES.items(), ids=NAMES.values())
def test_it_is_called_by_its_name_and_keeps_our_data_beside_its_own(kind, name, folder, monkeypatch):
    kind(folder).install(monkeypatch)
    host = WebUI()
    assert host.name == name
    assert host.data == folder / "modelsim"
    assert not host.data.exists(), "made on first use"


def test_its_output_folders_are_told_each_once(webui, folder):
    webui.opts.data |= {
        "outdir_samples": "",
        "outdir_txt2img_samples": "outputs/txt2img-images",
        "outdir_img2img_samples": f"{folder}/all",
        "outdir_save": f" {folder}/all ",
    }
    told = [(each.name, each.folder) for each in WebUI().outputs()]
    assert told == [("txt2img", Path("outputs/txt2img-images").absolute()), ("img2img", folder / "all")]


def test_visitors_name_no_folders_where_the_webui_takes_none(webui):
    assert "folders" not in WebUI().cannot
    webui.hide_folders()
    assert "--hide-ui-dir-config" in WebUI().cannot["folders"]


def test_on_an_open_port_visitors_name_no_folders_and_move_no_files(webui):
    assert not {"folders", "files"} & WebUI().cannot.keys()
    webui.listen()
    assert all("--enable-insecure-extension-access" in WebUI().cannot[kind] for kind in ("folders", "files"))


def test_outside_of_a_webui_there_is_none():
    with pytest.raises(ImportError):
        WebUI()


class TestItsCheckpoints:
    def test_are_told_with_what_is_known_of_them(self, webui, folder):
        webui.hashes["checkpoint/bert.safetensors"] = "b" * 64
        anna, bert, carl = WebUI().listed()
        assert WebUI().paths() == [anna.path, bert.path, carl.path] == sorted(folder.glob("*.safetensors"))
        assert (bert.title, bert.sha256) == ("bert.safetensors", "b" * 64)
        assert (carl.title, carl.sha256) == ("carl.safetensors", None)

    def test_a_hash_of_what_the_file_was_before_is_none(self, webui):
        webui.checkpoints.checkpoints_list["bert.safetensors"].sha256 = "a hash that the cache holds for outdated"
        assert [entry.sha256 for entry in WebUI().listed()] == [None] * 3

    def test_one_that_was_removed_stays_listed_until_the_list_is_read_anew(self, webui, folder):
        host = WebUI()
        (folder / "bert.safetensors").unlink()
        assert len(host.listed()) == len(host.paths()) == 3
        host.refresh()
        assert len(host.listed()) == len(host.paths()) == 2

    @pytest.mark.parametrize("flag", ["lora_dir", "lora_dirs"])
    def test_are_followed_by_the_folders_with_what_is_put_to_them(self, webui, folder, flag):
        named, empty = folder / "elsewhere", folder / "models" / "Lora"
        for beside in (named / "inner", folder / "models" / "VAE", folder / "models" / "text_encoder", empty):
            beside.mkdir(parents=True)
        (named / "inner" / "style.safetensors").touch()
        (folder / "models" / "VAE" / "ae.sft").touch()
        (folder / "models" / "text_encoder" / "Put text encoders here.txt").touch()
        options = webui.modules["modules.shared"].cmd_opts
        setattr(options, flag, str(named) if flag == "lora_dir" else [str(named), str(named)])
        checkpoints = [entry.path for entry in WebUI().listed()]
        assert WebUI().paths() == [*checkpoints, folder / "models" / "VAE", named]

    def test_are_listed_without_opening_a_file(self, webui, folder):
        for name in ("anna", "bert", "carl"):
            (folder / f"{name}.preview.png").touch()
            (folder / f"{name}.civitai.info").write_text('{"model": {"name": "x"}}')
        with opened_files() as opened:
            assert len(WebUI().listed()) == 3
        assert opened == []


class TestTheLoadedModel:
    def test_is_told_by_its_file(self, webui, folder):
        assert WebUI().loaded_path() == folder / "anna.safetensors"

    @pytest.mark.parametrize("kind", [A1111, Forge, SDNext])
    def test_before_the_first_load_is_the_one_that_is_chosen(self, kind, folder, monkeypatch):
        webui = kind(folder).install(monkeypatch)
        assert WebUI().loaded_path() is None
        webui.opts.data["sd_model_checkpoint"] = "carl.safetensors"
        assert WebUI().loaded_path() == folder / "carl.safetensors"

    @pytest.mark.parametrize("kind", [A1111, ReForge])
    def test_is_read_under_the_names_that_its_file_has(self, kind, folder, monkeypatch):
        webui = kind(folder).install(monkeypatch)
        embedding = "transformer.text_model.embeddings.token_embedding"
        memory = {"model.diffusion_model.out.2.weight": 1, f"cond_stage_model.wrapped.{embedding}.wrapped.weight": 2}
        webui.checkpoints.model_data.sd_model = Model(webui.checkpoints.checkpoints_list["bert.safetensors"], memory)
        file = {"model.diffusion_model.out.2.weight": 1, f"cond_stage_model.{embedding}.weight": 2}
        assert WebUI().loaded() == Loaded("bert.safetensors", file)

    def test_of_sdxl_has_its_text_encoders_once(self, folder, monkeypatch):
        webui = A1111(folder).install(monkeypatch)
        memory = {"conditioner.embedders.0.wrapped.x": 1, "cond_stage_model.embedders.0.wrapped.x": 1}
        webui.checkpoints.model_data.sd_model = Model(webui.checkpoints.checkpoints_list["bert.safetensors"], memory)
        assert WebUI().loaded().tensors == {"conditioner.embedders.0.x": 1}

    def test_of_which_nothing_is_left_but_shapes_is_told(self, folder, monkeypatch):
        torch = pytest.importorskip("torch")
        webui = A1111(folder).install(monkeypatch)
        memory = {
            "model.diffusion_model.out.2.weight": torch.zeros(2, device="meta")
        }  # as the WebUI throws models away
        webui.checkpoints.model_data.sd_model = Model(webui.checkpoints.checkpoints_list["bert.safetensors"], memory)
        with pytest.raises(ModelsimError, match="switching its model"):
            WebUI().loaded()

    def test_is_not_loaded_by_asking_for_it(self, folder, monkeypatch):
        A1111(folder).install(monkeypatch)
        with pytest.raises(ModelsimError, match="no model in memory"):
            WebUI().loaded()

    def test_of_forge_cannot_be_read_and_the_tab_can_say_why(self, folder, monkeypatch):
        Forge(folder).install(monkeypatch)
        assert "Forge" in WebUI().cannot["loaded"]
        with pytest.raises(ModelsimError, match="keeps no state dict"):
            WebUI().loaded()


class TestLoading:
    def test_makes_a_checkpoint_the_current_one_for_this_run_and_the_next(self, webui, folder):
        WebUI().load(folder / "carl.safetensors")
        assert in_memory(webui) == "carl.safetensors"
        assert WebUI().loaded_path() == folder / "carl.safetensors"
        assert webui.opts.saved[-1]["sd_model_checkpoint"] == "carl.safetensors"

    def test_loads_also_what_is_chosen_while_another_one_has_drawn_last(self, webui, folder):
        host = WebUI()
        host.load(folder / "bert.safetensors")
        webui.opts.data["sd_model_checkpoint"] = "carl.safetensors"  # as after a picture with an override
        host.load(folder / "carl.safetensors")
        assert in_memory(webui) == "carl.safetensors"

    def test_of_a_broken_file_leaves_the_old_model_whole_and_chosen(self, webui, folder):
        (folder / "bert.safetensors").write_bytes(BROKEN)
        saved = len(webui.opts.saved)
        with pytest.raises(ModelsimError, match=r"cannot load this checkpoint: bert.*no model in it"):
            WebUI().load(folder / "bert.safetensors")
        assert in_memory(webui) == "anna.safetensors"
        assert not webui.checkpoints.model_data.sd_model.taken_apart
        assert WebUI().loaded_path() == folder / "anna.safetensors"
        assert webui.opts.sd_model_checkpoint == "anna.safetensors"
        assert len(webui.opts.saved) == saved

    @pytest.mark.parametrize("kind", [A1111, Forge, Neo])
    def test_of_a_broken_file_as_the_first_one_leaves_the_webui_as_it_was(self, kind, folder, monkeypatch):
        webui = kind(folder).install(monkeypatch)
        webui.opts.data["sd_model_checkpoint"] = "anna.safetensors"
        before = type(webui.checkpoints.model_data.sd_model)
        (folder / "bert.safetensors").write_bytes(BROKEN)
        with pytest.raises(ModelsimError, match="cannot load"):
            WebUI().load(folder / "bert.safetensors")
        assert type(webui.checkpoints.model_data.sd_model) is before
        WebUI().load(folder / "anna.safetensors")
        assert in_memory(webui) == "anna.safetensors"

    @pytest.mark.parametrize("kind", [A1111, Forge])
    def test_that_brings_another_one_is_an_error(self, kind, folder, monkeypatch):
        webui = kind(folder).install(monkeypatch)
        webui.opts.data["sd_model_checkpoint"] = "anna.safetensors"
        webui.checkpoints.chosen = lambda: webui.checkpoints.checkpoints_list["carl.safetensors"]
        with pytest.raises(ModelsimError, match=r"carl\.safetensors was loaded instead"):
            WebUI().load(folder / "bert.safetensors")

    def test_of_a_file_that_is_gone_or_unknown_asks_for_a_new_list(self, webui, folder):
        (folder / "bert.safetensors").unlink()
        for name in ("bert.safetensors", "unknown.safetensors"):
            with pytest.raises(ModelsimError, match="refresh the list of checkpoints"):
                WebUI().load(folder / name)
        assert in_memory(webui) == "anna.safetensors"

    def test_is_not_done_where_settings_are_frozen(self, webui, folder):
        webui.freeze()
        assert "--freeze-settings" in WebUI().cannot["load"]
        with pytest.raises(ModelsimError, match="--freeze-settings"):
            WebUI().load(folder / "bert.safetensors")

    def test_tells_which_setting_alone_is_frozen(self, webui, folder):
        webui.opts.__dict__["frozen"] = True  # as with --freeze-specific-settings
        with pytest.raises(ModelsimError, match=r"does not change its checkpoint: changing settings is disabled"):
            WebUI().load(folder / "bert.safetensors")
        assert in_memory(webui) == "anna.safetensors"

    def test_waits_for_its_turn_and_can_be_stopped_there(self, webui, folder):
        with webui.lock, pytest.raises(Cancelled):
            WebUI().load(folder / "bert.safetensors", Job(cancelled=lambda: True))
        assert in_memory(webui) == "anna.safetensors"

    def test_takes_no_second_turn(self, webui, folder):
        host = WebUI()
        with host.at_work("loading two", Job()):
            host.load(folder / "bert.safetensors")
            host.load(folder / "carl.safetensors")
        assert in_memory(webui) == "carl.safetensors"


class TestForgeNeo:
    """Its page shows the checkpoint of its preset when it is opened, whatever draws."""

    @pytest.fixture
    def webui(self, folder, monkeypatch):
        found = Neo(folder).install(monkeypatch)
        found.opts.data |= {"sd_model_checkpoint": "anna.safetensors", "forge_checkpoint_sd": "anna.safetensors"}
        return found

    def test_what_is_loaded_is_its_preset_s_checkpoint_too_for_this_run_and_the_next(self, webui, folder):
        WebUI().load(folder / "carl.safetensors")
        for held in (webui.opts.data, webui.opts.saved[-1]):
            assert held["sd_model_checkpoint"] == held["forge_checkpoint_sd"] == "carl.safetensors"

    def test_what_cannot_be_loaded_changes_neither(self, webui, folder):
        (folder / "bert.safetensors").write_bytes(BROKEN)
        before = dict(webui.opts.data)
        with pytest.raises(ModelsimError, match="cannot load"):
            WebUI().load(folder / "bert.safetensors")
        assert webui.opts.data == before

    def test_another_preset_keeps_its_own(self, webui, folder):
        webui.opts.data["forge_preset"] = "xl"
        WebUI().load(folder / "carl.safetensors")
        assert webui.opts.data["forge_checkpoint_sd"] == "anna.safetensors"


class TestItsMenu:
    """The menu of checkpoints above its tabs."""

    @pytest.fixture
    def dropdown(self, webui):
        """On the page, as the host keeps it."""
        webui.modules["modules.shared"].list_checkpoint_tiles = lambda use_short=False: ["anna", "bert", "carl"]
        made = object()
        if isinstance(webui, Forge):
            webui.modules["modules_forge.main_entry"].ui_checkpoint = made
        else:
            webui.modules["modules.shared"].settings_components = {"sd_model_checkpoint": made}
        return made

    def test_is_found_with_its_choices_and_what_is_loaded_by_now(self, webui, dropdown, folder):
        WebUI().load(folder / "carl.safetensors")
        menu = WebUI().menu()
        assert menu.dropdown is dropdown
        assert menu.choices == ("anna", "bert", "carl")
        assert menu.value == webui.opts.sd_model_checkpoint
        assert menu.value.startswith("carl")

    def test_is_none_where_the_page_has_none(self, webui):
        assert WebUI().menu() is None


class TestSDNext:
    """What it lacks is said in a sentence."""

    @pytest.fixture
    def webui(self, folder, monkeypatch):
        found = SDNext(folder).install(monkeypatch)
        WebUI().load(folder / "anna.safetensors")
        return found

    def test_its_checkpoints_have_the_hashes_that_it_lists(self, webui):
        webui.checkpoints.checkpoints_list["bert.safetensors"].sha256 = "b" * 64
        assert [entry.sha256 for entry in WebUI().listed()] == [None, "b" * 64, None]

    def test_its_pipelines_cannot_be_read_and_the_tab_can_say_why(self, webui):
        assert "SD.Next" in WebUI().cannot["loaded"]
        with pytest.raises(ModelsimError, match="no state dict"):
            WebUI().loaded()

    def test_loads_and_puts_back_in_its_own_words(self, webui, folder):
        (folder / "bert.safetensors").write_bytes(BROKEN)
        with pytest.raises(ModelsimError, match="cannot load this checkpoint"):
            WebUI().load(folder / "bert.safetensors")
        assert in_memory(webui) == "anna.safetensors"
        assert not webui.checkpoints.model_data.sd_model.taken_apart

    def test_without_a_way_to_load_says_so(self, webui, folder):
        del webui.modules["modules.sd_models"].reload_model_weights
        with pytest.raises(ModelsimError, match=r"SD\.Next does not let"):
            WebUI().load(folder / "anna.safetensors")
