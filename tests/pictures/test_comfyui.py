"""Which model ComfyUI's graphs name: loaders of many packs, the ways to the sampler, several samplers, merges."""

from __future__ import annotations

import json

import pytest

from lib_modelsim.identify.evidence.form import CERTAINTY
from lib_modelsim.identify.evidence.records import of_records
from lib_modelsim.pictures.records.reading import read_records
from tests.pictures.comfy_graphs import graph, loader, names, node, png, record, roles, sampler

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


# the way from the sampler to the loader


WAYS = {
    "LoRAs and patches": {
        "m": node("ModelSamplingFlux", model=["lora", 0], max_shift=1.15),
        "lora": node("LoraLoader", model=["load", 0], clip=["load", 1], lora_name="ink.safetensors"),
    },
    "an unknown patch": {"m": node("SomePatch+", model=["load", 0], patch_model=["other", 0])},
    "a switch by number": {"m": node("ImpactSwitch", select=2, input1=["other", 0], input2=["load", 0])},
    "a switch by a linked number": {
        "m": node("CR Model Input Switch", Input=["n", 0], model1=["load", 0], model2=["other", 0]),
        "n": node("PrimitiveInt", value=1),
    },
    "an index": {"m": node("easy anythingIndexSwitch", index=1, value0=["other", 0], value1=["load", 0])},
    "yes or no": {"m": node("Switch any [Crystools]", boolean=False, on_true=["other", 0], on_false=["load", 0])},
    "a and b": {"m": node("Model Input Switch", boolean=True, model_a=["load", 0], model_b=["other", 0])},
    "the first that is there": {"m": node("Any Switch (rgthree)", any_02=["load", 0], any_03=["other", 0])},
    "a context": {
        "m": node("Context (rgthree)", base_ctx=["big", 0], vae=["other", 2]),
        "big": node("Context Big (rgthree)", model=["load", 0], ckpt_name="wrong.safetensors"),
    },
    "a pipe": {
        "m": node("FromBasicPipe", basic_pipe=["p", 0]),
        "p": node("ToBasicPipe", model=["load", 0], clip=["other", 1], vae=["other", 2]),
    },
    "a wrapper's own pipe": {
        "m": node("WanVideoSetBlockSwap", model=["load", 0], block_swap_args=["args", 0]),
        "args": node("WanVideoBlockSwap", blocks_to_swap=20),
    },
    "a merge with all of one": {
        "m": node("ModelMergeSimple", model1=["load", 0], model2=["other", 0], ratio=1.0),
    },
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_model_is_followed_to_its_loader(way):
    found = record(graph(load=loader(), other=loader("other.safetensors"), s=sampler("m"), **way))
    assert (names(found.checkpoints), found.also, found.remark) == (["anna"], (), "")


NAMED = {
    "a primitive": {"n": node("PrimitiveString", value="sub/anna.safetensors")},
    "a string": {"n": node("String Literal", string="anna.safetensors")},
    "a reroute and a text": {"n": node("Reroute", **{"": ["t", 0]}), "t": node("ttN text", text="anna.safetensors")},
    "a picker of names": {"n": node("easy ckptNames", ckpt_name="anna.safetensors")},
    "a switch of texts": {
        "n": node("CR Text Input Switch", Input=2, text1="x.ckpt", text2=["t", 0]),
        "t": node("CR Text", text="anna.safetensors"),
    },
    "joined texts": {
        "n": node("StringConcatenate", string_a="flux/", string_b=["t", 0], delimiter=""),
        "t": node("PrimitiveStringMultiline", value="anna.safetensors"),
    },
}


@pytest.mark.parametrize("way", NAMED.values(), ids=NAMED)
def test_a_name_that_is_linked_is_followed_to_where_it_was_typed(way):
    found = record(graph(load=node("CheckpointLoaderSimple", ckpt_name=["n", 0]), s=sampler("load"), **way))
    assert (names(found.checkpoints), found.remark) == (["anna"], "")


def test_a_name_that_cannot_be_followed_is_said_so():
    found = record(graph(load=node("CheckpointLoaderSimple", ckpt_name=["gone", 0]), s=sampler("load")))
    assert found.checkpoints == ()
    assert found.remark == "the name that CheckpointLoaderSimple loads cannot be followed in the graph"
    found = record(graph(m=node("RetrieveBackendData //Inspire", key="a"), s=sampler("m")))
    assert found.remark == (
        "the way from the sampler to the model cannot be followed: it ends at RetrieveBackendData //Inspire"
    )


def test_a_switch_that_cannot_be_read_leaves_candidates():
    switch = node("ImpactSwitch", select=["random", 0], input1=["a", 0], input2=["b", 0])
    found = record(graph(a=loader(), b=loader("ben.ckpt"), m=switch, random=node("ImpactInt", x=[]), s=sampler("m")))
    assert names(found.checkpoints) == ["anna", "ben"]
    assert found.remark == "which of them drew it was chosen by ImpactSwitch, a switch whose setting cannot be read"


# samplers


SAMPLERS = {
    "guider": {
        "s": node("SamplerCustomAdvanced", noise=["r", 0], guider=["g", 0], sampler=["k", 0], sigmas=["b", 0],
                  latent_image=["latent", 0]),
        "g": node("BasicGuider", model=["load", 0], conditioning=["yes", 0]),
        "r": node("RandomNoise", noise_seed=1),
        "k": node("KSamplerSelect", sampler_name="euler"),
        "b": node("BasicScheduler", model=["other", 0], denoise=1.0, steps=20),
    },
    "CFG guider": {
        "s": node("SamplerCustomAdvanced", guider=["g", 0], latent_image=["latent", 0]),
        "g": node("CFGGuider", model=["load", 0], positive=["yes", 0], negative=["no", 0], cfg=5.0),
    },
    "SamplerCustom": {"s": sampler("load", "SamplerCustom", add_noise=True, cfg=6.0)},
    "KSamplerAdvanced": {"s": sampler("load", "KSamplerAdvanced", add_noise="enable", start_at_step=0)},
    "Inspire": {"s": sampler("load", "KSampler //Inspire", denoise=1.0)},
    "Efficiency": {
        "s": sampler("load", "KSampler (Efficient)", denoise=1.0),
        "saved": node("SaveImage", images=["s", 5]),
    },
    "WAS": {"s": sampler("load", "KSampler (WAS)", denoise=1.0)},
    "Flux of x-flux": {
        "s": node("XlabsSampler", model=["load", 0], conditioning=["yes", 0], latent_image=["latent", 0]),
    },
    "Essentials": {
        "s": node("FluxSamplerParams+", model=["load", 0], conditioning=["yes", 0], latent_image=["latent", 0]),
    },
    "Impact": {
        "s": node("ImpactKSamplerBasicPipe", basic_pipe=["p", 0], latent_image=["latent", 0], denoise=1.0),
        "p": node("ToBasicPipe", model=["load", 0], positive=["yes", 0], negative=["no", 0], clip=["other", 1]),
    },
    "Wan": {"s": node("WanVideoSampler", model=["load", 0], text_embeds=["yes", 0], steps=30, shift=5.0)},
    "a sampler with another name": {"s": sampler("load", "Draw It")},
}  # fmt: skip


@pytest.mark.parametrize("nodes", SAMPLERS.values(), ids=SAMPLERS)
def test_only_what_the_sampler_uses_is_named(nodes):
    found = record(graph(load=loader(), other=loader("other.safetensors"), **nodes))
    assert (names(found.checkpoints), found.also, found.remark) == (["anna"], (), "")
    assert found.prompt == "a lighthouse"


def test_a_guider_without_a_negative_prompt_has_none():
    nodes = {**SAMPLERS["guider"]}
    assert record(graph(load=loader(), other=loader(), **nodes)).negative_prompt == ""
    zero = node("ConditioningZeroOut", conditioning=["yes", 0])
    assert record(graph(load=loader(), s=sampler("load"), no=zero)).negative_prompt == ""


def test_easy_use_s_pipe():
    found = record(
        {
            "1": node("easy fullLoader", ckpt_name="anna.safetensors", lora_name="ink.safetensors", positive="a cat",
                      negative="blur"),
            "2": node("easy preSampling", pipe=["1", 0], steps=20, denoise=1.0),
            "3": node("easy kSampler", pipe=["2", 0], image_output="Save", save_prefix="ComfyUI"),
            "4": node("easy fullLoader", ckpt_name="other.safetensors", positive="", negative=""),
        }
    )  # fmt: skip
    assert (names(found.checkpoints), names(found.networks), found.also, found.remark) == (["anna"], ["ink"], (), "")
    assert (found.prompt, found.negative_prompt) == ("a cat", "blur")


@pytest.mark.parametrize(("refine_at", "also"), [(-1, []), (15, [("ben", "refiner")])])
def test_efficiency_s_pair_of_base_and_refiner(refine_at, also):
    eff = node("Eff. Loader SDXL", base_ckpt_name="anna.safetensors", refiner_ckpt_name="ben.safetensors",
               vae_name="Baked VAE", positive="a cat", negative="blur")  # fmt: skip
    draws = node("KSampler SDXL (Eff.)", sdxl_tuple=["l", 0], latent_image=["l", 1], refine_at_step=refine_at)
    found = record({"l": eff, "s": draws, "saved": node("SaveImage", images=["s", 3])})
    assert (names(found.checkpoints), roles(found.also)) == (["anna"], also)
    assert (found.prompt, found.negative_prompt) == ("a cat", "blur")


def test_efficiency_s_highres_fix_has_its_own_checkpoint():
    script = node("HighRes-Fix Script", upscale_type="latent", hires_ckpt_name="ben.ckpt", denoise=0.5)
    s = sampler("load", "KSampler (Efficient)", denoise=1.0, script=["h", 0])
    assert roles(record(graph(load=loader(), s=s, h=script)).also) == [("ben", "hires checkpoint")]
    script["inputs"]["hires_ckpt_name"] = "(use same)"
    assert record(graph(load=loader(), s=s, h=script)).also == ()


# several samplers


def two(second, **between):
    return graph(a=loader(), b=loader("ben.safetensors"), first=sampler("a"), s=second, **between)


def test_a_sampler_that_goes_on_with_a_latent_is_a_refiner():
    second = sampler("b", "KSamplerAdvanced", latent=("first", 0), add_noise="disable", start_at_step=20)
    found = record(two(second))
    assert (names(found.checkpoints), roles(found.also), found.remark) == (["anna"], [("ben", "refiner")], "")
    base = sampler("a", "KSamplerAdvanced", add_noise="enable", start_at_step=0, end_at_step=20)
    assert record(two(second) | {"first": base}).checkpoints == found.checkpoints


def test_a_sampler_after_scaling_has_the_hires_checkpoint():
    second = sampler("b", latent=("up", 0), denoise=0.45)
    up = node("LatentUpscaleBy", samples=["first", 0], scale_by=1.5)
    assert roles(record(two(second, up=up)).also) == [("ben", "hires checkpoint")]


def test_a_sampler_that_starts_from_nothing_but_noise_drew_the_picture_itself():
    found = record(two(sampler("b", latent=("first", 0), denoise=1.0)))
    assert (names(found.checkpoints), roles(found.also)) == (["ben"], [("anna", "earlier pass's checkpoint")])


def test_of_several_pictures_of_one_graph_nobody_knows_which_this_is():
    other = {"d2": node("VAEDecode", samples=["first", 0]), "saved2": node("SaveImage", images=["d2", 0])}
    found = record(two(sampler("b"), **other))
    assert sorted(names(found.checkpoints)) == ["anna", "ben"]
    assert found.remark == (
        "its graph makes several pictures with different models, and does not tell which of them this one is"
    )
    refined = record(two(sampler("b", latent=("first", 0), denoise=0.4), **other))
    assert (names(refined.checkpoints), roles(refined.also)) == (["anna"], [("ben", "refiner")])
    assert refined.remark == "its graph also gives out the picture as it was before that"


def test_a_sampler_that_nothing_saves_is_not_run():
    found = record(graph(a=loader(), b=loader("ben.ckpt"), s=sampler("a"), stray=sampler("b")))
    assert (names(found.checkpoints), found.also) == (["anna"], ())


def test_an_upscaler_s_checkpoint_has_a_part():
    up = node("UltimateSDUpscale", image=["decoded", 0], model=["b", 0], positive=["yes", 0], negative=["no", 0],
              vae=["vae", 0], upscale_model=["esr", 0], denoise=0.2)  # fmt: skip
    esr = node("UpscaleModelLoader", model_name="4x-UltraSharp.pth")
    saved = node("SaveImage", images=["up", 0])
    found = record(graph(load=loader(), b=loader("ben.ckpt"), s=sampler("load"), up=up, esr=esr, saved=saved))
    assert (names(found.checkpoints), roles(found.also)) == (["anna"], [("ben", "upscaler's checkpoint")])
    photo = node("LoadImage", image="a.png")
    found = record({"decoded": photo, "b": loader("ben.ckpt"), "up": up, "esr": esr, "saved": saved})
    assert (found.checkpoints, roles(found.also)) == ((), [("ben", "upscaler's checkpoint")])
    assert found.remark == "its graph only works over a picture that was loaded: what drew that is not told"


def test_a_picture_made_from_another_is_said_so():
    encoded = {"e": node("VAEEncode", pixels=["photo", 0]), "photo": node("LoadImage", image="a.png")}
    found = record(graph(load=loader(), s=sampler("load", latent=("e", 0), denoise=0.6), **encoded))
    assert names(found.checkpoints) == ["anna"]
    assert found.remark == "it was made from a picture that was loaded, of which the graph tells nothing"


def test_stable_cascade_s_stage_b_works_over_stage_c():
    found = record(
        graph(
            c=loader("stage_c.safetensors"), b=loader("stage_b.safetensors"), first=sampler("c"),
            between=node("StableCascade_StageB_Conditioning", conditioning=["yes", 0], stage_c=["first", 0]),
            s=node("KSampler", model=["b", 0], positive=["between", 0], negative=["no", 0],
                   latent_image=["latent", 1], denoise=1.0),
        )
    )  # fmt: skip
    assert (names(found.checkpoints), roles(found.also)) == (["stage_c"], [("stage_b", "stage B")])


def test_a_plot_of_checkpoints_leaves_candidates():
    s = sampler("load", "KSampler (Efficient)", denoise=1.0, script=["plot", 0])
    plot = node("XY Plot", X=["x", 0], grid_spacing=0)
    x = node("XY Input: Checkpoint", ckpt_count=2, ckpt_name_1="ben.ckpt", ckpt_name_2="carl.ckpt", vae_name_1="None")
    found = record(graph(load=loader(), s=s, plot=plot, x=x))
    assert names(found.checkpoints) == ["anna", "ben", "carl"]
    assert found.remark == "its graph plots what several checkpoints draw"


def test_a_picture_that_no_sampler_drew_is_said_so():
    service = node("FluxProUltraImageNode", prompt="a cat", seed=1)
    found = record({"1": service, "2": node("SaveImage", images=["1", 0])})
    assert found.checkpoints == ()
    assert found.remark == "no sampler is known in its graph; its picture comes from FluxProUltraImageNode"


def test_impact_s_iterative_upscaler_works_over_what_the_sampler_drew():
    up = node("IterativeLatentUpscale", samples=["s", 0], upscale_factor=1.5, steps=3, upscaler=["by", 0])
    by = node("PixelKSampleUpscalerProvider", model=["b", 0], vae=["vae", 0], positive=["yes", 0], negative=["no", 0])
    decoded = node("VAEDecode", samples=["up", 0])
    found = record(graph(load=loader(), b=loader("ben.ckpt"), s=sampler("load"), up=up, by=by, decoded=decoded))
    assert (names(found.checkpoints), roles(found.also)) == (["anna"], [("ben", "upscaler's checkpoint")])


def test_contexts_put_together_are_no_merge_of_models():
    merge = node("Context Merge (rgthree)", ctx_01=["one", 0], ctx_02=["two", 0])
    contexts = {"one": node("Context (rgthree)", model=["load", 0]), "two": node("Context (rgthree)", vae=["vae", 0])}
    found = record(graph(load=loader(), m=merge, s=sampler("m"), **contexts))
    assert (names(found.checkpoints), found.remark) == (["anna"], "")


# merges and nodes that nobody listed


MERGES = {
    "simple": {"m": node("ModelMergeSimple", model1=["a", 0], model2=["b", 0], ratio=0.5)},
    "blocks": {"m": node("ModelMergeSDXL", model1=["a", 0], model2=["b", 0], **{"input_blocks.0.": 0.3})},
    "added difference": {
        "m": node("ModelMergeAdd", model1=["a", 0], model2=["d", 0]),
        "d": node("ModelMergeSubtract", model1=["b", 0], model2=["a", 0], multiplier=1.0),
    },
    "Comfyroll": {
        "m": node("CR Apply Model Merge", model_stack=["stack", 0], merge_method="Weighted"),
        "stack": node("CR Model Merge Stack", switch_1="On", ckpt_name1="anna.ckpt", switch_2="On",
                      ckpt_name2="ben.ckpt", switch_3="Off", ckpt_name3="carl.ckpt"),
    },
    "tinyterra": {
        "m": node("ttN multiModelMerge", ckpt_A_name="anna.ckpt", config_A_name="Default", ckpt_B_name="ben.ckpt",
                  ckpt_C_name="None"),
    },
}  # fmt: skip


@pytest.mark.parametrize("nodes", MERGES.values(), ids=MERGES)
def test_a_merge_is_neither_of_its_parts(nodes):
    found = record(graph(a=loader(), b=loader("ben.ckpt"), s=sampler("m"), **nodes))
    assert found.checkpoints == ()
    assert found.remark.startswith("a merge of anna and ben (")
    assert "drew it, none of them alone" in found.remark


UNKNOWN = [
    node("My Own Loader", unet="x/anna.safetensors", vae="ae.safetensors", clip_name="t5.safetensors"),
    node("BigModelLoader", file="anna.safetensors", lora="ink.safetensors"),
    node("LoadSomething", checkpoint_name="anna"),
    node("Fancy (Advanced)", model_file="anna.gguf", upscale_model="4x.pth"),
]


@pytest.mark.parametrize("loads", UNKNOWN, ids=[each["class_type"] for each in UNKNOWN])
def test_a_loader_that_nobody_listed_is_read_and_said_so(loads):
    found = record(graph(load=loads, s=sampler("load")))
    assert names(found.checkpoints) == ["anna"]
    assert found.remark == f"the node that loads it is not known by name: {loads['class_type']}"


@pytest.mark.parametrize(
    "loads",
    [
        node("UpscaleModelLoader", model_name="4x.pth"),
        node("ADE_LoadAnimateDiffModel", model_name="mm_sd_v15.ckpt"),
        node("IPAdapterModelLoader", ipadapter_file="ip-adapter.safetensors"),
        node("ControlNetLoader", control_net_name="canny.safetensors"),
        node("StyleModelLoader", style_model_name="redux.safetensors"),
    ],
    ids=lambda loads: loads["class_type"],
)
def test_what_is_no_checkpoint_is_not_taken_for_one(loads):
    found = record(graph(load=loads, s=sampler("load"), unused=loads))
    assert (found.checkpoints, found.also) == ((), ())


def test_networks_that_are_switched_off_were_not_used():
    power = node("Power Lora Loader (rgthree)", model=["load", 0], lora_1={"on": True, "lora": "ink.safetensors"},
                 lora_2={"on": False, "lora": "off.safetensors"})  # fmt: skip
    stacked = node("CR Apply LoRA Stack", model=["m", 0], lora_stack=["stack", 0])
    stack = node("CR LoRA Stack", switch_1="On", lora_name_1="on.safetensors", switch_2="Off", lora_name_2="off.ckpt")
    found = record(graph(load=loader(), m=power, n=stacked, stack=stack, s=sampler("n")))
    assert sorted(names(found.networks)) == ["ink", "on"]


# Civitai, and what is told of it all


URN = "urn:air:sdxl:checkpoint:civitai:827184@2514310"


def civitai(resources, **nodes):
    more = {"prompt": "a cat", "negativePrompt": "blur", "steps": 25, "resources": resources}
    return {**nodes, "extra": {"airs": [URN]}, "extraMetadata": json.dumps(more)}


def test_civitai_s_graph_names_a_model_by_its_identifier():
    encoded = {"e": node("VAEEncode", pixels=["photo", 0]), "photo": node("LoadImage", image="https://a/b")}
    drawn = graph(load=loader(URN), s=sampler("load", latent=("e", 0), denoise=0.3), **encoded)
    (found,) = read_records(png(Comment=civitai([{"modelVersionId": 2514310, "strength": 1}], **drawn))).records
    assert (found.program, names(found.checkpoints), found.remark) == ("Civitai (ComfyUI)", [URN], "")
    (found,) = read_records(png(Comment=civitai([{"modelVersionId": 1}], **drawn))).records
    assert found.remark.startswith("it was made from a picture that was loaded")


def test_civitai_s_upscaled_picture_has_its_settings_beside_the_graph():
    scaled = {
        "23": node("UpscaleModelLoader", model_name="urn:air:other:upscaler:civitai:147759@164821"),
        "26": node("LoadImage", image="https://a/b"),
        "22": node("ImageUpscaleWithModel", upscale_model=["23", 0], image=["26", 0]),
        "12": node("SaveImage", images=["22", 0]),
    }
    (found,) = read_records(png(Comment=civitai([{"modelVersionId": 2514310}], **scaled))).records
    assert names(found.checkpoints) == ["model version 2514310"]
    assert (found.prompt, found.negative_prompt) == ("a cat", "blur")
    (found,) = read_records(png(Comment=civitai([{"modelVersionId": 1}, {"modelVersionId": 2}], **scaled))).records
    assert found.checkpoints == ()
    assert found.remark == "Civitai's versions 1, 2 were used: one of a checkpoint, the others of LoRAs"


def evidence(prompt):
    return of_records(read_records(png(prompt=prompt)), [])


def test_candidates_share_the_certainty_of_a_name():
    other = {"d2": node("VAEDecode", samples=["first", 0]), "saved2": node("SaveImage", images=["d2", 0])}
    pieces = evidence(two(sampler("b"), **other))
    assert sorted(piece.model for piece in pieces) == ["anna", "ben"]
    assert [piece.certainty for piece in pieces] == [CERTAINTY["name"] / 2] * 2
    for piece in pieces:
        assert piece.detail.startswith(f"perhaps made by {piece.model}")
        assert "does not tell which of them this one is" in piece.detail


def test_a_merge_is_told_in_words_and_gives_no_certainty():
    (piece,) = evidence(graph(a=loader(), b=loader("ben.ckpt"), s=sampler("m"), **MERGES["simple"]))
    assert (piece.model, piece.certainty) == (None, None)
    assert piece.detail == (
        "its record (ComfyUI, PNG text “prompt”) does not name the model that made it; "
        "a merge of anna and ben (ModelMergeSimple) drew it, none of them alone"
    )


def test_candidates_of_which_another_record_names_one_do_not_disagree_with_it():
    other = {"d2": node("VAEDecode", samples=["first", 0]), "saved2": node("SaveImage", images=["d2", 0])}
    infotext = "a cat\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 8x8, Model: ben, Version: ComfyUI"
    found = of_records(read_records(png(prompt=two(sampler("b"), **other), parameters=infotext)), [])
    assert not any("disagree" in piece.detail for piece in found)
    assert max(found, key=lambda piece: piece.certainty or 0).model == "ben"
