"""Which model ComfyUI's graphs name: loaders of many packs, the ways to the sampler, several samplers, merges."""

from __future__ import annotations

import pytest

from tests.pictures.comfy_graphs import graph, loader, names, node, record, roles, sampler

LOADERS = [
    (node("CheckpointLoaderSimple", ckpt_name="SDXL/anna.safetensors"), 0),
    (node("CheckpointLoader", config_name="v1-inference.yaml", ckpt_name="anna.ckpt"), 0),
    (node("unCLIPCheckpointLoader", ckpt_name="anna.safetensors"), 0),
    (node("ImageOnlyCheckpointLoader", ckpt_name="anna.safetensors"), 0),
    (node("UNETLoader", unet_name="flux\\anna.safetensors", weight_dtype="fp8_e4m3fn"), 0),
    (node("DiffusersLoader", model_path="anna"), 0),
    (node("CheckpointLoaderNF4", ckpt_name="anna.safetensors"), 0),
    (node("CheckpointLoader|pysssss", ckpt_name={"content": "anna.safetensors", "image": None}), 0),
    (node("easy fullLoader", ckpt_name="anna.safetensors", vae_name="Baked VAE", lora_name="None"), 1),
    (node("easy kolorsLoader", unet_name="anna.safetensors", vae_name="x.safetensors"), 1),
    (node("Efficient Loader", ckpt_name="anna.safetensors", vae_name="Baked VAE", lora_name="None"), 0),
    (node("ttN tinyLoader", ckpt_name="anna.safetensors", vae_name="Baked VAE"), 0),
    (node("ttN pipeLoader_v2", ckpt_name="anna.safetensors", vae_name="Baked VAE", loras=""), 1),
    (node("CheckpointLoaderSimpleShared //Inspire", ckpt_name="anna.safetensors", key_opt="", mode="Auto"), 0),
    (node("LoadDiffusionModelShared //Inspire", model_name="anna.safetensors", weight_dtype="default"), 0),
    (node("NunchakuFluxDiTLoader", model_path="anna.safetensors", cache_threshold=0), 0),
    (node("NunchakuQwenImageDiTLoader", model_name="anna.safetensors", cpu_offload="auto"), 0),
    (node("UnetLoaderGGUF", unet_name="anna.gguf"), 0),
    (node("UnetLoaderGGUFAdvanced", unet_name="anna.gguf", dequant_dtype="default"), 0),
    (node("LoaderGGUF", gguf_name="anna.gguf"), 0),
    (node("LoaderGGUFAdvanced", gguf_name="anna.gguf", dequant_dtype="default"), 0),
    (node("GGUFLoaderKJ", model_name="anna.gguf", extra_model_name="none"), 0),
    (node("DiffusionModelLoaderKJ", model_name="anna.safetensors", weight_dtype="default"), 0),
    (node("UnetLoaderGGUFDisTorchMultiGPU", unet_name="anna.gguf", device="cuda:0"), 0),
    (node("CheckpointLoaderSimpleMultiGPU", ckpt_name="anna.safetensors", device="cuda:0"), 0),
    (node("Checkpoint Loader", config_name="v1-inference.yaml", ckpt_name="anna.ckpt"), 0),
    (node("Checkpoint Loader (Simple)", ckpt_name="anna.safetensors"), 0),
    (node("Diffusers Hub Model Down-Loader", repo_id="someone/anna", revision="None"), 0),
    (node("Checkpoint Loader with Name (Image Saver)", ckpt_name="anna.safetensors"), 0),
    (node("CR Select Model", ckpt_name1="ben.ckpt", ckpt_name2="anna.ckpt", ckpt_name3="None", select_model=2), 0),
]


@pytest.mark.parametrize(("loads", "output"), LOADERS, ids=[loads["class_type"] for loads, _ in LOADERS])
def test_what_a_loader_loads_is_named_without_folder_and_ending(loads, output):
    found = record(graph(load=loads, s=sampler(["load", output]), unused=loader("other.safetensors")))
    assert (found.program, names(found.checkpoints), found.also, found.remark) == ("ComfyUI", ["anna"], (), "")
    assert (found.prompt, found.negative_prompt) == ("a lighthouse", "blur")


def test_a_detailer_s_checkpoint_has_a_part_and_did_not_draw_the_picture():
    detailed = node("FaceDetailer", image=["decoded", 0], model=["face", 0], positive=["yes", 0], denoise=0.4)
    saved = node("SaveImage", images=["d", 0])
    found = record(graph(load=loader(), s=sampler("load"), face=loader("ben.ckpt"), d=detailed, saved=saved))
    assert names(found.checkpoints) == ["anna"]
    assert roles(found.also) == [("ben", "detailer's checkpoint")]
