"""A record's name means a file, whoever rewrote it on the way."""

from __future__ import annotations

import pytest

from lib_modelsim.identify.names import contradict, means
from lib_modelsim.pictures.records.form import TITLE, Named, named


@pytest.mark.parametrize(
    "name", ["Dream Boat v3", "dream_boat_v3", "dream-boat v3", "DREAMBOATV3", "a/dream_boat_v3.pt"]
)
def test_a_file_s_name_by_its_letters_and_digits(name):
    assert means(named(name), "folder/dreamBoat_v3.safetensors")
    assert not contradict(named(name), Named("dreamBoat_v3"))
    assert not means(named(name), "dreamBoat_v2")
    assert contradict(named(name), Named("dreamBoat_v2"))


@pytest.mark.parametrize(
    ("title", "version", "file"),
    [
        ("DreamBoat", "v3", "dreamBoat_v3"),
        ("DreamBoat", "3", "dreamBoat_v3"),
        ("Dream Boat", "V3.0", "dreamboat 3.0"),
        ("DreamBoat", "", "dreamboat"),
        ("Realistic Vision V6.0 B1", "V5.1 (VAE)", "realisticVisionV60B1_v51VAE"),
        ("Pony Diffusion V6 XL", "V6 (start with this one)", "ponyDiffusionV6XL_v6StartWithThisOne"),
        ("majicMIX realistic 麦橘写实", "v7", "majicmixRealistic_v7"),
        ("Juggernaut XL", "Ragnarok_by_RunDiffusion", "juggernautXL_ragnarokBy"),
        ("WAI-illustrious-SDXL", "v16.0", "waiIllustriousSDXL_v160"),
        ("墨幽人造人", "v1060", "墨幽人造人_v1060"),
    ],
)
def test_a_title_at_civitai_means_the_file_of_its_version(title, version, file):
    told = named(title, alias=TITLE, version=version)
    assert means(told, file)
    assert not means(told, f"{file}2")
    assert not contradict(told, Named(file))
    assert not contradict(told, Named("renamed"))
    assert contradict(told, named(title, alias=TITLE, version="v9"))


def test_a_service_s_number_means_no_file_and_contradicts_none():
    for name in ("urn:air:sdxl:checkpoint:civitai:101055@128078", "EMS-14-EMS.safetensors"):
        told = named(name)
        assert told.alias
        assert not means(told, name)
        assert not contradict(told, Named("dreamBoat_v3"))
