"""Which models drew the picture of a graph, and which only worked over it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ...form import Named, named, once
from .graph import Graph, Node
from .loaders import LoadedModel, loaded
from .models import Carried, carried
from .samplers import Samplers
from .values import number

_NAMES = 3
"""Kinds of nodes that a sentence names."""

_MOST = 12
"""Models that are told of one graph."""


@dataclass
class DrawnPicture:
    """`checkpoints` drew the picture: one, or all those that may have; `also` worked over it. `sampler` is the node
    that drew it, `remark` what a person must know of how this was found; `over`: they merged, or another picture was
    there before."""

    checkpoints: tuple[Named, ...] = ()
    also: tuple[Named, ...] = ()
    sampler: Node | None = None
    through: list[Node] = field(default_factory=list)
    remark: str = ""
    over: bool = False


def drawn(graph: Graph) -> DrawnPicture:
    """What drew the picture of this graph."""
    samplers = Samplers(graph)
    if not samplers.nodes:
        return _without_sampler(graph, samplers)
    found = _Search(samplers)
    for last in samplers.ends():
        found.follow(last)
    return found.result()


class _Search:
    """Follows each picture that a graph gives out back to what drew it."""

    def __init__(self, samplers: Samplers) -> None:
        self.samplers = samplers
        self.carried: dict[str, Carried] = {}
        self.bases: list[list[Node]] = []
        self.later: dict[str, Node] = {}
        self.covered: dict[str, Node] = {}
        self.ways: list[frozenset[str]] = []
        self.plotted: list[LoadedModel] = []

    def follow(self, last: list[Node]) -> None:
        """The nodes that began the picture on which these worked last, and those that went on with it."""
        bases: dict[str, Node] = {}
        seen: set[str] = set()
        waiting = list(last)
        while waiting and self.samplers.graph.step():
            node = waiting.pop()
            if node.key in seen:
                continue
            seen.add(node.key)
            before, _ = self.samplers.before(node)
            if before and self.samplers.goes_on(node):
                self.later[node.key] = node
                waiting += before
                continue
            bases[node.key] = node
            self.covered |= {each.key: each for each in before}
        self.bases.append(list(bases.values()))
        self.ways.append(frozenset(seen))

    def of(self, node: Node) -> Carried:
        """What comes to a drawing node."""
        if node.key not in self.carried:
            self.carried[node.key] = carried(self.samplers.graph, node)
        return self.carried[node.key]

    def result(self) -> DrawnPicture:
        """All of it in one."""
        bases = list({node.key: node for each in self.bases for node in each}.values())
        drew = [node for node in bases if not self.samplers.only_works_over(node)]
        worked = [node for node in bases if self.samplers.only_works_over(node)]
        found = DrawnPicture(sampler=(drew or bases or [None])[0])
        models = [model for node in drew for model in self.of(node).models]
        self.plotted = [model for node in drew for model in self._plots(node)]
        models += self.plotted
        found.checkpoints = _names([model for model in models if not model.role])
        found.through = [node for base in drew or bases for node in self.of(base).through]
        found.also = self._also(drew, worked, {each.name for each in found.checkpoints})
        merged = _merge(self.of(node) for node in drew)
        started = self._over_a_picture(drew, worked)
        found.over = bool(merged or started)
        remarks = [
            merged or self._candidates(found.checkpoints, drew),
            "its graph plots what several checkpoints draw" if self.plotted else "",
            started or self.samplers.put_in(),
            self._not_all(),
            *_of_loading(models, [self.of(node) for node in drew]),
        ]
        if merged:
            found.checkpoints = ()
        if self.samplers.graph.used_up:
            remarks.append("its graph is too tangled to be followed whole")
        found.remark = "; ".join(filter(None, remarks))
        if not (merged or found.checkpoints or found.also):
            found.checkpoints = _names([model for model in _anywhere(self.samplers.graph) if not model.role])
            found.remark += "; named is what its graph loads anywhere" if found.checkpoints else ""
        return found

    def _also(self, drew: list[Node], worked: list[Node], names: set[str]) -> tuple[Named, ...]:
        """Models that worked over the picture, but for those that drew it."""
        roles = [
            (model, model.role)
            for node in drew
            if not _without_refiner(self.samplers.graph, node)
            for model in self.of(node).models
            if model.role
        ]
        nodes = [*worked, *(node for node in self.later.values() if node not in worked)]
        for node in nodes:
            roles += [(model, self.samplers.role(node)) for model in self.of(node).models if not model.role]
        graph = self.samplers.graph
        scripts = [script for node in [*drew, *nodes] for script in _scripts(graph, node)]
        for script in scripts:
            if "hires_ckpt_name" in script.inputs:
                roles += [(model, "hires checkpoint") for model in loaded(graph, script, None)]
        for node in self.covered.values():
            if node.key not in self.later and node not in drew:
                roles += [(model, "earlier pass's checkpoint") for model in self.of(node).models]
        return once([named(model.name, role=role) for model, role in roles if _plain(model) not in names])[:_MOST]

    def _candidates(self, checkpoints: tuple[Named, ...], drew: list[Node]) -> str:
        """That several may have drawn it, and why it cannot be known which."""
        if len(checkpoints) < 2:
            return ""
        unsure = next((self.of(node).unsure for node in drew if self.of(node).unsure), "")
        one = [set(self._drawn_by(each)) for each in self.bases]
        if len(drew) > 1 and any(each != one[0] for each in one):
            return "its graph makes several pictures with different models, and does not tell which of them this one is"
        if unsure:
            return f"which of them drew it was chosen by {unsure}"
        if len(drew) > 1:
            return "its graph puts together what several models drew"
        return "" if self.plotted else "several models lead to its sampler, and it is not told which drew it"

    def _not_all(self) -> str:
        """That the graph also gives out the picture from before something worked over it with another model."""
        drew = {name for each in self.bases for name in self._drawn_by(each)}
        others = [key for key, node in self.later.items() if set(self.of(node).names) - drew]
        if any((key in way) != (key in self.ways[0]) for key in others for way in self.ways):
            return "its graph also gives out the picture as it was before that"
        return ""

    def _drawn_by(self, bases: list[Node]) -> list[str]:
        return [name for node in bases for name in self.of(node).names]

    def _plots(self, node: Node) -> list[LoadedModel]:
        """The checkpoints of a plot that this node draws: `XY Plot` (Efficiency), `easy XYPlot` (Easy-Use)."""
        graph = self.samplers.graph
        plots = [each for each in [*_scripts(graph, node), *self.of(node).through] if "XY" in each.kind]
        axes = [graph.source(plot.inputs.get(axis)) for plot in plots for axis in ("X", "Y")]
        return [
            LoadedModel(model.name, model.node, model.role)
            for axis in axes
            if axis is not None and "Checkpoint" in axis[0].kind
            for model in loaded(graph, axis[0], None)
        ]

    def _over_a_picture(self, drew: list[Node], worked: list[Node]) -> str:
        """That the picture was begun elsewhere."""
        begun = [node for node in drew if self.samplers.from_picture(node) and self.samplers.keeps(node)]
        if worked and not drew:
            return "its graph only works over a picture that was loaded: what drew that is not told"
        return "it was made from a picture that was loaded, of which the graph tells nothing" if begun else ""


def _without_refiner(graph: Graph, node: Node) -> bool:
    """Whether a sampler that is given a base and a refiner does not use the refiner: `KSampler SDXL (Eff.)`, `ttN
    pipeKSamplerSDXL`."""
    refine_at, steps = (number(graph, node.inputs.get(name)) for name in ("refine_at_step", "refiner_steps"))
    return refine_at == -1 or steps == 0


def _merge(found: Iterable[Carried]) -> str:
    """That several models were merged into the one that drew."""
    for each in found:
        if each.merged and len(each.names) > 1:
            names = [model.name for model in _names([model for model in each.models if not model.role])]
            more = f" and {len(each.names) - _MOST} more" if len(each.names) > _MOST else ""
            return f"a merge of {' and '.join(names)}{more} ({each.merged}) drew it, none of them alone"
    return ""


def _scripts(graph: Graph, node: Node) -> list[Node]:
    """The scripts of one of Efficiency's samplers: HighRes-Fix, a plot and others, one behind the other."""
    found: list[Node] = []
    seen: set[str] = set()
    here = graph.source(node.inputs.get("script"))
    while here is not None and here[0].key not in seen and graph.step():
        seen.add(here[0].key)
        found.append(here[0])
        here = graph.source(here[0].inputs.get("script"))
    return found


