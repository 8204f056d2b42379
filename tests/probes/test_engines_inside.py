"""The WebUI around us draws, in its turn, and is afterwards as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib_modelsim.errors import ModelsimError
from lib_modelsim.hosts.webui import WebUI
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.probes.engine import CheckpointFailed, OutOfMemory, PictureFailed
from lib_modelsim.probes.gallery import Gallery
from lib_modelsim.probes.parameters import OPTIONS, Parameters
from lib_modelsim.probes.plan import make_plan
from lib_modelsim.probes.run import draw_missing
from tests.hosts.fakes import A1111, BROKEN, Forge, Neo, OptionInfo, ReForge
from tests.probes.fake_processing import Drawing, NansException
from tests.probes.suites import forty_pictures

USER = {"s_churn": 3.0, "samples_format": "jpg", "emphasis": "No norm", "sd_lora": "mine"}


@pytest.fixture(params=[A1111, Forge, Neo, ReForge])
def webui(request, tmp_path, monkeypatch):
    """A WebUI with options of the user's that has `anna` in memory."""
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("anna", "bert", "carl"):
        (folder / f"{name}.safetensors").write_bytes(name.encode())
    found = request.param(folder).install(monkeypatch)
    found.opts.data.update(USER, sd_model_checkpoint="anna.safetensors", CLIP_stop_at_last_layers=2, randn_source="NV")
    WebUI().load(folder / "anna.safetensors")
    return found


@pytest.fixture
def drawing(webui, monkeypatch):
    return Drawing(webui, monkeypatch)


@pytest.fixture
def engine(drawing):
    return WebUI().engine(())


@pytest.fixture
def gallery(tmp_path):
    with Gallery(tmp_path / "gallery") as gallery:
        yield gallery


def draw(engine, gallery, job=None):
    plan = make_plan(forty_pictures(), engine.checkpoints(), engine, gallery)
    return draw_missing(plan, engine, gallery, job or Job())


def in_memory(webui):
    return webui.checkpoints.model_data.sd_model.sd_checkpoint_info.name


def test_a_suite_is_drawn_each_checkpoint_loaded_once_and_all_is_as_before(engine, webui, drawing, gallery):
    before = dict(webui.opts.data)
    assert engine.current().name == "anna"
    outcome = draw(engine, gallery)
    assert (len(outcome.drawn), outcome.failures) == (30, [])
    assert webui.opts.data == before
    assert in_memory(webui) == "anna.safetensors"
    assert drawing.loads[-3:] == ["bert.safetensors", "carl.safetensors", "anna.safetensors"]
    assert len(drawing.loads) == 3 + hasattr(webui.checkpoints, "forge_model_reload"), "Forge reads its emphasis anew"
    assert webui.state.job == ""


def test_every_option_that_matters_is_set_and_nothing_is_saved_or_scripted(engine, webui, drawing):
    asked = Parameters("a cat", "a dog", clip_skip=1, noise="CPU", options={"s_churn": 1.0})
    with engine.session(Job()) as session:
        session.load(engine.checkpoints()[1])
        session.draw([asked])
        now = webui.opts.data
        assert {name: now[name] for name in ("s_churn", "emphasis", "sd_lora", "randn_source")} == {
            "s_churn": 1.0,
            "emphasis": OPTIONS["emphasis"],
            "sd_lora": "None",
            "randn_source": "CPU",
        }
        assert now["CLIP_stop_at_last_layers"] == 1
    drawn = drawing.drawn[-1]
    assert (drawn.prompt, drawn.negative_prompt, drawn.styles, drawn.scripts) == ("a cat", "a dog", [], None)
    assert drawn.do_not_save_samples
    assert drawn.do_not_save_grid
    assert drawn.closed


def test_a_stopped_job_interrupts_the_webui_and_the_rest_is_drawn_later(engine, webui, drawing, gallery):
    started = []

    def long(processing):
        if len(drawing.drawn) == 5:
            started.append(True)
            drawing.until_interrupted()

    drawing.mishap = long
    with pytest.raises(Cancelled):
        draw(engine, gallery, Job(cancelled=lambda: bool(started)))
    assert len(gallery.pictures()) == 4  # and the picture that loads
    assert in_memory(webui) == "anna.safetensors"
    drawing.mishap = lambda processing: None
    assert len(draw(engine, gallery).drawn) == 26


@pytest.mark.parametrize("wish", ["interrupted", "stopping_generation", "skipped"])
def test_a_person_s_interrupt_throws_the_picture_away_and_ends_the_run(engine, webui, drawing, gallery, wish):
    drawing.mishap = lambda processing: setattr(webui.state, wish, len(drawing.drawn) == 3)
    with pytest.raises(Cancelled):
        draw(engine, gallery)
    assert len(gallery.pictures()) == 2
    assert in_memory(webui) == "anna.safetensors"


