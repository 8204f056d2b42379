"""A running WebUI draws by its HTTP API, and is afterwards as it was."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import replace

import pytest

from lib_modelsim.engines.webui_http import WebuiByHttp
from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.library import Library
from lib_modelsim.probes.engine import CheckpointFailed, OutOfMemory, PictureFailed
from lib_modelsim.probes.gallery import Gallery
from lib_modelsim.probes.parameters import OPTIONS, Parameters
from lib_modelsim.probes.plan import make_plan
from lib_modelsim.probes.run import draw_missing
from lib_modelsim.workspace.probing.probes import of_engine
from tests.probes.fake_webui import Answer, FakeNeo, FakeWebui, refuse, served
from tests.probes.suites import forty_pictures

PICTURE = Parameters("a cat", "a dog", options={"eta_noise_seed_delta": 5})


@pytest.fixture
def webui():
    return FakeWebui()


@pytest.fixture
def engine(webui):
    with served(webui) as url:
        yield WebuiByHttp(url)


def draw(engine, gallery, job=None):
    plan = make_plan(forty_pictures(), engine.checkpoints(), engine, gallery)
    return draw_missing(plan, engine, gallery, job or Job())


def test_it_says_who_it_is_and_what_it_has(engine):
    assert (engine.name, engine.version) == ("AUTOMATIC1111", "v1.10.1")
    assert [checkpoint.name for checkpoint in engine.checkpoints()] == ["anna", "bert", "carl"]
    assert engine.current().name == "carl"


def test_a_suite_is_drawn_each_checkpoint_loaded_once_and_the_user_s_one_again_at_the_end(engine, webui, tmp_path):
    options = dict(webui.options)
    with Gallery(tmp_path) as gallery:
        outcome = draw(engine, gallery)
        assert (len(outcome.drawn), outcome.failures) == (30, [])
        assert draw(engine, gallery).drawn == []
    assert webui.loads == ["carl", "anna", "bert", "carl"]
    assert webui.options == options


def test_every_option_that_matters_is_asked_for_and_nothing_is_saved(engine, webui):
    (checkpoint, *_) = engine.checkpoints()
    with engine.session(Job()) as session:
        session.load(checkpoint)
        session.draw([PICTURE])
    asked = webui.drawn[-1]
    settings = asked["override_settings"]
    assert settings["eta_noise_seed_delta"] == 5
    assert settings["s_churn"] == OPTIONS["s_churn"]
    assert settings["sd_vae"] == "None"
    assert settings["samples_format"] == "png"
    assert "tiling" not in settings, "this WebUI does not have it"
    assert not asked["save_images"]
    assert asked["override_settings_restore_afterwards"]


def test_what_the_webui_forgets_to_put_back_is_put_back(engine, webui):
    webui.forgets = ("s_churn", "randn_source")
    options = dict(webui.options)
    with suppress(KeyboardInterrupt), engine.session(Job()) as session:
        session.load(engine.checkpoints()[0])
        assert webui.options != options
        raise KeyboardInterrupt
    assert webui.options == options


def test_our_interrupt_stops_the_picture_that_is_being_drawn(engine, webui, tmp_path):
    pictures = iter(range(100))
    begun = []

    def long(question):
        if next(pictures) == 3:
            begun.append(True)
            assert webui.drawing.wait(60), "it was interrupted"

    webui.mishap = long
    with Gallery(tmp_path) as gallery:
        with pytest.raises(Cancelled):
            draw(engine, gallery, Job(cancelled=lambda: bool(begun)))
        assert len(gallery.pictures()) == 2
        assert webui.loads[-1] == "carl"
        webui.mishap = lambda question: None
        assert len(draw(engine, gallery).drawn) == 28


def test_a_person_s_interrupt_throws_the_picture_away_and_ends_the_run(engine, webui, tmp_path):
    webui.after = lambda state: state.update(interrupted=len(webui.drawn) == 4)
    with Gallery(tmp_path) as gallery:
        with pytest.raises(Cancelled):
            draw(engine, gallery)
        assert len(gallery.pictures()) == 3


def test_an_interrupt_while_a_checkpoint_is_loaded_ends_the_run_and_blames_no_checkpoint(engine, webui, tmp_path):
    webui.after = lambda state: state.update(interrupted=True)
    with Gallery(tmp_path) as gallery:
        with pytest.raises(Cancelled):
            draw(engine, gallery)
        assert gallery.failures() == []


def test_where_the_next_job_hides_an_interrupt_the_picture_is_drawn_again(engine, webui):
    webui.after = lambda state: state.update(job="txt2img" if len(webui.drawn) < 3 else "")
    with engine.session(Job()) as session:
        session.load(engine.checkpoints()[0])
        assert len(webui.drawn) == 4
        webui.after = lambda state: state.update(job="txt2img")
        with pytest.raises(PictureFailed, match="busy"):
            session.draw([PICTURE])


@pytest.mark.parametrize(
    ("kind", "words", "error"),
    [
        ("OutOfMemoryError", "CUDA out of memory. Tried to allocate 2.00 GiB", OutOfMemory),
        ("NansException", "A tensor with all NaNs was produced in Unet.", PictureFailed),
        ("RuntimeError", "mat1 and mat2 shapes cannot be multiplied", PictureFailed),
    ],
)
def test_what_goes_wrong_with_a_picture_is_told_and_the_next_one_is_drawn(engine, webui, kind, words, error):
    with engine.session(Job()) as session:
        session.load(engine.checkpoints()[0])

        def fail(question):
            raise Answer(500, kind, words)

        webui.mishap = fail
        with pytest.raises(error) as failed:
            session.draw([PICTURE])
        assert type(failed.value) is error
        webui.mishap = lambda question: None
        assert session.draw([PICTURE])


def test_a_checkpoint_that_does_not_load_is_passed_over(engine, webui, tmp_path):
    def broken(question):
        if question["override_settings"]["sd_model_checkpoint"].startswith("anna"):
            raise Answer(500, "SafetensorError", "Error while deserializing header")

    webui.mishap = broken
    with Gallery(tmp_path) as gallery:
        outcome = draw(engine, gallery)
    assert len(outcome.drawn) == 20
    assert ["deserializing" in failure.error for failure in outcome.failures] == [True]


def test_where_another_checkpoint_draws_it_is_refused_before_the_first_picture(engine, webui):
    webui.info = {"sd_model_hash": "0123456789", "sd_model_name": "carl"}
    with engine.session(Job()) as session, pytest.raises(CheckpointFailed, match="another checkpoint"):
        session.load(engine.checkpoints()[0])


@pytest.mark.parametrize(
    "asked",
    [
        {"sampler": "Heun"},
        {"scheduler": "Karras"},
        {"vae": "gone.vae"},
        {"options": {"tiling": True}},
    ],
)
def test_what_the_webui_does_not_have_is_said(engine, asked):
    with engine.session(Job()) as session:
        session.load(engine.checkpoints()[0])
        with pytest.raises(PictureFailed):
            session.draw([Parameters(**asked)])


def test_an_extension_that_changes_prompts_is_found_out(engine, webui):
    with engine.session(Job()) as session:
        session.load(engine.checkpoints()[0])
        webui.info = {"all_prompts": ["a cat, masterpiece"]}
        with pytest.raises(PictureFailed, match="masterpiece"):
            session.draw([PICTURE])


def test_batches_need_seeds_in_a_row(engine):
    with engine.session(Job()) as session:
        session.load(engine.checkpoints()[0])
        assert len(session.draw([Parameters(seed=seed, batch=(4, 5)) for seed in (4, 5)])) == 2
        with pytest.raises(PictureFailed):
            session.draw([Parameters(seed=seed, batch=(4, 6)) for seed in (4, 6)])


def test_frozen_settings_are_told(engine, webui):
    def frozen(question):
        raise Answer(500, "AssertionError", "changing settings is disabled")

    webui.mishap = frozen
    with pytest.raises(ModelsimError, match="--freeze-settings"), engine.session(Job()) as session:
        session.load(engine.checkpoints()[0])


def test_credentials_come_with_the_address(webui):
    webui.password = "me:p@ss"
    with served(webui) as url:
        place = url.removeprefix("http://")
        assert WebuiByHttp(f"me:p%40ss@{place}").name == "AUTOMATIC1111"
        with pytest.raises(ModelsimError, match="--api-auth"):
            WebuiByHttp(url).checkpoints()


@pytest.mark.parametrize("url", ["", "http://", "ftp://here", "http://here:port"])
def test_what_is_no_address_is_told(url):
    with pytest.raises(ModelsimError, match="not the address"):
        WebuiByHttp(url)


def test_where_nobody_answers_one_line_says_so():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ModelsimError, match="does not answer") as told:
        WebuiByHttp(f"http://127.0.0.1:{port}").checkpoints()
    assert len(str(told.value).splitlines()) == 1


class TestForgeNeo:
    """Options that it cannot put back are not changed."""

    @pytest.fixture
    def webui(self):
        return FakeNeo()

    def test_says_its_name_and_the_modules_that_are_chosen(self, engine):
        assert (engine.name, engine.modules) == ("Forge Neo", ("ae.safetensors", "t5.safetensors"))

    def test_a_bare_network_generates_with_what_is_chosen_and_a_whole_one_with_its_own(self, engine, webui):
        options = dict(webui.options)
        with engine.session(Job()) as session:
            for bare in (True, False):
                session.load(replace(engine.checkpoints()[0], bare=bare))
                assert webui.modules[-1] == (options["forge_additional_modules"] if bare else [])
        assert webui.options == options

    def test_a_file_on_its_own_machine_generates_with_what_is_chosen_and_where_that_fails_it_is_named(
        self, engine, webui
    ):
        with Library(None) as library:
            far = of_engine(engine, [], library, Job()).checkpoints
        assert {(each.path, each.bare) for each in far} == {(None, True)}
        with engine.session(Job()) as session:
            session.load(far[0])
            assert webui.modules[-1] == webui.options["forge_additional_modules"]
            webui.mishap = lambda _: refuse(500)
            with pytest.raises(CheckpointFailed, match="choose the text encoders and VAE"):
                session.load(far[1])

    @pytest.mark.parametrize("chosen", ["", None, "gone.safetensors", "carl.safetensors [1234567890]"])
    def test_without_a_checkpoint_of_its_own_that_it_finds_it_generates_nothing(self, engine, webui, chosen):
        webui.options["sd_model_checkpoint"] = chosen
        options = dict(webui.options)
        with pytest.raises(ModelsimError, match="own checkpoint is not there"), engine.session(Job()):
            raise AssertionError("no session")
        assert (webui.options, webui.drawn) == (options, [])

    def test_modules_that_it_would_forget_are_left_alone(self, engine, webui):
        webui.module_list.clear()  # as before its page was opened
        options = dict(webui.options)
        with engine.session(Job()) as session:
            session.load(replace(engine.checkpoints()[0], bare=True))
            with pytest.raises(CheckpointFailed, match="would forget its own modules"):
                session.load(engine.checkpoints()[0])
        assert webui.options == options

    def test_the_chosen_checkpoint_kept_in_few_bits_is_told_and_others_generate(self, engine, webui):
        webui.options["forge_unet_storage_dtype"] = "float8-e4m3fn"
        by_name = {each.name: each for each in engine.checkpoints()}
        with engine.session(Job()) as session:
            session.load(by_name["anna"])
            with pytest.raises(CheckpointFailed, match=r"Diffusion in Low Bits.*float8"):
                session.load(by_name["carl"])
        webui.options["forge_unet_storage_dtype"] = "Automatic (fp16 LoRA)"
        with engine.session(Job()) as session:
            session.load(by_name["carl"])

    def test_a_service_and_a_rounded_size_are_told(self, engine, webui):
        webui.size_of = lambda question: (question["width"] // 64 * 64, question["height"])
        with engine.session(Job()) as session:
            session.load(engine.checkpoints()[0])
            with pytest.raises(PictureFailed, match="512 × 512 for 520 × 512"):
                session.draw([Parameters(width=520)])
        webui.options["forge_model_mode"] = "api"
        with pytest.raises(ModelsimError, match="with a service"), engine.session(Job()):
            raise AssertionError("no session")