def _of_loading(models: list[LoadedModel], ways: list[Carried]) -> list[str]:
    """What is not sure of how the models were found."""
    count = len({model.name for model in models if model.name and not model.role})
    remarks = [f"these are the first {_MOST} of {count} models"] if count > _MOST else []
    strange = list(dict.fromkeys(model.node.kind for model in models if not model.known))
    if strange:
        remarks.append(f"the node that loads it is not known by name: {', '.join(strange[:_NAMES])}")
    nameless = list(dict.fromkeys(model.node.kind for model in models if not model.name))
    if nameless:
        remarks.append(f"the name that {', '.join(nameless[:_NAMES])} loads cannot be followed in the graph")
    if not models and ways:
        last = list(dict.fromkeys(way.through[-1].kind for way in ways if way.through))
        where = f": it ends at {', '.join(last[:_NAMES])}" if last else ""
        remarks.append(f"the way from the sampler to the model cannot be followed{where}")
    return remarks


def _without_sampler(graph: Graph, samplers: Samplers) -> DrawnPicture:
    """The models that are loaded anywhere, where no node is known to draw; else where the picture comes from."""
    checkpoints = _names([model for model in _anywhere(graph, samplers.saved()) if not model.role])
    remark = "no sampler is known in its graph"
    sources = ", ".join(samplers.sources()[:_NAMES])
    if len(checkpoints) > 1:
        remark += "; which of the models that it loads drew it is not told"
    elif not checkpoints:
        remark = f"{remark}; its picture comes from {sources}" if sources else ""
    return DrawnPicture(checkpoints, through=list(graph.nodes.values()), remark=remark)


def _anywhere(graph: Graph, nodes: Iterable[Node] | None = None) -> list[LoadedModel]:
    """The models that are loaded by any of these nodes, or by any; by those that are known, where there are such."""
    looked_at = graph.nodes.values() if nodes is None else nodes
    found = [model for node in looked_at for model in loaded(graph, node, None)]
    return [model for model in found if model.known] or found


def _plain(model: LoadedModel) -> str:
    found = named(model.name)
    return found.name if found else ""


def _names(models: list[LoadedModel]) -> tuple[Named, ...]:
    return once([named(model.name) for model in models])[:_MOST]
