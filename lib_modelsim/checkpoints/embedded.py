"""What a checkpoint's metadata say of its origin: title, merge recipe, training.

Anyone can write anything there: it is a claim and no fact. Every text is cut, every number of entries limited, and what
does not parse is told as the text that it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..text import several
from .recipes import comfyui, mecha, merge_models
from .recipes.merge_models import Parent
from .recipes.steps import MOST, MergeCall, MergeSteps, cut, parse


@dataclass(frozen=True)
class Origin:
    """What a checkpoint says of itself.

    `title`, `base` and `tool`, the program that wrote it, are texts or None. `recipe` is the merge recipe as the tool
    wrote it, values as text; `parents` the models merged, `adapters` LoRAs baked in, `steps` the merge in words where
    the tool tells a sequence; `before` are the recipes of those models that were merges themselves, in a line each.
    `training` holds the trainer's settings (`ss_…` without its prefix), `tags` the commonest
    training tags with the number of pictures that bear them, most frequent first; `spec` is ModelSpec's fields.
    `calls` are the steps by their parts, and `result` which of them, or which model, became the network.
    """

    title: str | None = None
    base: str | None = None
    recipe: dict[str, str] = field(default_factory=dict)
    parents: list[Parent] = field(default_factory=list)
    training: dict[str, str] = field(default_factory=dict)
    tags: dict[str, int] = field(default_factory=dict)
    tool: str | None = None
    adapters: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    spec: dict[str, str] = field(default_factory=dict)
    calls: list[MergeCall] = field(default_factory=list)
    result: str = ""
    before: list[str] = field(default_factory=list)


_SPEC = "modelspec."
_NO_SPEC = {"thumbnail", "sai_model_spec", "hash_sha256", "usage_hint"}
"""Fields of ModelSpec that say nothing of the origin, or are a picture."""


def origin(metadata: Mapping[str, str]) -> Origin:
    """The origin that a checkpoint's metadata tell, empty where they tell none.

    Keys: `sd_merge_recipe` and `sd_merge_models` of the WebUIs' mergers (modules/extras.py of AUTOMATIC1111 and Forge
    Neo), supermerger and Chattiori's; `mecha_recipe` of sd-mecha; `prompt` and `workflow` of ComfyUI's CheckpointSave;
    `mergekit_version` of mergekit; `ss_…` of kohya-ss/sd-scripts (library/train_util.py), `ot_…` of OneTrainer,
    `software` and `training_info` of ai-toolkit; `modelspec.…` of Stability's ModelSpec 1.0.
    """
    spec = {
        key[len(_SPEC) :]: cut(text)
        for key, text in sorted(metadata.items())
        if key.startswith(_SPEC) and key[len(_SPEC) :] not in _NO_SPEC
    }
    merge = _steps(metadata)
    merged_models = parse(metadata.get("sd_merge_models"))
    parents = merge_models.parents(merged_models) or [Parent(None, name) for name in merge.models]
    merged = [Parent(None, cut(name.strip())) for name in spec.get("merged_from", "").split(",") if name.strip()]
    return Origin(
        title=_text(metadata.get("modelspec.title")) or _text(metadata.get("ss_output_name")),
        base=_text(metadata.get("ss_sd_model_name")) or _text(metadata.get("ss_base_model_version")),
        recipe=_recipe(metadata.get("sd_merge_recipe")),
        parents=(parents or merged)[:MOST],
        training=_training(metadata),
        tags=_tags(metadata.get("ss_tag_frequency")),
        tool=_tool(metadata),
        adapters=merge.adapters,
        steps=merge.steps,
        spec=dict(list(spec.items())[:MOST]),
        calls=merge.calls,
        result=merge.result,
        before=merge_models.before(merged_models),
    )


SAYS = "says of itself (written into the file by whoever made it, not checked)"
"""The heading of `claims`."""


def claims(found: Origin) -> list[tuple[str, str]]:
    """What a person reads of it, label by label; nothing where it says nothing."""
    parents = [parent.name or (parent.sha256 or "")[:10] for parent in found.parents]
    told = [
        ("title", found.title),
        ("written by", found.tool),
        ("merged from", several(parents, 10)),
        ("LoRAs", several(found.adapters, 10)),
        *((f"step {i}", step) for i, step in enumerate(found.steps, 1)),
        ("recipe", _in_words(found.recipe)),
        ("merged before", "; ".join(found.before)),
        ("trained from", found.base),
        ("training", _in_words({k: v for k, v in found.training.items() if k in _TELLING})),
        ("tags", ", ".join(f"{tag} {count:,}" for tag, count in list(found.tags.items())[:10])),
        *((name.replace("_", " "), text) for name, text in found.spec.items() if name != "title"),
    ]
    return [(label, text) for label, text in told if text]


_TELLING = frozenset(
    {"network_module", "network_dim", "network_alpha", "num_train_images", "num_epochs", "epoch", "steps", "step"}
    | {"learning_rate", "resolution", "optimizer", "training_comment", "rank", "model_type", "training_method", "name"}
)
"""Settings of trainings that a person looks for; all of them are in the JSON."""


def _in_words(fields: Mapping[str, str]) -> str:
    return ", ".join(f"{key} {text}" for key, text in fields.items() if text not in ("", "null", "None", "[]", "{}"))


def _tool(metadata: Mapping[str, str]) -> str | None:
    """The program that wrote the metadata, by what it calls itself or by its keys."""
    recipe, software = parse(metadata.get("sd_merge_recipe")), parse(metadata.get("software"))
    if mecha.KEY in metadata and not isinstance(recipe, dict):
        return "sd-mecha"
    if isinstance(recipe, dict):  # the WebUI's merger copies what its models say of themselves, and writes this beside
        return _MERGERS.get(str(recipe.get("type")), _text(recipe.get("type"))) or "a merger"
    if "mergekit_version" in metadata:
        return cut(f"mergekit {metadata['mergekit_version']}")
    if isinstance(software, dict):
        return cut(" ".join(filter(None, (_text(software.get("name")), _text(software.get("version"))))))
    if any(key.startswith("ot_") for key in metadata):
        return "OneTrainer"
    if comfyui.WORKFLOW in metadata or _is_graph(metadata.get(comfyui.PROMPT)):
        return "ComfyUI"
    return "kohya's sd-scripts or a program that writes like it" if any(k.startswith("ss_") for k in metadata) else None


_MERGERS = {"webui": "the WebUI's merger", "Neo": "Forge Neo's merger", "sd-webui-supermerger": "supermerger"}


def _is_graph(text: str | None) -> bool:
    return text is not None and '"class_type"' in text


def _steps(metadata: Mapping[str, str]) -> MergeSteps:
    recipe = metadata.get(mecha.KEY)
    found = mecha.read(recipe) if recipe is not None else None
    if found is None and (comfyui.PROMPT in metadata or comfyui.WORKFLOW in metadata):
        found = comfyui.read(metadata.get(comfyui.PROMPT), metadata.get(comfyui.WORKFLOW))
    if found is None and recipe is not None:
        return MergeSteps(steps=[cut(recipe)])
    return found or MergeSteps()


def _training(metadata: Mapping[str, str]) -> dict[str, str]:
    """What trainers say of their settings, under kohya's names where there are some."""
    found = {
        key[3:]: cut(text) for key, text in metadata.items() if key.startswith("ss_") and key != "ss_tag_frequency"
    }
    config = parse(metadata.get("ot_config"))
    information = parse(metadata.get("training_info"))
    for document in (config, information):
        if isinstance(document, dict):
            plain = {key: value for key, value in document.items() if isinstance(value, (str, int, float))}
            found |= {cut(key): cut(value) for key, value in plain.items() if cut(key) not in found}
    wanted = sorted(found.items(), key=lambda item: (item[0] not in _TELLING, item[0]))
    return dict(sorted(wanted[:MOST]))


def _recipe(text: str | None) -> dict[str, str]:
    parsed = parse(text)
    if isinstance(parsed, dict):
        return {cut(key): cut(value) for key, value in list(parsed.items())[:MOST]}
    return {} if text is None else {"text": cut(text)}


def _tags(text: str | None) -> dict[str, int]:
    """Sums over the training set's folders: `ss_tag_frequency` is {folder: {tag: pictures}}."""
    parsed = parse(text)
    total: Counter[str] = Counter()
    for counts in parsed.values() if isinstance(parsed, dict) else ():
        for tag, pictures in counts.items() if isinstance(counts, dict) else ():
            if type(pictures) is int:
                total[cut(tag).strip()] += pictures
    return dict(total.most_common(MOST))


def _text(value: object) -> str | None:
    return cut(value) if isinstance(value, str) and value.strip() else None