def test_a_checkpoint_that_does_not_load_is_passed_over(engine, webui, gallery):
    before = dict(webui.opts.data)
    (webui.checkpoints.folder / "bert.safetensors").write_bytes(BROKEN)
    outcome = draw(engine, gallery)
    assert [failure.name for failure in outcome.failures] == ["bert"]
    assert len(outcome.drawn) == 20
    assert in_memory(webui) == "anna.safetensors"
    assert webui.opts.data == before


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (RuntimeError("CUDA out of memory. Tried to allocate 20 MiB"), OutOfMemory),
        (NansException("A tensor with all NaNs was produced in Unet."), PictureFailed),
        (AttributeError("'NoneType' object has no attribute 'x'"), PictureFailed),
    ],
)
def test_what_goes_wrong_with_a_picture_is_told_and_the_next_one_is_drawn(engine, drawing, raised, told):
    def fail(processing):
        raise raised

    with engine.session(Job()) as session:
        session.load(engine.checkpoints()[0])
        drawing.mishap = fail
        with pytest.raises(told) as failed:
            session.draw([Parameters()])
        assert type(failed.value) is told
        drawing.mishap = lambda processing: None
        assert session.draw([Parameters()])


def test_where_another_checkpoint_draws_it_is_refused(engine, webui, drawing):
    def lie(processing):
        webui.checkpoints.model_data.sd_model.sd_checkpoint_info = webui.checkpoints.chosen_before

    webui.checkpoints.chosen_before = webui.checkpoints.model_data.sd_model.sd_checkpoint_info
    drawing.mishap = lie
    with engine.session(Job()) as session, pytest.raises(CheckpointFailed, match="another checkpoint"):
        session.load(engine.checkpoints()[1])


@pytest.mark.parametrize(
    "asked", [{"sampler": "Heun"}, {"scheduler": "Karras"}, {"vae": "x"}, {"options": {"tiling": True}}]
)
def test_what_the_webui_does_not_have_is_said(engine, asked):
    with engine.session(Job()) as session:
        session.load(engine.checkpoints()[0])
        with pytest.raises(PictureFailed):
            session.draw([replace(Parameters(), **asked)])


def test_frozen_settings_are_told(engine, webui):
    webui.freeze()
    with pytest.raises(ModelsimError, match="--freeze-settings"), engine.session(Job()):
        pass


class TestForgeNeo:
    """Network files without text encoders, weights kept in few bits, sizes and services of its own."""

    MODULES = "forge_additional_modules"
    CHOSEN = ("/models/text_encoder/t5.safetensors", "/models/VAE/ae.safetensors")

    @pytest.fixture
    def webui(self, tmp_path, monkeypatch):
        """`anna` is in memory, its weights in 8 bits, and a text encoder and a VAE are chosen."""
        (tmp_path / "anna.safetensors").write_bytes(b"anna")
        found = Neo(tmp_path).install(monkeypatch)
        found.modules_on_disk = (*self.CHOSEN, "/models/VAE/other.safetensors")
        found.opts.add_option("forge_unet_storage_dtype", OptionInfo("float8-e4m3fn"))
        found.opts.data.update(USER, sd_model_checkpoint="anna.safetensors", forge_additional_modules=[*self.CHOSEN])
        WebUI().load(tmp_path / "anna.safetensors")
        return found

    def test_a_bare_network_generates_with_what_is_chosen_and_that_is_part_of_its_pictures(
        self, engine, webui, drawing, gallery
    ):
        (anna,) = engine.checkpoints()
        bare, used, planned = replace(anna, bare=True), [], []
        drawing.mishap = lambda processing: used.append(webui.opts.data[self.MODULES])
        for checkpoint in (anna, bare):
            plan = make_plan(forty_pictures(), [checkpoint], engine, gallery)
            planned.append({picture.identity for picture in plan.pictures})
            with engine.session(Job()) as session:
                session.load(checkpoint)
                session.draw([plan.pictures[0].parameters])
        assert used == [[], [], sorted(self.CHOSEN), sorted(self.CHOSEN)]
        assert planned[0].isdisjoint(planned[1])
        assert webui.opts.data[self.MODULES] == [*self.CHOSEN]

    def test_what_was_planned_with_is_asked_for_whatever_is_chosen_by_then(self, engine, webui, drawing):
        (anna,) = engine.checkpoints()
        with engine.session(Job()) as session:
            session.load(replace(anna, bare=True))
            session.draw([Parameters(modules=("t5.safetensors",), vae="other.safetensors")])
            assert webui.opts.data[self.MODULES] == ["/models/VAE/other.safetensors", self.CHOSEN[0]]
            with pytest.raises(PictureFailed, match="no such text encoder or VAE"):
                session.draw([Parameters(modules=("clip.safetensors",))])

    def test_weights_in_memory_of_fewer_bits_are_loaded_anew_and_the_user_s_again(self, engine, webui, drawing):
        loads = len(drawing.loads)
        kept = lambda: webui.checkpoints.model_data.forge_loading_parameters["unet_storage_dtype"]  # noqa: E731
        assert kept() == "float8"
        with engine.session(Job()) as session:
            session.load(engine.checkpoints()[0])
            assert kept() is None
        assert kept() == "float8"
        assert len(drawing.loads) == loads + 2

    def test_a_size_that_it_rounds_is_told(self, engine, drawing):
        drawing.size_of = lambda processing: (processing.width // 64 * 64, processing.height)
        with engine.session(Job()) as session:
            session.load(engine.checkpoints()[0])
            with pytest.raises(PictureFailed, match="512 × 512 for 520 × 512"):
                session.draw([Parameters(width=520)])

    def test_prompts_are_not_handed_to_a_service(self, engine, webui, drawing):
        webui.opts.data["forge_model_mode"] = "api"
        with pytest.raises(ModelsimError, match="with a service"), engine.session(Job()):
            raise AssertionError("no session")
        assert drawing.drawn == []
